package script

import (
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
)

// document is what the program is told: everything that a module would read from BILLmanager's database.
type document struct {
	Version   int            `json:"version"`
	Command   string         `json:"command"`
	Operation *operationPart `json:"operation,omitempty"`
	Module    modulePart     `json:"module"`
	Service   *servicePart   `json:"service,omitempty"`
	Tariff    *tariffPart    `json:"tariff,omitempty"`
	AddOns    addOns         `json:"add_ons,omitempty"`
	// Previous is what holds until a change is done; nil where the terms do not change.
	Previous *previousPart `json:"previous,omitempty"`
	Client   *clientPart   `json:"client,omitempty"`
	Check    *checkPart    `json:"check,omitempty"`
	Usage    *usageWanted  `json:"usage,omitempty"`
}

type addOns map[string]provision.AddOn

type operationPart struct {
	// ID is the same for every attempt of an operation, so a program can tell its own half-finished work by it.
	ID     string            `json:"id"`
	Number int64             `json:"number"`
	Kind   provision.Kind    `json:"kind"`
	Memo   map[string]string `json:"memo"` // what the program asked to remember when it answered pending
}

type modulePart struct {
	ID       string            `json:"id"`
	Number   int64             `json:"number"`
	Location string            `json:"location"`
	Params   map[string]string `json:"params"` // the secret ones too
	// ProductType is what import looks for.
	ProductType string `json:"product_type,omitempty"`
}

type servicePart struct {
	ID          string                     `json:"id"`
	Number      int64                      `json:"number"`
	ExternalID  string                     `json:"external_id"`
	ProductType string                     `json:"product_type"`
	Domain      string                     `json:"domain"`
	Password    string                     `json:"password"`
	Status      provision.Standing         `json:"status"` // empty: it is being made
	Period      string                     `json:"period"`
	PaidUntil   *time.Time                 `json:"paid_until"`
	Addresses   []provision.Address        `json:"addresses"`
	Parameters  map[string]json.RawMessage `json:"parameters"`
}

type tariffPart struct {
	Code     string          `json:"code"`
	Settings json.RawMessage `json:"settings"`
}

type previousPart struct {
	Tariff tariffPart `json:"tariff"`
	AddOns addOns     `json:"add_ons"`
}

type clientPart struct {
	ID       string `json:"id"`
	Number   int64  `json:"number"`
	Email    string `json:"email"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Phone    string `json:"phone"`
}

type checkPart struct {
	Code  string          `json:"code"`
	Value json.RawMessage `json:"value"`
}

// usageWanted is the day that stat asks for; its end is exclusive.
type usageWanted struct {
	Day         string    `json:"day"`
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	Zone        string    `json:"zone"`
	ExternalIDs []string  `json:"external_ids"`
}

func wanted(refs []provision.Ref, day calendar.Day, zone *time.Location) *usageWanted {
	u := &usageWanted{
		Day: day.String(), From: day.Start(zone).UTC(), To: day.End(zone).UTC(), Zone: zone.String(), ExternalIDs: make([]string, len(refs)),
	}
	for i, ref := range refs {
		u.ExternalIDs[i] = string(ref)
	}
	return u
}

func (m *Module) document(o order) document {
	d := document{Version: 1, Command: o.Command, Usage: o.Usage, Module: modulePart{
		ID: m.id, Number: program.Number(m.id), Location: m.location, Params: map[string]string{},
	}}
	for _, part := range []map[string]string{m.set.Params, m.set.Secrets} {
		for name, value := range part {
			d.Module.Params[name] = value
		}
	}
	if o.Command == importItem {
		d.Module.ProductType = m.productType
	}
	if o.op == nil {
		return d
	}
	op, spec := o.op, o.op.Spec
	if op.Key != "" { // a look is no operation
		d.Operation = &operationPart{ID: op.Key, Number: program.Number(op.Key), Kind: op.Kind, Memo: map[string]string{}}
		maps.Copy(d.Operation.Memo, op.Memo)
	}
	d.Service = &servicePart{
		ID: string(op.ServiceID), Number: program.Number(string(op.ServiceID)), ExternalID: string(op.Ref),
		ProductType: spec.ProductType, Domain: spec.Domain, Password: spec.Password, Parameters: spec.Parameters,
		Status: spec.Standing, Period: spec.Period, PaidUntil: spec.PaidUntil, Addresses: append([]provision.Address{}, spec.Addresses...),
	}
	d.Tariff, d.AddOns = &tariffPart{Code: spec.TariffCode, Settings: spec.Settings}, spec.AddOns
	if p := spec.Previous; p != nil {
		d.Previous = &previousPart{Tariff: tariffPart{Code: p.TariffCode, Settings: p.Settings}, AddOns: p.AddOns}
	}
	c := spec.Client
	d.Client = &clientPart{
		ID: string(c.ID), Number: program.Number(string(c.ID)), Email: c.Email, Name: c.Name, Username: c.Username, Phone: c.Phone,
	}
	switch o.Command {
	case "check_param":
		d.Check = &checkPart{Code: o.Checked, Value: spec.Parameters[o.Checked]}
	case "check_addon":
		value, err := json.Marshal(spec.AddOns[o.Checked])
		if err != nil {
			value = json.RawMessage("null")
		}
		d.Check = &checkPart{Code: o.Checked, Value: value}
	}
	return d
}

// arguments are BILLmanager's. The value that check_param checks is in the document alone: others can read arguments.
func (m *Module) arguments(o order) []string {
	args := []string{"--command", o.Command}
	if op := o.op; op != nil {
		args = append(args, "--item", number(string(op.ServiceID)), "--itemtype", op.Spec.ProductType)
		if op.Key != "" {
			args = append(args, "--runningoperation", number(op.Key))
		}
	}
	if m.id != "" {
		args = append(args, "--module", number(m.id))
	}
	switch o.Command {
	case "check_param":
		args = append(args, "--param", o.Checked)
	case "check_addon":
		args = append(args, "--addon", o.Checked)
	case importItem:
		if m.productType != "" {
			args = append(args, "--itemtype", m.productType)
		}
	}
	return args
}

func number(id string) string { return strconv.FormatInt(program.Number(id), 10) }

func (d document) encode(asXML bool) ([]byte, error) {
	if asXML {
		return d.xml()
	}
	return json.Marshal(d)
}
