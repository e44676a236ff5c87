// Package vmmanager6 plays VMmanager 6: machines that are made when somebody
// asks for one, in clusters, out of presets and systems, by tasks that queue.
//
// It owns the state that is kept in vmmanager6.json and the calls below /vm.
// It does not own login, errors and lists (package isp6), nor faults, the clock
// and the files (package panels).
//
// Invariants:
//   - One task at a time works on a machine; the others wait or are refused.
//   - A disk never shrinks, and sizes change on a stopped machine only.
//   - The samples of a day's traffic sum up to that day's KiB.
package vmmanager6
