package toolcall

import (
	"strings"
)

// harmonyForm is the form of gpt-oss: an answer is messages, each with a header that names its
// channel and recipient.
//
//	<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>commentary
//	to=functions.f <|constrain|>json<|message|>{…}<|call|>
type harmonyForm struct{}

// The tokens around the parts of a message.
const (
	harmonyStart     = "<|start|>"
	harmonyChannel   = "<|channel|>"
	harmonyConstrain = "<|constrain|>"
	harmonyMessage   = "<|message|>"
	harmonyEnd       = "<|end|>"
	harmonyCall      = "<|call|>"
	harmonyReturn    = "<|return|>"
	harmonyFunctions = "functions."
)

// harmonyHeader is the header of the current message, and the state of its body.
type harmonyHeader struct {
	text []byte
	body []byte // last bytes of the body, held back because they may begin a mark
	kind Kind
	call bool
}

func (f *harmonyForm) start(p *Parser) {
	p.step = func(b byte) {
		// An answer that continues a message has no header.
		h := &p.harmony
		h.text = append(h.text, b)
		text := string(h.text)
		partial := false
		for _, begin := range []string{harmonyStart, harmonyChannel, " to=", "to="} {
			if strings.HasPrefix(text, begin) {
				p.step = func(b byte) { f.header(p, b) }
				return
			}
			partial = partial || strings.HasPrefix(begin, text)
		}
		if !partial {
			h.kind, h.text = Content, h.text[:0]
			p.step = func(b byte) { f.body(p, b) }
			for i := range len(text) {
				p.step(text[i])
			}
		}
	}
}

// header parses the header up to the message.
func (f *harmonyForm) header(p *Parser, b byte) {
	const limit = 1024
	h := &p.harmony
	h.text = append(h.text, b)
	text := string(h.text)
	if !strings.HasSuffix(text, harmonyMessage) {
		if len(text) > limit {
			f.begin(p, Content)
		}
		return
	}
	text = strings.TrimSuffix(text, harmonyMessage)
	channel := ""
	if _, after, ok := strings.Cut(text, harmonyChannel); ok {
		channel = strings.TrimSpace(after)
		if i := strings.IndexAny(channel, " <\n"); i >= 0 {
			channel = channel[:i]
		}
	}
	if _, to, ok := strings.Cut(text, "to="); ok {
		if i := strings.IndexAny(to, " <\n"); i >= 0 {
			to = to[:i]
		}
		if name, ok := strings.CutPrefix(to, harmonyFunctions); ok && ValidName(name) {
			p.begin(name, "")
			f.begin(p, Arguments)
			return
		}
	}
	kind := Content
	if channel == "analysis" {
		kind = Reasoning
	}
	f.begin(p, kind)
}

// begin begins a message of the given kind.
func (f *harmonyForm) begin(p *Parser, kind Kind) {
	p.harmony.kind, p.harmony.text, p.harmony.body = kind, p.harmony.text[:0], p.harmony.body[:0]
	p.step = func(b byte) { f.body(p, b) }
}

// body parses a message to its end.
func (f *harmonyForm) body(p *Parser, b byte) {
	h := &p.harmony
	h.body = append(h.body, b)
	text := string(h.body)
	held := 0
	for _, end := range []string{harmonyEnd, harmonyCall, harmonyReturn, harmonyStart, harmonyChannel} {
		if strings.HasSuffix(text, end) {
			p.emit(h.kind, text[:len(text)-len(end)])
			if p.open {
				p.finish()
			}
			h.text, h.body = h.text[:0], h.body[:0]
			if end == harmonyChannel {
				h.text = append(h.text, end...)
			}
			p.step = func(b byte) { f.header(p, b) }
			return
		}
		held = max(held, suffixOf(text, end))
	}
	p.emit(h.kind, text[:len(text)-held])
	h.body = append(h.body[:0], text[len(text)-held:]...)
}

// end emits the bytes that were held back.
func (h *harmonyHeader) end(p *Parser) {
	if len(h.body) > 0 {
		p.emit(h.kind, string(h.body))
	}
	h.body = nil
}
