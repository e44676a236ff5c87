package pricelist

import (
	_ "embed"
	"reflect"
	"sync"

	yaml "go.yaml.in/yaml/v3"
)

// builtin.yaml is what a new installation has, with every integration module installed. A test holds it to the migrations.
//
//go:embed builtin.yaml
var builtinYAML []byte

// came is what the built-in objects are where nobody has changed them; the members that name them are empty.
type came struct {
	types      map[string]productType
	elements   map[string]element   // by type and code
	parameters map[string]parameter // by type and code
}

var builtins = sync.OnceValue(func() came {
	var doc struct {
		Types []yaml.Node `yaml:"product_types"`
	}
	if err := yaml.Unmarshal(builtinYAML, &doc); err != nil {
		panic(err) // it is a part of the program
	}
	c := came{map[string]productType{}, map[string]element{}, map[string]parameter{}}
	r, s := &reader{}, shapes{}
	for i := range doc.Types {
		var p productType
		r.read(s, &doc.Types[i], reflect.ValueOf(&p).Elem(), "product_types")
		for _, e := range p.AddOns {
			code := e.Code
			e.Code = ""
			c.elements[p.Code+"/"+code] = e
		}
		for _, x := range p.Parameters {
			code := x.Code
			x.Code = ""
			c.parameters[p.Code+"/"+code] = x
		}
		code := p.Code
		p.Code, p.AddOns, p.Parameters = "", nil, nil
		c.types[code] = p
	}
	if err := r.err(); err != nil {
		panic(err)
	}
	return c
})

func valueOf(v any) reflect.Value { return reflect.ValueOf(v) }
