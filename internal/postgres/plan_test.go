package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/pgtest"
)

// Every list and look-up has an index to go by, whatever the table's size: an empty table tells, where reading it whole is the
// last resort.
func TestListsAndLookUpsHaveTheirIndex(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	const some = "00000000-0000-0000-0000-000000000001"
	operations := func(at int, value string) []any {
		args := []any{"", nil, nil, "", nil, nil, nil, nil, nil, 50}
		args[at] = value
		return args
	}
	tasks := func(at int, value string) []any {
		args := []any{"", "", nil, nil, nil, nil, nil, 50}
		args[at] = value
		return args
	}
	services := func(at int, value any) []any {
		args := []any{"", nil, nil, nil, "", "", nil, nil, "", "", nil, nil, nil, 50}
		args[at] = value
		return args
	}
	for _, c := range []struct {
		name, query string
		args        []any
		index       string
	}{
		{"who has an address", addressTaken, []any{"10.0.0.1", some}, "service_address_ix"},
		{"who has a value", valuesInUse, []any{"dedicated", "os", "{Debian-12}"}, "service_parameters_ix"},
		{"what is in a data center", dataCenterInUse, []any{some}, "service_data_center_ix"},
		{"what a module did", moduleInUse, []any{some}, "operation_module_ix"},
		{"what a module left to people", moduleInUse, []any{some}, "task_module_ix"},
		{"services of a domain", listServices, services(9, "example.com"), "service_domain_ix"},
		{"services by their object", listServices, services(8, "42"), "service_object_ix"},
		{"services being made", listServices, services(5, "processing"), "service_rare_status_ix"},
		{"services of a client", listServices, services(2, some), "service_client_ix"},
		{"services of a version", tariffVersionInUse, []any{some, 3}, "service_tariff_version_ix"},
		{"terms of a version", tariffVersionInUse, []any{some, 3}, "service_term_version_ix"},
		{"machines that are held", heldObjects, []any{some, "{1,2}"}, "service_"},
		{"operations of a service", operationsOf(""), operations(4, some), "operation_service_ix"},
		{"operations of a module", operationsOf(""), operations(5, some), "operation_module_ix"},
		{"operations that failed", operationsOf(""), operations(3, "failed"), "operation_failed_ix"},
		{"operations of a department", operationsOf(some), operations(6, some), "task_department_operation_ix"},
		{"lanes", countLanes, []any{"{" + some + "}", time.Now()}, "operation_module_live_ix"},
		{"problems", countLanes, []any{"{" + some + "}", time.Now()}, "module_problem_open_ix"},
		{"tasks of a service", listTasks, tasks(2, some), "task_service_ix"},
		{"tasks of a module", listTasks, tasks(3, some), "task_module_ix"},
		{"tasks of a department", listTasks, tasks(4, some), "task_department_ix"},
		{"what was sold of a stock", stockSold, []any{"{" + some + "}", "{7}", nil}, "operation_stock_"},
		{"units", byAge(listUnits, false), []any{"", 50}, "unit_made_uq"},
		{"product types", byAge(listProductTypes, true), []any{"", 50}, "product_type_made_uq"},
		{"elements", byAge(listContent, false), []any{"", 50, "dedicated"}, "product_type_add_on_made_uq"},
		{"parameters", byAge(listParameters, false), []any{"", 50, "dedicated"}, "product_type_parameter_made_uq"},
		{"enumerations", byAge(listEnumerations, false), []any{"", 50}, "enumeration_made_uq"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			plan := planOf(t, pool, inOrder(c.query, false), c.args...)
			require.Contains(t, plan, c.index, plan)
		})
	}
}

// planOf is how a query would be run if tables were large: neither read whole nor sorted where that can be helped.
func planOf(t *testing.T, pool *sqlx.DB, query string, args ...any) string {
	t.Helper()
	tx, err := pool.BeginTxx(context.Background(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	_, err = tx.Exec(`SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off`)
	require.NoError(t, err)
	var lines []string
	require.NoError(t, tx.Select(&lines, "EXPLAIN "+query, args...))
	return strings.Join(lines, "\n")
}
