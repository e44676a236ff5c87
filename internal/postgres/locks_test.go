package postgres

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Two uses of one number would hold each other up, as the clock's mover and the numbering of the feed once did.
func TestAdvisoryLocksHaveNumbersOfTheirOwn(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	use := regexp.MustCompile(`(?s)(\w+)\s*= ` + "`" + `SELECT pg_(?:try_)?advisory_xact_lock(?:_shared)?\(1413829446, (\d+)\)`)
	// Locks of one thing among many have the number of their sort in the first place.
	sort := regexp.MustCompile(`(?s)(\w+)\s*= ` + "`" + `\s*SELECT pg_(?:try_)?advisory_xact_lock\((1413829(?:44[7-9]|4[5-9]\d|[5-9]\d\d)), `)
	sorts := map[string][]string{}
	users := map[string][]string{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range use.FindAllStringSubmatch(string(raw), -1) {
			users[m[2]] = append(users[m[2]], m[1])
		}
		for _, m := range sort.FindAllStringSubmatch(string(raw), -1) {
			sorts[m[2]] = append(sorts[m[2]], m[1])
		}
	}
	require.Greater(t, len(users), 5)
	for number, names := range users {
		if number != "1" { // the sandbox clock: readers share what the mover takes alone
			require.Len(t, names, 1, "lock %s", number)
		}
	}
	require.Equal(t, map[string][]string{
		"1413829447": {"claimAnswer"}, "1413829448": {"lockLanes"}, "1413829449": {"lockPanel"}, "1413829450": {"lockStock"},
	}, sorts)
}
