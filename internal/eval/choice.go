package eval

import (
	"context"
	"fmt"
	"slices"

	"alpaca/internal/logits"
)

// Question is a task with several possible answers. A model rates each text by the
// likelihood of the part that differs.
type Question struct {
	Texts []string // for each answer, the whole text with that answer
	Right []bool   // [len(Texts)]

	// Heads has a prefix of each text. If enough tokens follow the prefixes (see minTail), the
	// prefixes are not rated. Otherwise, or if Heads is nil, the common prefix of all Texts is not
	// rated.
	Heads []string
}

// Rating is a model's rating of a question's answers.
type Rating struct {
	Scores []float64 // for each answer, the mean log probability of its rated tokens
	Choice int       // index of the highest score, the first among equals
	Right  bool
}

// Answers is the result of a model on many questions.
type Answers struct {
	Accuracy Estimate `json:"accuracy"` // share of right choices, 0 … 1
	Chance   float64  `json:"chance"`   // expected accuracy of guessing
	Right    int      `json:"right"`
	Asked    int      `json:"questions"`
	Tokens   int      `json:"tokens"` // tokens that the model evaluated
}

// ChoiceOptions are the settings of Answer.
type ChoiceOptions struct {
	Threads int                                    // for scoring; 0: one
	Context int                                    // the largest number of tokens that the session can hold
	Encode  func(text string) []int32              // returns a text's tokens, with BOS
	Done    func(q int, r Rating, a Answers) error // if not nil, called after every question
}

// Answer lets a model rate the answers of questions, and counts the right choices.
func Answer(ctx context.Context, s Session, questions []Question, opt ChoiceOptions) (Answers, error) {
	var a Answers
	guessed := 0.0
	for q, question := range questions {
		t, err := newTask(question, opt.Encode, opt.Context)
		if err != nil {
			return a, fmt.Errorf("eval: question %d: %w", q+1, err)
		}
		scores, err := t.rate(ctx, s, opt.Threads)
		if err != nil {
			return a, err
		}
		r := Rating{Scores: scores, Choice: best(scores)}
		r.Right = question.Right[r.Choice]
		a.Asked++
		a.Tokens += t.tokens()
		guessed += right(question) / float64(len(scores))
		if r.Right {
			a.Right++
		}
		a.Accuracy = share(a.Right, a.Asked)
		a.Chance = guessed / float64(a.Asked)
		if opt.Done != nil {
			if err := opt.Done(q, r, a); err != nil {
				return a, err
			}
		}
	}
	return a, nil
}

// right returns how many of a question's answers are right.
func right(q Question) (n float64) {
	for _, ok := range q.Right {
		if ok {
			n++
		}
	}
	return n
}

// best returns the index of the largest score, the first among equals.
func best(scores []float64) int { return slices.Index(scores, slices.Max(scores)) }

// task is a tokenized question.
type task struct {
	answers []answer
	shared  int // length of the common prefix, whose tokens are not rated
}

// answer is a text. Its tokens [from, to) are rated.
type answer struct {
	tokens   []int32
	from, to int
}

// minTail decides which tokens are rated in WinoGrande, as in llama-perplexity. If more than
// minTail tokens follow the common prefix in every text, only the tokens after the choice
// are rated. They are the same in all texts, so the ratings are easier to compare.
const minTail = 3

// newTask tokenizes a question.
func newTask(q Question, encode func(string) []int32, limit int) (*task, error) {
	if len(q.Texts) < 2 || len(q.Right) != len(q.Texts) {
		return nil, fmt.Errorf("%d answers, at least 2 are needed", len(q.Texts))
	}
	t := &task{}
	for i, text := range q.Texts {
		tokens := encode(text)
		if len(tokens) < 2 || len(tokens) > limit {
			return nil, fmt.Errorf("answer %d: %d tokens, must be 2 to %d (the context)", i+1, len(tokens), limit)
		}
		t.answers = append(t.answers, answer{tokens: tokens, to: len(tokens)})
	}
	t.shared = t.commonPrefix()
	tails := q.Heads != nil
	for _, a := range t.answers {
		tails = tails && len(a.tokens)-t.shared > minTail
	}
	for i := range t.answers {
		a := &t.answers[i]
		a.from = t.shared
		if tails {
			a.from = len(encode(q.Heads[i]))
		}
		if q.Heads != nil && a.to-a.from > 1 {
			a.to-- // the last token, which is usually the full stop, is not rated
		}
		// At least one token must be rated, with at least one token before it.
		a.from = min(max(a.from, 1), a.to-1)
	}
	for _, a := range t.answers {
		t.shared = min(t.shared, a.from)
	}
	return t, nil
}

// commonPrefix returns the length of the common prefix of all answers. The last token of an
// answer never belongs to this prefix.
func (t *task) commonPrefix() int {
	first := t.answers[0].tokens
	n := len(first) - 1
	for _, a := range t.answers[1:] {
		k := 0
		for k < min(n, len(a.tokens)-1) && a.tokens[k] == first[k] {
			k++
		}
		n = k
	}
	return n
}

// tokens returns the number of tokens that rate evaluates.
func (t *task) tokens() int {
	n := t.shared
	for _, a := range t.answers {
		n += a.to - 1 - t.shared
	}
	return n
}

// rate returns the mean log probability of each answer's rated tokens. It evaluates the
// shared prefix once.
func (t *task) rate(ctx context.Context, s Session, threads int) ([]float64, error) {
	s.Truncate(0)
	var after logits.Logprobs // prediction of the first token after the shared ones
	if t.shared > 0 {
		prefix := t.answers[0].tokens[:t.shared]
		err := s.EvalEach(ctx, prefix, t.shared-1, func(_ int, raw []float32) error {
			after = logits.NewLogprobs(slices.Clone(raw))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	scores := make([]float64, len(t.answers))
	for i := range t.answers {
		logprobs, err := t.logprobs(ctx, s, &t.answers[i], after, threads)
		if err != nil {
			return nil, err
		}
		scores[i] = mean(logprobs).Value
		if scores[i]-scores[i] != 0 {
			return nil, errNotNumbers(t.shared)
		}
	}
	return scores, nil
}

// logprobs returns the log probabilities of an answer's rated tokens.
func (t *task) logprobs(ctx context.Context, s Session, a *answer, after logits.Logprobs, threads int) ([]float64, error) {
	shared := s.Truncate(t.shared)
	out := make([]float64, a.to-a.from)
	if t.shared == a.from { // then after is the prediction of the first rated token
		out[0] = after.Of(a.tokens[a.from])
	}
	// Position p predicts token p+1. The first positions of rest predict
	// tokens that are not rated. skip is the number of these positions.
	skip := max(a.from-1-shared, 0)
	r := newRows(threads, func(row int, raw []float32) {
		next := shared + skip + row + 1
		out[next-a.from] = logits.NewLogprobs(raw).Of(a.tokens[next])
	})
	rest := a.tokens[shared : a.to-1]
	if skip >= len(rest) {
		return out, nil
	}
	err := s.EvalEach(ctx, rest, skip, func(_ int, logits []float32) error { return r.add(logits) })
	if err == nil {
		err = r.flush()
	}
	return out, err
}
