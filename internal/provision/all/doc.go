// Package all knows every driver of this program.
//
// It owns the list and nothing else; the list is generated from the folders beside this one, so that a new driver is a
// new folder and a run of the generator.
//
// Invariants: every folder that exports Driver is in the list; nothing registers itself at start; the order is by name.
package all

//go:generate go run gen.go
