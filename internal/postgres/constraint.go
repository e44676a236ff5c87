package postgres

import (
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
	"provider_name_uq":    taken("/name", "A provider with this name exists."),
	"department_name_uq":  taken("/name", "A department with this name exists."),
	"data_center_name_uq": taken("/name", "A data center with this name exists."),
	"client_email_uq":     taken("/email", "The provider has a client with this e-mail address."),
	"api_key_hash_uq":     fault.New(fault.Conflict, "already_exists", "This key was made before."),

	"unit_pkey":                 taken("/code", "A unit with this code exists."),
	"product_type_pkey":         taken("/code", "A product type with this code exists."),
	"product_type_add_on_pk":    taken("/code", "The product type has an add-on with this code."),
	"processing_module_name_uq": taken("/name", "A processing module with this name exists."),
	"tariff_code_uq":            taken("/code", "The provider has a tariff with this code."),

	"client_provider_fk":  inUse("Clients belong to this provider."),
	"tariff_provider_fk":  inUse("Tariffs belong to this provider."),
	"api_key_provider_fk": inUse("API keys belong to this provider."),

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

// fromConstraint turns a broken constraint, and the loss of the database, into what they mean; other errors pass.
func fromConstraint(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	var pe *pq.Error
	if errors.As(err, &pe) {
		if f, ok := faultOf[pe.Constraint]; ok && pe.Constraint != "" {
			return f.Because(err)
		}
		// 08: connection, 53: out of resources, 57P: shut down or starting.
		if c := string(pe.Code); strings.HasPrefix(c, "08") || strings.HasPrefix(c, "53") || strings.HasPrefix(c, "57P") {
			return errAway.Because(err)
		}
		return err
	}
	var ne *net.OpError
	if errors.As(err, &ne) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errAway.Because(err)
	}
	return err
}
