//go:build !linux

package embedpg

import "syscall"

// attributes turn a child into the account; nil means that this system cannot,
// having no user namespaces.
func (a account) attributes() *syscall.SysProcAttr {
	if a.inside != 0 {
		return nil
	}
	return &syscall.SysProcAttr{Credential: a.owner}
}
