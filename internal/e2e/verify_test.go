package e2e

import "github.com/stretchr/testify/require"

// verified lets the program read its whole database against the invariants; it has nothing to say.
func (l *life) verified() {
	l.t.Helper()
	stdout, stderr, exit := l.shell("verify")
	require.Equal(l.t, 0, exit, "%s\n%s", stdout, stderr)
}
