// Package clients tests the server with widely used clients: OpenAI's client for Go here, and
// clients for Python in the scripts of this folder.
//
// The variable ALPACA_CLIENTS names a Python with the packages of requirements.txt. Without this
// variable, the scripts are skipped. If ALPACA_REQUIRE_CLIENTS is 1, the test fails instead.
package clients

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// made has the paths of the program and of a small model. TestMain makes both.
var made struct{ program, model string }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "alpaca-clients")
	if err == nil {
		made.program, made.model = filepath.Join(dir, "alpaca"), filepath.Join(dir, "tiny.gguf")
		cmd := exec.Command("go", "build", "-trimpath", "-o", made.program, "./cmd/alpaca")
		cmd.Dir, cmd.Stderr = filepath.Join("..", ".."), os.Stderr
		err = cmd.Run()
	}
	if err == nil {
		err = testmodel.SPM(1).WriteTo(made.model)
	}
	code := 1
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// TestPython runs the scripts.
func TestPython(t *testing.T) {
	python := os.Getenv("ALPACA_CLIENTS")
	if python == "" {
		if os.Getenv("ALPACA_REQUIRE_CLIENTS") == "1" {
			t.Fatal("ALPACA_CLIENTS names no Python, but ALPACA_REQUIRE_CLIENTS=1 requires one")
		}
		t.Skip("needs ALPACA_CLIENTS, a Python with the packages of test/clients/requirements.txt")
	}
	cmd := exec.CommandContext(t.Context(), python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb", "short", "--durations", "5")
	cmd.Env = append(os.Environ(), "ALPACA="+made.program, "ALPACA_MODEL="+made.model, "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
}

// start starts the server. It returns the server's address, and a function that ends it.
func start(t *testing.T, flags ...string) (url string, end func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), made.program, append([]string{"serve", "-m", made.model, "-a", "tiny", "--port", "0", "--host", "127.0.0.1", "-t", "1", "--models-max", "0"}, flags...)...)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	end = func() { cmd.Process.Signal(syscall.SIGTERM) }
	t.Cleanup(func() { end(); cmd.Wait() })
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if m := regexp.MustCompile(`listens at (http://\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			go func() {
				for lines.Scan() {
				}
			}()
			return m[1], end
		}
	}
	require.Fail(t, "the server did not start")
	return "", end
}

func hello(tokens int64) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: "gpt-4o", Messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage("Be brief."), openai.UserMessage("Tell me")},
		Seed: openai.Int(7), MaxTokens: openai.Int(tokens),
	}
}

var ignoreEOS = option.WithJSONSet("ignore_eos", true)

// TestGo sends requests with OpenAI's client for Go.
func TestGo(t *testing.T) {
	url, _ := start(t)
	c := openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey("none"), option.WithMaxRetries(0))
	models, err := c.Models.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, "tiny", models.Data[0].ID)

	whole, err := c.Chat.Completions.New(t.Context(), hello(8), ignoreEOS)
	require.NoError(t, err)
	require.Equal(t, "tiny", whole.Model)
	require.Equal(t, "length", whole.Choices[0].FinishReason)
	require.EqualValues(t, 8, whole.Usage.CompletionTokens)

	// The client's accumulator assembles a stream, and counts the usage once.
	for _, usage := range []bool{false, true} {
		params := hello(8)
		params.N = openai.Int(2)
		if usage {
			params.StreamOptions.IncludeUsage = openai.Bool(true)
		}
		stream := c.Chat.Completions.NewStreaming(t.Context(), params, ignoreEOS)
		var all openai.ChatCompletionAccumulator
		for stream.Next() {
			require.True(t, all.AddChunk(stream.Current()), "all chunks must belong to one answer")
		}
		require.NoError(t, stream.Err())
		require.Len(t, all.Choices, 2)
		require.Equal(t, whole.Choices[0].Message.Content, all.Choices[0].Message.Content)
		require.EqualValues(t, "assistant", all.Choices[0].Message.Role)
		if usage {
			require.EqualValues(t, 16, all.Usage.CompletionTokens)
		} else {
			require.Zero(t, all.Usage.CompletionTokens)
		}
	}

	// An error of the server becomes the API error of the client, with all fields.
	bad := hello(8)
	bad.MaxTokens = openai.Int(-7)
	_, err = c.Chat.Completions.New(t.Context(), bad)
	var e *openai.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 400, e.StatusCode)
	require.Equal(t, "max_tokens", e.Param)
	require.Equal(t, "invalid_request_error", e.Type)
	require.NotEmpty(t, e.Message)
}

// TestGoCut checks that the client gets an error if the server ends an answer early. If a stream is
// only cut, without an error event, this client reports no error.
func TestGoCut(t *testing.T) {
	url, end := start(t, "--drain-timeout", "500ms", "--context-shift")
	c := openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey("none"), option.WithMaxRetries(0))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stream := c.Chat.Completions.NewStreaming(ctx, hello(1<<30), ignoreEOS)
	require.True(t, stream.Next())
	end()
	for stream.Next() {
	}
	require.ErrorContains(t, stream.Err(), "server is")
}
