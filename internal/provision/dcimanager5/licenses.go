package dcimanager5

import (
	_ "embed"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
)

//go:embed licenses.json
var licenseList []byte

// knownLicenses are the vendor's price lists by the codes that control panels are sold under.
var knownLicenses = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	if err := json.Unmarshal(licenseList, &out); err != nil {
		panic("dcimanager5: licenses.json: " + err.Error())
	}
	return out
})

// nothing are the codes of items that mean that no control panel is wanted.
var nothing = map[string]bool{"": true, "none": true, "no": true, "off": true}

// pricelist is the vendor's number for a control panel: the module's own, else a known one, else the code itself where it is a
// number. Codes are compared without regard to case and separators.
func (m *Module) pricelist(item string) (string, bool) {
	for code, id := range m.set.Licenses {
		if plain(code) == plain(item) {
			return id, true
		}
	}
	if id, known := knownLicenses()[plain(item)]; known {
		return id, true
	}
	_, err := strconv.Atoi(item)
	return item, err == nil
}

func plain(code string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(strings.ToLower(code))
}
