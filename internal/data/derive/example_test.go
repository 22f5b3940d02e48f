package derive_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/data"
	"alpaca/internal/data/derive"
)

// Example splits ten rows into a training and an evaluation set.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := data.Open(ctx, filepath.Join(dir, "data.db"))
	if err != nil {
		panic(err)
	}
	defer db.Close()
	source := &data.Source{Name: "sums", Format: "alpaca"}
	err = db.Update(ctx, func(tx *data.Tx) error {
		if err := tx.AddSource(source); err != nil {
			return err
		}
		for i := range 10 {
			if err := tx.Add(&data.Row{SourceID: source.ID, Instruction: fmt.Sprint("What is 1 + ", i, "?"), Output: fmt.Sprint(1 + i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	train, held, err := derive.Split(ctx, db, source, 0.2, 1, derive.Names{})
	if err != nil {
		panic(err)
	}
	fmt.Println(train.Name, held.Name)
	// Output:
	// sums_train sums_eval
}
