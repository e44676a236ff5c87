// Package document is what an operator's program is told: one document, in JSON or in BILLmanager's XML, and its arguments.
//
// It owns both forms and how ids become numbers in them. It owns neither which command is run when, nor what a program answers (package
// script).
//
// Invariants: both forms say the same; what is secret is in the document alone, for others can read arguments.
package document

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/tariffd/tariffd/internal/calendar"
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
)

// Import is the command that looks for what a system holds.
const Import = "import"

// Order is one command for the program.
type Order struct {
	Command string
	Op      *provision.Op // of a service; nil: of the module
	Checked string        // the code of the parameter or add-on that is checked
	Usage   *Usage        // of stat
}

// Source is the module that a program sells for.
type Source struct {
	ID, Location, ProductType string
	Params                    map[string]string // the secret ones too
}

// Document is what the program is told: everything that a module would read from BILLmanager's database.
type Document struct {
	Version   int        `json:"version"`
	Command   string     `json:"command"`
	Operation *Operation `json:"operation,omitempty"`
	Module    Module     `json:"module"`
	Service   *Service   `json:"service,omitempty"`
	Tariff    *Tariff    `json:"tariff,omitempty"`
	AddOns    AddOns     `json:"add_ons,omitempty"`
	// Previous is what holds until a change is done; nil where the terms do not change.
	Previous *Previous `json:"previous,omitempty"`
	Client   *Client   `json:"client,omitempty"`
	Check    *Check    `json:"check,omitempty"`
	Usage    *Usage    `json:"usage,omitempty"`
}

// AddOns are by their codes.
type AddOns map[string]provision.AddOn

// Operation is what is done, and what the program asked to remember of it.
type Operation struct {
	// ID is the same for every attempt of an operation, so a program can tell its own half-finished work by it.
	ID     string            `json:"id"`
	Number int64             `json:"number"`
	Kind   provision.Kind    `json:"kind"`
	Memo   map[string]string `json:"memo"` // what the program asked to remember when it answered pending
}

// Module is who sells.
type Module struct {
	ID       string            `json:"id"`
	Number   int64             `json:"number"`
	Location string            `json:"location"`
	Params   map[string]string `json:"params"` // the secret ones too
	// ProductType is what import looks for.
	ProductType string `json:"product_type,omitempty"`
}

// Service is what is sold.
type Service struct {
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

// Tariff is what it is sold by.
type Tariff struct {
	Code     string          `json:"code"`
	Settings json.RawMessage `json:"settings"`
}

// Previous is what it was sold by before.
type Previous struct {
	Tariff Tariff `json:"tariff"`
	AddOns AddOns `json:"add_ons"`
}

// Client is to whom it is sold.
type Client struct {
	ID       string `json:"id"`
	Number   int64  `json:"number"`
	Email    string `json:"email"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Phone    string `json:"phone"`
}

// Check is a value that is looked at before anything is made of it.
type Check struct {
	Code  string          `json:"code"`
	Value json.RawMessage `json:"value"`
}

// Usage is the day that stat asks for; its end is exclusive.
type Usage struct {
	Day         string    `json:"day"`
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	Zone        string    `json:"zone"`
	ExternalIDs []string  `json:"external_ids"`
}

// UsageOf asks for a day of services.
func UsageOf(refs []provision.Ref, day calendar.Day, zone *time.Location) *Usage {
	u := &Usage{
		Day: day.String(), From: day.Start(zone).UTC(), To: day.End(zone).UTC(), Zone: zone.String(), ExternalIDs: make([]string, len(refs)),
	}
	for i, ref := range refs {
		u.ExternalIDs[i] = string(ref)
	}
	return u
}

// Of is the document of an order.
func Of(source Source, o Order) Document {
	d := Document{Version: 1, Command: o.Command, Usage: o.Usage, Module: Module{
		ID: source.ID, Number: program.Number(source.ID), Location: source.Location, Params: source.Params,
	}}
	if o.Command == Import {
		d.Module.ProductType = source.ProductType
	}
	if o.Op == nil {
		return d
	}
	op, spec := o.Op, o.Op.Spec
	if op.Key != "" { // a look is no operation
		d.Operation = &Operation{ID: op.Key, Number: program.Number(op.Key), Kind: op.Kind, Memo: map[string]string{}}
		maps.Copy(d.Operation.Memo, op.Memo)
	}
	d.Service = &Service{
		ID: string(op.ServiceID), Number: program.Number(string(op.ServiceID)), ExternalID: string(op.Ref),
		ProductType: spec.ProductType, Domain: spec.Domain, Password: spec.Password, Parameters: spec.Parameters,
		Status: spec.Standing, Period: spec.Period, PaidUntil: spec.PaidUntil, Addresses: append([]provision.Address{}, spec.Addresses...),
	}
	d.Tariff, d.AddOns = &Tariff{Code: spec.TariffCode, Settings: spec.Settings}, spec.AddOns
	if p := spec.Previous; p != nil {
		d.Previous = &Previous{Tariff: Tariff{Code: p.TariffCode, Settings: p.Settings}, AddOns: p.AddOns}
	}
	c := spec.Client
	d.Client = &Client{
		ID: string(c.ID), Number: program.Number(string(c.ID)), Email: c.Email, Name: c.Name, Username: c.Username, Phone: c.Phone,
	}
	switch o.Command {
	case "check_param":
		d.Check = &Check{Code: o.Checked, Value: spec.Parameters[o.Checked]}
	case "check_addon":
		value, err := json.Marshal(spec.AddOns[o.Checked])
		if err != nil {
			value = json.RawMessage("null")
		}
		d.Check = &Check{Code: o.Checked, Value: value}
	}
	return d
}

// Arguments are BILLmanager's. The value that check_param checks is in the document alone: others can read arguments.
func Arguments(source Source, o Order) []string {
	args := []string{"--command", o.Command}
	if op := o.Op; op != nil {
		args = append(args, "--item", program.Digits(string(op.ServiceID)), "--itemtype", op.Spec.ProductType)
		if op.Key != "" {
			args = append(args, "--runningoperation", program.Digits(op.Key))
		}
	}
	if source.ID != "" {
		args = append(args, "--module", program.Digits(source.ID))
	}
	switch o.Command {
	case "check_param":
		args = append(args, "--param", o.Checked)
	case "check_addon":
		args = append(args, "--addon", o.Checked)
	case Import:
		if source.ProductType != "" {
			args = append(args, "--itemtype", source.ProductType)
		}
	}
	return args
}

// Encode writes the document in one of its forms.
func (d Document) Encode(asXML bool) ([]byte, error) {
	if asXML {
		return d.xml()
	}
	return json.Marshal(d)
}
