package pricelist

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const small = `version: 1
providers:
  - name: Second
    currency: USD
departments:
  - name: Builders
    email: build@ours.test
units:
  - code: crate
    name: Crate
    smaller_unit: piece
    ratio: 12
enumerations:
  - code: panels
    name: Panels
    items:
      - code: ispmanager
        name: ISPmanager
      - code: none
data_centers:
  - name: Hall A
    external_id: 3
    flag: DE
integration_modules:
  - name: dedicated_bandwidth
product_types:
  - code: vds
    add_ons:
      - code: control_panel
        enumeration_code: panels
  - code: rack
    name: Racks
    periods: [P1M, P1Y]
    add_ons:
      - code: crates
        unit: crate
tariff_groups:
  - name: Cheap
client_groups:
  - name: Friends
    sort_order: 2
ip_managers:
  - name: Addresses
    url: http://ip.ours.test/ipmgr
    username: root
    password: ${IP_PASSWORD}
processing_modules:
  - name: By hand
    driver: manual
    product_type: rack
    data_center: Hall A
    department: Builders
tariffs:
  - code: small
    provider: Default
    product_type: rack
    name: Small
    group: Cheap
    policy:
      client_groups: [Friends]
      change_to: same_group
    data_centers: [Hall A]
    processing_modules: [By hand]
    prices:
      - period: P1M
        amount: 10.50
        setup_fee: "1"
    add_ons:
      - code: crates
        billing: order
        maximum: 4
        prices:
          - period: P1M
            amount: 0.10
  - code: line
    provider: Second
    product_type: dedicated_bandwidth
    name: Line
    add_ons:
      - code: traffic
        add_on: bandwidth
        billing: statistics
        included: 100
        statistics:
          overage_price: 0.02
tax_rules:
  - provider: Second
    country: DE
    rate: 0.19
  - provider: Second
    country: DE
    product_type: rack
    valid_from: 2027-01-01
    rate: 0.07
`

func TestWhatIsImportedIsExported(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Len(t, r.imports(small, Options{}), 17)
	document := r.exports()
	t.Log(document)
	require.Empty(t, r.imports(small, Options{}))
	require.Empty(t, r.imports(document, Options{}))
	require.Equal(t, document, r.exports())
	other := newRig(t)
	_, err := other.Import(t.Context(), shell, []byte(document), Options{})
	require.ErrorContains(t, err, "ip_managers/Addresses/password", "a new installation needs the secrets")
	other.imports(strings.Replace(document, "username: root", "username: root\n    password: ${IP_PASSWORD}", 1), Options{})
	require.Equal(t, document, other.exports())
}

// state is everything that an import that has nothing to do must leave as it is.
func (r *rig) state() []int {
	return []int{
		r.number(`SELECT count(*) FROM audit`), r.number(`SELECT count(*) FROM event`), r.number(`SELECT count(*) FROM tariff_version`),
		r.number(`SELECT coalesce(sum(version), 0) FROM tariff`), r.number(`SELECT sum(version) FROM product_type`),
		r.number(`SELECT sum(version) FROM product_type_add_on`), r.number(`SELECT coalesce(sum(version), 0) FROM processing_module`),
		r.number(`SELECT sum(version) FROM provider`), r.number(`SELECT sum(version) FROM department`),
		r.number(`SELECT coalesce(sum(version), 0) FROM data_center`), r.number(`SELECT coalesce(sum(version), 0) FROM enumeration`),
	}
}

func TestASecondImportWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.imports(small, Options{})
	before := r.state()
	require.Empty(t, r.imports(small, Options{}))
	require.Empty(t, r.imports(r.exports(), Options{Prune: true}))
	require.Equal(t, before, r.state())
}

func TestAPlanChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	empty := r.exports()
	require.Len(t, r.imports(small, Options{PlanOnly: true}), 17)
	require.Equal(t, empty, r.exports())
	require.Len(t, r.imports(small, Options{}), 17)
}

func TestOnlyWhatDiffersIsChangedAndNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.imports(small, Options{})
	changed := strings.NewReplacer("amount: 0.10", "amount: 0.20", "included: 100", "included: 200\n        maximum: 900",
		"ratio: 12", "ratio: 12\n    # a comment", "name: Racks", "name: Racks of ours", "name: Line\n", "name: Line\n    trial_days: 3\n").Replace(small)
	require.Equal(t, []string{
		"change product type rack [name]", "change tariff Default/small [add_ons/crates]",
		"change tariff Second/line [trial_days add_ons/traffic]",
	}, r.imports(changed, Options{}))
	require.Equal(t, 2, r.number(`SELECT count(*) FROM tariff_version WHERE number = 2`))
	require.Equal(t, 1, r.number(`SELECT count(*) FROM audit WHERE action = 'tariff.updated' AND detail ->> 'add_on' = 'crates'`))
	require.Equal(t, 2, r.number(`SELECT (offer -> 'add_ons' -> 0 ->> 'version')::int FROM tariff_version v JOIN tariff t ON t.id = v.tariff_id WHERE code = 'small'`))
	require.Empty(t, r.imports(changed, Options{}))

	// A member that the document no longer has goes back to its default, and an add-on goes.
	require.Equal(t, []string{
		"change product type rack [name]", "change tariff Default/small [add_ons/crates]",
		"change tariff Second/line [trial_days add_ons/traffic]",
	}, r.imports(small, Options{}))
	without := small[:strings.Index(small, "    add_ons:\n      - code: traffic")]
	require.Equal(t, []string{"change tariff Second/line [add_ons/traffic]"}, r.imports(without, Options{}))
}

func TestPruneDeletesWhatIsLeftOutAndNamesWhatIsInUse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.imports(small, Options{})
	require.Equal(t, []string{"change tariff Second/line [name]"},
		r.imports("version: 1\ntariffs:\n  - {code: line, provider: Second, product_type: dedicated_bandwidth, name: New, add_ons: "+
			"[{code: traffic, add_on: bandwidth, billing: statistics, included: 100, statistics: {overage_price: 0.02}}]}\n", Options{}),
		"without prune the others stay")
	r.imports(small, Options{})

	kept := r.exports()
	cut := strings.NewReplacer("  - name: Hall A\n    external_id: \"3\"\n    flag: DE\n", "", "data_centers:\n", "data_centers: []\n").Replace(kept)
	_, err := r.Import(t.Context(), shell, []byte(cut), Options{Prune: true})
	var found Problems
	require.ErrorAs(t, err, &found)
	require.Equal(t, "data_centers/Hall A", found[0].Place)
	require.Equal(t, "in_use", found[0].Code)
	require.Equal(t, kept, r.exports(), "nothing was changed")

	require.Equal(t, []string{
		"delete tax rule Second/DE []", "delete tax rule Second/DE//rack/2027-01-01 []",
		"delete tariff Default/small []", "delete tariff Second/line []", "delete processing module By hand []",
		"delete IP manager Addresses []", "delete client group Friends []", "delete tariff group Cheap []",
		"delete product type rack []", "delete integration module dedicated_bandwidth []", "delete data center Hall A []",
		"delete unit crate []", "delete department Builders []", "delete provider Second []",
	}, r.imports(`version: 1
providers: [{name: Default, currency: EUR}]
departments: [{name: Sales}, {name: Technical support}]
enumerations: [{code: panels, name: Panels, items: [{code: ispmanager, name: ISPmanager}, {code: none}]}]
`, Options{Prune: true}))
}

func TestWhatIsWrongIsToldWithItsPlace(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct{ from, to, want string }{
		"unknown member":  {"flag: DE", "flagg: DE", "line 23: data_centers/Hall A/flagg: There is no such member. (unknown_field)"},
		"wrong type":      {"flag: DE", "sort_order: two", "line 23: data_centers/Hall A/sort_order: A whole number is expected. (wrong_type)"},
		"unknown section": {"version: 1", "version: 1\nclients: []", "line 2: clients: A document has no such section. (unknown_field)"},
		"other version":   {"version: 1", "version: 2", "line 1: version: This program reads documents of version 1. (unknown_value)"},
		"twice":           {"- code: rack", "- code: vds", "line 31: product_types/vds: The product type stands in the document twice. (duplicate_value)"},
		"no such place":   {"data_centers: [Hall A]", "data_centers: [Hall B]", "line 62: tariffs/small/data_centers/0: There is no data center called \"Hall B\". (not_found)"},
		"deep":            {"amount: 0.10", "amount: -1", "line 74: tariffs/small/add_ons/crates/prices/0/amount: An amount of 0 or more is expected, with at most 15 digits before the point. (out_of_range)"},
		"deep form":       {"amount: 0.10", "amount: ten", "line 74: tariffs/small/add_ons/crates/prices/0/amount: A decimal such as \"12.50\" is expected. (bad_format)"},
		"a rule":          {"periods: [P1M, P1Y]", "periods: [P1M, P1M]", "line 33: product_types/rack/periods/1: Each period stands in the list once. (duplicate_value)"},
		"built in":        {"- code: crate\n", "- code: GiB\n", "line 9: units/GiB/code: A unit with this code exists. (already_exists)"},
		"no YAML":         {"version: 1", "version: [", "This is no YAML: yaml: line 2: did not find expected node content (bad_format)"},
		"currency":        {"- name: Second\n    currency: USD", "- name: Default\n    currency: USD", "line 4: providers/Default/currency: The currency of a provider is fixed: EUR. (bad_value)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			empty := r.exports()
			require.Contains(t, small, x.from)
			_, err := r.Import(t.Context(), shell, []byte(strings.Replace(small, x.from, x.to, 1)), Options{})
			var found Problems
			require.ErrorAs(t, err, &found)
			require.Equal(t, x.want, found.Error())
			require.Equal(t, empty, r.exports(), "nothing was changed")
		})
	}
}

func TestObjectsWithOneNameCannotBeExported(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.imports(small, Options{})
	_, err := r.pool.Exec(`INSERT INTO data_center (id, name, created_at) VALUES (gen_random_uuid(), 'Hall A', now())`)
	require.NoError(t, err)
	_, err = r.Export(t.Context(), nil)
	require.ErrorContains(t, err, "data_centers/Hall A: Two objects have this name")
	_, err = r.Import(t.Context(), shell, []byte(small), Options{})
	require.ErrorContains(t, err, "2 objects of the installation have this name")
}

func TestExportOfOneProvider(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.imports(small, Options{})
	one := r.exports("Second")
	require.Contains(t, one, "code: line")
	require.NotContains(t, one, "code: small")
	require.NotContains(t, one, "name: Default")
	_, err := r.Export(t.Context(), []string{"Third"})
	require.ErrorContains(t, err, `no provider called "Third"`)
}

const panel = `version: 1
data_centers:
  - name: Hall A
    external_id: 3
processing_modules:
  - name: Panel
    driver: dcimanager6
    product_type: dedicated
    data_center: Hall A
    connection:
      url: http://${PANELS}/dcimanager6
      username: admin@ours.test
      password: ${PANEL_PASSWORD}
`

func TestSecretsComeFromTheEnvironmentAndAreNeverWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.Import(t.Context(), shell, []byte(panel), Options{NoCheck: true})
	require.EqualError(t, err, "line 11: processing_modules/Panel/connection/url: The variable PANELS of the environment is not set. (required)\n"+
		"line 13: processing_modules/Panel/connection/password: The variable PANEL_PASSWORD of the environment is not set. (required)")
	r.env["PANELS"], r.env["PANEL_PASSWORD"] = "127.0.0.1:1", "very secret"
	_, err = r.Import(t.Context(), shell, []byte(strings.Replace(panel, "${PANEL_PASSWORD}", "very secret", 1)), Options{NoCheck: true})
	require.ErrorContains(t, err, "A secret does not stand in a document")
	require.NotContains(t, err.Error(), "very secret")

	_, err = r.Import(t.Context(), shell, []byte(panel), Options{})
	require.ErrorContains(t, err, "line 6: processing_modules/Panel", "the panel is tried")
	require.ErrorContains(t, err, "connection_failed")
	require.NotContains(t, err.Error(), "very secret")
	require.Zero(t, r.number(`SELECT count(*) FROM processing_module`))

	require.Len(t, r.imports(panel, Options{NoCheck: true}), 2)
	require.Empty(t, r.imports(panel, Options{}), "what is there needs no try")
	document := r.exports()
	require.NotContains(t, document, "very secret")
	require.Contains(t, document, "url: http://127.0.0.1:1/dcimanager6")
	require.Empty(t, r.imports(document, Options{}), "a secret that is not spoken of stays")

	r.env["PANEL_PASSWORD"] = "another"
	require.Equal(t, []string{"change processing module Panel [connection]"}, r.imports(panel, Options{NoCheck: true}))
	require.NoError(t, r.InTx(t.Context(), func(tx Tx) error {
		list, err := tx.ModulesAll(t.Context())
		require.NoError(t, err)
		m, err := tx.ModuleByID(t.Context(), list[0].ID)
		require.Contains(t, string(m.Connection), "another")
		return err
	}))
}
