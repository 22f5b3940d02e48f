package selfinstruct

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"alpaca/internal/data"
	"alpaca/internal/report/shorten"
)

// Store keeps the tasks of a run in a source of a database. It also keeps the rejected
// pieces and the answered prompts.
type Store struct {
	DB     *data.DB
	Source *data.Source
}

// asks creates the table of the answered prompts of all runs.
const asks = `create table if not exists selfinstruct_ask(
	source_id integer not null references source(id), ask integer not null, prompt_sha256 text not null, cut integer not null,
	tokens integer not null, accepted integer not null, rejected integer not null, seconds real not null, at text not null)`

// OpenStore opens the run with the given name, or begins it if the database does not have it. It
// returns where the run resumes. If the run has other settings, the error wraps ErrOther and says
// what differs.
func OpenStore(ctx context.Context, db *data.DB, name string, s Settings) (st *Store, from Start, err error) {
	name = data.ViewName(name)
	shape, err := json.Marshal(s)
	if err != nil {
		return nil, from, err
	}
	source, err := db.Source(ctx, name)
	if err != nil {
		return nil, from, err
	}
	if source == nil {
		source = &data.Source{Name: name, Format: "alpaca", Note: "made by alpaca self-instruct with " + s.Model, Shape: string(shape)}
		err = db.Update(ctx, func(tx *data.Tx) error {
			if _, err := tx.Exec(asks); err != nil {
				return err
			}
			return tx.AddSource(source)
		})
		return &Store{db, source}, from, err
	}
	if err := sameSettings(source.Shape, string(shape)); err != nil {
		return nil, from, fmt.Errorf("selfinstruct: %s: the source %q %w", db.Path, name, err)
	}
	st = &Store{db, source}
	from, err = st.start(ctx)
	return st, from, err
}

// ErrOther is the error for a source that a run with other settings made.
var ErrOther = errors.New("comes from a run with other settings")

// sameSettings compares two settings as JSON.
func sameSettings(was, is string) error {
	var a, b map[string]any
	if json.Unmarshal([]byte(was), &a) != nil || json.Unmarshal([]byte(is), &b) != nil || a["per_ask"] == nil {
		return fmt.Errorf("%w: it was not made by self-instruct", ErrOther)
	}
	for _, key := range slices.Sorted(func(yield func(string) bool) {
		for k := range b {
			if !yield(k) {
				return
			}
		}
	}) {
		x, _ := json.Marshal(a[key])
		y, _ := json.Marshal(b[key])
		if !bytes.Equal(x, y) {
			return fmt.Errorf("%w: %s was %s, is %s", ErrOther, key, clip(string(x)), clip(string(y)))
		}
	}
	return nil
}

// clip shortens a setting for an error.
func clip(s string) string { return shorten.Text(s, 60) }

// mark says which prompt and piece a row or a rejected piece came from.
type mark struct {
	Ask int `json:"ask"`
	At  int `json:"at"`
}

// extra is the Extra of a row. Its keys are those of Alpaca's generator.
type extra struct {
	mark
	Prompt  string  `json:"prompt_sha256"`
	Similar similar `json:"most_similar_instructions"`
	Mean    float64 `json:"avg_similarity_score"`
}

// similar is an object of scores by instruction, the most similar first.
type similar []Similar

// MarshalJSON keeps the order.
func (s similar) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	seen := map[string]bool{}
	for _, x := range s {
		if seen[x.Instruction] {
			continue
		}
		if len(seen) > 0 {
			b.WriteByte(',')
		}
		seen[x.Instruction] = true
		key, err := json.Marshal(x.Instruction)
		if err != nil {
			return nil, err
		}
		score, err := json.Marshal(x.Score)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(score)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// rejected is a rejected piece as stored in data.Rejected.Raw.
type rejected struct {
	mark
	Instruction string `json:"instruction,omitempty"`
	Raw         string `json:"raw"`
}

// next returns the key, in the table meta, of the place where the run resumes.
func (st *Store) next() string { return "selfinstruct." + st.Source.Name + ".next" }

// start reads where the run resumes.
func (st *Store) start(ctx context.Context) (from Start, err error) {
	text, err := st.DB.Meta(ctx, st.next())
	if err != nil {
		return from, err
	}
	if text != "" {
		if _, err := fmt.Sscanf(text, "%d %d", &from.Ask, &from.At); err != nil {
			return from, fmt.Errorf("selfinstruct: %s: meta %s is %q", st.DB.Path, st.next(), text)
		}
	}
	err = st.DB.Rows(ctx, st.Source.ID, func(r *data.Row) error {
		var m mark
		if err := json.Unmarshal(r.Extra, &m); err != nil {
			return fmt.Errorf("selfinstruct: %s: row %d was not made by self-instruct: %w", st.DB.Path, r.ID, err)
		}
		from.Seen = append(from.Seen, Kept{Piece: Piece{Task: Task{Instruction: r.Instruction}}, Ask: m.Ask, At: m.At})
		return nil
	})
	if err != nil {
		return from, err
	}
	rows, err := st.DB.Query(ctx, "select error, raw from rejected where source_id = ?", st.Source.ID)
	if err != nil {
		return from, err
	}
	defer rows.Close()
	for rows.Next() {
		var problem string
		var raw []byte
		if err := rows.Scan(&problem, &raw); err != nil {
			return from, err
		}
		var r rejected
		if strings.HasPrefix(problem, badOutput) && json.Unmarshal(raw, &r) == nil {
			from.Seen = append(from.Seen, Kept{Piece: Piece{Task: Task{Instruction: r.Instruction}, Problem: problem}, Ask: r.Ask, At: r.At})
		}
	}
	slices.SortFunc(from.Seen, func(a, b Kept) int { return cmp.Or(cmp.Compare(a.Ask, b.Ask), cmp.Compare(a.At, b.At)) })
	return from, rows.Err()
}

// Add stores a prompt's pieces, and where the run resumes.
func (st *Store) Add(ctx context.Context, a *Asked) error {
	sum := sha256.Sum256([]byte(a.Prompt))
	prompt := hex.EncodeToString(sum[:])
	return st.DB.Update(ctx, func(tx *data.Tx) error {
		accepted, refused := 0, 0
		next := fmt.Sprintf("%d 0", a.Ask+1)
		for i := range a.Pieces {
			k := &a.Pieces[i]
			m := mark{k.Ask, k.At}
			if k.Problem != "" {
				refused++
				var raw bytes.Buffer
				enc := json.NewEncoder(&raw)
				enc.SetEscapeHTML(false) // people read this JSON directly
				if err := enc.Encode(rejected{m, k.Instruction, k.Raw}); err != nil {
					return err
				}
				if err := tx.Reject(data.Rejected{SourceID: st.Source.ID, Error: k.Problem, Raw: bytes.TrimSpace(raw.Bytes())}); err != nil {
					return err
				}
				continue
			}
			accepted++
			more, err := json.Marshal(extra{m, prompt, k.Similar, k.Mean})
			if err != nil {
				return err
			}
			row := &data.Row{SourceID: st.Source.ID, Instruction: k.Instruction, Input: k.Input, Output: k.Output, Extra: more}
			if err := tx.Add(row); err != nil {
				return err
			}
		}
		if a.Last {
			next = fmt.Sprintf("%d %d", a.Ask, a.Pieces[len(a.Pieces)-1].At+1)
		}
		if _, err := tx.Exec("insert into selfinstruct_ask values (?, ?, ?, ?, ?, ?, ?, ?, ?)", st.Source.ID, a.Ask, prompt, a.Cut, a.Tokens,
			accepted, refused, a.Seconds, time.Now().UTC().Format(time.RFC3339)); err != nil {
			return err
		}
		return tx.SetMeta(st.next(), next)
	})
}

// Reasons counts the rejected pieces of a source by reason (ReasonOf), the most frequent
// first.
func Reasons(ctx context.Context, db *data.DB, source int64) (list []Reason, err error) {
	rows, err := db.Query(ctx, "select error from rejected where source_id = ?", source)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var problem string
		if err := rows.Scan(&problem); err != nil {
			return nil, err
		}
		counts[ReasonOf(problem)]++
	}
	for name, n := range counts {
		list = append(list, Reason{name, n})
	}
	slices.SortFunc(list, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name)) })
	return list, rows.Err()
}

// Reason is a kind of problem, with the number of pieces rejected for it.
type Reason struct {
	Name string `json:"reason"`
	N    int    `json:"n"`
}

// ReasonOf returns the kind of a Problem: the part before the colon.
func ReasonOf(problem string) string {
	kind, _, _ := strings.Cut(problem, ":")
	return kind
}
