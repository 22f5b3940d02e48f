package keeper_test

import (
	"context"
	"fmt"

	"alpaca/internal/server/keeper"
)

// Example keeps one model at a time.
func Example() {
	k := keeper.New(keeper.Options[string]{
		Max: 1, Waiting: 1, KeepAlive: -1,
		Load:  func(_ context.Context, name string) (string, error) { return "model " + name, nil },
		Close: func(string) {},
		Log:   func(string, ...any) {},
	})
	defer k.Close()
	model, release, err := k.Get(context.Background(), "a", 1<<30)
	if err != nil {
		panic(err)
	}
	defer release()
	fmt.Println(model)
	// Output:
	// model a
}
