package embedpg

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"golang.org/x/sys/unix"
)

// fetchedMajor is the version downloaded for a new cluster.
const fetchedMajor = 17

// downloadable are the releases that the library offers, by major version.
var downloadable = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15,
	16: embeddedpostgres.V16,
	17: embeddedpostgres.V17,
	18: embeddedpostgres.V18,
}

// downloads keeps fetched binaries per user, so that each version is
// downloaded once and not for every data directory.
type downloads struct {
	// fallback is used where the user has no cache folder.
	fallback string
	// unpack is the download itself, replaced in tests.
	unpack func(version embeddedpostgres.PostgresVersion, cache, into string) error
}

// fetch answers the folder of commands of a major version, 0 for any.
func (d downloads) fetch(ctx context.Context, major int) (string, error) {
	cache, err := d.cache()
	if err != nil {
		return "", err
	}
	return d.fetchInto(ctx, cache, major)
}

func (d downloads) fetchInto(ctx context.Context, cache string, major int) (string, error) {
	if major == 0 {
		major = fetchedMajor
	}
	version, ok := downloadable[major]
	if !ok {
		return "", fmt.Errorf("PostgreSQL %d is not offered for download", major)
	}
	home := filepath.Join(cache, strconv.Itoa(major))
	busy, err := lockFile(ctx, home+".lock", unix.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer busy.release()
	if len(whole([]string{filepath.Join(home, "bin")})) == 1 {
		return filepath.Join(home, "bin"), nil
	}
	return d.install(version, cache, home)
}

// install unpacks beside and renames, so that a kill leaves no half of it.
func (d downloads) install(version embeddedpostgres.PostgresVersion, cache, home string) (string, error) {
	fresh := home + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	unpack := d.unpack
	if unpack == nil {
		unpack = unpackByLibrary
	}
	err := unpack(version, cache, fresh)
	if len(whole([]string{filepath.Join(fresh, "bin")})) != 1 {
		return "", fmt.Errorf("PostgreSQL %s: no binaries came: %w", version, err)
	}
	if err := os.RemoveAll(home); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, home); err != nil {
		return "", err
	}
	return filepath.Join(home, "bin"), nil
}

// cache is readable by all for root, whose server may run as another account.
func (d downloads) cache() (string, error) {
	dir, mode := filepath.Join(d.fallback, "postgres.binaries"), os.FileMode(0o755)
	if os.Geteuid() == 0 {
		dir = "/var/cache/tariffd/postgresql"
	} else if own, err := os.UserCacheDir(); err == nil {
		dir = filepath.Join(own, "tariffd", "postgresql")
	}
	if err := os.MkdirAll(dir, mode); err == nil {
		return dir, nil
	}
	dir = filepath.Join(d.fallback, "postgres.binaries")
	return dir, os.MkdirAll(dir, mode)
}

// unpackByLibrary has the library download a release and check its sum. The
// library has no call for that alone, only Start; a locale that does not exist
// makes its initdb fail right after unpacking, before any server starts. So
// the error means little, and the caller looks for the files.
func unpackByLibrary(version embeddedpostgres.PostgresVersion, cache, into string) error {
	scratch, err := os.MkdirTemp(cache, "scratch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	library := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(version).
		CachePath(cache).
		BinariesPath(into).
		RuntimePath(filepath.Join(scratch, "run")).
		DataPath(filepath.Join(scratch, "data")).
		Locale("unpack-only").
		Port(0).
		Logger(io.Discard))
	err = library.Start()
	if err == nil {
		return library.Stop()
	}
	return err
}
