package script

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
)

// features is what a program says that it can do.
type features struct {
	names  []string
	types  []string        // product types; empty: any
	params map[string]bool // whether they are crypted
	xml    bool            // it wants XML on its standard input
}

func (f features) has(command string) bool { return slices.Contains(f.names, command) }

func (f features) serves(productType string) bool {
	return len(f.types) == 0 || slices.Contains(f.types, productType)
}

// The features of a program are asked for once for each state of its file, as BILLmanager asks once at its start.
var known = struct {
	sync.Mutex
	of map[string]asked
}{of: map[string]asked{}}

type asked struct {
	file     os.FileInfo
	features features
}

// mostKnown bounds what is remembered; beyond it everything is asked anew.
const mostKnown = 1000

// features asks the program what it can do. It is told nothing yet: the answer decides how it wants to be told.
func (m *Module) features(ctx context.Context) (features, error) {
	if ctx.Err() != nil {
		return features{}, provision.NewUnavailable(ctx.Err(), "the program was not started")
	}
	if err := program.Inspect(m.set.Program); err != nil {
		return features{}, err
	}
	file, err := os.Stat(m.set.Program)
	if err != nil {
		return features{}, provision.NewUnavailable(err, "the program is not there")
	}
	known.Lock()
	before, ok := known.of[m.set.Program]
	known.Unlock()
	if ok && same(before.file, file) {
		return before.features, nil
	}
	f, err := m.askFeatures(ctx)
	if err != nil {
		return features{}, err
	}
	known.Lock()
	defer known.Unlock()
	if len(known.of) >= mostKnown {
		clear(known.of)
	}
	known.of[m.set.Program] = asked{file: file, features: f}
	return f, nil
}

func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// featuresTimeout is short, because the answer needs no system but the program's own.
const featuresTimeout = 30 * time.Second

func (m *Module) askFeatures(ctx context.Context) (features, error) {
	r := program.Run{Path: m.set.Program, Args: []string{"--command", "features"}, Timeout: min(m.timeout, featuresTimeout)}
	result, err := r.Do(ctx)
	if err != nil {
		return features{}, sure(err)
	}
	text := bytes.TrimSpace(result.Stdout)
	told, err := parseAnswer(text)
	switch {
	case err == nil && told.refusal != nil:
		return features{}, provision.NewRejected("connection_failed", "features: %s", program.Mask(told.refusal.text(), m.secrets()...))
	case result.Exit != 0:
		return features{}, sure(m.ended("features", result, ""))
	}
	f, err := parseFeatures(text)
	if err != nil || len(f.names) == 0 {
		return f, provision.NewUnavailable(err, "the program does not tell its features: %s", m.shown(result))
	}
	return f, nil
}

// sure takes back that something may have happened: asking changes nothing.
func sure(err error) error {
	if f, ok := provision.FailureOf(err); ok {
		f.Unsure = false
	}
	return err
}

func parseFeatures(text []byte) (features, error) {
	if bytes.HasPrefix(text, []byte("{")) {
		return featuresOfJSON(text)
	}
	return featuresOfXML(text)
}

func featuresOfJSON(text []byte) (f features, err error) {
	var in struct {
		ItemTypes []string `json:"itemtypes"`
		Params    []struct {
			Name    string `json:"name"`
			Crypted bool   `json:"crypted"`
		} `json:"params"`
		Features []string `json:"features"`
	}
	if err = json.Unmarshal(text, &in); err != nil {
		return f, err
	}
	f = features{names: in.Features, types: in.ItemTypes, params: map[string]bool{}, xml: slices.Contains(in.Features, xmlInput)}
	for _, p := range in.Params {
		f.params[p.Name] = p.Crypted
	}
	return f, nil
}

// xmlInput is the flag among the features that asks for XML on the standard input.
const xmlInput = "xml_input"

func featuresOfXML(text []byte) (f features, err error) {
	type named struct {
		Name    string `xml:"name,attr"`
		Crypted string `xml:"crypted,attr"`
	}
	var in struct {
		ItemTypes []named `xml:"itemtypes>itemtype"`
		Params    []named `xml:"params>param"`
		Features  []named `xml:"features>feature"`
	}
	if err = xml.Unmarshal(text, &in); err != nil {
		return f, err
	}
	f.params = map[string]bool{}
	for _, t := range in.ItemTypes {
		f.types = append(f.types, t.Name)
	}
	for _, p := range in.Params {
		f.params[p.Name] = truth(p.Crypted)
	}
	for _, n := range in.Features {
		f.names = append(f.names, n.Name)
		f.xml = f.xml || n.Name == xmlInput
	}
	return f, nil
}

// truth reads the words that BILLmanager uses for yes.
func truth(word string) bool {
	return word == "yes" || word == "on" || word == "true" || word == "1"
}
