// Package script sells by an operator's own program, in any language, that knows BILLmanager's commands.
//
// The program is started once for each command, as `program --command open --item N …`. What such a program would read from
// BILLmanager's database arrives as one document on its standard input (JSON; XML where its features name "xml_input"), and
// its result is one document on its standard output or calls of mgrctl, whose stand-in stands first on PATH. README.md tells
// operators how to write one and how to carry an existing one over; samples holds two that sell Nextcloud accounts.
//
// What is known how: the commands, their arguments, the features, the errors and the functions of mgrctl were seen in published
// modules and the vendor's module library (C) and in the vendor's text (D). Inferred (I): that a command outside the features
// is never called, and what the statuses of sync_item and the further arguments of processing.import.service mean. Ours: the documents, the numbers that stand for ids, document.get, service.params, service.addons, the
// argument - of mgrctl, reinstall.
//
// It owns the documents (package document), the meaning of the functions and what counts as done; it owns neither how a program is started and
// ended (package program), nor retries and tasks (package operation).
//
// Invariants:
//   - A service has one run at a time on one machine. A run that was cut off is repeated with the same operation, so a
//     program looks first for what it has already made: the document carries the operation's id for that.
//   - A run succeeds when it ended with status 0 and told so, by a document or by a call; whatever it saved counts only then.
//     Everything else is a failure, and what was told in the course of it is forgotten.
//   - An error that the program tells is a refusal. One that says nothing sensible, ends with another status, is silent or
//     talks without end may have done its work: it is repeated, but for prolong, which people look at; so they do at one that
//     was cut off with tariffd (Op.CutOff).
//   - Secrets are in the document alone, and masked in every text that a program leaves.
//
// Quirks: an operation that the features do not name becomes a task (D28), but for prolong, which most products do not need;
// values to be checked come by the document and not as --value, because others can read arguments.
package script
