package ab

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"alpaca/internal/abtest"
)

// sides returns the two sides: it identifies the models, and reads the files of answers.
func (o *options) sides() (list []*side, err error) {
	for i, path := range o.models {
		s := &side{model: path, options: *o.Options.WithoutLoRA()}
		if i == len(o.models)-1 {
			s.options = o.Options
		}
		if err := o.identify(s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	for _, path := range o.answers {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		a, err := abtest.ReadAnswers(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, &side{answered: &a, identity: abtest.Model{Name: cmp.Or(a.Generator, path), Path: path, SHA256: a.SHA256}})
	}
	return list, nil
}

// readPrompts returns the prompts of --prompts, or else those of the first file of answers,
// with their SHA-256. It leaves out prompts that lack an answer in one of the files of answers.
func (o *options) readPrompts(sides []*side) (list []abtest.Prompt, sum string, err error) {
	if o.prompts != "" {
		f, err := os.Open(o.prompts)
		if err != nil {
			return nil, "", err
		}
		defer f.Close()
		if list, sum, err = abtest.ReadPrompts(f); err != nil {
			return nil, "", fmt.Errorf("%s: %w", o.prompts, err)
		}
	} else {
		for _, s := range sides {
			if s.answered != nil {
				list = s.answered.Prompts
				break
			}
		}
		h := sha256.New()
		if err := json.NewEncoder(h).Encode(list); err != nil {
			return nil, "", err
		}
		sum = hex.EncodeToString(h.Sum(nil))
	}
	all := len(list)
	list = slices.DeleteFunc(slices.Clone(list), func(p abtest.Prompt) bool {
		return slices.ContainsFunc(sides, func(s *side) bool {
			if s.answered == nil {
				return false
			}
			_, ok := s.answered.Texts[p]
			return !ok
		})
	})
	if len(list) == 0 {
		return nil, "", errors.New("no prompt has an answer in every file of answers")
	}
	if len(list) < all {
		o.u.Warnf("%d of %d prompts are left out, because they lack an answer in one of the files", all-len(list), all)
	}
	return list, sum, nil
}
