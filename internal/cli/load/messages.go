package load

import (
	"fmt"

	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
)

// Messages reads a conversation from a JSON file; "-" is stdin.
func Messages(u *ui.UI, path string) (chat.Request, error) {
	text, err := u.ReadInput(path)
	if err != nil {
		return chat.Request{}, err
	}
	r, err := chat.ParseRequest([]byte(text))
	if err != nil {
		if path == "-" {
			path = "stdin"
		}
		return chat.Request{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}
