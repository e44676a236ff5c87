package provision

import "slices"

// Ability is something beyond operations that a driver's modules can do.
type Ability string

// The abilities, each of which is an interface that a module has or has not.
const (
	CanStock      Ability = "stock"      // Stocker
	CanCatalog    Ability = "catalog"    // Cataloguer
	CanStatistics Ability = "statistics" // TrafficSource
	CanSync       Ability = "sync"       // Inspector
	CanImport     Ability = "import"     // Importer
)

// Abilities are those that some module of the driver has: what its module types implement, in one order for all drivers. A module
// may have fewer, by its product type, its settings or, of an operator's program, its features.
func (d Driver) Abilities() []Ability {
	out := []Ability{}
	for _, a := range []struct {
		ability Ability
		has     func(Module) bool
	}{
		{CanStock, is[Stocker]}, {CanCatalog, is[Cataloguer]}, {CanStatistics, is[TrafficSource]}, {CanSync, is[Inspector]}, {CanImport, is[Importer]},
	} {
		if slices.ContainsFunc(d.Types, a.has) {
			out = append(out, a.ability)
		}
	}
	return out
}

// Can tells whether the driver has an ability.
func (d Driver) Can(a Ability) bool { return slices.Contains(d.Abilities(), a) }

func is[A any](m Module) bool {
	_, able := m.(A)
	return able
}
