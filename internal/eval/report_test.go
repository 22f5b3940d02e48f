package eval

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sampleReport returns a report that compares two fake models with a base.
func sampleReport(t testing.TB) *Report {
	p := Policy{Context: 200}
	windows, err := p.Windows(fakeText(1000, 30))
	require.NoError(t, err)
	models := openers(&fakeSession{vocab: 30, scale: 4, noise: 0.1}, &fakeSession{vocab: 30, scale: 4, noise: 1})
	got, err := Compare(context.Background(), NewBase(always(&fakeSession{vocab: 30, scale: 4}), 1, nil), models, windows, CompareOptions{})
	require.NoError(t, err)
	r := &Report{
		Base: Row{Name: "m-f16.gguf", Bytes: 13 << 30, BPW: 16, PPL: got[0].BasePPL, Prompt: 100, Gen: 10},
		Text: "text.txt", Policy: p, Chunks: len(windows), Scored: got[0].Scored,
	}
	for i := range got {
		r.Models = append(r.Models, Row{Name: []string{"m-q8_0.gguf", "m|q4_0.gguf"}[i], Bytes: int64(7-3*i) << 30,
			BPW: 8.5 - 4*float64(i), PPL: got[i].PPL, Prompt: 200, Gen: 20, Divergence: &got[i].Divergence})
	}
	return r
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, sampleReport(t).WriteMarkdown(&b))
	text := b.String()
	lines := strings.Split(text, "\n")
	require.Equal(t, "text.txt: 5 adjacent windows of 200 tokens, no BOS token, last 99 tokens of each scored", lines[0])
	require.Equal(t, "495 tokens scored", lines[1])
	require.Regexp(t, `^\| model +\| +size \| +bpw \| +PPL \| +PPL ratio \| +mean KLD \|`, lines[3])
	require.Regexp(t, `^\|:-+-\|(-+:\|)+$`, lines[4])
	require.Regexp(t, `^\| m-f16.gguf +\| 13.00 GiB \| 16.00 \| +[\d.]+ ± [\d.]+ \| +\| +\| +\| +\| +100.0 \| +10.0 \|$`, lines[5])
	require.Regexp(t, `^\| m-q8_0.gguf +\| +7.00 GiB \| +8.50 \|`, lines[6])
	require.Contains(t, lines[7], `m\|q4_0.gguf`)
	require.Contains(t, text, "| KL divergence, nats |")
	require.Contains(t, text, "| Δp, %")
	// All lines of a table have the same length.
	width := 0
	for _, line := range lines {
		n := len([]rune(line))
		if strings.HasPrefix(line, "|") && width > 0 {
			require.Equal(t, width, n, "%q", line)
		}
		width = n
		if !strings.HasPrefix(line, "|") {
			width = 0
		}
	}
}

func TestCSV(t *testing.T) {
	r := sampleReport(t)
	var b bytes.Buffer
	require.NoError(t, r.WriteCSV(&b))
	records, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 4)
	require.Equal(t, "model", records[0][0])
	require.Equal(t, "", records[1][len(records[1])-1], "the row of the base must have no result of a comparison")
	require.Equal(t, "m|q4_0.gguf", records[3][0])
	at := 0
	for i, head := range records[0] {
		if head == "kld_mean" {
			at = i
		}
	}
	require.InDelta(t, r.Models[1].Divergence.KLD.Mean.Value, number64(t, records[3][at]), 0)
}

// number64 parses a number.
func number64(t *testing.T, s string) (v float64) {
	require.NoError(t, json.Unmarshal([]byte(s), &v))
	return v
}

func TestReportJSON(t *testing.T) {
	data, err := json.Marshal(sampleReport(t))
	require.NoError(t, err)
	var got struct {
		Models []struct {
			Divergence struct {
				KLD struct {
					Mean Estimate
					P999 Estimate `json:"p99_9"`
				}
				SameTop Estimate `json:"same_top"`
			} `json:"comparison"`
		}
	}
	require.NoError(t, json.Unmarshal(data, &got))
	require.Len(t, got.Models, 2)
	require.Positive(t, got.Models[1].Divergence.KLD.P999.Value)
	require.Positive(t, got.Models[1].Divergence.SameTop.Value)
}

func TestPlot(t *testing.T) {
	r := sampleReport(t)
	var b bytes.Buffer
	require.NoError(t, r.WritePlot(&b, "svg"))
	text := b.String()
	for _, want := range []string{"m-q8_0.gguf", "KL divergence, nats", "size, GiB"} {
		require.Contains(t, text, want)
	}
	d := xml.NewDecoder(&b)
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
	}

	b.Reset()
	require.NoError(t, r.WritePlot(&b, "png"))
	img, err := png.Decode(&b)
	require.NoError(t, err)
	require.Greater(t, img.Bounds().Dx(), 800)

	require.EqualError(t, r.WritePlot(&b, "gif"), `plot: no form "gif"`)
}

// TestPlotOfEquals plots a model that does not diverge from the base at all, for a long text and
// for a text of a single token.
func TestPlotOfEquals(t *testing.T) {
	r := sampleReport(t)
	r.Models = r.Models[:1]
	c := *r.Models[0].Divergence
	c.KLD.Mean = Estimate{}
	r.Models[0].Divergence = &c
	for _, tokens := range []int{len(c.SortedKLD), 1} {
		c.SortedKLD = make([]float64, tokens)
		require.NoError(t, r.WritePlot(io.Discard, "svg"))
	}
}

func TestExceedance(t *testing.T) {
	points := exceedance([]float64{0.1, 0.2, 0.3, 0.4})
	require.Equal(t, 0.1, points[0].X)
	require.Equal(t, 1.0, points[0].Y)
	last := points[len(points)-1]
	require.Equal(t, 0.4, last.X)
	require.Equal(t, 0.25, last.Y)
}

// TestUnknownBase checks that the size and the speed of a base are left out if the base is
// a logits file.
func TestUnknownBase(t *testing.T) {
	r := sampleReport(t)
	r.Base = Row{Name: "base.kld", PPL: r.Base.PPL}
	var b bytes.Buffer
	require.NoError(t, r.WriteMarkdown(&b))
	require.Regexp(t, `(?m)^\| base\.kld +\| +\| +\| +[0-9.]+ ± [0-9.]+ \| +\| +\| +\| +\| +\| +\|$`, b.String())
	b.Reset()
	require.NoError(t, r.WriteCSV(&b))
	require.Regexp(t, `(?m)^base\.kld,,,[0-9.]+,[0-9.]+,,,`, b.String())
	b.Reset()
	require.NoError(t, json.NewEncoder(&b).Encode(r.Base))
	require.NotContains(t, b.String(), "bytes")
}
