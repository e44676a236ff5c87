package mgrctl

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

const usage = "mgrctl -m billmgr [-o text|xml|json] FUNCTION [NAME=VALUE …] [-]\n" +
	"A lone - reads further NAME=VALUE lines from the standard input, where others cannot see them."

// Called tells whether the program was started as mgrctl.
func Called(argv0 string) bool { return filepath.Base(argv0) == Name }

// Main is the command; it returns the exit status.
func Main(args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	r, format, err := parse(args, stdin)
	if err != nil {
		fmt.Fprintf(stderr, "mgrctl: %v\n%s\n", err, usage)
		return 2
	}
	socket := getenv(SocketVariable)
	if socket == "" {
		fmt.Fprintln(stderr, "mgrctl: this works only in a processing module that tariffd runs")
		return 2
	}
	a, err := ask(socket, r)
	if err != nil {
		fmt.Fprintln(stderr, "mgrctl: the module's run is over or not to be reached:", err)
		return 2
	}
	fmt.Fprintln(stdout, render(a, format))
	if a.Refusal != "" {
		return 1
	}
	return 0
}

// parse reads the arguments; a lone dash reads more from the standard input.
func parse(args []string, stdin io.Reader) (r Request, format string, err error) {
	r.Arguments, format = map[string]string{}, "text"
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "-m" || arg == "-o" || arg == "-i":
			if i++; i == len(args) {
				return r, "", fmt.Errorf("%s needs a value", arg)
			}
			if arg == "-o" {
				format = args[i]
			}
		case arg == "-":
			if err = readArguments(r.Arguments, stdin); err != nil {
				return r, "", err
			}
		case r.Function == "":
			r.Function = arg
		default:
			if err = argument(r.Arguments, arg); err != nil {
				return r, "", err
			}
		}
	}
	switch {
	case r.Function == "" || strings.HasPrefix(r.Function, "-"):
		return r, "", errors.New("which function?")
	case format != "text" && format != "xml" && format != "json" && format != "devel":
		return r, "", fmt.Errorf("there is no format %q", format)
	}
	return r, format, nil
}

func readArguments(into map[string]string, stdin io.Reader) error {
	lines := bufio.NewScanner(stdin)
	lines.Buffer(nil, mostBytes)
	for lines.Scan() {
		if lines.Text() == "" {
			continue
		}
		if err := argument(into, lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// argument never repeats a bad one: it may hold a secret.
func argument(into map[string]string, text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("an argument is NAME=VALUE")
	}
	into[name] = value
	return nil
}

func render(a Answer, format string) string {
	switch format {
	case "xml", "devel":
		return renderXML(a)
	case "json":
		return renderJSON(a)
	}
	switch {
	case a.Refusal != "":
		return fmt.Sprintf("ERROR value(%s): %s", a.Object, a.Refusal)
	case a.Plain != nil:
		return *a.Plain
	case a.List:
		lines := make([]string, 0, len(a.Rows))
		for _, row := range a.Rows {
			lines = append(lines, strings.Join(pairs(row), " "))
		}
		return strings.Join(lines, "\n")
	case len(a.Row) > 0:
		return strings.Join(pairs(a.Row), "\n")
	}
	return "OK"
}

func pairs(row Row) []string {
	out := make([]string, 0, len(row))
	for _, f := range row {
		out = append(out, f.Name+"="+f.Value)
	}
	return out
}

func renderJSON(a Answer) string {
	var v any = map[string]any{"ok": true}
	switch {
	case a.Refusal != "":
		v = map[string]any{"error": map[string]string{"type": "value", "object": a.Object, "message": a.Refusal}}
	case a.Plain != nil:
		v = map[string]string{"value": *a.Plain}
	case a.List:
		list := make([]map[string]string, 0, len(a.Rows))
		for _, row := range a.Rows {
			list = append(list, members(row))
		}
		v = map[string]any{"elem": list}
	case len(a.Row) > 0:
		v = members(a.Row)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(text)
}

func members(row Row) map[string]string {
	out := map[string]string{}
	for _, f := range row {
		out[f.Name] = f.Value
	}
	return out
}

func renderXML(a Answer) string {
	var b strings.Builder
	switch {
	case a.Refusal != "":
		fmt.Fprintf(&b, `<error type="value" object="%s"><msg>%s</msg></error>`, escape(a.Object), escape(a.Refusal))
	case a.Plain != nil:
		b.WriteString("<value>" + escape(*a.Plain) + "</value>")
	case a.List:
		for _, row := range a.Rows {
			b.WriteString("<elem>" + elements(row) + "</elem>")
		}
	case len(a.Row) > 0:
		b.WriteString(elements(a.Row))
	default:
		b.WriteString("<ok/>")
	}
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n<doc>" + b.String() + "</doc>"
}

// elements are named by us alone, so each name is one that XML allows.
func elements(row Row) string {
	var b strings.Builder
	for _, f := range row {
		fmt.Fprintf(&b, "<%s>%s</%s>", f.Name, escape(f.Value), f.Name)
	}
	return b.String()
}

func escape(text string) string {
	var b strings.Builder
	if xml.EscapeText(&b, []byte(text)) != nil {
		return ""
	}
	return b.String()
}
