package shellscripts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
)

// Apply runs the operation's script. One that is missing makes a task (D28), but for prolong.sh, which most do not need.
func (m *Module) Apply(ctx context.Context, op provision.Op) (provision.Outcome, error) {
	name, known := scripts[op.Kind]
	switch {
	case ctx.Err() != nil:
		return provision.Outcome{}, provision.NewUnavailable(ctx.Err(), "given up")
	case !known:
		return provision.Outcome{}, provision.NewRejected("unsupported_operation", "there is no script for %s", op.Kind)
	case op.Kind == provision.Renew && m.missing(op.Kind):
		return provision.Outcome{State: provision.Done, Ref: op.Ref}, nil
	case !slices.Contains(needed, op.Kind) && m.missing(op.Kind):
		return provision.Outcome{State: provision.Manual, Ref: op.Ref, Text: fmt.Sprintf("There is no %s: do it by hand.", name)}, nil
	}
	if op.CutOff && op.Kind == provision.Renew {
		return provision.Outcome{}, program.OnlyOnce(op.Kind, program.Unsure(nil, "%s: an earlier run was cut off before its end was known", name))
	}
	run := program.Run{
		Path: m.script(op.Kind), Args: arguments(op), Stdin: []byte(op.Spec.Password + "\n"),
		Key: string(op.ServiceID), Timeout: m.timeout,
	}
	result, err := run.Do(ctx)
	if err != nil {
		return provision.Outcome{}, program.OnlyOnce(op.Kind, err)
	}
	out, err := read(name, op, result)
	return out, program.OnlyOnce(op.Kind, err)
}

// argumentName is what an option may be called.
var argumentName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// arguments are the add-ons and parameters by their codes, and who and what it is about. Ours win over codes of the same name,
// but for user: a service that has such a parameter means it.
func arguments(op provision.Op) []string {
	values := map[string]string{"user": "u" + strconv.FormatInt(program.Number(string(op.ServiceID)), 10)}
	for code, a := range op.Spec.AddOns {
		values[code] = program.Amount(a)
	}
	for code, raw := range op.Spec.Parameters {
		values[code] = program.Plain(raw)
	}
	maps.Copy(values, map[string]string{
		"service_id": string(op.ServiceID), "operation_id": op.Key, "external_id": string(op.Ref), "tariff": op.Spec.TariffCode,
		"domain": op.Spec.Domain, "location": op.Spec.Location, "period": op.Spec.Period,
	})
	if until := op.Spec.PaidUntil; until != nil {
		values["paid_until"] = program.Instant(until)
	}
	if p := op.Spec.Previous; p != nil {
		values["previous_tariff"] = p.TariffCode
		for code, a := range p.AddOns {
			values["previous_"+code] = program.Amount(a)
		}
	}
	delete(values, "password")
	args := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if value := values[name]; argumentName.MatchString(name) && !strings.ContainsRune(value, 0) {
			args = append(args, "--"+name+"="+value)
		}
	}
	return args
}

// read looks for the line that decides.
func read(name string, op provision.Op, r program.Result) (provision.Outcome, error) {
	secret := op.Spec.Password
	stdout := string(r.Stdout)
	for line := range strings.Lines(stdout) {
		line = strings.TrimSpace(line)
		if reason, is := after(line, "ERROR"); is {
			return provision.Outcome{}, provision.NewRejected("module_refused", "%s: %s", name, program.Mask(reason, secret))
		}
		if told, is := after(line, "OK"); is && r.Exit == 0 {
			out, err := outcome(op, told)
			if err != nil {
				return out, program.Unsure(nil, "%s: the line OK cannot be read: %s", name, program.Mask(err.Error(), secret))
			}
			return out, nil
		}
	}
	said := strings.TrimSpace(strings.ToValidUTF8(stdout, "?") + "\n" + r.Stderr)
	if said == "" {
		said = "it said nothing"
	}
	return provision.Outcome{}, program.Unsure(nil, "%s ended with status %d and without a line OK: %s", name, r.Exit, program.Mask(said, secret))
}

// after tells what stands in a line behind its first word.
func after(line, word string) (string, bool) {
	rest, is := strings.CutPrefix(line, word)
	if !is || rest != "" && !strings.ContainsAny(rest[:1], " \t:") {
		return "", false
	}
	return strings.TrimSpace(strings.TrimPrefix(rest, ":")), true
}

// pair is KEY=VALUE, or KEY="VALUE WITH SPACES".
var pair = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9_.-]{0,99})=(?:"([^"]*)"|(\S*))(?:\s+|$)`)

// outcome takes over what stands behind OK.
func outcome(op provision.Op, told string) (provision.Outcome, error) {
	out := provision.Outcome{State: provision.Done, Ref: op.Ref}
	if !utf8.ValidString(told) || strings.ContainsRune(told, 0) {
		return out, errors.New("it is no text")
	}
	for told != "" {
		found := pair.FindStringSubmatch(told)
		if found == nil {
			return out, fmt.Errorf("%.60q is not KEY=VALUE", told)
		}
		told = told[len(found[0]):]
		if err := keep(&out, found[1], found[2]+found[3]); err != nil {
			return out, err
		}
	}
	if out.Ref == "" && op.Kind == provision.Open {
		out.Ref = provision.Ref(strconv.FormatInt(program.Number(string(op.ServiceID)), 10))
	}
	return out, nil
}

func keep(out *provision.Outcome, name, value string) error {
	const longest = 255 // of an external id and of a domain
	switch name {
	case "external_id", "domain":
		if len(value) > longest {
			return fmt.Errorf("%s is too long", name)
		}
		if name == "domain" {
			out.Domain = value
		} else if value != "" {
			out.Ref = provision.Ref(value)
		}
	case "password":
		out.Password = value
	case "ip":
		for _, text := range strings.Split(value, ",") {
			ip, err := netip.ParseAddr(text)
			if err != nil {
				return fmt.Errorf("%.60q is no address", text)
			}
			a := provision.Address{IP: ip.String(), Family: "ipv6", Main: len(out.Addresses) == 0}
			if ip.Is4() {
				a.Family = "ipv4"
			}
			out.Addresses = append(out.Addresses, a)
		}
	default:
		if out.Parameters == nil {
			out.Parameters = map[string]string{}
		}
		out.Parameters[name] = value
	}
	return nil
}
