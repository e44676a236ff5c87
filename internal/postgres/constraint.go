package postgres

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"

	"github.com/tariffd/tariffd/internal/fault"
)

// faultOf says what a broken constraint means to a caller. What is not listed here is checked before it is written: if it
// breaks all the same, it is our mistake and answers 500.
var faultOf = map[string]*fault.Error{
	"provider_name_uq": taken("/name", "A provider with this name exists."),
	"client_email_uq":  taken("/email", "The provider has a client with this e-mail address."),
	"api_key_hash_uq":  fault.New(fault.Conflict, "already_exists", "This key was made before."),

	"unit_pkey":                 taken("/code", "A unit with this code exists."),
	"enumeration_pkey":          taken("/code", "An enumeration with this code exists."),
	"product_type_pkey":         taken("/code", "A product type with this code exists."),
	"product_type_add_on_pk":    taken("/code", "The product type has an add-on with this code."),
	"companion_name_uq":         taken("/name", "Another one has this name."),
	"product_type_parameter_pk": taken("/code", "The product type has a parameter with this code."),
	"tariff_code_uq":            taken("/code", "The provider has a tariff with this code."),

	"service_external_id_uq": taken("/external_id", "Another service of this module has this object."),
	"traffic_link_server_uq": fault.New(fault.Conflict, "server_linked", "Another bandwidth service carries this server."),
	"operation_live_uq":      fault.New(fault.Conflict, "operation_pending", "An operation of this kind is under way already."),

	"client_provider_fk":      inUse("Clients belong to this provider."),
	"tax_rule_provider_fk":    inUse("Tax rules belong to this provider."),
	"client_group_fk":         inUse("Clients are in this group."),
	"tariff_group_fk":         inUse("Tariffs are in this group."),
	"service_trial_tariff_fk": inUse("A service was ordered as a trial of this tariff."),
	"tariff_provider_fk":      inUse("Tariffs belong to this provider."),
	"api_key_provider_fk":     inUse("API keys belong to this provider."),

	"product_type_add_on_enumeration_fk": inUse("Elements of product types refer to this enumeration."),

	"processing_module_department_fk":  inUse("A processing module sends its tasks to this department."),
	"task_department_fk":               inUse("Tasks belong to this department."),
	"processing_module_data_center_fk": inUse("A processing module stands in this data center."),
	"service_data_center_fk":           inUse("Services stand in this data center."),
}

func taken(pointer, message string) *fault.Error {
	return fault.New(fault.Conflict, "already_exists", "%s", message).At(pointer)
}

func inUse(message string) *fault.Error { return fault.New(fault.Conflict, "in_use", "%s", message) }

// errAway is the answer while the database cannot be reached or is starting.
var errAway = fault.New(fault.Unavailable, "unavailable", "The database does not answer; try again in a moment.")

// away turns the loss of the database into its meaning, for every statement and in whatever words the driver tells it;
// other errors pass.
func away(err error) error {
	if err != nil && lost(err) {
		return errAway.Because(err)
	}
	return err
}

func lost(err error) bool {
	var pe *pq.Error
	if errors.As(err, &pe) {
		// 08: connection, 53: out of resources, 57P: shut down or starting.
		c := string(pe.Code)
		return strings.HasPrefix(c, "08") || strings.HasPrefix(c, "53") || strings.HasPrefix(c, "57P")
	}
	var ne *net.OpError
	if errors.As(err, &ne) {
		return true
	}
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// fromConstraint turns a broken constraint, and the loss of the database, into what they mean; other errors pass.
func fromConstraint(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	var pe *pq.Error
	if errors.As(err, &pe) && pe.Constraint != "" {
		if f, ok := faultOf[pe.Constraint]; ok {
			return f.Because(err)
		}
	}
	return away(err)
}
