package script

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/tariffd/tariffd/internal/provision"
)

// told is what a program said of its work, by its document or by calls.
type told struct {
	done    bool // it said that it succeeded
	pending bool
	manual  bool
	after   time.Duration
	text    string
	refusal *refusal
	refused string // the last call of mgrctl that was refused, and why; it counts only where the program told nothing itself

	ref, domain, password string
	addresses             []provision.Address
	parameters            map[string]string
	memo                  map[string]string
	usage                 []measured
	seen                  seen      // of a look
	machines              []*listed // of an import
}

// refusal is an error that the program told.
type refusal struct{ kind, object, message string }

func (r refusal) text() string {
	text := strings.TrimSpace(r.message)
	if text == "" {
		text = strings.TrimSpace("error " + r.kind)
	}
	if r.object != "" {
		text += " (" + r.object + ")"
	}
	return text
}

// measured is one value of one service's day.
type measured struct {
	item, param string
	value       provision.Value
}

// What a program may tell; longer things are mistakes.
const (
	mostValue = 4096
	mostTold  = 500
	mostAfter = 24 * time.Hour
)

var errNoDocument = errors.New("neither an XML nor a JSON document")

// parseAnswer reads what was printed; nothing printed is nothing told. Lines OK before the document are mgrctl's own, where a
// program lets it print beside itself.
func parseAnswer(text []byte) (told, error) {
	for {
		rest, is := bytes.CutPrefix(bytes.TrimSpace(text), []byte("OK"))
		if text = bytes.TrimSpace(text); !is || len(rest) > 0 && rest[0] != '\n' && rest[0] != '\r' {
			break
		}
		text = rest
	}
	switch {
	case len(text) == 0:
		return told{}, nil
	case text[0] == '{':
		return answerOfJSON(text)
	case text[0] == '<':
		return answerOfXML(text)
	}
	return told{}, errNoDocument
}

type jsonAnswer struct {
	Status       string            `json:"status"`
	AfterSeconds int64             `json:"after_seconds"`
	Text         string            `json:"text"`
	ExternalID   string            `json:"external_id"`
	Domain       string            `json:"domain"`
	Password     string            `json:"password"`
	Parameters   map[string]string `json:"parameters"`
	Memo         map[string]string `json:"memo"`
	Addresses    []jsonAddress     `json:"addresses"`
	Usage        []struct {
		Item    string          `json:"item"`
		Param   string          `json:"param"`
		Value   decimal.Decimal `json:"value"`
		Measure string          `json:"measure"`
	} `json:"usage"`
	Error *struct {
		Type    string `json:"type"`
		Object  string `json:"object"`
		Message string `json:"message"`
	} `json:"error"`
	jsonSeen
	Machines []jsonMachine `json:"machines"` // of import
	// Features are told to the command features alone.
	Features  json.RawMessage `json:"features"`
	Params    json.RawMessage `json:"params"`
	ItemTypes json.RawMessage `json:"itemtypes"`
}

// jsonSeen is told to sync_item, and of each object that import finds.
type jsonSeen struct {
	Exists        *bool                      `json:"exists"`
	Standing      string                     `json:"standing"`
	Power         string                     `json:"power"`
	Owner         string                     `json:"owner"`
	Configuration string                     `json:"configuration"`
	AddOns        map[string]provision.AddOn `json:"add_ons"`
}

type jsonAddress struct {
	IP      string `json:"ip"`
	Gateway string `json:"gateway"`
	Network string `json:"network"`
	Main    bool   `json:"main"`
}

type jsonMachine struct {
	jsonSeen
	Name       string            `json:"name"`
	ExternalID string            `json:"external_id"`
	Domain     string            `json:"domain"`
	Addresses  []jsonAddress     `json:"addresses"`
	Parameters map[string]string `json:"parameters"`
}

func (t *told) see(in jsonSeen) error {
	t.seen.exists = in.Exists
	err := errors.Join(t.setStanding(in.Standing), t.setPower(in.Power), t.setOwner(in.Owner), t.setSort(in.Configuration))
	for code, a := range in.AddOns {
		err = errors.Join(err, t.setAddOn(code, a))
	}
	return err
}

func (t *told) listJSON(in jsonMachine) error {
	x := &listed{name: in.Name}
	err := errors.Join(x.see(in.jsonSeen), x.setRef(in.ExternalID), x.setDomain(in.Domain))
	for _, a := range in.Addresses {
		err = errors.Join(err, x.addAddress(a.IP, a.Gateway, a.Network, a.Main))
	}
	for name, value := range in.Parameters {
		err = errors.Join(err, x.keep(name, value))
	}
	return errors.Join(err, t.list(x))
}

// answerOfJSON is strict: a member that nobody reads is a mistake that would lose something.
func answerOfJSON(text []byte) (t told, err error) {
	var in jsonAnswer
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err = d.Decode(&in); err != nil {
		return t, err
	}
	if _, err = d.Token(); !errors.Is(err, io.EOF) {
		return t, errors.New("more than one document")
	}
	if in.Error != nil {
		t.refusal = &refusal{in.Error.Type, in.Error.Object, in.Error.Message}
	}
	if err = t.status(in.Status, in.AfterSeconds, in.Text); err != nil {
		return t, err
	}
	err = errors.Join(t.setRef(in.ExternalID), t.setDomain(in.Domain), t.setPassword(in.Password))
	for name, value := range in.Parameters {
		err = errors.Join(err, t.setParameter(name, value))
	}
	for name, value := range in.Memo {
		err = errors.Join(err, t.remember(name, value))
	}
	for _, a := range in.Addresses {
		err = errors.Join(err, t.addAddress(a.IP, a.Gateway, a.Network, a.Main))
	}
	for _, u := range in.Usage {
		err = errors.Join(err, t.measure(u.Item, u.Param, u.Value.String(), u.Measure))
	}
	err = errors.Join(err, t.see(in.jsonSeen))
	for _, m := range in.Machines {
		err = errors.Join(err, t.listJSON(m))
	}
	return t, err
}

type xmlAnswer struct {
	XMLName    xml.Name
	Status     string  `xml:"status,attr"`
	After      int64   `xml:"after,attr"`
	Text       string  `xml:"text"`
	ExternalID string  `xml:"external_id"`
	Domain     string  `xml:"domain"`
	Password   string  `xml:"password"`
	Params     []named `xml:"param"`
	Memo       []named `xml:"memo"`
	xmlSeen
	Addresses []xmlAddress `xml:"ip"`
	Machines  []xmlMachine `xml:"machine"`
	Usage     []struct {
		Item    string `xml:"item,attr"`
		Param   string `xml:"param,attr"`
		Value   string `xml:"value,attr"`
		Measure string `xml:"measure,attr"`
	} `xml:"stat"`
	Error *xmlError `xml:"error"`
}

type xmlSeen struct {
	Exists        string  `xml:"exists,attr"`
	Standing      string  `xml:"standing,attr"`
	Power         string  `xml:"power,attr"`
	Owner         string  `xml:"owner"`
	Configuration string  `xml:"configuration"`
	AddOns        []named `xml:"addon"`
}

type xmlAddress struct {
	IP      string `xml:",chardata"`
	Gateway string `xml:"gateway,attr"`
	Network string `xml:"network,attr"`
	Main    string `xml:"main,attr"`
}

type xmlMachine struct {
	xmlSeen
	Name       string       `xml:"name"`
	ExternalID string       `xml:"external_id"`
	Domain     string       `xml:"domain"`
	Addresses  []xmlAddress `xml:"ip"`
	Params     []named      `xml:"param"`
}

func (t *told) seeXML(in xmlSeen) error {
	if in.Exists != "" {
		exists := truth(in.Exists)
		t.seen.exists = &exists
	}
	err := errors.Join(t.setStanding(in.Standing), t.setPower(in.Power), t.setOwner(in.Owner), t.setSort(in.Configuration))
	for _, a := range in.AddOns {
		err = errors.Join(err, t.setAddOn(a.Name, a.addOn()))
	}
	return err
}

func (t *told) listXML(in xmlMachine) error {
	x := &listed{name: in.Name}
	err := errors.Join(x.seeXML(in.xmlSeen), x.setRef(in.ExternalID), x.setDomain(in.Domain))
	for _, a := range in.Addresses {
		err = errors.Join(err, x.addAddress(a.IP, a.Gateway, a.Network, truth(a.Main)))
	}
	for _, p := range in.Params {
		err = errors.Join(err, x.keep(p.Name, p.Value))
	}
	return errors.Join(err, t.list(x))
}

// addOn reads an add-on as the document writes one: a number, on, off, or an item's code.
func (n named) addOn() provision.AddOn {
	on := n.Value == "on"
	if on || n.Value == "off" {
		return provision.AddOn{On: &on}
	}
	if amount, err := decimal.NewFromString(n.Value); err == nil {
		return provision.AddOn{Amount: &amount, Unit: n.Unit}
	}
	return provision.AddOn{Item: n.Value}
}

type named struct {
	Name  string `xml:"name,attr"`
	Unit  string `xml:"unit,attr"` // of an add-on
	Value string `xml:",chardata"`
}

type xmlError struct {
	Type    string  `xml:"type,attr"`
	Object  string  `xml:"object,attr"`
	Message string  `xml:"msg"`
	Params  []named `xml:"param"`
	Own     string  `xml:",chardata"`
}

// refusal makes one sentence of an error: its message, or its type with the values that explain it.
func (e xmlError) refusal() *refusal {
	message := strings.TrimSpace(e.Message)
	if message == "" {
		message = strings.TrimSpace(e.Own)
	}
	for _, p := range e.Params {
		if p.Name == "value" && message == "" {
			message = strings.TrimSpace(e.Type + ": " + strings.TrimSpace(p.Value))
		}
	}
	return &refusal{e.Type, e.Object, message}
}

// answerOfXML is lenient about elements that it does not know: existing modules print some for BILLmanager alone.
func answerOfXML(text []byte) (t told, err error) {
	var in xmlAnswer
	if err = xml.Unmarshal(text, &in); err != nil {
		return t, err
	}
	if in.XMLName.Local == "error" {
		var bare xmlError
		if err = xml.Unmarshal(text, &bare); err != nil {
			return t, err
		}
		in.Error = &bare
	}
	if in.Error != nil {
		t.refusal = in.Error.refusal()
	} else if in.XMLName.Local != "doc" {
		return t, fmt.Errorf("the document is <%.40s>, not <doc>", in.XMLName.Local)
	}
	if err = t.status(in.Status, in.After, in.Text); err != nil {
		return t, err
	}
	err = errors.Join(t.setRef(in.ExternalID), t.setDomain(in.Domain), t.setPassword(in.Password))
	for _, p := range in.Params {
		err = errors.Join(err, t.setParameter(p.Name, p.Value))
	}
	for _, p := range in.Memo {
		err = errors.Join(err, t.remember(p.Name, p.Value))
	}
	for _, a := range in.Addresses {
		err = errors.Join(err, t.addAddress(a.IP, a.Gateway, a.Network, truth(a.Main)))
	}
	for _, u := range in.Usage {
		err = errors.Join(err, t.measure(u.Item, u.Param, u.Value, u.Measure))
	}
	err = errors.Join(err, t.seeXML(in.xmlSeen))
	for _, m := range in.Machines {
		err = errors.Join(err, t.listXML(m))
	}
	return t, err
}

// status takes over how far the work is; a document without a word of it says that it is done.
func (t *told) status(word string, seconds int64, text string) error {
	t.text, t.after = text, time.Minute
	if seconds > 0 {
		t.after = min(time.Duration(min(seconds, int64(mostAfter/time.Second)))*time.Second, mostAfter)
	}
	switch word {
	case "", "done", "ok":
		t.done = t.refusal == nil
	case "pending":
		t.pending = true
	case "manual":
		t.manual = true
	default:
		return fmt.Errorf("there is no status %.40q", word)
	}
	return nil
}

func (t *told) setRef(ref string) error {
	const most = 255
	if ref = strings.TrimSpace(ref); len(ref) > most || !sane(ref) || strings.ContainsAny(ref, "\n\t") {
		return errors.New("the external id is no line of up to 255 letters")
	}
	if ref != "" {
		t.ref = ref
	}
	return nil
}

func (t *told) setDomain(name string) error {
	const most = 253
	if name = strings.TrimSpace(name); len(name) > most || !sane(name) || strings.ContainsAny(name, " \n\t") {
		return errors.New("the domain is none")
	}
	if name != "" {
		t.domain = name
	}
	return nil
}

func (t *told) setPassword(word string) error {
	if len(word) > mostValue || !sane(word) {
		return errors.New("the password is too long or no text")
	}
	if word != "" {
		t.password = word
	}
	return nil
}

var parameterName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`)

func (t *told) setParameter(name, value string) error {
	if !parameterName.MatchString(name) || len(value) > mostValue || !sane(value) || len(t.parameters) >= mostTold {
		return fmt.Errorf("the parameter %.100q has a bad name or value, or there are too many", name)
	}
	if t.parameters == nil {
		t.parameters = map[string]string{}
	}
	t.parameters[name] = value
	return nil
}

func (t *told) remember(name, value string) error {
	if !parameterName.MatchString(name) || len(value) > mostValue || !sane(value) || len(t.memo) >= mostTold {
		return fmt.Errorf("the memo %.100q has a bad name or value, or there are too many", name)
	}
	if t.memo == nil {
		t.memo = map[string]string{}
	}
	t.memo[name] = value
	return nil
}

// addAddress adds an address; the first is the main one until another is said to be.
func (t *told) addAddress(ip, gateway, network string, main bool) error {
	parsed, err := netip.ParseAddr(strings.TrimSpace(ip))
	if err != nil || len(t.addresses) >= mostTold {
		return fmt.Errorf("%.60q is no address, or there are too many", ip)
	}
	a := provision.Address{IP: parsed.String(), Family: "ipv6", Main: main || len(t.addresses) == 0}
	if parsed.Is4() {
		a.Family = "ipv4"
	}
	if gateway != "" {
		if _, err = netip.ParseAddr(gateway); err != nil {
			return fmt.Errorf("%.60q is no gateway", gateway)
		}
		a.Gateway = gateway
	}
	if network != "" {
		if _, err = netip.ParsePrefix(network); err != nil {
			return fmt.Errorf("%.60q is no network", network)
		}
		a.Network = network
	}
	if main {
		for i := range t.addresses {
			t.addresses[i].Main = false
		}
	}
	t.addresses = append(t.addresses, a)
	return nil
}

// counted are the parameters that are counted, with the units that they have unless the program says otherwise.
var counted = map[string]string{
	"in": "KiB", "out": "KiB", "bandwidth": "KiB", "burst_in_day": "Mbit/s", "burst_out_day": "Mbit/s", "power": "W",
}

func (t *told) measure(item, param, value, unit string) error {
	usual, known := counted[param]
	if !known {
		return fmt.Errorf("nothing is counted as %.40q", param)
	}
	v, err := decimal.NewFromString(value)
	if err != nil || v.IsNegative() || v.Exponent() < -30 || v.Exponent() > 30 || item == "" {
		return fmt.Errorf("the value of %s is no amount of a service", param)
	}
	if unit == "" {
		unit = usual
	}
	t.usage = append(t.usage, measured{item: item, param: param, value: provision.Value{Amount: v, Unit: unit}})
	return nil
}

// sane tells whether a text can be stored and shown.
func sane(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
