package browse_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"

	"alpaca/internal/data"
	"alpaca/internal/server/browse"
)

// Example asks for the list of databases, as Datasette's clients do.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := data.Open(ctx, filepath.Join(dir, "llamas.db"))
	if err != nil {
		panic(err)
	}
	defer db.Close()
	b, err := browse.New(ctx, db, browse.Options{})
	if err != nil {
		panic(err)
	}
	defer b.Close()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/-/databases.json", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output:
	// 200 application/json; charset=utf-8
}
