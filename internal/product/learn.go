package product

import (
	"cmp"
	"slices"

	"github.com/tariffd/tariffd/internal/fault"
	"github.com/tariffd/tariffd/internal/input"
	"github.com/tariffd/tariffd/internal/provision"
)

// usable returns the entries that can be values, by name and each name once, as panels know them by name.
func usable(list []provision.Entry) []provision.Entry {
	var out []provision.Entry
	for _, x := range list {
		var f fault.Fields
		input.CheckItemCode(&f, "", x.Name)
		input.CheckText(&f, "", x.Name, 1, 200)
		if len(f) == 0 {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b provision.Entry) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return slices.CompactFunc(out, func(a, b provision.Entry) bool { return a.Name == b.Name })
}

func offers(list []provision.Entry, code string) bool {
	return slices.ContainsFunc(list, func(x provision.Entry) bool { return x.Name == code })
}

// learn makes a list know what one module offers, and tells whether it changed. Names, tags and order of what is known already
// are left to staff. A value that a panel brought loses a module that has it no more; with its last one it goes, or is disabled
// while something uses it, and comes back when it is offered again. Pure.
func (p *Parameter) learn(id provision.ModuleID, offered []provision.Entry, used []string) bool {
	changed := p.drop(id, used, func(v ParameterValue) bool { return v.Panel && !offers(offered, v.Code) })
	values := slices.Clone(p.Values)
	for _, x := range offered {
		i := slices.IndexFunc(values, func(v ParameterValue) bool { return v.Code == x.Name })
		if i >= 0 {
			changed = values[i].gain(id) || changed
			continue
		}
		if len(values) >= MaxItems {
			break
		}
		values = append(values, ParameterValue{
			Code: x.Name, Name: x.Name, Tags: append([]string{}, x.Tags...), SortOrder: 1, ModuleIDs: []provision.ModuleID{id}, Enabled: true, Panel: true,
		})
		changed = true
	}
	if changed {
		p.set(values)
	}
	return changed
}

// gain makes a module have the value, and tells whether it did not.
func (v *ParameterValue) gain(id provision.ModuleID) bool {
	gone := v.Panel && !v.Enabled // and no module has it any more
	if slices.Contains(v.ModuleIDs, id) || len(v.ModuleIDs) == 0 && !gone {
		return false
	}
	if len(v.ModuleIDs) == 0 {
		v.Enabled = true
	}
	v.ModuleIDs = append(slices.Clone(v.ModuleIDs), id)
	slices.Sort(v.ModuleIDs)
	return true
}

// forget takes a module out of every value, whoever made it. Pure.
func (p *Parameter) forget(id provision.ModuleID, used []string) bool {
	return p.drop(id, used, func(ParameterValue) bool { return true })
}

// drop takes a module out of the values that have it no more. A value that no module has is never left as if every module
// had it.
func (p *Parameter) drop(id provision.ModuleID, used []string, gone func(ParameterValue) bool) bool {
	changed := false
	var values []ParameterValue
	for _, v := range p.Values {
		if !slices.Contains(v.ModuleIDs, id) || !gone(v) {
			values = append(values, v)
			continue
		}
		changed = true
		v.ModuleIDs = slices.DeleteFunc(slices.Clone(v.ModuleIDs), func(x provision.ModuleID) bool { return x == id })
		if len(v.ModuleIDs) == 0 {
			if v.Panel && !slices.Contains(used, v.Code) {
				continue
			}
			v.Enabled = false
		}
		values = append(values, v)
	}
	if changed {
		p.set(append([]ParameterValue{}, values...))
	}
	return changed
}

// leaving are the values that would go with the module if nothing used them.
func (p Parameter) leaving(id provision.ModuleID, offered []provision.Entry) []string {
	var codes []string
	for _, v := range p.Values {
		if v.Panel && len(v.ModuleIDs) == 1 && v.ModuleIDs[0] == id && !offers(offered, v.Code) {
			codes = append(codes, v.Code)
		}
	}
	return codes
}

// add puts in the items that an enumeration lacks, and tells whether there were any.
func (n *Enumeration) add(list []provision.Entry) bool {
	changed := false
	items := slices.Clone(n.Items)
	for _, x := range list {
		if _, known := n.Item(x.Name); known || len(items) >= MaxItems {
			continue
		}
		items = append(items, EnumerationItem{Code: x.Name, Name: x.Name, SortOrder: 1})
		changed = true
	}
	if changed {
		slices.SortStableFunc(items, func(a, b EnumerationItem) int { return a.SortOrder - b.SortOrder })
		n.Items = items
	}
	return changed
}
