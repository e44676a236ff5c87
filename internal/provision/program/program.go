// Package program runs the programs of operators for the drivers that sell by them.
//
// It owns how a program is started and ended: what file may be run, its folder, its environment, its limits, and that one
// service has one program at a time on this machine. It does not own what a program is told or how its answer is read (the
// drivers), nor retries (package operation).
//
// Invariants:
//   - No shell stands in between, and nothing of our own environment is handed on.
//   - When Do returns, the program and every process of its group are gone, and so is its folder. A killed tariffd takes the
//     program with it; what the program had started holds the folder's lock until it has ended.
//   - Secrets reach a program by its standard input alone, and no failure holds one.
package program

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/panelhttp"
)

// Inspect proves that a file may be run as a program: regular, executable, ours or the system's, in folders of which nobody
// else can exchange it. The failure is Unavailable: nothing was done, and the file may be on its way.
func Inspect(path string) error {
	if !filepath.IsAbs(path) {
		return unfit(path, "it needs its absolute path")
	}
	info, err := os.Stat(path)
	if err != nil {
		return unfit(path, "it is not there, or may not be read")
	}
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return unfit(path, "it is no regular file")
	case mode.Perm()&0o111 == 0:
		return unfit(path, "it is not executable (chmod +x)")
	case mode.Perm()&0o022 != 0:
		return unfit(path, "others may write to it (chmod go-w)")
	case !trusted(info):
		return unfit(path, "it belongs neither to root nor to the user that tariffd runs as")
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return unfit(path, "its folder cannot be read")
	}
	return inspectFolders(path, filepath.Dir(real))
}

// inspectFolders walks up to the root. A folder that anybody may write to is safe only where it is sticky, as /tmp is.
func inspectFolders(path, folder string) error {
	for {
		info, err := os.Stat(folder)
		if err != nil {
			return unfit(path, "its folder cannot be read")
		}
		if info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
			return unfit(path, "anybody may exchange it, for the folder "+folder+" is open to all")
		}
		above := filepath.Dir(folder)
		if above == folder {
			return nil
		}
		folder = above
	}
}

func trusted(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && (st.Uid == 0 || int(st.Uid) == os.Geteuid())
}

func unfit(path, why string) error {
	return provision.NewUnavailable(nil, "the program %s cannot be run: %s", filepath.Base(path), why)
}

// aPassword is a value that a program calls so, in any of the forms in which it answers: one that it made itself is known to nobody yet.
var aPassword = regexp.MustCompile(`(?i)(pass(?:word|wd)["']?\s*[=:>]\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"'<,;&]+)`)

// Mask replaces the secrets in a text for people, and what is called a password in it, and cuts it to a length that can be read.
func Mask(text string, secrets ...string) string {
	const most = 2000 // letters
	text = aPassword.ReplaceAllString(panelhttp.Mask(text, secrets...), "${1}***")
	if letters := []rune(text); len(letters) > most {
		text = "…" + string(letters[len(letters)-most:])
	}
	return text
}

// Unsure is a program that did not tell how its work ended: it may have done it.
func Unsure(cause error, format string, args ...any) *provision.Failure {
	f := provision.NewUnavailable(cause, "%s", fmt.Sprintf(format, args...))
	f.Unsure = true
	return f
}

// OnlyOnce keeps a prolongation from being repeated that may have been made: at a registrar it costs money each time.
func OnlyOnce(kind provision.Kind, err error) error {
	if f, ok := provision.FailureOf(err); ok && kind == provision.Renew && f.Kind == provision.Unavailable && f.Unsure {
		return provision.NewRejected("module_error", "%s; see whether it was prolonged", f.Text)
	}
	return err
}
