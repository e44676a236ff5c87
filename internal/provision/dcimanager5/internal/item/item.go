// Package item reads the codes of items, as operators write them in their catalogue.
//
// It owns when two codes are one, and which say that nothing is wanted. It does not own what an item stands for.
//
// Invariant: case and separators of a code mean nothing.
package item

import "strings"

// Plain is a code without case and separators: codes that are the same then are one.
func Plain(code string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(strings.ToLower(code))
}

// None tells whether a code says that nothing is wanted.
func None(code string) bool {
	switch Plain(code) {
	case "", "none", "no", "off":
		return true
	}
	return false
}
