package chat

// Source returns the template's text.
func (t *Template) Source() string { return t.source }
