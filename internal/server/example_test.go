package server_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"

	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/server"
	"alpaca/internal/testmodel"
)

// Example answers a request over HTTP.
func Example() {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d.gguf", os.Getpid()))
	defer os.Remove(path)
	testmodel.SPM(1).WriteTo(path)
	f, err := gguf.Open(path)
	if err != nil {
		panic(err)
	}
	m, err := model.Load(f, model.LoadOptions{})
	if err != nil {
		panic(err)
	}
	defer m.Close()
	e, err := engine.New(m, engine.Options{})
	if err != nil {
		panic(err)
	}
	defer e.Close()
	s := server.New(e, server.Options{Path: path})
	r := httptest.NewRecorder()
	s.ServeHTTP(r, httptest.NewRequest("GET", "http://localhost/health", nil))
	fmt.Print(r.Code, " ", r.Body)
	// Output:
	// 200 {"status":"ok"}
}
