package program

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// Number is a positive whole number that stands for one of our ids where a program expects a number. It is the same for ever
// and on every installation, fits into 53 bits so that no language rounds it, and cannot be turned back.
func Number(id string) int64 {
	sum := sha256.Sum256([]byte(id))
	const bits = 53
	return int64(binary.BigEndian.Uint64(sum[:8])>>(64-bits)) | 1<<(bits-2)
}

// Digits is the number of an id, as a text.
func Digits(id string) string { return strconv.FormatInt(Number(id), 10) }
