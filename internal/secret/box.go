// Package secret keeps what must not be read: it seals panel passwords and one-time secrets for storage, and makes the
// passwords of machines.
//
// It owns the sealed form and the rotation of its key; it does not own where sealed values are stored, nor API keys, which
// are hashed and never read back.
//
// Invariants: no error of this package contains a secret or any part of a key; a value sealed with a former key opens as
// long as that key is named; the text of a sealed value shows nothing of the secret but its length.
package secret

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// ErrKey says that a key is no age identity; ErrSealed that a value cannot be opened with the keys at hand.
var (
	ErrKey    = errors.New("secret: not an age identity (AGE-SECRET-KEY-1…)")
	ErrSealed = errors.New("secret: sealed with another key, or damaged")
)

// A sealed value is: version, fingerprint of the key's public half, age file. The fingerprint tells which key a value needs
// without trying them, and which values still wait for rotation.
const (
	version         = 1
	fingerprintSize = 8
	headerSize      = 1 + fingerprintSize
)

type fingerprint [fingerprintSize]byte

// Box seals and opens values. It is safe for concurrent use.
type Box struct {
	recipient *age.X25519Recipient
	current   fingerprint
	keys      map[fingerprint]*age.X25519Identity
}

// NewBox makes a box that seals with identity and opens with it or any of the old ones. The error is ErrKey.
func NewBox(identity string, old ...string) (*Box, error) {
	key, err := parseKey(identity)
	if err != nil {
		return nil, err
	}
	b := &Box{
		recipient: key.Recipient(),
		current:   fingerprintOf(key),
		keys:      map[fingerprint]*age.X25519Identity{fingerprintOf(key): key},
	}
	for _, former := range old {
		key, err := parseKey(former)
		if err != nil {
			return nil, err
		}
		b.keys[fingerprintOf(key)] = key
	}
	return b, nil
}

// GenerateIdentity makes a new key in the form that NewBox reads.
func GenerateIdentity() string {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		panic("secret: no randomness: " + err.Error())
	}
	return key.String()
}

// Identities reads the keys of a text in the form of an age identity file: one a line, empty lines and comments apart.
func Identities(text string) []string {
	var keys []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			keys = append(keys, line)
		}
	}
	return keys
}

// Seal makes of plain what only this box, or one that has its key, can open. Sealing twice gives two different values.
func (b *Box) Seal(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte(version)
	out.Write(b.current[:])
	w, err := age.Encrypt(&out, b.recipient)
	if err != nil {
		return nil, fmt.Errorf("secret: seal: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("secret: seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("secret: seal: %w", err)
	}
	return out.Bytes(), nil
}

// Open returns what was sealed. The error is ErrSealed and says nothing of the content.
func (b *Box) Open(sealed []byte) ([]byte, error) {
	key := b.keys[sealedWith(sealed)]
	if key == nil {
		return nil, ErrSealed
	}
	r, err := age.Decrypt(bytes.NewReader(sealed[headerSize:]), key)
	if err != nil {
		return nil, ErrSealed
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// NeedsRotation tells whether a value was sealed with another key than the one that seals now.
func (b *Box) NeedsRotation(sealed []byte) bool { return sealedWith(sealed) != b.current }

// sealedWith returns the fingerprint of the key of a sealed value; none for what is not one. No key has that fingerprint.
func sealedWith(sealed []byte) (f fingerprint) {
	if len(sealed) > headerSize && sealed[0] == version {
		copy(f[:], sealed[1:headerSize])
	}
	return f
}

func fingerprintOf(key *age.X25519Identity) fingerprint {
	sum := sha256.Sum256([]byte(key.Recipient().String()))
	return fingerprint(sum[:fingerprintSize])
}

// parseKey drops the library's error, which may quote the key.
func parseKey(identity string) (*age.X25519Identity, error) {
	key, err := age.ParseX25519Identity(identity)
	if err != nil {
		return nil, ErrKey
	}
	return key, nil
}
