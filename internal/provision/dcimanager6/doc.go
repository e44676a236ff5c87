// Package dcimanager6 sells dedicated servers out of DCImanager 6.
//
// The panel holds racked servers. One is sold by giving it a customer as owner, taking addresses out of a pool and installing
// an operating system; it is taken back by returning its addresses and clearing the owner. The vendor publishes part of the
// interface only: what had to be inferred stands in two tables (internal/panel/dialect.go), each line of which a module's
// parameters "endpoints" and "fields" correct.
//
// It owns the order of the steps and what counts as done; it owns neither the frame of an attempt (package attempt), nor retries and
// the choice of another module (package operation), nor the vendor's words for things (internal/panel).
//
// Invariants:
//   - A server that belongs to a service carries a mark made of the service's id in its name. Every step begins with a fresh
//     look at the panel and goes by that mark, so a lost answer, a repetition and a lost race lead to one server.
//   - What cannot be repeated without harm, installing and rebooting, is asked for only after a Pending outcome has put the
//     server's last operation into the memo: a newer operation then means that it was asked for already.
//   - A server that carries another service's mark, or another customer's name and no mark, is never touched.
//
// Quirks: the panel has no compare-and-set, so of two who take one server at once the last wins and the other finds out; an
// operation is told by its number and status alone; "suspended" is read from the state and, where that is silent, from the
// switch ports; a refusal while the server is busy means that somebody asked before us.
//
// Choices of ours, where the sources tell little or two things at once:
//   - Similarity (by_server_type off) goes by the configuration's name, which is all that the panel keeps: similar.go.
//   - A suspension closes the port, as the vendor's "Disable" does. The machine's power follows the service's status by parameter
//     power_sync (power.go): the vendor's billing system does both directions when it compares, we by default only switch on.
//   - Recovery, a topic of the vendor's interface without a readable path, is a reboot with "recovery": the panel starts a system
//     of its own, a template with the tag "recovery" where there is one, and the next reboot ends it. Path, body and tag are
//     inferred.
//   - Colocation: people mount, install and take down; the rest goes by the external id that closing the set-up task requires,
//     and by the owner that people gave the server in the panel.
//   - An ordered script is run with the installation; a module without use_recipes makes a task of it (D28), as of every add-on
//     that the panel has no call for.
//   - Statistics are whole days, a server's day being its last holder's (D27). Where the panel tells samples, bursts are made of
//     them (D20); by parameter traffic_by instants everything is, and each holder is asked for its own part of the day.
//   - "Server Protection" is the panel's refusal, in its own words, before anything was changed: the operation becomes a task.
//
// Supported add-ons: ipv4_public (at least one address), ipv6, os at an installation. Statistics: in, out, burst_in_day,
// burst_out_day, power.
package dcimanager6
