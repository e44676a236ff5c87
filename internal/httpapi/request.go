package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/tariffd/tariffd/internal/fault"
)

// maxBody is the most that is read of a request that is not a stream.
const maxBody = 1 << 20

// isID tells whether a text is formed like an id. It stands on the path of every read, so it is no regular expression.
func isID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || (!dash && (c < '0' || c > '9') && (c < 'a' || c > 'f')) {
			return false
		}
	}
	return true
}

// checkRequest holds a request to the contract: parameters, headers, then the body, which is decoded once. All violations
// of the parameters are told together, and all of the body.
func (c *call) checkRequest(e echo.Context) error {
	if err := c.checkPath(e); err != nil {
		return err
	}
	if c.request.URL.RawQuery != "" || c.op.needsQuery {
		if err := c.checkQuery(); err != nil {
			return err
		}
	}
	if err := c.checkOnceKey(); err != nil {
		return err
	}
	if !c.op.writes() || c.op.streaming {
		return c.checkStream()
	}
	value, err := c.readBody()
	if err != nil {
		return err
	}
	if err = c.checkFields(value); err != nil {
		return err
	}
	body := c.op.body
	if body == nil {
		body = noBody
	}
	return body.violations(value).Err()
}

var noBody = &rule{kind: "object", closed: true}

// checkPath: what is not even formed like an id cannot exist.
func (c *call) checkPath(e echo.Context) error {
	for _, p := range c.op.inPath {
		value := e.Param(p.name)
		if strings.Contains(value, "%") {
			if text, err := url.PathUnescape(value); err == nil {
				value = text
			}
		}
		bad := !storable(value) || ((p.name == "id" || strings.HasSuffix(p.name, "_id")) && !isID(value))
		if !bad {
			var f fault.Fields
			p.rule.check(&f, nil, value)
			bad = len(f) > 0
		}
		if bad {
			return fault.Missing("object")
		}
	}
	return nil
}

func (c *call) checkQuery() error {
	values, err := url.ParseQuery(c.request.URL.RawQuery)
	if err != nil {
		return fault.New(fault.Malformed, "bad_request", "The query of the address cannot be read.")
	}
	var f fault.Fields
	for name, given := range values {
		p, ok := c.op.inQuery[name]
		switch {
		case !ok:
			f = append(f, fault.Field{Parameter: name, Code: "unknown_parameter", Detail: "There is no such parameter."})
		case p.list:
			for _, text := range given {
				for _, one := range strings.Split(text, ",") {
					p.check(&f, p.rule.items, one)
				}
			}
		case len(given) > 1:
			f = append(f, fault.Field{Parameter: name, Code: "too_many", Detail: "It is given more than once."})
		default:
			p.check(&f, p.rule, given[0])
		}
	}
	for name, p := range c.op.inQuery {
		if p.required && !values.Has(name) {
			f = append(f, fault.Field{Parameter: name, Code: "required", Detail: "This parameter is required."})
		}
	}
	return f.Err()
}

// check turns the text of a parameter into a value of its type, and holds it to its rule.
func (p *parameter) check(f *fault.Fields, r *rule, text string) {
	var found fault.Fields
	var value any = text
	switch r.kind {
	case "integer", "number":
		value = json.Number(text)
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			found.Add("", "wrong_type", "A number is expected.")
		}
	case "boolean":
		if text != "true" && text != "false" {
			found.Add("", "wrong_type", "true or false is expected.")
		}
		value = text == "true"
	}
	if len(found) == 0 {
		found = r.violations(value)
	}
	for _, x := range found {
		*f = append(*f, fault.Field{Parameter: p.name, Code: x.Code, Detail: x.Detail})
	}
}

// checkOnceKey: where money can move, a request without a key could be charged twice by a repetition.
func (c *call) checkOnceKey() error {
	if c.op.onceUnless != "" && c.request.URL.Query().Get(c.op.onceUnless) == "true" {
		return nil
	}
	keys := c.request.Header.Values("Idempotency-Key")
	if c.op.once == "required" && (len(keys) == 0 || keys[0] == "") {
		return fault.New(fault.Malformed, "idempotency_key_required", "This request needs the header Idempotency-Key.")
	}
	if c.op.once != "" && (len(keys) > 1 || (len(keys) == 1 && (keys[0] == "" || len(keys[0]) > 255 || !storable(keys[0])))) {
		f := fault.Fields{{Parameter: "Idempotency-Key", Code: "bad_value", Detail: "One key of 1 to 255 characters is expected."}}
		return f.Err()
	}
	return nil
}

// checkStream: the handler of a stream reads and checks line by line; here only the content type is looked at.
func (c *call) checkStream() error {
	if c.op.streaming && !c.op.accepts(c.request.Header.Get("Content-Type")) {
		return c.wrongMedia()
	}
	return nil
}

func (c *call) wrongMedia() error {
	c.answer.Header().Set("Accept-Post", strings.Join(c.op.media, ", "))
	return fault.New(fault.MediaType, "unsupported_media_type", "The body is expected as %s.", strings.Join(c.op.media, " or "))
}

// readBody reads one JSON value and keeps the bytes for the handler, which decodes them into its own type.
func (c *call) readBody() (any, error) {
	if c.request.ContentLength > maxBody {
		return nil, errTooLarge
	}
	var room bytes.Buffer
	room.Grow(int(max(c.request.ContentLength, 0)) + bytes.MinRead)
	_, err := room.ReadFrom(io.LimitReader(c.request.Body, maxBody+1))
	raw := room.Bytes()
	if err != nil {
		return nil, fault.New(fault.Malformed, "bad_request", "The body ended too early.").Because(err)
	}
	if len(raw) > maxBody {
		return nil, errTooLarge
	}
	c.body = raw
	if len(bytes.TrimSpace(raw)) == 0 {
		if c.op.needsBody {
			return nil, fault.New(fault.Malformed, "bad_json", "The body is empty; a JSON object is expected.")
		}
		c.body = []byte("{}")
		return map[string]any{}, nil
	}
	if encoding := c.request.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, fault.New(fault.MediaType, "unsupported_media_type", "An encoded body is not accepted.")
	}
	if len(c.op.media) > 0 && !c.op.accepts(c.request.Header.Get("Content-Type")) {
		return nil, c.wrongMedia()
	}
	return decodeOne(raw)
}

var errTooLarge = fault.New(fault.TooLarge, "payload_too_large", "A body has at most 1 MiB.")

// decodeOne reads exactly one JSON value that is not null.
func decodeOne(raw []byte) (value any, err error) {
	if !utf8.Valid(raw) { // the decoder would put other characters in their place
		return nil, fault.New(fault.Malformed, "bad_json", "The body is not UTF-8.")
	}
	if tooDeep(raw) {
		return nil, fault.New(fault.Malformed, "bad_json", "The body is nested too deeply.")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err = d.Decode(&value); err != nil {
		return nil, fault.New(fault.Malformed, "bad_json", "The body is not JSON.").Because(err)
	}
	if _, err = d.Token(); err != io.EOF {
		return nil, fault.New(fault.Malformed, "bad_json", "Something follows the JSON value.")
	}
	if value == nil {
		return nil, fault.New(fault.Malformed, "bad_json", "The body is null; a JSON object is expected.")
	}
	return value, nil
}

// deepest is how far values may stand within each other; what is kept as it came must not exhaust a database's stack.
const deepest = 64

// tooDeep looks at brackets alone, before anything is decoded.
func tooDeep(raw []byte) bool {
	depth, text := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{', c == '[':
			if depth++; depth > deepest {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

// binder gives handlers the body that was already read and checked. The handler of a stream reads for itself.
type binder struct{}

// Bind decodes the body into a generated type.
func (binder) Bind(into any, e echo.Context) error {
	c := callOf(e.Request().Context())
	if c.op.streaming {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		// The contract's rule let pass what the generated type does not take; the caller must not see our types.
		return fault.New(fault.Invalid, "wrong_type", "The body has not the expected form.").Because(err)
	}
	return nil
}

// one content type is enough for the generated handlers; a merge patch is decoded like any other object.
func (c *call) plainJSON() {
	if c.op.writes() && !c.op.streaming {
		c.request.Header.Set("Content-Type", "application/json")
	}
}

// bodyOf returns the stream of a streaming operation and its content type.
func (c *call) stream() (contentType string, body io.Reader) {
	return c.request.Header.Get("Content-Type"), c.request.Body
}

var _ http.ResponseWriter = (*answer)(nil)
