package version

import (
	"bytes"
	"encoding/json"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/ui"
)

// TestVersion checks both forms of the output.
func TestVersion(t *testing.T) {
	run := func(args ...string) string {
		var out bytes.Buffer
		cmd := New(&ui.UI{Out: &out})
		cmd.SetArgs(args)
		require.NoError(t, cmd.Execute())
		return out.String()
	}
	var v versionInfo
	require.NoError(t, json.Unmarshal([]byte(run("-o", "json")), &v))
	require.Equal(t, runtime.Version(), v.Go)
	require.Positive(t, v.Threads)
	require.NotEmpty(t, v.Kernels["Q4_0"])
	text := run()
	require.Contains(t, text, "built     "+runtime.Version()+" for "+runtime.GOOS+"/"+runtime.GOARCH)
	require.Contains(t, text, "kernels   ")
}
