// Package isp6 is how the panels of the vendor's sixth generation speak, as
// the simulators play it: login and tokens, the error object, strict bodies,
// lists with their where, orderby and limit, users, and pools of addresses.
//
// It owns the manner of speaking, the administrator who is there from the
// beginning, and what both panels keep in the same way. It does not own what a panel holds or does (packages dcimanager6
// and vmmanager6), and it shares nothing with the drivers' package of the same
// name: both read the vendor on their own.
//
// Invariants:
//   - Without a living token nothing is told, not even what exists.
//   - A member of a body or a field of a list that is not known is an error.
//   - size counts what a list holds before its limit.
package isp6
