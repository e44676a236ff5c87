package e2e

import (
	"net/http"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/require"
)

// trades are all drivers, some of them with more than one way to sell. Each call gives trades of its own: the systems that the
// tests play themselves stand in them, and tests run side by side.
func trades() []trade {
	return []trade{
		{
			name: "OpenStack", driver: "openstack", product: "vds", region: "RegionOne",
			connect: func(s *sale) (doc, doc) {
				return doc{"url": s.panels.url + "/openstack", "username": "admin", "password": "secret", "project": "admin"}, s.timed(doc{})
			},
			settings: doc{"flavor": "m1.small", "network": "public"}, larger: doc{"flavor": "m1.large", "network": "public"},
			addOns: []doc{integer("ipv4", "1", "8")}, wanted: doc{"ipv4": "2"},
			filled: machine, told: doc{"hostname": "db"}, os: "Ubuntu-24.04",
			seen: rows("openstack", "servers", "status locked configuration os_template addresses"),
			shows: map[string]string{
				"open":      "ACTIVE not-locked m1.small Debian-12 ×1",
				"suspend":   "SHUTOFF locked m1.small Debian-12 ×1",
				"resume":    "ACTIVE not-locked m1.small Debian-12 ×1",
				"tariff":    "ACTIVE not-locked m1.large Debian-12 ×1",
				"reinstall": "ACTIVE not-locked m1.large Ubuntu-24.04 ×1",
				"close":     "",
			},
			byHand: map[string]string{"add-ons": "change_parameters", "parameters": "change_parameters"},
			struck: []striker{control("openstack")},
		},
		{
			name: "DCImanager 6", driver: "dcimanager6", product: "dedicated", region: "3",
			connect: func(s *sale) (doc, doc) {
				return doc{"url": s.panels.url + "/dcimanager6", "username": "admin@example.com", "password": "secret"}, s.timed(doc{})
			},
			settings: doc{"configuration": "E3-1230-16GB"}, larger: doc{"configuration": "E3-1230-16GB"},
			addOns: []doc{integer("ipv4_public", "1", "8")}, wanted: doc{"ipv4_public": "2"},
			filled: machine, told: doc{"hostname": "db"}, os: "Ubuntu-24.04",
			seen: rows("dcimanager6", "servers", "domain owner_email power suspended ports.0.admin_status os_template.name addresses"),
			shows: map[string]string{
				"open":      "one.shop.example buyer@shop.example on not-suspended up Debian-12 ×1",
				"suspend":   "one.shop.example buyer@shop.example on suspended down Debian-12 ×1",
				"resume":    "one.shop.example buyer@shop.example on not-suspended up Debian-12 ×1",
				"add-ons":   "one.shop.example buyer@shop.example on not-suspended up Debian-12 ×2",
				"reinstall": "one.shop.example buyer@shop.example on not-suspended up Ubuntu-24.04 ×2",
				"close":     " - off not-suspended down Ubuntu-24.04 ×1",
			},
			byHand: map[string]string{"parameters": "change_parameters"},
			struck: []striker{control("dcimanager6")},
		},
		{
			name: "DCImanager 5", driver: "dcimanager5", product: "dedicated", content: guarded,
			connect: func(s *sale) (doc, doc) {
				made := func(path, name, url string) string {
					return s.admin.post(path, doc{"name": name, "url": s.panels.url + url, "username": "admin", "password": "secret"}).
						is(http.StatusCreated).text("id")
				}
				return doc{"url": s.panels.url + "/dcimanager5/dcimgr", "username": "admin", "password": "secret"}, s.timed(doc{
					"ip_manager_id":     made("/v1/ip-managers", "Addresses", "/ipmanager5/ipmgr"),
					"license_server_id": made("/v1/license-servers", "Licenses", "/licenseserver/billmgr"),
					"parking_ip_type":   "parking",
				})
			},
			settings: doc{"server_type": "HPCorei5"}, larger: doc{"server_type": "HPCorei5"},
			addOns: []doc{
				integer("ipv4_public", "1", "8"), choice("control_panel", "none", "ispmanager_lite"),
				choice("special_ip_block_guardvlan9", "usual", "guardvlan9"),
			},
			ordered: doc{"control_panel": "ispmanager_lite", "special_ip_block_guardvlan9": "guardvlan9"},
			wanted:  doc{"ipv4_public": "2", "special_ip_block_guardvlan9": "usual"},
			filled:  machine, told: doc{"hostname": "db"}, os: "Ubuntu-24.04",
			seen: append(append(rows("dcimanager5", "servers", "hostname owner? power disabled ostemplate addresses"),
				rows("ipmanager5", "addresses", "iptype domain")...), rows("licenseserver", "licenses", "pricelist status")...),
			shows: map[string]string{
				"open":      "one.shop.example owner on not-disabled Debian-12 ×1; guardvlan9 one.shop.example; 55227 2",
				"suspend":   "one.shop.example owner on disabled Debian-12 ×1; guardvlan9 one.shop.example; 55227 3",
				"resume":    "one.shop.example owner on not-disabled Debian-12 ×1; guardvlan9 one.shop.example; 55227 2",
				"add-ons":   "one.shop.example owner on not-disabled Debian-12 ×2; public one.shop.example; public one.shop.example; 55227 2",
				"reinstall": "one.shop.example owner on not-disabled Ubuntu-24.04 ×2; public one.shop.example; public one.shop.example; 55227 2",
				"close":     "free.ds - off not-disabled Ubuntu-24.04 ×1; 55227 3",
			},
			byHand: map[string]string{"parameters": "change_parameters"},
			struck: []striker{control("dcimanager5"), control("ipmanager5"), control("licenseserver")},
		},
		{
			name: "DSmanager", driver: "dsmanager", product: "dedicated", connect: fourth,
			settings: doc{"preset": "HPCorei5"}, larger: doc{"preset": "HPCorei5"},
			addOns: []doc{integer("ram", "16", "64")}, wanted: doc{"ram": "32"},
			filled: machine, told: doc{"hostname": "db"}, os: "Ubuntu-24.04",
			seen: rows("dsmanager", "servers", "hostname owner? power disabled ostemplate"),
			shows: map[string]string{
				"open":      "one.shop.example owner on not-disabled Debian-12",
				"suspend":   "one.shop.example owner on disabled Debian-12",
				"resume":    "one.shop.example owner on not-disabled Debian-12",
				"reinstall": "one.shop.example owner on not-disabled Ubuntu-24.04",
				"close":     " - off not-disabled Ubuntu-24.04",
			},
			byHand: map[string]string{"add-ons": "change_parameters", "parameters": "change_parameters"},
			struck: []striker{control("dsmanager")},
		},
		{
			name: "DSmanager's colocation", driver: "dsmanager", product: "colocation", connect: fourth,
			addOns: []doc{integer("ram", "16", "64")}, wanted: doc{"ram": "32"}, told: doc{"rack_name": "db"},
			setUp: doc{"external_id": "2", "addresses": []doc{{"ip": "192.0.2.9"}}},
			seen:  rows("dsmanager", "servers", "id disabled"),
			shows: map[string]string{"open": "2 not-disabled", "suspend": "2 disabled", "resume": "2 not-disabled"},
			byHand: map[string]string{
				"open": "set_up", "add-ons": "change_parameters", "tariff": "change_parameters", "parameters": "change_parameters",
				"reinstall": "other", "reboot": "other", "close": "delete",
			},
		},
		virtual("VMmanager 6 KVM", "KVM"), virtual("VMmanager 6 LXD", "LXD"),
		nextclouds("Script in Python", "nextcloud.py"), nextclouds("Script in a shell", "nextcloud.sh"),
		{
			name: "Shell scripts", driver: "shell_scripts", product: "box", content: ownProduct, connect: mailboxes,
			addOns: []doc{integer("disk", "5", "50")}, wanted: doc{"disk": "7"}, told: doc{"label": "db"},
			seen: []func(*sale) []string{mailbox},
			shows: map[string]string{
				"open": "on 5 small", "suspend": "off 5 small", "resume": "on 5 small", "add-ons": "on 7 small", "tariff": "on 7 large",
				"parameters": "on 7 large db", "close": "",
			},
			byHand:   map[string]string{"reinstall": "other", "reboot": "other"},
			password: func(*sale) string { return "made-by-the-box-3W" },
			struck:   []striker{boxes{}},
		},
		{
			name: "Manual", driver: "manual", product: "colocation",
			addOns: []doc{integer("ram", "16", "64")}, wanted: doc{"ram": "32"}, told: doc{"rack_name": "db"},
			setUp: doc{"external_id": "rack 7", "addresses": []doc{{"ip": "192.0.2.7"}}},
			byHand: map[string]string{
				"open": "set_up", "suspend": "disable", "resume": "enable", "add-ons": "change_parameters", "tariff": "change_parameters",
				"parameters": "change_parameters", "reinstall": "other", "reboot": "other", "renew": "change_parameters", "close": "delete",
			},
		},
		{
			name: "None", driver: "none", product: "colocation", addOns: []doc{integer("ram", "16", "64")}, wanted: doc{"ram": "32"},
			told: doc{"rack_name": "db"},
		},
	}
}

// machine is what an order of a machine fills in.
var machine = doc{"os": "Debian-12", "domain": "one.shop.example"}

// timed says how long the driver waits for a panel. Where panels are silenced it is short; elsewhere a busy machine must not
// look like a silent panel.
func (s *sale) timed(parameters doc) doc {
	parameters["timeout_seconds"] = 60
	if s.silenced {
		parameters["timeout_seconds"] = 5
	}
	return parameters
}

func fourth(s *sale) (connection, parameters doc) {
	return doc{"url": s.panels.url + "/dsmanager/dsmgr", "username": "admin", "password": "secret"}, s.timed(doc{})
}

// virtual sells machines of one cluster.
func virtual(name, cluster string) trade {
	return trade{
		name: name, driver: "vmmanager6", product: "vds",
		connect: func(s *sale) (doc, doc) {
			return doc{"url": s.panels.url + "/vmmanager6", "username": "admin@example.com", "password": "secret"}, s.timed(doc{"cluster": cluster})
		},
		settings: doc{"template": "Basic"}, larger: doc{"template": "Basic"},
		addOns: []doc{integer("ram", "1", "64"), integer("disk", "20", "100")}, wanted: doc{"ram": "4", "disk": "30"},
		filled: machine, told: doc{"hostname": "db"}, os: "Ubuntu-24.04",
		seen: rows("vmmanager6", "servers", "cluster domain owner_email state os_template.name ram_mib disk_mib addresses"),
		shows: map[string]string{
			"open":      cluster + " one.shop.example buyer@shop.example active Debian-12 1024 20480 ×1",
			"suspend":   cluster + " one.shop.example buyer@shop.example stopped Debian-12 1024 20480 ×1",
			"resume":    cluster + " one.shop.example buyer@shop.example active Debian-12 1024 20480 ×1",
			"add-ons":   cluster + " one.shop.example buyer@shop.example active Debian-12 4096 30720 ×1",
			"reinstall": cluster + " one.shop.example buyer@shop.example active Ubuntu-24.04 4096 30720 ×1",
			"close":     "",
		},
		byHand: map[string]string{"parameters": "change_parameters"},
		struck: []striker{control("vmmanager6")},
	}
}

// nextclouds sells accounts of a Nextcloud by one of the samples.
func nextclouds(name, sample string) trade {
	cloud := &nextcloud{}
	return trade{
		name: name, driver: "script", product: "cloud_" + filepath.Ext(sample)[1:], content: ownProduct,
		connect: func(s *sale) (doc, doc) {
			cloud.serve(s.t)
			program := filepath.Join(s.programs, sample)
			text, err := os.ReadFile(filepath.Join("..", "provision", "script", "samples", sample))
			require.NoError(s.t, err)
			require.NoError(s.t, os.WriteFile(program, text, 0o700))
			return doc{
				"program": program, "params": doc{"url": cloud.url, "username": cloudAdmin}, "secrets": doc{"password": cloudPassword},
			}, s.timed(doc{})
		},
		addOns: []doc{integer("disk", "5", "50")}, wanted: doc{"disk": "7"}, told: doc{"label": "db"},
		seen: []func(*sale) []string{cloud.seen},
		shows: map[string]string{
			"open": "enabled 5 GB", "suspend": "disabled 5 GB", "resume": "enabled 5 GB", "add-ons": "enabled 7 GB", "close": "",
		},
		byHand:   map[string]string{"reinstall": "other", "reboot": "other"},
		password: cloud.password,
		struck:   []striker{cloud},
	}
}

// ownProduct makes a product type of the installation's own.
func ownProduct(s *sale) {
	s.admin.post("/v1/product-types", doc{"code": s.product, "name": s.name}).is(http.StatusCreated)
	s.admin.post("/v1/product-types/"+s.product+"/add-ons", doc{"code": "disk", "name": "Disk", "value_type": "integer", "unit": "GiB"}).is(http.StatusCreated)
	s.admin.post("/v1/product-types/"+s.product+"/parameters", doc{"code": "label", "name": "Label"}).is(http.StatusCreated)
}

// guarded brings the enumerations of a control panel and of a block of addresses.
func guarded(s *sale) {
	for code, items := range map[string][]string{"panels": {"none", "ispmanager_lite"}, "blocks": {"usual", "guardvlan9"}} {
		s.admin.post("/v1/enumerations", doc{
			"code": code, "name": code, "items": []doc{{"code": items[0], "name": items[0]}, {"code": items[1], "name": items[1]}},
		}).is(http.StatusCreated)
	}
	s.admin.patch("/v1/product-types/dedicated/add-ons/control_panel", doc{"enumeration_code": "panels"}).is(http.StatusOK)
	s.admin.post("/v1/product-types/dedicated/add-ons", doc{
		"code": "special_ip_block_guardvlan9", "name": "Block", "value_type": "enumeration", "enumeration_code": "blocks",
	}).is(http.StatusCreated)
}
