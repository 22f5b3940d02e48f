package run

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/tokenizer"
)

// readPrompt returns the text to continue. given is false if there is none.
func (o *runOptions) readPrompt(u *ui.UI, args []string) (text string, given bool, err error) {
	if len(args) > 0 {
		// The argument is the same as -p.
		if err := o.prompt.Flags.Set("prompt", args[0]); err != nil {
			return "", true, err
		}
	}
	text, given, err = o.prompt.Read(u)
	if o.prompt.EndsWithFile {
		// Editors and echo end a text with a newline, which is not meant as part of the
		// prompt.
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	}
	return text, given, err
}

// tokens returns the tokens of *text, the text to continue. If *text is empty and the cache
// has a saved text, tokens sets *text to the saved text and returns its tokens.
func (o *runOptions) tokens(e *load.Instance, cache *promptCache, text *string, given bool) ([]int32, error) {
	if *text != "" || len(cache.loaded) == 0 {
		if !given {
			return nil, errNoPrompt()
		}
		return encodePrompt(e.Model.Tokenizer, *text, true)
	}
	prompt := slices.Clone(e.Text.Tokens())
	for _, id := range prompt {
		*text += e.Model.Tokenizer.Piece(id, false)
	}
	return prompt, nil
}

// encodePrompt returns the tokens of a text to continue, at least one. special says whether the
// text of a control token becomes that token.
func encodePrompt(tok *tokenizer.Tokenizer, text string, special bool) ([]int32, error) {
	ids := tok.Encode(text, true, special)
	if len(ids) > 0 {
		return ids, nil
	}
	if tok.BOS() == tokenizer.None {
		return nil, errors.New("the prompt is empty, and the vocabulary has no token to begin a text with")
	}
	return []int32{tok.BOS()}, nil
}

// showTokens writes tokens to stderr, one per line.
func showTokens(u *ui.UI, tok *tokenizer.Tokenizer, ids []int32) {
	u.Notef("%d tokens in the prompt", len(ids))
	for _, id := range ids {
		u.Notef("%7d  %q", id, tok.Piece(id, true))
	}
}

// promptProgress returns a function that shows on the status line how much of a prompt is
// evaluated. tokens is the number of tokens to evaluate. If it is large, the line appears at
// once, because the first layer may take a while.
func promptProgress(u *ui.UI, tokens int) func(done, total int) {
	const long = 32
	show := func(done, total int) {
		if done < total {
			u.Statusf("prompt: %d of %d tokens (%d %%)", done, total, 100*int64(done)/int64(total))
		}
	}
	if tokens >= long {
		show(0, tokens)
	} else {
		u.HoldStatus() // a line that disappears soon would flicker
	}
	return show
}

// runHint adds a hint to err if the prompt was too long. trainCtx is the context, in tokens, that
// the model was trained for.
func runHint(err error, trainCtx int) error {
	var long *engine.PromptError
	switch {
	case !errors.As(err, &long):
		return err
	case long.Tokens < trainCtx:
		return ui.WithHint(err, fmt.Sprintf("-c %d or more makes room for it", long.Tokens+1))
	}
	return ui.WithHint(err, fmt.Sprintf("the model was trained for texts of %d tokens: make the prompt shorter", trainCtx))
}
