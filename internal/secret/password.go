package secret

import (
	"crypto/rand"
	"math/big"
	"strings"
)

// The characters of a machine's password: those that are not mistaken for each other when somebody types them. Panels
// refuse passwords that lack one of the sorts, and some choke on anything but letters and digits.
const (
	lower  = "abcdefghijkmnpqrstuvwxyz"
	upper  = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	digits = "23456789"

	passwordLength = 20 // about 116 bits
)

// Password makes a random password for a machine, with at least one letter of each case and a digit.
func Password() string {
	for {
		b := make([]byte, passwordLength)
		for i := range b {
			b[i] = pick(lower + upper + digits)
		}
		// A new one instead of forcing a digit in keeps all passwords that qualify equally likely.
		if p := string(b); strings.ContainsAny(p, lower) && strings.ContainsAny(p, upper) && strings.ContainsAny(p, digits) {
			return p
		}
	}
}

// pick returns one character, each as likely as the others.
func pick(alphabet string) byte {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
	if err != nil {
		panic("secret: no randomness: " + err.Error())
	}
	return alphabet[n.Int64()]
}

// Throwaway makes a password that nobody learns, for an account that a panel wants one of; it has every sort of character that a
// policy may ask for.
func Throwaway() string { return rand.Text() + "-a1" }
