// Package dcimanager5 sells dedicated servers out of DCImanager 5, with addresses out of IPmanager 5 and control panels out of
// the vendor's license server.
//
// The panel holds racked servers. One is sold by giving a free server of the tariff's type an owner, a host name and addresses,
// and installing an operating system; it is taken back by clearing them. Free is, by the vendor's own module, a server without
// owner whose host name is "free.ds", that is neither blocked nor broken nor at work.
//
// What is known how: the dialect and IPmanager's and the license server's functions are documented (D); the functions of servers,
// users and addresses were seen in the vendor's WHMCS module and another client (C); inferred (I) are the field of a server's
// main address, the note by which IPmanager remembers whose an address is, the list of a server's operations, the columns, the
// period and the units of the reports, and the call for power. All of these stand in internal/panel/dialect.go and are corrected
// by the module's parameters "endpoints" and "fields"; "-" switches a call off that an installation does not have.
//
// It owns the order of the steps and what counts as done; it owns neither the frame of an attempt (package attempt), nor retries and
// the choice of another module (package operation), nor the vendor's words for things (internal/panel), nor when licenses are bought
// (internal/license) and whose the addresses of IPmanager are (internal/pool).
//
// Invariants:
//   - A server of a service carries a mark made of the service's id in its name, an address of IPmanager in its note, a license as
//     its name. Every step begins with a fresh look and goes by those marks, so a lost answer, a repetition and a lost race lead to
//     one server, its addresses and one license.
//   - What cannot be repeated without harm, installing and rebooting, is asked for only after a Pending outcome has put the
//     server's last operation into the memo. A panel that lists no operations is looked at seconds after an unanswered request,
//     while an installation would still show; a reboot may then happen twice.
//   - A server that carries another service's mark, or another customer's name and no mark, is never touched; neither is an address
//     that another service has by our own books, which is put aside under the name dns.set.error.
//   - A server that was taken over carries no mark. It is the service's while it has the service's reference and the owner that it
//     had then, whose name in the panel is the service's parameter panel_user.
//   - Nothing is taken from a server before an address to park it on was found (D30).
//
// Quirks: errors come with HTTP 200; a switch is an element that is there or not; one row of a list may come as an object; the
// form of a server is sent back whole, for what it lacks is emptied; the main address is never deleted; owners are shown by name
// and set by number; enabling and power take time without a sign, so they are waited for before they are asked for again.
//
// Supported add-ons: ipv4_public (at least one), ipv4_private, ipv6, special_ip_block_<type> (the item's code is the type, D29), os,
// control_panel, and the statistics traffic, in, out, bandwidth, power, burst_in_day, burst_out_day. The panel has no call for ram,
// name_server, port_speed and whatever else is sold: people get a task (D28).
package dcimanager5
