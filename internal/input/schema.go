package input

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tariffd/tariffd/internal/fault"
)

// CheckSchema notes every place where a JSON document breaks a driver's schema, below pointer. Values are not quoted. The
// error is a schema that cannot be read.
func CheckSchema(f *fault.Fields, pointer string, schema, document json.RawMessage) error {
	if len(schema) == 0 {
		return nil
	}
	var s openapi3.Schema
	if err := json.Unmarshal(schema, &s); err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	noteBroken(f, pointer, s.VisitJSON(v, openapi3.MultiErrors()))
	return nil
}

// SchemaMembers are the members that a driver's schema names.
func SchemaMembers(schema json.RawMessage) ([]string, error) {
	if len(schema) == 0 {
		return nil, nil
	}
	var s struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(schema, &s); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	return slices.Collect(maps.Keys(s.Properties)), nil
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// PointerStep writes a name as a step of a JSON Pointer.
func PointerStep(name string) string { return "/" + pointerEscapes.Replace(name) }

// UnknownSetting notes a member that no schema names.
func UnknownSetting(f *fault.Fields, pointer string) {
	f.Add(pointer, "unknown_field", "%s", schemaTexts["unknown_field"])
}

func noteBroken(f *fault.Fields, pointer string, err error) {
	var many openapi3.MultiError
	var broken *openapi3.SchemaError
	switch {
	case err == nil:
	case errors.As(err, &many):
		for _, x := range many {
			noteBroken(f, pointer, x)
		}
	case errors.As(err, &broken):
		place := pointer
		for _, name := range broken.JSONPointer() {
			place += PointerStep(name)
		}
		code := schemaCode(broken.SchemaField)
		if name, ok := unsupported(broken.Reason); ok {
			place += PointerStep(name)
		}
		f.Add(place, code, "%s", schemaTexts[code])
	default:
		f.Add(pointer, "bad_value", "%s", schemaTexts["bad_value"])
	}
}

// unsupported finds the name in the library's sentence about a member that the schema does not have: its place is the
// object, and the name stands nowhere else.
func unsupported(reason string) (string, bool) {
	rest, ok := strings.CutPrefix(reason, "property ")
	if !ok {
		return "", false
	}
	quoted, ok := strings.CutSuffix(rest, " is unsupported")
	if !ok {
		return "", false
	}
	name, err := strconv.Unquote(quoted)
	return name, err == nil
}

// schemaCode turns the keyword that was broken into the word of the API.
func schemaCode(keyword string) string {
	switch keyword {
	case "required":
		return "required"
	case "properties", "additionalProperties":
		return "unknown_field"
	case "type", "nullable":
		return "wrong_type"
	case "enum":
		return "unknown_value"
	case "minLength":
		return "too_short"
	case "maxLength":
		return "too_long"
	case "pattern", "format":
		return "bad_format"
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		return "out_of_range"
	case "minItems":
		return "too_few"
	case "maxItems":
		return "too_many"
	case "uniqueItems":
		return "duplicate_value"
	}
	return "bad_value"
}

var schemaTexts = map[string]string{
	"required":        "A value is required.",
	"unknown_field":   "The driver knows no such setting.",
	"wrong_type":      "A value of another type is expected.",
	"unknown_value":   "It is none of the possible values.",
	"too_short":       "The text is too short.",
	"too_long":        "The text is too long.",
	"bad_format":      "It does not have the expected form.",
	"out_of_range":    "The number is too small or too large.",
	"too_few":         "The list is too short.",
	"too_many":        "The list is too long.",
	"duplicate_value": "Something stands in the list twice.",
	"bad_value":       "The driver does not accept this value.",
}
