package measure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tariffd/tariffd/internal/fault"
)

// paramUnits are the parameters that are collected of servers, each with a unit that it can be measured in.
var paramUnits = map[string]string{
	"in": "KiB", "out": "KiB", "bandwidth": "KiB", "burst_in_day": "Mbit/s", "burst_out_day": "Mbit/s", "power": "W",
}

// IsGauge tells whether a parameter is a rate or level, whose days do not add up (D17).
func IsGauge(param string) bool {
	return param == "burst_in_day" || param == "burst_out_day" || param == "power"
}

// CheckParams refuses parameters that nobody collects, that stand twice, or that cannot be told in the unit.
func CheckParams(f *fault.Fields, pointer string, params []string, units Units, unit string) {
	seen := map[string]bool{}
	for i, p := range params {
		place := fmt.Sprintf("%s/%d", pointer, i)
		measured, known := paramUnits[p]
		if !known {
			f.Add(place, "unknown_value", "one of %s is expected.", strings.Join(knownParams(), ", "))
			continue
		}
		if seen[p] {
			f.Add(place, "duplicate_value", "Each parameter stands in the list once.")
		}
		seen[p] = true
		if _, _, err := units.Ratio(measured, unit); err != nil {
			f.Add(place, "bad_unit", "%s is measured in %s, which cannot be converted to %s.", p, measured, unit)
		}
	}
}

func knownParams() []string {
	names := make([]string, 0, len(paramUnits))
	for name := range paramUnits {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
