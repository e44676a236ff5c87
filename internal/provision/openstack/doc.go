// Package openstack sells virtual machines out of an OpenStack cloud, through gophercloud.
//
// One module drives one region, the external id of its data center, of one project: servers are made of a flavor and an image
// that the tariff names, in a network. All of the interface is documented by the vendor and coded in the library (D, C); what
// is ours (I) is what suspending means: the machine is stopped and locked, each of which a module's parameters change.
//
// It owns the order of the steps and what counts as done; it owns neither the frame of an attempt (package attempt), nor retries and
// the choice of another module (package operation), nor Keystone's and Nova's words (internal/panel).
//
// Invariants:
//   - A server carries its service's mark as metadata. Every step begins with a fresh look at the cloud and goes by that mark,
//     so a lost answer, a repetition and a lost race lead to one server: of several that carry one mark the first made stays,
//     and every attempt that made one looks for others afterwards.
//   - What cannot be repeated without harm, rebuilding and rebooting, is asked for only after a Pending outcome has put into
//     the memo how often it had happened by the server's own history: once more means that it was asked for already.
//   - A server that carries another service's mark is never touched.
//   - A server that was locked when a change began is locked again when it ends, also where it was refused.
//
// Quirks: the cloud filters lists by name, not by metadata, so a server's name is made of the service's id as well; a lock
// binds everybody but the cloud's administrators, the module's own user among them, so it is taken off before anything else; a
// new flavor has to be confirmed; a server being deleted answers 404 only when it is gone; the counters of "diagnostics" run
// since the last start and answer for no day, so there are no statistics.
//
// Supported add-ons: cpu, ram, disk — they choose the flavor that has just these, where the tariff's own has not —
// and os. Others have no call: people are told (D28). Statistics: none.
package openstack
