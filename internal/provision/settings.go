package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"

	"github.com/tariffd/tariffd/internal/fault"
)

// checker caches the struct tags it has seen, so one serves all drivers.
var checker = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
})

// Decode reads what a module was configured with. Faults: those of Decode, below /connection and /parameters.
func (c Config) Decode(connection, parameters any) error {
	if err := Decode(c.Connection, "/connection", connection); err != nil {
		return err
	}
	return Decode(c.Parameters, "/parameters", parameters)
}

// Decode reads one part of a module's settings into a struct: unknown members, wrong types and broken validate tags are
// Invalid faults that point below pointer ("/connection"). Values are never quoted in a fault, they may be secrets.
func Decode(raw json.RawMessage, pointer string, into any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = json.RawMessage(`{}`)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return unreadable(err, pointer)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "invalid_value", "One JSON object is expected.").At(pointer)
	}
	return checked(into, pointer)
}

// DecodeTariff reads what a driver needs of a tariff's settings. A tariff may be sold by modules of several drivers, so members
// that this driver does not know are the others'. Fault: Invalid below /settings.
func DecodeTariff[T any](raw json.RawMessage) (T, error) {
	var t T
	if len(raw) == 0 {
		return t, nil
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return t, unreadable(err, "/settings")
	}
	return t, nil
}

// CheckTariff is the CheckTariff of a driver whose tariffs hold a T: DecodeTariff, and its validate tags. Faults: Invalid below
// /settings.
func CheckTariff[T any](raw json.RawMessage) error {
	t, err := DecodeTariff[T](raw)
	if err != nil {
		return err
	}
	return checked(&t, "/settings")
}

// checked asks the validate tags.
func checked(settings any, pointer string) error {
	var broken validator.ValidationErrors
	if err := checker().Struct(settings); errors.As(err, &broken) {
		return violations(broken, pointer)
	}
	return nil
}

func unreadable(err error, pointer string) error {
	var wrong *json.UnmarshalTypeError
	switch name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); {
	case unknown:
		name = strings.Trim(name, `"`)
		return fault.New(fault.Invalid, "unknown_field", "There is no setting %q.", name).At(pointer + "/" + name)
	case errors.As(err, &wrong) && wrong.Field != "":
		place := pointer + "/" + strings.ReplaceAll(wrong.Field, ".", "/")
		return fault.New(fault.Invalid, "invalid_value", "A value of another type is expected.").At(place)
	}
	return fault.New(fault.Invalid, "invalid_value", "A JSON object is expected.").At(pointer)
}

func violations(broken validator.ValidationErrors, pointer string) error {
	var fields fault.Fields
	for _, b := range broken {
		// The namespace begins with the struct's own name; an index of a map or list stands in brackets.
		_, path, _ := strings.Cut(b.Namespace(), ".")
		path = strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
		if b.Tag() == "required" {
			fields.Add(pointer+"/"+path, "required", "A value is required.")
			continue
		}
		fields.Add(pointer+"/"+path, "invalid_value", "%s", ruleOf(b))
	}
	return fields.Err()
}

// ruleOf says a validate tag in words for the people who fill in the form.
func ruleOf(b validator.FieldError) string {
	switch b.Tag() {
	case "http_url":
		return "An address that begins with http:// or https:// is expected."
	case "oneof":
		return "One of " + strings.Join(strings.Fields(b.Param()), ", ") + " is expected."
	case "startswith":
		return fmt.Sprintf("It must begin with %s.", b.Param())
	case "numeric":
		return "Digits are expected."
	case "min", "gte", "max":
		than := map[string]string{"min": "At least", "gte": "At least", "max": "At most"}[b.Tag()]
		what := map[reflect.Kind]string{reflect.String: " characters", reflect.Slice: " entries", reflect.Map: " entries"}[b.Kind()]
		return than + " " + b.Param() + what + "."
	}
	return fmt.Sprintf("The value does not fit the rule %q.", strings.TrimSuffix(b.Tag()+" "+b.Param(), " "))
}
