// Package badinput tests what the program does with requests that it has to refuse, one field at a time.
//
// It owns the matrix: for every operation of openapi.yaml a valid request, and everything that can be wrong with each of its
// members, parameters, headers and the object that it names. It owns no rule; what a single rule means is tested beside it.
//
// Invariants: an operation without an entry, and a member that no valid request gives, fail the test; a refusal names the
// very place, by the word that the contract has for it; what was refused changed nothing in the database; the valid request
// is accepted afterwards, so that nothing is refused for another reason.
package badinput
