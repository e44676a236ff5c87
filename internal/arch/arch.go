// Package arch enforces how the program is put together, by tests alone.
//
// It owns the rank table of packages and the rules that a compiler does not know: where time.Now may stand, where no float
// may, how long a file may be, and that every fault code is in the contract. It does not own style, which the linter checks.
//
// Invariants: a broken rule is printed as the offending place with the sentence that it breaks; an exception stands in a
// list with its reason; nothing imports this package.
package arch
