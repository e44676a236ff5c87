// Package dsmanager sells dedicated servers and colocation out of DSmanager, of the vendor's fourth generation.
//
// A module sells one of the two. Dedicated servers are taken by their preset, which a tariff names in its settings or by its own
// code: one without owner gets the client as its owner and the ordered image. Colocation is set up, changed and taken down by
// people; what runs by itself is disabling and enabling, by the server's id that closing the set-up task gave.
//
// What is known how: the behaviour is told by the vendor (D: presets of servers without owner, tariffs and images by their names,
// colocation by hand but for enabling and disabling); no function, field or number of the panel is published, so all of them are
// inferred (I) and stand in internal/panel/dialect.go, each line of which a module's parameters "endpoints", "fields" and "errors"
// correct. Whatever the panel refuses becomes a task of the module's department.
//
// It owns the order of the steps and what counts as done; it owns neither the frame of an attempt (package attempt), nor retries and
// the choice of another module (package operation), nor the manner of speaking (coremgr).
//
// Invariants:
//   - A dedicated server that belongs to a service carries a mark made of the service's id in its name. Every step begins with a
//     fresh look at the panel and goes by that mark, so a lost answer, a repetition and a lost race lead to one server.
//   - Installing and restarting are asked for only after a Pending outcome has put the number of the server's last operation into
//     the memo: a newer one means that it was asked for already.
//   - A server that was taken over carries no mark. It is the service's while it has the service's reference and the owner that it
//     had then, whose name in the panel is the service's parameter panel_user; of a colocated one the reference says all.
//   - A server that carries another service's mark, or has an owner and no mark, is never taken.
//
// Supported add-ons: os (the item's code is the image's name). Others have no call: people are told (D28). Statistics: none.
package dsmanager
