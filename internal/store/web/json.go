package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// maxJSON is the default limit for an answer in bytes. A page of 10 000 files has 3 MiB.
const maxJSON = 32 << 20

// JSON sends a request and decodes the answer into *to. The answer may have at most limit
// bytes. A limit of 0 stands for 32 MiB. JSON returns the answer's headers and body.
func (c *Client) JSON(ctx context.Context, a Ask, limit int64, to any) (http.Header, []byte, error) {
	if limit <= 0 {
		limit = maxJSON
	}
	answer, err := c.Send(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%s: the answer is cut: %w", Shown(answer.URL), err)
	case int64(len(data)) > limit:
		return nil, nil, fmt.Errorf("%s: the answer has more than %d bytes", Shown(answer.URL), limit)
	}
	if err := json.Unmarshal(data, to); err != nil {
		return nil, nil, fmt.Errorf("%s: unexpected answer: %w", Shown(answer.URL), err)
	}
	return answer.Header, data, nil
}
