// Package openstack plays a cloud of two regions: the part of Keystone, Nova,
// Glance and Neutron that makes and keeps servers.
//
// It owns the state that is kept in openstack.json, the versions of Nova that
// are played and the projects' own errors. It does not own faults, the clock
// and the files (package panels), and knows no traffic.
//
// Invariants:
//   - What a server refuses while it works, or locked, depends on its row alone.
//   - Work that fails leaves its trace in the server's history.
//   - A server is seen in its own region only.
package openstack
