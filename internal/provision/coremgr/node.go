package coremgr

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Node is one element of an answer. Both formats become the same tree: what is an attribute in XML is a member "$name" in
// JSON, the text of an element is the member "$", and a list is several children of one name — or, with one row, one child.
type Node struct {
	Name string
	Text string
	Attr map[string]string
	Kids []*Node
}

// Child returns the first child of a name, or nil. Like every reading method it may be asked of nil.
func (n *Node) Child(name string) *Node {
	if n != nil {
		for _, kid := range n.Kids {
			if kid.Name == name {
				return kid
			}
		}
	}
	return nil
}

// At follows a path of names.
func (n *Node) At(path ...string) *Node {
	for _, name := range path {
		n = n.Child(name)
	}
	return n
}

// All returns the children of a name: the rows of a list, however many there are.
func (n *Node) All(name string) (out []*Node) {
	if n == nil {
		return nil
	}
	for _, kid := range n.Kids {
		if kid.Name == name {
			out = append(out, kid)
		}
	}
	return out
}

// Below returns the elements of a name at any depth, in the order of the document.
func (n *Node) Below(name string) (out []*Node) {
	if n == nil {
		return nil
	}
	for _, kid := range n.Kids {
		if kid.Name == name {
			out = append(out, kid)
		}
		out = append(out, kid.Below(name)...)
	}
	return out
}

// Get returns the text of a child; empty where there is none.
func (n *Node) Get(name string) string {
	if kid := n.Child(name); kid != nil {
		return kid.Text
	}
	return ""
}

// Flag tells whether a switch is on: its element is there, be it empty. Some builds write the word instead.
func (n *Node) Flag(name string) bool {
	kid := n.Child(name)
	if kid == nil {
		return false
	}
	switch strings.ToLower(kid.Text) {
	case "off", "no", "false", "0":
		return false
	}
	return true
}

// Choices are the values that a form offers for a field (slist).
func (n *Node) Choices(field string) (out []Choice) {
	for _, list := range n.All("slist") {
		if list.Attr["name"] != field {
			continue
		}
		for _, name := range []string{"val", "msg"} {
			for _, v := range list.All(name) {
				key := v.Attr["key"]
				if key == "" {
					key = v.Text
				}
				out = append(out, Choice{Key: key, Title: v.Text})
			}
		}
	}
	return out
}

// Choice is one value of a form's field.
type Choice struct{ Key, Title string }

var errNoDocument = errors.New("no document")

// parse reads an answer in either format, told by its first character, not by what was asked for: proxies and old builds
// ignore the format at times.
func parse(body []byte) (*Node, error) {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return nil, errNoDocument
	case body[0] == '<':
		return parseXML(body)
	}
	return parseJSON(body)
}

func parseXML(body []byte) (*Node, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // these panels speak UTF-8
	top := &Node{}
	open := []*Node{top}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		here := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := &Node{Name: t.Name.Local}
			for _, a := range t.Attr {
				n.set(a.Name.Local, a.Value)
			}
			here.Kids = append(here.Kids, n)
			open = append(open, n)
		case xml.EndElement:
			here.Text = strings.TrimSpace(here.Text)
			open = open[:len(open)-1]
		case xml.CharData:
			here.Text += string(t)
		}
	}
	return documentOf(top)
}

func documentOf(top *Node) (*Node, error) {
	if doc := top.Child("doc"); doc != nil {
		return doc, nil
	}
	return nil, errNoDocument
}

func parseJSON(body []byte) (*Node, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, err
	}
	top := &Node{}
	if err := top.members(members); err != nil {
		return nil, err
	}
	return documentOf(top)
}

func (n *Node) members(members map[string]json.RawMessage) error {
	for name, raw := range members {
		attribute, isAttribute := strings.CutPrefix(name, "$")
		switch {
		case name == "$":
			n.Text = scalar(raw)
		case isAttribute:
			n.set(attribute, scalar(raw))
		default:
			if err := n.add(name, raw); err != nil {
				return err
			}
		}
	}
	return nil
}

// add hangs a member below n: a list becomes several children, null none.
func (n *Node) add(name string, raw json.RawMessage) error {
	switch raw[0] {
	case '[':
		var rows []json.RawMessage
		if err := json.Unmarshal(raw, &rows); err != nil {
			return err
		}
		for _, row := range rows {
			if err := n.add(name, row); err != nil {
				return err
			}
		}
	case '{':
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return err
		}
		kid := &Node{Name: name}
		n.Kids = append(n.Kids, kid)
		return kid.members(members)
	default:
		if text := scalar(raw); text != "null" {
			n.Kids = append(n.Kids, &Node{Name: name, Text: text})
		}
	}
	return nil
}

func (n *Node) set(attribute, value string) {
	if n.Attr == nil {
		n.Attr = map[string]string{}
	}
	n.Attr[attribute] = value
}

// scalar is a text as it is and anything else as it is written, so that no number is rounded.
func scalar(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil && raw[0] == '"' {
		return text
	}
	return string(raw)
}
