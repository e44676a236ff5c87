package panel

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/flavors"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/networks"
)

// Named is something that goes by a name or an id.
type Named struct {
	ID, Name string
	Tags     []string
}

// Flavor is a size of servers.
type Flavor struct {
	Named
	CPU  int // pieces
	RAM  int // MiB
	Disk int // GiB
}

// Flavors lists the sizes, the smaller first.
func (p *Panel) Flavors(ctx context.Context) ([]Flavor, error) {
	client, err := p.service(ctx, "compute")
	if err != nil {
		return nil, err
	}
	rows, err := everyPage(ctx, flavors.ListDetail(client, nil), flavors.ExtractFlavors)
	if err := p.failed(http.MethodGet, "flavors/detail", err); err != nil {
		return nil, err
	}
	out := make([]Flavor, 0, len(rows))
	for _, f := range rows {
		out = append(out, Flavor{Named: Named{ID: f.ID, Name: f.Name}, CPU: f.VCPUs, RAM: f.RAM, Disk: f.Disk})
	}
	slices.SortFunc(out, func(a, b Flavor) int {
		return cmp.Or(cmp.Compare(a.CPU, b.CPU), cmp.Compare(a.RAM, b.RAM), cmp.Compare(a.Disk, b.Disk), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Images lists the images that servers can be made of, by name.
func (p *Panel) Images(ctx context.Context) ([]Named, error) {
	client, err := p.service(ctx, "image")
	if err != nil {
		return nil, err
	}
	rows, err := everyPage(ctx, images.List(client, images.ListOpts{Status: images.ImageStatusActive}), images.ExtractImages)
	if err := p.failed(http.MethodGet, "images", err); err != nil {
		return nil, err
	}
	out := make([]Named, 0, len(rows))
	for _, i := range rows {
		out = append(out, Named{ID: i.ID, Name: i.Name, Tags: i.Tags})
	}
	return byName(out), nil
}

// Networks lists the networks that the project sees, by name.
func (p *Panel) Networks(ctx context.Context) ([]Named, error) {
	client, err := p.service(ctx, "network")
	if err != nil {
		return nil, err
	}
	rows, err := everyPage(ctx, networks.List(client, nil), networks.ExtractNetworks)
	if err := p.failed(http.MethodGet, "networks", err); err != nil {
		return nil, err
	}
	out := make([]Named, 0, len(rows))
	for _, n := range rows {
		out = append(out, Named{ID: n.ID, Name: n.Name, Tags: n.Tags})
	}
	return byName(out), nil
}

func byName(rows []Named) []Named {
	slices.SortFunc(rows, func(a, b Named) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return rows
}
