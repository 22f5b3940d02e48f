package remote_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"alpaca/internal/oneshot"
	"alpaca/internal/server/remote"
)

// Example asks a server for one answer.
func Example() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"choices": [{"text": " there was a llama.", "finish_reason": "stop"}]}`)
	}))
	defer s.Close()
	m, err := remote.New(s.URL, "tiny", "")
	if err != nil {
		panic(err)
	}
	a, err := m.Ask(context.Background(), oneshot.Query{Prompt: "Once", MaxTokens: 8})
	fmt.Println(a.Text, err)
	// Output:
	// there was a llama. <nil>
}
