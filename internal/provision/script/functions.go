package script

import (
	"encoding/json"
	"encoding/xml"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tariffd/tariffd/internal/provision/program"
	"github.com/tariffd/tariffd/internal/provision/script/mgrctl"
)

// function is one of mgrctl's.
type function struct {
	of      subject
	command string // the only command that may call it; empty: any
	do      func(*session, map[string]string) mgrctl.Answer
}

// subject is what elid names.
type subject int

const (
	ofNothing subject = iota
	ofService
	ofOperation
	ofModule
)

// functions are those that existing modules call, and the readings that take the place of their database.
var functions = map[string]function{
	"service.postopen":      {ofService, "open", opened},
	"service.postsuspend":   {ofService, "suspend", succeeded},
	"service.postresume":    {ofService, "resume", succeeded},
	"service.postclose":     {ofService, "close", succeeded},
	"service.postsetparam":  {ofService, "setparam", succeeded},
	"service.postprolong":   {ofService, "prolong", succeeded},
	"service.postreboot":    {ofService, "reboot", succeeded},
	"service.postreinstall": {ofService, "reinstall", succeeded},

	"service.changepricelist.rollback": {ofService, "setparam", rolledBack},

	"service.saveparam":     {ofService, "", saveParameter},
	"service.dropparam":     {ofService, "", dropParameter},
	"service.setexpiredate": {ofService, "", saveAs("expiredate")},
	"service.setstatus":     {ofService, "", saveAs("service_status")},
	"service.ip.add":        {ofService, "", addAddress},
	"service.ip.add.commit": {ofService, "", accepted},

	"runningoperation.edit":      {ofOperation, "", operationFailed},
	"runningoperation.setmanual": {ofOperation, "", operationToPeople},
	"task.gettype":               {ofNothing, "", taskType},
	"task.edit":                  {ofNothing, "", taskText},

	"insert_stat":      {ofNothing, "stat", insertStat},
	"poststat":         {ofModule, "stat", succeeded},
	"service.poststat": {ofModule, "stat", succeeded},

	"service.params":    {ofService, "", listParameters},
	"service.addons":    {ofService, "", listAddOns},
	"processing.params": {ofModule, "", listSettings},
	"document.get":      {ofNothing, "", readDocument},
}

func accepted(*session, map[string]string) mgrctl.Answer { return mgrctl.Answer{} }

func succeeded(s *session, _ map[string]string) mgrctl.Answer {
	s.told.done = true
	return mgrctl.Answer{}
}

// taken answers for something that was told, or refuses it.
func taken(object string, err error) mgrctl.Answer {
	if err != nil {
		return mgrctl.Refuse(object, "%s", err)
	}
	return mgrctl.Answer{}
}

// opened is the end of an open; what is given beside elid and sok is saved.
func opened(s *session, args map[string]string) mgrctl.Answer {
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if name == "elid" || name == "sok" {
			continue
		}
		if err := s.save(name, args[name], false); err != nil {
			return taken(name, err)
		}
	}
	return succeeded(s, nil)
}

// save keeps a value: a few names mean more than a parameter.
func (s *session) save(name, value string, crypted bool) error {
	switch {
	case name == "external_id":
		return s.told.setRef(value)
	case name == "domain":
		return s.told.setDomain(value)
	case name == "ip":
		for _, ip := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
			if err := s.told.addAddress(ip, "", "", false); err != nil {
				return err
			}
		}
		return nil
	case crypted, name == "password", name == "userpassword":
		return s.told.setPassword(value)
	}
	return s.told.setParameter(name, value)
}

func saveParameter(s *session, args map[string]string) mgrctl.Answer {
	name, crypted := args["name"], truth(args["crypted"])
	if crypted && name != "password" && name != "userpassword" {
		return mgrctl.Refuse("crypted", "of a service only the password is kept sealed")
	}
	return taken("value", s.save(name, args["value"], crypted))
}

func dropParameter(s *session, args map[string]string) mgrctl.Answer {
	return taken("name", s.told.setParameter(args["name"], ""))
}

// saveAs keeps what has no place of its own as a parameter: the value of the argument of the same name.
func saveAs(name string) func(*session, map[string]string) mgrctl.Answer {
	return func(s *session, args map[string]string) mgrctl.Answer {
		return taken(name, s.told.setParameter(name, args[name]))
	}
}

func addAddress(s *session, args map[string]string) mgrctl.Answer {
	return taken("ip", s.told.addAddress(args["ip"], args["gateway"], args["network"], truth(args["main"])))
}

// rolledBack refuses a change of tariff: the previous terms go on.
func rolledBack(s *session, _ map[string]string) mgrctl.Answer {
	if s.told.refusal == nil {
		s.told.refusal = &refusal{kind: "rollback", message: "the module does not make this change of tariff"}
	}
	return mgrctl.Answer{}
}

// operationFailed keeps an error that a module reports; its XML is read as one that is printed is.
func operationFailed(s *session, args map[string]string) mgrctl.Answer {
	text := strings.TrimSpace(args["errorxml"])
	if text == "" {
		return mgrctl.Answer{}
	}
	s.told.refusal = &refusal{message: text}
	var in xmlAnswer
	if xml.Unmarshal([]byte(text), &in) == nil && in.Error != nil {
		s.told.refusal = in.Error.refusal()
	} else if told, err := answerOfXML([]byte(text)); err == nil && told.refusal != nil {
		s.told.refusal = told.refusal
	}
	return mgrctl.Answer{}
}

func operationToPeople(s *session, _ map[string]string) mgrctl.Answer {
	s.told.manual = true
	return mgrctl.Answer{}
}

func taskType(s *session, args map[string]string) mgrctl.Answer {
	name := args["operation"]
	if name == "" {
		name = s.order.Command
	}
	return mgrctl.Answer{Row: mgrctl.Row{{Name: "task_type", Value: name}}}
}

// taskText is what a module wants to tell people; the task itself is made by the operation.
func taskText(s *session, args map[string]string) mgrctl.Answer {
	for _, name := range []string{"text", "params", "description", "name"} {
		if args[name] != "" {
			s.told.text = args[name]
			break
		}
	}
	return mgrctl.Answer{}
}

// insertStat takes one value. The item is a service's external id, or the number that stands for one that has none.
func insertStat(s *session, args map[string]string) mgrctl.Answer {
	if date := args["date"]; date != "" && s.order.Usage != nil && date != s.order.Usage.Day {
		return mgrctl.Refuse("date", "this run is for %s", s.order.Usage.Day)
	}
	return taken("value", s.told.measure(args["item"], args["param"], args["value"], args["measure"]))
}

// listParameters tells the service's parameters, or one of them.
func listParameters(s *session, args map[string]string) mgrctl.Answer {
	params := s.doc.Service.Parameters
	if name := args["name"]; name != "" {
		value := program.Plain(params[name])
		return mgrctl.Answer{Plain: &value}
	}
	rows := []mgrctl.Row{}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		rows = append(rows, mgrctl.Row{{Name: "name", Value: name}, {Name: "value", Value: program.Plain(params[name])}})
	}
	return mgrctl.Answer{Rows: rows, List: true}
}

// listAddOns tells what was ordered, or one value of it; previous=on tells what holds until the change is done.
func listAddOns(s *session, args map[string]string) mgrctl.Answer {
	held := s.doc.AddOns
	if truth(args["previous"]) {
		held = nil
		if s.doc.Previous != nil {
			held = s.doc.Previous.AddOns
		}
	}
	if name := args["name"]; name != "" {
		value := program.Amount(held[name])
		return mgrctl.Answer{Plain: &value}
	}
	rows := []mgrctl.Row{}
	for _, code := range slices.Sorted(maps.Keys(held)) {
		rows = append(rows, mgrctl.Row{{Name: "name", Value: code}, {Name: "value", Value: program.Amount(held[code])}, {Name: "unit", Value: held[code].Unit}})
	}
	return mgrctl.Answer{Rows: rows, List: true}
}

// listSettings tells the module's own settings, or one of them.
func listSettings(s *session, args map[string]string) mgrctl.Answer {
	params := s.doc.Module.Params
	if name := args["name"]; name != "" {
		value := params[name]
		return mgrctl.Answer{Plain: &value}
	}
	rows := []mgrctl.Row{}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		rows = append(rows, mgrctl.Row{{Name: "name", Value: name}, {Name: "value", Value: params[name]}})
	}
	return mgrctl.Answer{Rows: rows, List: true}
}

// readDocument tells one value of the document by its path, such as service.parameters.hostname: a text as it is, the texts
// of a list line by line, nothing where there is nothing.
func readDocument(s *session, args map[string]string) mgrctl.Answer {
	at := s.tree
	for _, step := range strings.Split(args["path"], ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if at = nil; err == nil && i >= 0 && i < len(v) {
				at = v[i]
			}
		default:
			at = nil
		}
	}
	value := written(at)
	return mgrctl.Answer{Plain: &value}
}

func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		lines := make([]string, 0, len(v))
		for _, x := range v {
			lines = append(lines, written(x))
		}
		return strings.Join(lines, "\n")
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}
