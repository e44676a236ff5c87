package isp6

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// rowTest tells whether a row satisfies a where clause. It fails on a field
// that rows of this list do not have.
type rowTest func(row fields) (bool, error)

// fields answers a row's field by its name, which may be dotted; a name that
// rows of the list do not have is an error.
type fields func(name string) (any, error)

// parseWhere compiles the filter language of the sixth generation:
//
//	or   = and {OR and}      and = not {AND not}     not = [NOT] base
//	base = ( or ) | field IS [NOT] null | field EQ|NE|CP|GT|GE|LT|LE value
//
// A value is a number, true, false or a text in single quotes, where ” or \'
// stands for a quote. CP takes % for any text. GT and its kin are a guess of
// ours. Comparing with null is never true, as in SQL.
func parseWhere(text string) (rowTest, error) {
	if strings.TrimSpace(text) == "" {
		return func(fields) (bool, error) { return true, nil }, nil
	}
	tokens, err := whereTokens(text)
	if err != nil {
		return nil, err
	}
	p := &whereParser{tokens: tokens}
	test, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.tokens) {
		return nil, fmt.Errorf("where: unexpected %q", p.tokens[p.pos].text)
	}
	return test, nil
}

// whereToken is a word, a bracket or a quoted text.
type whereToken struct {
	text   string
	quoted bool
}

func whereTokens(text string) ([]whereToken, error) {
	var out []whereToken
	for i := 0; i < len(text); {
		ch := text[i]
		switch {
		case unicode.IsSpace(rune(ch)):
			i++
		case ch == '(' || ch == ')':
			out = append(out, whereToken{text: string(ch)})
			i++
		case ch == '\'':
			value, used, err := quotedText(text[i:])
			if err != nil {
				return nil, err
			}
			out = append(out, whereToken{value, true})
			i += used
		default:
			end := i
			for end < len(text) && !strings.ContainsRune(" \t\r\n()'", rune(text[end])) {
				end++
			}
			out = append(out, whereToken{text: text[i:end]})
			i = end
		}
	}
	return out, nil
}

// quotedText reads the quoted text that s begins with and how long it is.
func quotedText(s string) (value string, used int, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
		case s[i] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		case s[i] == '\'':
			return b.String(), i + 1, nil
		}
		b.WriteByte(s[i])
	}
	return "", 0, fmt.Errorf("where: a quote is not closed")
}

type whereParser struct {
	tokens []whereToken
	pos    int
}

// take moves on when the next token is the given word.
func (p *whereParser) take(word string) bool {
	if p.pos < len(p.tokens) && !p.tokens[p.pos].quoted && strings.EqualFold(p.tokens[p.pos].text, word) {
		p.pos++
		return true
	}
	return false
}

func (p *whereParser) next() (whereToken, error) {
	if p.pos >= len(p.tokens) {
		return whereToken{}, fmt.Errorf("where: ends too early")
	}
	p.pos++
	return p.tokens[p.pos-1], nil
}

func (p *whereParser) or() (rowTest, error) {
	return p.chain("OR", p.and, true)
}

func (p *whereParser) and() (rowTest, error) {
	return p.chain("AND", p.not, false)
}

// chain reads "part {word part}"; the first part that equals stop decides.
func (p *whereParser) chain(word string, part func() (rowTest, error), stop bool) (rowTest, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	tests := []rowTest{first}
	for p.take(word) {
		t, err := part()
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return func(row fields) (bool, error) {
		for _, t := range tests {
			if ok, err := t(row); err != nil || ok == stop {
				return ok, err
			}
		}
		return !stop, nil
	}, nil
}

func (p *whereParser) not() (rowTest, error) {
	if !p.take("NOT") {
		return p.base()
	}
	t, err := p.not()
	if err != nil {
		return nil, err
	}
	return func(row fields) (bool, error) {
		ok, err := t(row)
		return !ok, err
	}, nil
}

func (p *whereParser) base() (rowTest, error) {
	if p.take("(") {
		t, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.take(")") {
			return nil, fmt.Errorf("where: a bracket is not closed")
		}
		return t, nil
	}
	field, err := p.next()
	if err != nil {
		return nil, err
	}
	if field.quoted || !fieldName.MatchString(field.text) {
		return nil, fmt.Errorf("where: %q is not a field", field.text)
	}
	if p.take("IS") {
		return p.isNull(field.text)
	}
	return p.comparison(field.text)
}

var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

func (p *whereParser) isNull(field string) (rowTest, error) {
	want := !p.take("NOT")
	if !p.take("null") {
		return nil, fmt.Errorf("where: IS is followed by null or NOT null only")
	}
	return func(row fields) (bool, error) {
		v, err := row(field)
		return (v == nil) == want, err
	}, nil
}

func (p *whereParser) comparison(field string) (rowTest, error) {
	op, err := p.next()
	if err != nil {
		return nil, err
	}
	test, ok := whereOperators[strings.ToUpper(op.text)]
	if op.quoted || !ok {
		return nil, fmt.Errorf("where: %q is not an operator", op.text)
	}
	value, err := p.next()
	if err != nil {
		return nil, err
	}
	if !value.quoted && !bareValue.MatchString(value.text) {
		return nil, fmt.Errorf("where: %q is not a number, true or false and has no quotes", value.text)
	}
	return func(row fields) (bool, error) {
		v, err := row(field)
		if err != nil || v == nil {
			return false, err
		}
		return test(v, value.text), nil
	}, nil
}

var bareValue = regexp.MustCompile(`^(-?[0-9]+(\.[0-9]+)?|true|false)$`)

var whereOperators = map[string]func(v any, want string) bool{
	"EQ": func(v any, want string) bool { return valueText(v) == want },
	"NE": func(v any, want string) bool { return valueText(v) != want },
	"CP": func(v any, want string) bool { return likeText(valueText(v), want) },
	"GT": func(v any, want string) bool { return compareTexts(valueText(v), want) > 0 },
	"GE": func(v any, want string) bool { return compareTexts(valueText(v), want) >= 0 },
	"LT": func(v any, want string) bool { return compareTexts(valueText(v), want) < 0 },
	"LE": func(v any, want string) bool { return compareTexts(valueText(v), want) <= 0 },
}

// likeText is LIKE with % alone, without regard to case.
func likeText(text, pattern string) bool {
	parts := strings.Split(strings.ToLower(pattern), "%")
	text = strings.ToLower(text)
	if len(parts) == 1 {
		return text == parts[0]
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, rest, ok = strings.Cut(rest, part)
		if !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[last])
}

// fieldOf follows a dotted name. Below a null everything is null; a name that
// the row does not have is a mistake of the caller.
func fieldOf(row map[string]any, name string) (any, error) {
	var v any = row
	for part := range strings.SplitSeq(name, ".") {
		if v == nil {
			return nil, nil
		}
		object, ok := v.(map[string]any)
		if ok {
			v, ok = object[part]
		}
		if !ok {
			return nil, fmt.Errorf("unknown field %s", name)
		}
	}
	return v, nil
}

// valueText writes a row's value as a where clause would.
func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	}
	return ""
}

func compareValues(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(btoi(a != nil), btoi(b != nil))
	}
	return compareTexts(valueText(a), valueText(b))
}

// compareTexts compares whole numbers as numbers and the rest as text.
func compareTexts(a, b string) int {
	na, errA := strconv.ParseInt(a, 10, 64)
	nb, errB := strconv.ParseInt(b, 10, 64)
	if errA == nil && errB == nil {
		return cmp.Compare(na, nb)
	}
	return strings.Compare(a, b)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
