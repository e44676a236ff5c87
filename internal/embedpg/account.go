package embedpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is as whom the server runs. PostgreSQL refuses root, so root has two
// ways: a user namespace, in which the same user has another number, or an
// ordinary account of the machine. Where neither is needed it is ourselves.
type account struct {
	name string
	// inside is the number that we get in a user namespace; 0 means none.
	inside int
	// owner is the account to become, and to own the files; nil is ourselves.
	owner *syscall.Credential
}

// account chooses by who we are and who owns the cluster.
func (c *cluster) account(bin binaries) (account, error) {
	if os.Geteuid() != 0 {
		self, err := user.LookupId(strconv.Itoa(os.Geteuid()))
		if err == nil {
			return account{name: self.Username}, nil
		}
		// initdb wants a name for its user, which a bare number in a container
		// has not; the namespace lends one where it is allowed.
		if who, ok := c.inNamespace(bin); ok {
			return who, nil
		}
		return account{name: strconv.Itoa(os.Geteuid())}, nil
	}
	// A cluster that belongs to somebody stays theirs.
	if info, err := os.Stat(c.data()); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			return account{name: fmt.Sprintf("uid %d", st.Uid), owner: &syscall.Credential{Uid: st.Uid, Gid: st.Gid}}, nil
		}
	}
	if who, ok := c.inNamespace(bin); ok {
		return who, nil
	}
	return c.ordinaryAccount()
}

// inNamespace is the account in a user namespace, if the machine allows one.
func (c *cluster) inNamespace(bin binaries) (account, bool) {
	if c.o.withoutNamespace {
		return account{}, false
	}
	who := account{name: "own user namespace", inside: 65534}
	if u, err := unprivileged(); err == nil {
		who.inside, _ = strconv.Atoi(u.Uid)
	}
	if who.attributes() == nil {
		return account{}, false
	}
	_, err := who.run(context.Background(), bin.postgres(), "--version")
	return who, err == nil
}

// ordinaryAccount is for root where user namespaces are not to be had.
func (c *cluster) ordinaryAccount() (account, error) {
	u, err := unprivileged()
	if err != nil {
		return account{}, fmt.Errorf("embedded PostgreSQL: PostgreSQL does not run as root, and there is neither "+
			"a user namespace nor a user postgres or nobody: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("embedded PostgreSQL: user %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("embedded PostgreSQL: user %s: %w", u.Username, err)
	}
	// Only the right to pass through: the folder's files keep their modes.
	info, err := os.Stat(c.dir)
	if err != nil {
		return account{}, err
	}
	if err := os.Chmod(c.dir, info.Mode().Perm()|0o011); err != nil {
		return account{}, fmt.Errorf("embedded PostgreSQL: let %s pass: %w", u.Username, err)
	}
	who := account{name: u.Username, owner: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	if err := who.canEnter(c.dir); err != nil {
		return account{}, err
	}
	return who, nil
}

// unprivileged is an account of the machine that is nobody in particular.
func unprivileged() (*user.User, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	return u, err
}

// canEnter looks at the way down to dir, because PostgreSQL's own message
// would name only the end of it.
func (a account) canEnter(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("embedded PostgreSQL: %w", err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("embedded PostgreSQL: user %s, as whom PostgreSQL runs for root here, may not enter %s; "+
				"choose another data directory or another user", a.name, at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// own gives dir and all below to the account, where it is not ours already.
func (a account) own(dir string) error {
	if a.owner == nil || ownedBy(dir, a.owner.Uid) {
		return nil
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(a.owner.Uid), int(a.owner.Gid))
	})
	if err != nil {
		return fmt.Errorf("embedded PostgreSQL: give %s to %s: %w", dir, a.name, err)
	}
	return nil
}

func ownedBy(path string, uid uint32) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == uid
}

// run runs a command of PostgreSQL's as the account and answers what it said.
func (a account) run(ctx context.Context, path string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	var out bytes.Buffer
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = a.attributes()
	err := cmd.Run()
	return out.String(), err
}

// prepareSocketDir makes the short folder where the cluster's own is too long.
// Its name can be guessed, so it must be ours and closed to others.
func prepareSocketDir(at address, data string, who account) error {
	if at.socketDir == data {
		return nil
	}
	if err := os.Mkdir(at.socketDir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("embedded PostgreSQL: socket folder: %w", err)
	} else if err == nil {
		return who.own(at.socketDir)
	}
	uid := uint32(os.Geteuid())
	if who.owner != nil {
		uid = who.owner.Uid
	}
	info, err := os.Lstat(at.socketDir)
	if err != nil {
		return fmt.Errorf("embedded PostgreSQL: socket folder: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm() != 0o700 || !ownedBy(at.socketDir, uid) {
		return fmt.Errorf("embedded PostgreSQL: socket folder %s belongs to somebody else: remove it", at.socketDir)
	}
	return nil
}
