// Package vmmanager6 sells virtual machines out of VMmanager 6.
//
// The panel makes a machine on demand: in a cluster (one module drives one; KVM and LXD are clusters of their own), of a
// configuration ("preset") that the tariff names and whose numbers the ordered add-ons override, for an account that is found
// by the client's e-mail or made, with addresses out of the cluster's pool of the smallest number that has enough left.
//
// What is known how: the vendor's text tells the login, the lists and their filters, the tasks and the making of a machine (D);
// everything else that is used was seen in working clients (C), but for what internal/panel/dialect.go marks as inferred (I):
// the unit and the zone of the measured rates, "until", which of the speed limits an ordered port speed is, the access word of
// a recipe, and the calls disable and enable, which are off by default. Each path and word there is corrected by the module's
// parameters "endpoints" and "fields", units and zones by parameters of their own.
//
// It owns the order of the steps and what counts as done; it owns neither the frame of an attempt (package attempt), nor retries and
// the choice of another module (package operation), nor the vendor's words for things (internal/panel).
//
// Invariants:
//   - A machine of a service carries a mark made of the service's id, as its comment. Every step begins with a fresh look at
//     the panel and goes by that mark, so a lost answer, a repetition and a lost race lead to one machine: of several that
//     carry one mark the first made stays, and every attempt that made one looks for others afterwards.
//   - What cannot be repeated without harm, reinstalling and restarting, is asked for only after a Pending outcome has put
//     into the memo how often it had happened by the machine's own history: once more means that it was asked for already.
//   - A machine that carries another service's mark, or another customer's name and no mark, is never touched.
//   - Processors, memory, speed and disk change on a stopped machine, which runs again afterwards if it ran before, also
//     where the change was refused.
//
// Quirks: a call answers the number of its task in the queue (consul_id), not of a row; a machine alone is shown in a short
// form, so it is read through the list; filters on nested members fail, so clusters are compared here; a disk only grows;
// suspending is stopping, for the panel has no documented lock; a stop that the guest ignores is repeated by force.
//
// Supported add-ons: cpu, ram, disk, port_speed, ipv4 (at least one address), ipv6 (on or off), os and control_panel (the
// recipe of the item's name) when a machine is made. Others have no call: people are told (D28). Statistics: in, out, and
// burst_in_day, burst_out_day out of the same series (D20).
package vmmanager6
