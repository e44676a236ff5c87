package pricelist

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/tariffd/tariffd/internal/actor"
)

// pristine writes every built-in object with all of its members.
func (r *rig) pristine(ctx context.Context) (document []byte, err error) {
	err = r.InSnapshot(ctx, func(tx Tx) error {
		run := r.begin(tx, actor.Actor{})
		types, err := listTypes(ctx, run)
		if err != nil {
			return err
		}
		asked, err := tx.ParametersAll(ctx)
		if err != nil {
			return err
		}
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, p := range types {
			p.AddOns, p.Parameters = nil, nil
			for _, x := range asked {
				if x.ProductType == p.Code {
					p.Parameters = append(p.Parameters, parameterOf(x, nil))
				}
			}
			for _, c := range run.content[p.Code] {
				p.AddOns = append(p.AddOns, elementOf(c))
			}
			slices.SortFunc(p.AddOns, func(a, b element) int {
				return cmp.Or(cmp.Compare(a.SortOrder, b.SortOrder), strings.Compare(a.Code, b.Code))
			})
			list.Content = append(list.Content, run.shapes.write(valueOf(p), valueOf(productType{})))
		}
		var out bytes.Buffer
		enc := yaml.NewEncoder(&out)
		enc.SetIndent(2)
		err = enc.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{text("product_types"), list}})
		document = out.Bytes()
		return err
	})
	return document, err
}
