package license

import (
	_ "embed"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/item"
)

//go:embed licenses.json
var licenseList []byte

// knownLicenses are the vendor's price lists by the codes that control panels are sold under.
var knownLicenses = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	if err := json.Unmarshal(licenseList, &out); err != nil {
		panic("license: licenses.json: " + err.Error())
	}
	return out
})

// pricelist is the vendor's number for a control panel: the module's own, else a known one, else the code itself where it is a
// number. Codes are compared without regard to case and separators.
func (s *Shop) pricelist(ordered string) (string, bool) {
	for code, id := range s.lists {
		if item.Plain(code) == item.Plain(ordered) {
			return id, true
		}
	}
	if id, known := knownLicenses()[item.Plain(ordered)]; known {
		return id, true
	}
	_, err := strconv.Atoi(ordered)
	return ordered, err == nil
}
