// Package panel is what a simulated control panel and the frame that hosts it
// say to each other: a call, its answer, a table of calls, and the traffic of
// a server's day.
//
// It owns these few types, the reading of strict bodies and the days that are
// made up. It does not own HTTP, faults, the clock or the files (package
// panels), nor any vendor's protocol (the packages beside it).
//
// Invariants:
//   - A Panel never reads a clock: the present comes with each call.
//   - All methods of all panels run under one lock, so none has its own.
//   - An unset traffic day is a pure function of server and day.
package panel
