// Package dcimanager6 plays DCImanager 6: dedicated servers that stand in racks
// before anybody owns them, their addresses, their operations and the traffic
// of their ports.
//
// It owns the state that is kept in dcimanager6.json and the calls below /dci
// and /ip. It does not own login, errors and lists (package isp6), nor faults,
// the clock and the files (package panels).
//
// Invariants:
//   - A server has at most one operation at work, but for work on addresses.
//   - An address is of one server, and inside its pool's network.
//   - Servers are mounted by the control API and never taken away.
package dcimanager6
