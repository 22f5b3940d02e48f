package ab_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"alpaca/internal/abtest"
	"alpaca/internal/data"
	"alpaca/internal/server/ab"
)

// Example serves a session of one prompt. The page does not say which model wrote which answer.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := data.Open(ctx, filepath.Join(dir, "ab.db"))
	if err != nil {
		panic(err)
	}
	defer db.Close()
	store := abtest.Store{DB: db}
	plan := abtest.Plan{Seed: 1, Votes: 1, Models: [2]abtest.Model{{Name: "quokka.gguf"}, {Name: "wombat.gguf"}}}
	id, _, err := store.Begin(ctx, plan, []abtest.Prompt{{Instruction: "Name a colour."}})
	if err != nil {
		panic(err)
	}
	for side, text := range map[abtest.Slot]string{abtest.X: "Red.", abtest.Y: "Blue."} {
		if err := store.AddAnswer(ctx, id, 0, side, abtest.Answer{Text: text}); err != nil {
			panic(err)
		}
	}
	s, err := ab.New(ctx, store, id, ab.Options{Log: func(string, ...any) {}})
	if err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/", nil))
	fmt.Println(w.Code, strings.Contains(w.Body.String(), "quokka"))
	// Output:
	// 200 false
}
