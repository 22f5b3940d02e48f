package eval

// Report is a comparison of models with a base.
type Report struct {
	Base   Row    `json:"base"`
	Models []Row  `json:"models"`
	Text   string `json:"text"`   // name of the text
	Policy Policy `json:"policy"` // how the text was divided into windows
	Chunks int    `json:"chunks"` // number of windows
	Scored int    `json:"scored"` // number of scored tokens
}

// Row is one model of a report. If the base is a logits file, only its name and
// perplexity are known, and the other fields are 0.
type Row struct {
	Name   string   `json:"name"`
	Path   string   `json:"path,omitempty"`
	Bytes  int64    `json:"bytes,omitempty"`           // size of the file
	BPW    float64  `json:"bits_per_weight,omitempty"` // over all tensors
	PPL    Estimate `json:"ppl"`
	Prompt float64  `json:"prompt_tokens_per_second,omitempty"`
	Gen    float64  `json:"generation_tokens_per_second,omitempty"`

	// Divergence is how the model differs from the base. It is nil for the base itself.
	Divergence *Divergence `json:"comparison,omitempty"`
}

// rows returns the base and the models.
func (r *Report) rows() []Row { return append([]Row{r.Base}, r.Models...) }
