package panelhttp

import "github.com/tariffd/tariffd/internal/provision"

// FindOrMake returns the number of a client's account in a panel: the one that is found, else a new one. Two orders of one client
// may do this at once, so what is refused or made without telling its number is looked for once more.
func FindOrMake(find func() (id int, found bool, err error), create func() (int, error)) (int, error) {
	id, found, err := find()
	if err != nil || found {
		return id, err
	}
	id, asked := create()
	if asked == nil && id != 0 {
		return id, nil
	}
	if asked != nil && !provision.IsRejected(asked, "") {
		return 0, asked
	}
	id, found, err = find()
	switch {
	case err != nil:
		return 0, err
	case found:
		return id, nil
	case asked != nil:
		return 0, asked
	}
	return 0, provision.NewUnavailable(nil, "the panel made an account and does not show it")
}
