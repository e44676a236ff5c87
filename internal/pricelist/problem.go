package pricelist

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/tariffd/tariffd/internal/fault"
)

// Problem is one thing that is wrong with a document, where it stands there.
type Problem struct {
	Line  int    // 0: the document does not speak of it
	Place string // such as tariffs/e3/add_ons/traffic/prices/0
	Code  string // as in the API
	Text  string
}

// Problems are all that was found, in order of their lines.
type Problems []Problem

// Error lists them, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = x.String()
	}
	return strings.Join(lines, "\n")
}

// String is the problem as a shell shows it.
func (p Problem) String() string {
	at := ""
	if p.Line > 0 {
		at = fmt.Sprintf("line %d: ", p.Line)
	}
	if p.Place != "" {
		at += p.Place + ": "
	}
	return fmt.Sprintf("%s%s (%s)", at, p.Text, p.Code)
}

func (p *Problems) add(n *yaml.Node, place, code, format string, args ...any) {
	line := 0
	if n != nil {
		line = n.Line
	}
	*p = append(*p, Problem{Line: line, Place: place, Code: code, Text: fmt.Sprintf(format, args...)})
}

// err is nil where nothing was noted.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	sort.SliceStable(p, func(i, j int) bool { return p[i].Line < p[j].Line })
	return p
}

// note takes a fault of a use-case over, with the place in the document that each of its pointers means. What is no fault
// of the document is returned.
func (p *Problems) note(n *yaml.Node, place string, err error) error {
	x := fault.Of(err)
	switch {
	case err == nil:
		return nil
	case x.Kind != fault.Invalid && x.Kind != fault.Conflict && x.Kind != fault.NotFound:
		return err
	case len(x.Fields) == 0:
		p.add(n, place, x.Code, "%s", x.Message)
	}
	for _, f := range x.Fields {
		at, path := follow(n, f.Pointer)
		p.add(at, place+path, f.Code, "%s", f.Detail)
	}
	return nil
}

// renamed are members whose name in the document, where objects go by their names, is not the API's.
var renamed = map[string]string{
	"data_center_ids": "data_centers", "processing_module_ids": "processing_modules", "client_group_ids": "client_groups",
	"provider_id": "provider", "data_center_id": "data_center", "department_id": "department", "group_id": "group",
	"module_ids": "modules",
}

// follow goes down a pointer as far as the document goes with it. Elements of lists are called by their codes.
func follow(n *yaml.Node, pointer string) (*yaml.Node, string) {
	path := ""
	for _, step := range strings.Split(pointer, "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		if name, ok := renamed[step]; ok {
			step = name
		}
		if next := child(n, step); next != nil {
			n = next
			if i, err := strconv.Atoi(step); err == nil {
				step = callOf(next, i)
			}
		}
		path += "/" + step
	}
	return n, path
}

// child is a member of a mapping or an element of a list, nil where there is none.
func child(n *yaml.Node, step string) *yaml.Node {
	n = resolved(n)
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1]
			}
		}
	case n.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

// callOf is what an element of a list is called in a place: its code, else its name, else its number.
func callOf(n *yaml.Node, i int) string {
	for _, name := range []string{"code", "name"} {
		if v := child(n, name); v != nil && v.Kind == yaml.ScalarNode && v.Value != "" {
			return v.Value
		}
	}
	return strconv.Itoa(i)
}

// resolved is the node that an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}
