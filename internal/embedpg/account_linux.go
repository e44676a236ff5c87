package embedpg

import (
	"os"
	"syscall"
)

// attributes turn a child into the account.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Credential: a.owner}
	if a.inside != 0 {
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: a.inside, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: a.inside, HostID: os.Getegid(), Size: 1}}
	}
	return attr
}
