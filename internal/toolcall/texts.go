package toolcall

import "strings"

// Wants reports whether the parser needs a control token as part of the text.
func (p *Parser) Wants(token string) bool {
	for _, text := range p.texts {
		if strings.Contains(text, token) {
			return true
		}
	}
	return false
}

func (f *jsonForm) texts() []string { return append([]string{f.close}, f.open...) }

func (f *llamaForm) texts() []string { return []string{f.python} }

func (f *namedForm) texts() []string {
	list := append([]string{f.sectionEnd, f.open, f.beforeName, f.afterID, f.argsOpen, f.argsEnd, f.close}, f.section...)
	return append(list, f.nameEnd...)
}

func (f *paramForm) texts() []string {
	list := []string{f.section, f.sectionEnd, f.open, f.param, f.keyEnd, f.valueStart, f.valueEnd, f.close}
	return append(list, f.nameEnd...)
}

func (f *gemmaForm) texts() []string { return []string{f.open, f.close, f.quote} }

func (f *headedForm) texts() []string { return []string{f.mark} }

func (f *harmonyForm) texts() []string {
	return []string{harmonyStart, harmonyChannel, harmonyConstrain, harmonyMessage, harmonyEnd}
}

func (f *genericForm) texts() []string { return nil }
