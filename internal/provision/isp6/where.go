package isp6

import (
	"fmt"
	"strconv"
	"strings"
)

// Cond is one condition of the panel's filter language.
type Cond string

// Eq asks for equality with a number, a switch or a text. How a quote inside a text is written is told nowhere, so a text
// that holds one asks for a pattern with a wildcard in its place: callers compare the rows they get with what they wanted.
func Eq[T int | bool | string](field string, value T) Cond {
	switch v := any(value).(type) {
	case int:
		return Cond(field + " EQ " + strconv.Itoa(v))
	case bool:
		return Cond(field + " EQ " + strconv.FormatBool(v))
	default:
		text := fmt.Sprint(v)
		if strings.ContainsAny(text, `'\`) {
			return Like(field, text)
		}
		return Cond(field + " EQ '" + text + "'")
	}
}

// Like asks for a text that fits the pattern, in which % stands for anything.
func Like(field, pattern string) Cond {
	return Cond(field + " CP '" + strings.NewReplacer(`'`, "%", `\`, "%").Replace(pattern) + "'")
}

// IsNull asks for rows without this field.
func IsNull(field string) Cond { return Cond(field + " IS null") }

// All asks that every condition holds.
func All(conds ...Cond) Cond {
	parts := make([]string, 0, len(conds))
	for _, c := range conds {
		if c != "" {
			parts = append(parts, "("+string(c)+")")
		}
	}
	return Cond(strings.Join(parts, " AND "))
}

// escape writes a value of a query. Some builds choke on brackets and quotes that are escaped without need, so only what
// would end or change the value is.
func escape(value string) string {
	var b strings.Builder
	for i := range len(value) {
		switch ch := value[i]; {
		case ch == ' ':
			b.WriteByte('+')
		case ch < 0x20, ch > 0x7e, strings.IndexByte("%&#+=;?\"<>\\^`{|}", ch) >= 0:
			fmt.Fprintf(&b, "%%%02X", ch)
		default:
			b.WriteByte(ch)
		}
	}
	return b.String()
}
