package toolcall

import (
	"encoding/json"
	"strings"
)

// verdict says how a byte relates to a JSON value.
type verdict byte

const (
	inside verdict = iota // a byte of the value
	last                  // the last byte of the value
	past                  // the value ended before the byte
	wrong                 // no value begins with the byte
)

// scanner finds the end of a JSON value. It does not check the value: models write text that is
// nearly JSON, and the client gets it unchanged.
type scanner struct {
	begun, str, esc, scalar bool
	depth                   int
}

func (s *scanner) step(b byte) verdict {
	switch {
	case !s.begun:
		s.begun = true
		switch {
		case b == '{' || b == '[':
			s.depth = 1
		case b == '"':
			s.str = true
		case b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z':
			s.scalar = true
		default:
			return wrong
		}
	case s.scalar:
		if b == '.' || b == '-' || b == '+' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' {
			return inside
		}
		return past
	case s.esc:
		s.esc = false
	case s.str:
		s.esc = b == '\\'
		if s.str = b != '"'; !s.str && s.depth == 0 {
			return last
		}
	case b == '"':
		s.str = true
	case b == '{' || b == '[':
		s.depth++
	case b == '}' || b == ']':
		if s.depth--; s.depth == 0 {
			return last
		}
	}
	return inside
}

// The roles of values in a call.
const (
	roleNone = iota
	roleName
	roleID
	roleArgs
)

// roles maps the keys that families use to the roles of their values.
var roles = map[string]int{
	"name": roleName, "tool_name": roleName, "function": roleName, "recipient_name": roleName,
	"arguments": roleArgs, "parameters": roleArgs, "args": roleArgs,
	"id": roleID, "tool_call_id": roleID, "call_id": roleID,
}

// object is the JSON call that is being parsed.
type object struct {
	then   func() // called when the object is complete
	hold   bool   // the call begins only when the object is complete, because the id comes last
	unsure bool   // the object is a call only if a known tool has its name

	nest    int // the number of objects around the name: {"function": {…}}
	key     []byte
	value   []byte // bytes of a name, of an id, or of quoted arguments
	role    int
	quoted  bool // the arguments are JSON in a string
	scan    scanner
	named   bool
	hasArgs bool
	name    string
	id      string
	args    []byte
}

// inObject parses a call in JSON, after its opening brace.
func (p *Parser) inObject(hold, unsure bool, then func()) {
	p.obj = object{then: then, hold: hold, unsure: unsure, value: p.obj.value[:0], args: p.obj.args[:0]}
	p.step = p.beforeKey
}

func (p *Parser) beforeKey(b byte) {
	p.note(b)
	switch {
	case blank(b):
	case b == '"':
		p.obj.key = p.obj.key[:0]
		p.step = p.inKey
	case b == '}':
		p.endObject(b)
	default:
		p.bad(b)
	}
}

func (p *Parser) inKey(b byte) {
	const limit = 256
	p.note(b)
	switch {
	case b == '"':
		p.step = p.afterKey
	case len(p.obj.key) > limit || b == '\\':
		p.bad(b)
	default:
		p.obj.key = append(p.obj.key, b)
	}
}

func (p *Parser) afterKey(b byte) {
	p.note(b)
	switch {
	case blank(b):
	case b == ':':
		o := &p.obj
		o.role, o.scan, o.quoted, o.value = roles[string(o.key)], scanner{}, false, o.value[:0]
		p.step = p.inValue
	default:
		p.bad(b)
	}
}

func (p *Parser) inValue(b byte) {
	o := &p.obj
	if !o.scan.begun {
		if blank(b) {
			p.note(b)
			return
		}
		if o.role == roleName && b == '{' && string(o.key) == "function" { // as in OpenAI's API
			p.note(b)
			o.nest++
			p.step = p.beforeKey
			return
		}
	}
	v := o.scan.step(b)
	if v == past {
		p.endValue()
		p.step = p.afterValue
		p.step(b)
		return
	}
	p.note(b)
	if v == wrong {
		p.bad(b)
		return
	}
	if o.role == roleArgs {
		p.argument(b)
	} else if o.role != roleNone {
		o.value = append(o.value, b)
	}
	if v == last {
		p.endValue()
		p.step = p.afterValue
	}
}

// argument handles a byte of the arguments.
func (p *Parser) argument(b byte) {
	o := &p.obj
	if !o.hasArgs {
		o.hasArgs = true
		o.quoted = b != '{' && b != '[' // quoted is also set for null and invalid values
		p.begun()
	}
	switch {
	case o.quoted:
		o.value = append(o.value, b)
	case p.open:
		p.argumentByte(b)
	default:
		o.args = append(o.args, b)
	}
}

// endValue handles a complete value.
func (p *Parser) endValue() {
	o := &p.obj
	text := string(o.value)
	switch o.role {
	case roleName:
		if json.Unmarshal(o.value, &o.name) == nil && o.name != "" {
			o.named = true
			p.begun()
		}
	case roleID:
		if json.Unmarshal(o.value, &o.id) != nil {
			o.id = strings.Trim(text, `"`)
		}
	case roleArgs:
		if !o.quoted {
			return
		}
		o.quoted = false
		var inner string
		if json.Unmarshal(o.value, &inner) == nil && strings.HasPrefix(strings.TrimSpace(inner), "{") {
			text = inner
		} else if text == "null" || text == `""` {
			text = "{}"
		}
		if p.open {
			p.arguments(text)
		} else {
			o.args = append(o.args, text...)
		}
	}
	o.role = roleNone
}

// begun begins the call if it is now certain that there is one.
func (p *Parser) begun() {
	o := &p.obj
	if p.open || !o.named || o.hold || o.unsure && (!o.hasArgs || !p.known(o.name)) {
		return
	}
	p.begin(o.name, o.id)
	p.arguments(string(o.args))
}

func (p *Parser) afterValue(b byte) {
	p.note(b)
	switch {
	case blank(b):
	case b == ',':
		p.step = p.beforeKey
	case b == '}':
		p.endObject(b)
	default:
		p.bad(b)
	}
}

func (p *Parser) endObject(b byte) {
	o := &p.obj
	if o.nest > 0 {
		o.nest--
		p.step = p.afterValue
		return
	}
	if !p.open {
		if !o.named || o.unsure && (!o.hasArgs || !p.known(o.name)) {
			p.bad(b)
			return
		}
		p.begin(o.name, o.id)
		p.arguments(string(o.args))
	}
	if !o.hasArgs {
		p.arguments("{}")
	}
	p.finish()
	o.then()
}
