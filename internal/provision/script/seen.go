package script

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
)

// seen is what a program says of an object that it only looked at.
type seen struct {
	exists   *bool // nil: it was told of, so it is there
	standing provision.Standing
	power    *bool
	owner    string
	sort     string
	addOns   map[string]provision.AddOn
}

// listed is an object that the command import found.
type listed struct {
	told
	name string
}

// statuses are the words of a service's standing; the numbers are those that the vendor's sample sets.
var statuses = map[string]provision.Standing{
	"": "", "active": provision.Served, "2": provision.Served, "suspended": provision.CutOff, "8": provision.CutOff,
}

func (t *told) setStanding(word string) error {
	standing, known := statuses[strings.TrimSpace(word)]
	if !known {
		return fmt.Errorf("the status %.40q is neither active nor suspended", word)
	}
	t.seen.standing = cmp.Or(standing, t.seen.standing)
	return nil
}

func (t *told) setPower(word string) error {
	switch word {
	case "":
		return nil
	case "on", "off":
		on := word == "on"
		t.seen.power = &on
		return nil
	}
	return fmt.Errorf("the power %.40q is neither on nor off", word)
}

func (t *told) setOwner(text string) error { return setLine(&t.seen.owner, text, "owner") }

func (t *told) setSort(text string) error { return setLine(&t.seen.sort, text, "configuration") }

func setLine(into *string, text, what string) error {
	const most = 255
	if text = strings.TrimSpace(text); len(text) > most || !sane(text) || strings.ContainsAny(text, "\n\t") {
		return fmt.Errorf("the %s is no line of up to 255 letters", what)
	}
	*into = cmp.Or(text, *into)
	return nil
}

// setAddOn keeps what an object has of one element.
func (t *told) setAddOn(code string, a provision.AddOn) error {
	amounts := 0
	for _, has := range []bool{a.Amount != nil, a.On != nil, a.Item != ""} {
		if has {
			amounts++
		}
	}
	if !parameterName.MatchString(code) || amounts != 1 || len(a.Item) > mostValue || len(t.seen.addOns) >= mostTold {
		return fmt.Errorf("the add-on %.100q has a bad name or value, or there are too many", code)
	}
	if t.seen.addOns == nil {
		t.seen.addOns = map[string]provision.AddOn{}
	}
	t.seen.addOns[code] = a
	return nil
}

// add puts what was printed over what was called.
func (s seen) add(printed seen) seen {
	if printed.exists != nil {
		s.exists = printed.exists
	}
	if printed.power != nil {
		s.power = printed.power
	}
	s.standing, s.owner, s.sort = cmp.Or(printed.standing, s.standing), cmp.Or(printed.owner, s.owner), cmp.Or(printed.sort, s.sort)
	if printed.addOns != nil {
		s.addOns = printed.addOns
	}
	return s
}

// found is what was told of an object, for the comparison.
func (t told) found() provision.Found {
	if t.seen.exists != nil && !*t.seen.exists {
		return provision.Found{}
	}
	out := provision.Found{
		Exists: true, Ref: provision.Ref(t.ref), Standing: t.seen.standing, Power: t.seen.power, Owner: t.seen.owner, Domain: t.domain,
		Sort: t.seen.sort, Addresses: t.addresses, AddOns: t.seen.addOns,
	}
	for name, value := range t.parameters {
		if value == "" {
			continue // what is not there says nothing
		}
		if out.Parameters == nil {
			out.Parameters = map[string]string{}
		}
		out.Parameters[name] = value
	}
	return out
}

// mostListed bounds what one import finds.
const mostListed = 50_000

// list keeps one more found object.
func (t *told) list(x *listed) error {
	if x.ref == "" {
		return errors.New("what was found has no external_id")
	}
	if len(t.machines) >= mostListed {
		return errors.New("too many were found")
	}
	t.machines = append(t.machines, x)
	return nil
}
