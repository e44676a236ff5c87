package product

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tariffd/tariffd/internal/provision"
)

func entries(names ...string) []provision.Entry {
	var out []provision.Entry
	for _, n := range names {
		out = append(out, provision.Entry{Name: n})
	}
	return usable(out)
}

func (p Parameter) told() string {
	s := ""
	for _, v := range p.Values {
		s += fmt.Sprintf("%s%v", v.Code, v.ModuleIDs)
		if !v.Enabled {
			s += "off"
		}
		s += " "
	}
	return s
}

func TestAListLearnsWhatPanelsOffer(t *testing.T) {
	t.Parallel()
	p := Parameter{Input: ListInput, Builtin: true}
	require.True(t, p.Unknown())
	require.True(t, p.learn("a", entries("Ubuntu", "Debian", "Debian", " bad", ""), nil))
	require.Equal(t, "Debian[a] Ubuntu[a] ", p.told())
	require.False(t, p.Unknown())
	require.False(t, p.learn("a", entries("Debian", "Ubuntu"), nil))
	require.True(t, p.learn("b", entries("Debian", "Arch"), nil))
	require.Equal(t, "Debian[a b] Ubuntu[a] Arch[b] ", p.told())

	// What no module has any more goes, but is only disabled while something uses it, and comes back.
	require.Equal(t, []string{"Ubuntu"}, p.leaving("a", nil))
	require.True(t, p.learn("a", nil, []string{"Ubuntu"}))
	require.Equal(t, "Debian[b] Ubuntu[]off Arch[b] ", p.told())
	require.False(t, p.learn("a", nil, nil))
	require.True(t, p.learn("b", entries("Debian"), nil))
	require.Equal(t, "Debian[b] Ubuntu[]off ", p.told())
	require.True(t, p.learn("a", entries("Ubuntu"), nil))
	require.Equal(t, "Debian[b] Ubuntu[a] ", p.told())

	// Staff disabled it: it stays so. Staff gave it to every module: it stays so.
	p.Values[0].Enabled, p.Values[1].ModuleIDs = false, nil
	require.False(t, p.learn("b", entries("Debian", "Ubuntu"), nil))
	require.Equal(t, "Debian[b]off Ubuntu[] ", p.told())

	// What staff made stays whatever panels offer, and gains their modules.
	own := Parameter{Input: ListInput, Values: []ParameterValue{{Code: "BSD", ModuleIDs: []provision.ModuleID{"a"}, Enabled: true}, {Code: "any", Enabled: true}}}
	require.False(t, own.learn("a", nil, nil))
	require.True(t, own.learn("b", entries("BSD", "any"), nil))
	require.Equal(t, "BSD[a b] any[] ", own.told())
	require.True(t, own.forget("a", nil))
	require.True(t, own.forget("b", nil))
	require.Equal(t, "BSD[]off any[] ", own.told())
}

func TestAnEnumerationOnlyGrows(t *testing.T) {
	t.Parallel()
	n := Enumeration{Items: []EnumerationItem{{Code: "Debian", Name: "The usual", SortOrder: 2}}}
	require.True(t, n.add(entries("Debian", "Arch")))
	require.Equal(t, []EnumerationItem{{Code: "Arch", Name: "Arch", SortOrder: 1}, {Code: "Debian", Name: "The usual", SortOrder: 2}}, n.Items)
	require.False(t, n.add(entries("Arch")))
}

// Whatever panels offered, were asked and were taken away before: asking one again changes nothing, and no value is every
// module's because it lost its last one.
func TestPropertyLearningTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"A", "B", "C", "D"}), rapid.ID[string])
		module := rapid.SampledFrom([]provision.ModuleID{"1", "2", "3"})
		p := Parameter{Input: ListInput}
		for _, code := range names.Draw(t, "by staff") {
			v := ParameterValue{Code: code, Enabled: rapid.Bool().Draw(t, "enabled")}
			if rapid.Bool().Draw(t, "of one") {
				v.ModuleIDs = []provision.ModuleID{module.Draw(t, "its module")}
			}
			p.Values = append(p.Values, v)
		}
		every := map[string]bool{}
		for _, v := range p.Values {
			every[v.Code] = len(v.ModuleIDs) == 0
		}
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			id, used := module.Draw(t, "module"), names.Draw(t, "used")
			if rapid.IntRange(0, 4).Draw(t, "deleted") == 0 {
				p.forget(id, used)
				require.False(t, slices.ContainsFunc(p.Values, func(v ParameterValue) bool { return slices.Contains(v.ModuleIDs, id) }))
			} else {
				offered := entries(names.Draw(t, "offered")...)
				p.learn(id, offered, used)
				before := p.told()
				require.False(t, p.learn(id, offered, used), before)
				require.Equal(t, before, p.told())
			}
			for _, v := range p.Values {
				require.True(t, len(v.ModuleIDs) > 0 || !v.Enabled || every[v.Code], p.told())
			}
		}
	})
}
