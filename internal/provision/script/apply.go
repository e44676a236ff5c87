package script

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
	"github.com/tariffd/tariffd/internal/provision/script/internal/document"
)

// commands are BILLmanager's words for what is done to a service.
var commands = map[provision.Kind]string{
	provision.Open: "open", provision.Suspend: "suspend", provision.Resume: "resume", provision.Close: "close",
	provision.SetParams: "setparam", provision.Renew: "prolong", provision.Reboot: "reboot", provision.Reinstall: "reinstall",
}

// Apply lets the program do it, where it can; what it cannot becomes a task (D28).
func (m *Module) Apply(ctx context.Context, op provision.Op) (provision.Outcome, error) {
	command, known := commands[op.Kind]
	if !known {
		return provision.Outcome{}, provision.NewRejected("unsupported_operation", "there is no command for %s", op.Kind)
	}
	f, err := m.features(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	switch {
	case !f.serves(op.Spec.ProductType):
		return provision.Outcome{}, provision.NewRejected("product_type_not_served", "the program does not serve the product type %s", op.Spec.ProductType)
	case !f.has(command) && op.Kind == provision.Renew:
		return provision.Outcome{State: provision.Done}, nil
	case !f.has(command):
		return provision.Outcome{State: provision.Manual, Text: fmt.Sprintf("The program has no command %s: do it by hand.", command)}, nil
	}
	if op.CutOff && op.Kind == provision.Renew {
		return provision.Outcome{}, program.OnlyOnce(op.Kind, program.Unsure(nil, "%s: an earlier run was cut off before its end was known", command))
	}
	if op.Kind == provision.Open || op.Kind == provision.SetParams {
		if err = m.validate(ctx, f, op); err != nil {
			return provision.Outcome{}, sure(err)
		}
	}
	t, err := m.command(ctx, f, document.Order{Command: command, Op: &op})
	if err == nil && !t.done && !t.pending && !t.manual {
		err = t.silent(command)
	}
	if err != nil {
		return provision.Outcome{}, program.OnlyOnce(op.Kind, err)
	}
	return m.outcome(op, t), nil
}

// validate lets the program look at each value before anything is made or changed of them.
func (m *Module) validate(ctx context.Context, f features, op provision.Op) error {
	for command, codes := range map[string][]string{
		"check_param": slices.Sorted(maps.Keys(op.Spec.Parameters)),
		"check_addon": slices.Sorted(maps.Keys(op.Spec.AddOns)),
	} {
		if !f.has(command) {
			continue
		}
		for _, code := range codes {
			if _, err := m.command(ctx, f, document.Order{Command: command, Op: &op, Checked: code}); err != nil {
				return err
			}
		}
	}
	return nil
}

// silent is a program that ended well and told nothing.
func (t told) silent(command string) *provision.Failure {
	return program.Unsure(nil, "%s: the program ended without a result%s", command, t.swallowed())
}

// swallowed is what a program was told of a call of its own, and may have kept to itself.
func (t told) swallowed() string {
	if t.refused == "" {
		return ""
	}
	return "; its last refused call: " + t.refused
}

// command runs one command and judges what came of it.
func (m *Module) command(ctx context.Context, f features, o document.Order) (told, error) {
	s, result, err := m.run(ctx, f, o)
	if err != nil {
		return told{}, err
	}
	printed, unreadable := parseAnswer(result.Stdout)
	t := s.with(printed)
	secrets := m.secretsOf(o)
	t.text, t.refused = program.Mask(t.text, secrets...), program.Mask(t.refused, secrets...)
	switch {
	case t.refusal != nil && t.manual:
		t.text = program.Mask(strings.TrimSpace(t.text+"\n"+t.refusal.text()), secrets...)
		return t, nil
	case t.refusal != nil:
		return t, failure(o.Command, program.Mask(t.refusal.text(), secrets...), t)
	case result.Exit != 0:
		return t, m.ended(o.Command, result, t.swallowed(), secrets...)
	case unreadable != nil:
		return t, program.Unsure(nil, "%s: the program's answer cannot be read: %s%s", o.Command,
			program.Mask(unreadable.Error()+": "+m.shown(result, secrets...), secrets...), t.swallowed())
	}
	for name, value := range t.memo {
		t.memo[name] = program.Mask(value, secrets...)
	}
	return t, nil
}

func (m *Module) secretsOf(o document.Order) []string {
	if o.Op == nil {
		return m.secrets()
	}
	return m.secrets(o.Op.Spec.Password)
}

// with adds what was printed to what was called; what is printed stands last, so it wins.
func (s *session) with(printed told) told {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.told
	t.done, t.pending, t.manual = t.done || printed.done, printed.pending, t.manual || printed.manual
	t.after, t.memo = printed.after, printed.memo
	if printed.refusal != nil {
		t.refusal = printed.refusal
	}
	t.text, t.password = cmp.Or(printed.text, t.text), cmp.Or(printed.password, t.password)
	t.ref, t.domain = cmp.Or(printed.ref, t.ref), cmp.Or(printed.domain, t.domain)
	if printed.addresses != nil {
		t.addresses = printed.addresses
	}
	t.parameters = maps.Clone(t.parameters)
	for name, value := range printed.parameters {
		if t.parameters == nil {
			t.parameters = map[string]string{}
		}
		t.parameters[name] = value
	}
	t.usage, t.machines = append(t.usage, printed.usage...), append(t.machines, printed.machines...)
	t.seen = t.seen.add(printed.seen)
	return t
}

// failure says what a told error means. An open that saved something has begun something: no other module may be asked.
func failure(command, text string, t told) error {
	begun := t.done || t.pending || t.ref != "" || t.parameters != nil || t.addresses != nil
	switch t.refusal.kind {
	case "auth", "access", "login":
		return provision.NewUnauthenticated("%s: %s", command, text)
	case "connection", "timeout", "busy", "temporary", "unavailable":
		return program.Unsure(nil, "%s: %s", command, text)
	}
	f := provision.NewRejected("module_refused", "%s: %s", command, text)
	f.Unsure = begun
	return f
}

// ended is an end with another status than 0 and no told error.
func (m *Module) ended(command string, r program.Result, swallowed string, secrets ...string) error {
	how := fmt.Sprintf("ended with status %d", r.Exit)
	if r.Exit < 0 {
		how = "was ended by a signal"
	}
	return program.Unsure(nil, "%s: the program %s: %s%s", command, how, m.shown(r, secrets...), swallowed)
}

// shown is what a program left for people: the end of its errors, or the beginning of what it printed.
func (m *Module) shown(r program.Result, secrets ...string) string {
	const most = 300
	text := strings.TrimSpace(r.Stderr)
	if text == "" {
		text = strings.TrimSpace(string(bytes.ToValidUTF8(r.Stdout, []byte("?"))))
		// Masked before it is cut, so that no half of a secret stays.
		if letters := []rune(program.Mask(text, m.secrets(secrets...)...)); len(letters) > most {
			return string(letters[:most]) + "…"
		}
	}
	if text == "" {
		return "it said nothing"
	}
	return program.Mask(text, m.secrets(secrets...)...)
}

// outcome is what a success means for the service.
func (m *Module) outcome(op provision.Op, t told) provision.Outcome {
	out := provision.Outcome{
		Text: t.text, Ref: provision.Ref(t.ref), Domain: t.domain, Addresses: t.addresses, Parameters: t.parameters, Password: t.password,
	}
	switch {
	case t.manual:
		out.State = provision.Manual
		if out.Text == "" {
			out.Text = "The program asks for people."
		}
	case t.pending:
		out.State, out.After, out.Memo, out.Begun = provision.Pending, t.after, t.memo, true
	case op.Kind == provision.Open && out.Ref == "" && op.Ref == "":
		out.Ref = provision.Ref(program.Digits(string(op.ServiceID)))
	}
	if out.Ref == "" {
		out.Ref = op.Ref
	}
	return out
}
