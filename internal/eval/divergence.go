package eval

import (
	"alpaca/internal/logits"
	"alpaca/internal/report"
)

// tokenDivergence is the difference between a model's and the base's prediction of one token.
type tokenDivergence struct {
	nll, baseNLL float64 // -log of the probability of the text's token
	kld          float64 // KL divergence of the model from the base, in nats
	dp           float64 // probability of the text's token, minus its probability in the base
	same         bool    // the base and the model have the same most likely token
}

// negligible is the log probability below which a token adds nothing to a divergence:
// e^-50 is 2e-22.
const negligible = -50

// diverge compares a model's prediction of token id with the base's. Tokens
// whose log probability is at most minLogprob are left out of the divergence.
func diverge(base, model logits.Logprobs, minLogprob float64, id int32) tokenDivergence {
	kld := 0.0
	for i := range int32(base.Len()) {
		if lp := base.Of(i); lp > minLogprob {
			kld += float64(base.Prob(i) * (lp - model.Of(i)))
		}
	}
	return tokenDivergence{
		nll: -model.Of(id), baseNLL: -base.Of(id),
		kld: kld, dp: model.Prob(id) - base.Prob(id),
		same: base.Best() == model.Best(),
	}
}

// finite reports whether all values are finite.
func (d tokenDivergence) finite() bool {
	sum := d.nll + d.baseNLL + d.kld + d.dp
	return sum-sum == 0
}

// Spread describes the distribution of a quantity over the tokens.
type Spread struct {
	Mean   Estimate      `json:"mean"`
	Min    report.Number `json:"min"`
	P001   Estimate      `json:"p0_1"` // 0.1 % of the tokens have a value below this; the names of the other percentiles have the same form
	P01    Estimate      `json:"p1"`
	P05    Estimate      `json:"p5"`
	P10    Estimate      `json:"p10"`
	P25    Estimate      `json:"p25"`
	Median Estimate      `json:"median"`
	P75    Estimate      `json:"p75"`
	P90    Estimate      `json:"p90"`
	P95    Estimate      `json:"p95"`
	P99    Estimate      `json:"p99"`
	P999   Estimate      `json:"p99_9"`
	Max    report.Number `json:"max"`
}

// spread returns the distribution of xs, and xs in ascending order.
func spread(xs []float64) (Spread, []float64) {
	sorted := sortedCopy(xs)
	s := Spread{Mean: mean(xs), Min: report.Number(quantile(sorted, 0)), Max: report.Number(quantile(sorted, 1))}
	for _, q := range []struct {
		to *Estimate
		at float64
	}{
		{&s.P001, 0.001}, {&s.P01, 0.01}, {&s.P05, 0.05}, {&s.P10, 0.10}, {&s.P25, 0.25}, {&s.Median, 0.5},
		{&s.P75, 0.75}, {&s.P90, 0.90}, {&s.P95, 0.95}, {&s.P99, 0.99}, {&s.P999, 0.999},
	} {
		*q.to = quantileEstimate(sorted, q.at)
	}
	return s, sorted
}

// Divergence is the difference between a model's and a base's predictions of a text.
type Divergence struct {
	PPL         Estimate      `json:"ppl"`
	BasePPL     Estimate      `json:"base_ppl"`
	LogRatio    Estimate      `json:"ln_ppl_ratio"` // log(PPL/BasePPL)
	Ratio       Estimate      `json:"ppl_ratio"`
	Difference  Estimate      `json:"ppl_difference"`
	Correlation report.Number `json:"ln_ppl_correlation"` // correlation of the two models' losses
	KLD         Spread        `json:"kld"`                // nats
	DeltaP      Spread        `json:"delta_p"`            // 0 … 1
	RMSDeltaP   Estimate      `json:"delta_p_rms"`        // 0 … 1
	SameTop     Estimate      `json:"same_top"`           // 0 … 1
	Scored      int           `json:"scored"`             // tokens

	SortedKLD []float64 `json:"-"` // the KL divergence of every token, ascending
}

// summarize summarizes the divergences of a text's tokens.
func summarize(ds []tokenDivergence) Divergence {
	column := func(of func(tokenDivergence) float64) []float64 {
		xs := make([]float64, len(ds))
		for i, d := range ds {
			xs[i] = of(d)
		}
		return xs
	}
	nll := column(func(d tokenDivergence) float64 { return d.nll })
	baseNLL := column(func(d tokenDivergence) float64 { return d.baseNLL })
	dp := column(func(d tokenDivergence) float64 { return d.dp })
	same := 0
	for _, d := range ds {
		if d.same {
			same++
		}
	}
	c := Divergence{
		PPL: mean(nll).exp(), BasePPL: mean(baseNLL).exp(),
		// The losses are paired, so the error of the mean difference includes their
		// covariance.
		LogRatio:    mean(column(func(d tokenDivergence) float64 { return d.nll - d.baseNLL })),
		Correlation: report.Number(correlation(nll, baseNLL)),
		RMSDeltaP:   rootMeanSquare(dp),
		SameTop:     share(same, len(ds)),
		Scored:      len(ds),
	}
	c.Ratio = c.LogRatio.exp()
	c.Difference = difference(c.PPL, c.BasePPL, float64(c.Correlation))
	c.KLD, c.SortedKLD = spread(column(func(d tokenDivergence) float64 { return d.kld }))
	c.DeltaP, _ = spread(dp)
	return c
}
