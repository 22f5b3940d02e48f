package pth_test

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/checkpoint/pth"
)

// Example opens a file whose pickle would make Python run a
// command of the shell. In this package, the pickle calls nothing.
func Example() {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d.bin", os.Getpid()))
	defer os.Remove(path)
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	z := zip.NewWriter(f)
	for name, text := range map[string]string{"x/data.pkl": "\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR.", "x/byteorder": "little"} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			panic(err)
		}
		fmt.Fprint(w, text)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	f.Close()
	_, err = pth.Open(path)
	fmt.Println(err != nil)
	// Output:
	// true
}
