package openai

// TokenizeRequest asks for the tokens of a text.
type TokenizeRequest struct {
	Content    string
	AddSpecial bool // add BOS and the other tokens that the vocabulary puts around a text
	NoSpecial  bool // treat the names of control tokens as text
	WithPieces bool // return each token with its text
}

// ParseTokenize parses a TokenizeRequest.
func ParseTokenize(data []byte) (r TokenizeRequest, err error) {
	o, err := parse(data)
	if err != nil {
		return r, err
	}
	if !o.text("content", &r.Content) {
		o.fail("content", "is missing: the text is needed")
	}
	special := true
	o.boolean("add_special", &r.AddSpecial)
	o.boolean("parse_special", &special)
	o.boolean("with_pieces", &r.WithPieces)
	r.NoSpecial = !special
	return r, o.result()
}

// ParseDetokenize parses a request for the text of tokens, and returns the tokens.
func ParseDetokenize(data []byte) (ids []int32, err error) {
	o, err := parse(data)
	if err != nil {
		return nil, err
	}
	list, ok := o.list("tokens", 1<<24)
	if !ok {
		o.fail("tokens", "is missing: a list of tokens is needed")
		return nil, o.result()
	}
	for _, p := range readPieces(o, "tokens", list) {
		if p.IDs == nil {
			o.fail("tokens", "must be numbers")
		}
		ids = append(ids, p.IDs...)
	}
	return ids, o.result()
}
