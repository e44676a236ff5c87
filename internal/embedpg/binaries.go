package embedpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// oldestMajor is the oldest PostgreSQL that the program's SQL runs on.
const oldestMajor = 15

// binaries are one installation of PostgreSQL.
type binaries struct {
	dir   string
	major int
}

func (b binaries) initdb() string   { return filepath.Join(b.dir, "initdb") }
func (b binaries) postgres() string { return filepath.Join(b.dir, "postgres") }

// finder knows where installations may be and how to get one where none is.
type finder struct {
	// path is the PATH to search.
	path string
	// globs are patterns of further folders.
	globs []string
	// fetch answers the folder of binaries of a major version, downloading
	// them if needed; 0 leaves the version to it.
	fetch func(ctx context.Context, major int) (dir string, err error)
}

// machineFinder looks at this machine; downloads that have no better place go
// below dataDir.
func machineFinder(dataDir string) finder {
	return finder{
		path:  os.Getenv("PATH"),
		globs: []string{"/usr/lib/postgresql/*/bin"},
		fetch: downloads{fallback: dataDir}.fetch,
	}
}

// binaries chooses for the cluster in data: its own major version where it
// exists, else the first on the PATH, else the newest beside it, else fetched.
func (f finder) binaries(ctx context.Context, data string) (binaries, error) {
	want, err := clusterMajor(data)
	if err != nil {
		return binaries{}, err
	}
	seen := []string{}
	for _, dir := range f.candidates(ctx) {
		major, err := majorOf(ctx, dir)
		switch {
		case err != nil:
			continue
		case want == 0 && major >= oldestMajor, want == major:
			return binaries{dir: dir, major: major}, nil
		}
		seen = append(seen, fmt.Sprintf("%d in %s", major, dir))
	}
	dir, err := f.fetch(ctx, want)
	if err == nil {
		var major int
		if major, err = majorOf(ctx, dir); err == nil && (want == 0 || want == major) {
			return binaries{dir: dir, major: major}, nil
		}
	}
	return binaries{}, noneFound(data, want, seen, err)
}

func noneFound(data string, want int, seen []string, fetchErr error) error {
	found := "none"
	if len(seen) > 0 {
		found = strings.Join(seen, ", ")
	}
	if want != 0 {
		return fmt.Errorf("embedded PostgreSQL: %s was made by PostgreSQL %d, and only that version can serve it; "+
			"found on this machine: %s; downloading it failed: %w", data, want, found, fetchErr)
	}
	return fmt.Errorf("embedded PostgreSQL: PostgreSQL %d or newer is needed; found on this machine: %s; "+
		"downloading it failed: %w", oldestMajor, found, fetchErr)
}

// clusterMajor is the version that made a cluster, 0 where there is none.
func clusterMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("embedded PostgreSQL: %s/PG_VERSION is damaged: %w", data, err)
	}
	return major, nil
}

// candidates lists folders that hold both commands, the preferred first.
func (f finder) candidates(ctx context.Context) []string {
	var dirs []string
	for _, dir := range filepath.SplitList(f.path) {
		if !filepath.IsAbs(dir) || !executable(filepath.Join(dir, "postgres")) {
			continue
		}
		// A link stands for the installation it points into; PostgreSQL looks
		// for its other files from there.
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
		dirs = append(dirs, dir)
	}
	// Debian has pg_config on the PATH and the servers elsewhere.
	for _, dir := range filepath.SplitList(f.path) {
		if config := filepath.Join(dir, "pg_config"); filepath.IsAbs(dir) && executable(config) {
			if out, err := exec.CommandContext(ctx, config, "--bindir").Output(); err == nil {
				dirs = append(dirs, strings.TrimSpace(string(out)))
			}
			break
		}
	}
	var further []string
	for _, glob := range f.globs {
		match, _ := filepath.Glob(glob)
		further = append(further, match...)
	}
	sort.SliceStable(further, func(i, j int) bool { return versionIn(further[i]) > versionIn(further[j]) })
	return whole(append(dirs, further...))
}

// whole keeps each folder once and only those with both commands: a lone
// wrapper named postgres is no installation.
func whole(dirs []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, dir := range dirs {
		b := binaries{dir: dir}
		if !seen[dir] && executable(b.postgres()) && executable(b.initdb()) {
			out = append(out, dir)
		}
		seen[dir] = true
	}
	return out
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// versionIn reads 15 out of /usr/lib/postgresql/15/bin.
func versionIn(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return n
}

var versionOutput = regexp.MustCompile(`PostgreSQL\) (\d+)`)

// majorOf asks the server command itself, the one thing that cannot be wrong.
func majorOf(ctx context.Context, dir string) (int, error) {
	out, err := exec.CommandContext(ctx, binaries{dir: dir}.postgres(), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("%s/postgres --version: %w", dir, err)
	}
	m := versionOutput.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("%s/postgres --version said %q", dir, out)
	}
	return strconv.Atoi(string(m[1]))
}
