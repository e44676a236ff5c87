package pricelist

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	yaml "go.yaml.in/yaml/v3"
)

// write makes the node of a value, without what is as in the defaults; nil where nothing is left to say.
func (s shapes) write(v, defaults reflect.Value) *yaml.Node {
	switch {
	case v.Type() == rawType, v.Type() == decimalType, v.Kind() != reflect.Struct && v.Kind() != reflect.Pointer && v.Kind() != reflect.Slice:
		if s.same(v, defaults) {
			return nil
		}
		return s.whole(v)
	case v.Kind() == reflect.Struct:
		return s.writeMembers(v, defaults)
	case v.Kind() == reflect.Pointer:
		return s.writePointer(v, defaults)
	case v.Type().Elem().Kind() == reflect.Struct:
		return s.writeElements(v, defaults)
	case s.same(v, defaults):
		return nil
	}
	return s.whole(v)
}

func (s shapes) writeMembers(v, defaults reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, m := range s.of(v.Type()) {
		if x := s.write(v.Field(m.index), defaults.Field(m.index)); x != nil {
			n.Content = append(n.Content, text(m.name), x)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func (s shapes) writePointer(v, defaults reflect.Value) *yaml.Node {
	switch {
	case v.IsNil() && defaults.IsNil():
		return nil
	case v.IsNil():
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	case defaults.IsNil():
		return s.whole(v.Elem())
	}
	return s.write(v.Elem(), defaults.Elem())
}

// writeElements writes a list of objects; where the defaults have as many elements, each is written against its own.
func (s shapes) writeElements(v, defaults reflect.Value) *yaml.Node {
	if v.Len() == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range v.Len() {
		own := reflect.Zero(v.Type().Elem())
		if defaults.Len() == v.Len() {
			own = defaults.Index(i)
		}
		x := s.write(v.Index(i), own)
		if x == nil {
			x = &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		}
		n.Content = append(n.Content, x)
	}
	return n
}

// whole writes a value that has no defaults.
func (s shapes) whole(v reflect.Value) *yaml.Node {
	switch {
	case v.Type() == rawType:
		return free(v.Interface().(json.RawMessage))
	case v.Type() == decimalType:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: v.Interface().(decimal.Decimal).String()}
	case v.Kind() == reflect.Struct:
		if n := s.writeMembers(v, reflect.Zero(v.Type())); n != nil {
			return n
		}
		return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	case v.Kind() == reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for i := range v.Len() {
			n.Content = append(n.Content, s.whole(v.Index(i)))
		}
		return n
	case v.Kind() == reflect.String:
		return text(v.String())
	case v.Kind() == reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(v.Int(), 10)}
}

// text is written as it reads where that is safe. Lines that begin with a blank, and the like, stand in quotes: as a block
// they would not come back as they were.
func text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.Contains(s, "\n") && !plainLines.MatchString(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

var plainLines = regexp.MustCompile(`^([^\s\pC]([^\n\pC]*[^\s\pC])?\n+)*[^\s\pC]([^\n\pC]*[^\s\pC])?\n?$`)

// free writes JSON that has no shape of its own, with its members in order.
func free(raw json.RawMessage) *yaml.Node {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		v = nil
	}
	return freeValue(v)
}

func freeValue(v any) *yaml.Node {
	switch x := v.(type) {
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		names := make([]string, 0, len(x))
		for name := range x {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			n.Content = append(n.Content, text(name), freeValue(x[name]))
		}
		if len(names) == 0 {
			n.Style = yaml.FlowStyle
		}
		return n
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, e := range x {
			n.Content = append(n.Content, freeValue(e))
		}
		if len(x) == 0 {
			n.Style = yaml.FlowStyle
		}
		return n
	case string:
		return text(x)
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(x)}
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: x.String()}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
}

// same tells whether two values say the same: amounts by their worth, lists without elements like none, open documents
// whatever the order of their members. What is derived does not count.
func (s shapes) same(a, b reflect.Value) bool {
	switch {
	case a.Type() == rawType:
		return bytes.Equal(a.Bytes(), b.Bytes()) || bytes.Equal(canonical(a.Bytes()), canonical(b.Bytes()))
	case a.Type() == decimalType:
		return a.Interface().(decimal.Decimal).Equal(b.Interface().(decimal.Decimal))
	case a.Kind() == reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return s.same(a.Elem(), b.Elem())
	case a.Kind() == reflect.Struct:
		for _, m := range s.of(a.Type()) {
			if !s.same(a.Field(m.index), b.Field(m.index)) {
				return false
			}
		}
		return true
	case a.Kind() == reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !s.same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// changed names the members in which two objects differ.
func (s shapes) changed(a, b reflect.Value) []string {
	var names []string
	for _, m := range s.of(a.Type()) {
		if !s.same(a.Field(m.index), b.Field(m.index)) {
			names = append(names, m.name)
		}
	}
	return names
}
