package expr

import (
	"strconv"
	"strings"
)

type tokenKind uint8

const (
	end tokenKind = iota
	number
	name
	register
	operator
	text
)

// parser reads tokens and evaluates as it goes.
type parser struct {
	text       string
	env        Environment
	pos        int // behind the token
	kind       tokenKind
	start      int // of the token
	token      string
	value      uint64 // of a number
	float      float64
	fraction   bool // the number is float
	unsigned   bool
	char       bool // the number is a character
	last       int  // end of the token before
	from, to   int  // of what is being read from memory, for an error
	skip       int  // > 0: the operand is not needed (&&, ||, ?:) and memory is not read
	nameQuoted bool // the name was in quotes: never a type
}

// fail reports the token under way.
func (p *parser) fail(problem, hint string) {
	panic(&Error{p.text, p.start, max(p.pos, p.start), problem, hint})
}

var operators = []string{"<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "->", "+", "-", "*", "/", "%", "&", "|", "^", "~", "!", "<", ">",
	"(", ")", "[", "]", "{", "}", "?", ":", ",", ".", "@", "="}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
func digit(c byte) bool { return c >= '0' && c <= '9' }

// next reads a token.
func (p *parser) next() {
	p.last = p.pos
	for p.pos < len(p.text) && strings.IndexByte(" \t\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	p.start, p.nameQuoted, p.char = p.pos, false, false
	if p.pos == len(p.text) {
		p.kind, p.token = end, ""
		return
	}
	switch c := p.text[p.pos]; {
	case digit(c):
		p.number()
	case c == '$':
		p.pos++
		p.word()
		p.kind, p.token = register, p.text[p.start+1:p.pos]
	case letter(c) || strings.HasPrefix(p.text[p.pos:], "::") && p.pos+2 < len(p.text) && letter(p.text[p.pos+2]):
		p.word()
		p.kind, p.token = name, strings.TrimPrefix(p.text[p.start:p.pos], "::")
	case c == '\'':
		p.quoted()
	case c == '"':
		p.literal()
	default:
		p.operator()
	}
}

// word reads a name; :: inside belongs to it, so that C++ names need no quotes.
func (p *parser) word() {
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		switch {
		case letter(c) || digit(c):
			p.pos++
		case strings.HasPrefix(p.text[p.pos:], "::") && p.pos+2 < len(p.text) && (letter(p.text[p.pos+2]) || p.text[p.pos+2] == '~'):
			p.pos += 3
		default:
			return
		}
	}
}

func (p *parser) number() {
	for p.pos < len(p.text) && (letter(p.text[p.pos]) || digit(p.text[p.pos]) || p.text[p.pos] == '.' || p.exponent()) {
		p.pos++
	}
	p.kind, p.token, p.fraction = number, p.text[p.start:p.pos], false
	lower := strings.ToLower(p.token)
	if !strings.HasPrefix(lower, "0x") && strings.ContainsAny(lower, ".e") {
		v, err := strconv.ParseFloat(strings.TrimRight(lower, "fl"), 64)
		if err != nil {
			p.fail("is not a number", "such as 1.5 or 2e10")
		}
		p.float, p.fraction = v, true
		return
	}
	digits := strings.TrimRight(lower, "ul")
	p.unsigned = strings.Contains(lower[len(digits):], "u")
	v, err := strconv.ParseUint(digits, 0, 64)
	if err != nil {
		p.fail("is not a number", "decimal, 0x hexadecimal or 0 octal")
	}
	p.value = v
}

// exponent says whether the sign that follows belongs to a number such as 1e-5.
func (p *parser) exponent() bool {
	before := strings.ToLower(p.text[p.start:p.pos])
	return strings.IndexByte("+-", p.text[p.pos]) >= 0 && strings.HasSuffix(before, "e") && !strings.HasPrefix(before, "0x")
}

// literal is a text in double quotes.
func (p *parser) literal() {
	for n := p.pos + 1; n < len(p.text); n++ {
		switch p.text[n] {
		case '\\':
			n++
		case '"':
			s, err := strconv.Unquote(p.text[p.pos : n+1])
			p.pos = n + 1
			if err != nil {
				p.fail("is not a text as C has it", `"abc\n"`)
			}
			p.kind, p.token = text, s
			return
		}
	}
	p.pos = len(p.text)
	p.fail("has no closing quote", `"abc" is a text`)
}

// quoted is a character, or a name in quotes.
func (p *parser) quoted() {
	if v, tail, ok := character(p.text[p.pos:]); ok {
		p.kind, p.value, p.char, p.unsigned, p.fraction = number, v, true, false, false
		p.pos = len(p.text) - len(tail)
		p.token = p.text[p.start:p.pos]
		return
	}
	n := strings.IndexByte(p.text[p.pos+1:], '\'')
	if n < 1 {
		p.pos = len(p.text)
		p.fail("has no closing quote", "'c' is a character, 'a name' a symbol")
	}
	p.kind, p.token, p.nameQuoted = name, p.text[p.pos+1:p.pos+1+n], true
	p.pos += n + 2
}

// character reads 'c' or an escape.
func character(s string) (v uint64, tail string, ok bool) {
	r, _, tail, err := strconv.UnquoteChar(s[1:], '\'')
	if err != nil || !strings.HasPrefix(tail, "'") {
		return 0, "", false
	}
	return uint64(r), tail[1:], true
}

func (p *parser) operator() {
	for _, o := range operators {
		if strings.HasPrefix(p.text[p.pos:], o) {
			p.kind, p.token = operator, o
			p.pos += len(o)
			return
		}
	}
	p.pos++
	p.fail("is not known here", "operators are those of C, registers begin with $")
}

// is says whether the token is this operator.
func (p *parser) is(o string) bool { return p.kind == operator && p.token == o }

// expect takes an operator that must come.
func (p *parser) expect(o string) {
	if !p.is(o) {
		if p.kind == end {
			p.fail("the expression ends where "+o+" is missing", "close what was opened")
		}
		p.fail("stands where "+o+" is missing", "close what was opened")
	}
	p.next()
}
