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
	unsigned   bool
	skip       int  // > 0: the operand is not needed (&&, ||, ?:) and memory is not read
	nameQuoted bool // the name was in quotes: never a type
}

// fail reports the token under way.
func (p *parser) fail(problem, hint string) {
	panic(&Error{p.text, p.start, max(p.pos, p.start), problem, hint})
}

var operators = []string{"<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "->", "+", "-", "*", "/", "%", "&", "|", "^", "~", "!", "<", ">",
	"(", ")", "[", "]", "{", "}", "?", ":", ","}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
func digit(c byte) bool { return c >= '0' && c <= '9' }

// next reads a token.
func (p *parser) next() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	p.start, p.nameQuoted = p.pos, false
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
	case letter(c):
		p.word()
		p.kind, p.token = name, p.text[p.start:p.pos]
	case c == '\'':
		p.quoted()
	default:
		p.operator()
	}
}

// word reads a name; :: and . inside belong to it, so that C++ and Go names need no quotes.
func (p *parser) word() {
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		switch {
		case letter(c) || digit(c):
			p.pos++
		case strings.HasPrefix(p.text[p.pos:], "::") && p.pos+2 < len(p.text) && (letter(p.text[p.pos+2]) || p.text[p.pos+2] == '~'):
			p.pos += 3
		case c == '.' && p.pos+1 < len(p.text) && letter(p.text[p.pos+1]):
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) number() {
	for p.pos < len(p.text) && (letter(p.text[p.pos]) || digit(p.text[p.pos])) {
		p.pos++
	}
	p.kind, p.token = number, p.text[p.start:p.pos]
	digits := strings.TrimRight(strings.ToLower(p.token), "ul")
	p.unsigned = strings.ContainsAny(strings.ToLower(p.token[len(digits):]), "u")
	v, err := strconv.ParseUint(digits, 0, 64)
	if err != nil {
		p.fail("is not a number", "decimal, 0x hexadecimal or 0 octal")
	}
	p.value = v
}

// quoted is a character, or a name in quotes.
func (p *parser) quoted() {
	if v, tail, ok := character(p.text[p.pos:]); ok {
		p.kind, p.value = number, v
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
