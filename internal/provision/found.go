package provision

import (
	"context"
	"encoding/json"
)

// Inspector is a module whose panel can tell how an object is, whatever was asked of it. It changes nothing.
type Inspector interface {
	// Inspect tells of the service's object; op carries reference and spec, and no kind. An object that the panel does not have,
	// or has for somebody else, is no failure: it does not exist.
	Inspect(ctx context.Context, op Op) (Found, error)
}

// Standing is whether the panel serves an object.
type Standing string

// The standings; empty: the panel does not tell.
const (
	Served Standing = "active"
	CutOff Standing = "suspended"
)

// Found is what a panel says of one object. Empty members say nothing, so that they differ from nothing.
type Found struct {
	Exists   bool
	Ref      Ref // the object's own, where the service did not know it or knows another
	Standing Standing
	Power    *bool // whether the machine is on
	// KeepPower is what a change of parameters makes of the power while the service stands as it does; nil: nothing.
	KeepPower *bool
	Owner     string // e-mail address
	Domain    string
	Sort      string    // the configuration, preset or flavor that it is of
	Addresses []Address // nil: not told
	// AddOns is what the object has of elements, each in a unit of its own.
	AddOns map[string]AddOn
	// Parameters are such as the installed system.
	Parameters map[string]string
}

// Importer is a module that can list the machines that its panel had before this program.
type Importer interface {
	// Machines lists what belongs to somebody and was not made by this program, within the module's part of the panel.
	Machines(ctx context.Context) ([]Machine, error)
	// SortOf names the sort of machine that a tariff with this code and these settings sells, in the words of Found.Sort; empty: any.
	SortOf(tariffCode string, settings json.RawMessage) string
}

// Machine is one object of a panel; Ref and Exists are set.
type Machine struct {
	Found
	Name string
}
