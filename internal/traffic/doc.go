// Package traffic is the 24-hour block: what one server used on one billing day, which service owns it, and what that
// makes of the use of services.
//
// It owns blocks and their revisions, the links between bandwidth services and servers, the ownership rule and the
// reassignments that follow from it, the prices that a link sets on its servers, the collecting of statistics, and usage.
// It does not own money (package charge recomputes a month that is marked due), nor the states of services (package
// lifecycle calls in here from its own transactions).
//
// Invariants: per server and day there is one current block with one owner; the owner is what the ownership rule says from
// the history of links and activity alone, and every change of it leaves a row that says why; a `bandwidth` price exists
// exactly for the traffic add-ons of servers linked to an active bandwidth service on which staff has set none.
package traffic
