// Package panels plays the control panels that the program drives, so that
// the whole life of a service can be tried without one: their HTTP protocol,
// what they hold, how long their work takes, and how they fail.
//
// It owns the port, the faults, the panels' clock, the files of the kept state
// and the control API. It does not own what a panel holds and how it speaks:
// each is a package of its own below. None owns any knowledge of the program:
// no other package of it is imported here and no driver imports these, so that
// a misreading of a vendor's protocol cannot hide on both sides at once.
//
// Invariants:
//   - What is in progress depends on the panels' clock alone: work that began
//     at t and lasts d is finished for every reading at or after t+d.
//   - A call either has its whole effect or none, and the effect is written to
//     disk before the answer leaves.
//   - An unset traffic day is a pure function of server and day.
package panels
