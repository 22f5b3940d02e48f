package fit

// This file and min.go find the scale and the integers that represent a short run of weights
// with the smallest error. For formats with minima, they also find the minimum. They try some
// scales near the one that just covers the range of the weights. The bytes of encoded files
// depend on the trials, their order and every rounding, so all of these are as in llama.cpp.

// TinyGroup is the magnitude below which weights count as zeros, because their squares would
// underflow.
const TinyGroup = 1e-15

// signedTrials are the scales that SearchSigned tries. Trial t maps the weight
// of largest magnitude to -(half + t/10). The full range, t = 0, comes first.
var signedTrials = [19]float32{0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9}

// SearchSigned finds the scale s and the integers q, 0 ≤ q < 2·half, that
// minimize Σ w·(x - s·(q-half))² among the trials. Each trial maps the
// weight of largest magnitude to -half or to a number near -half.
func SearchSigned(half int32, x, w []float32, q []uint8) (scale float32) {
	largest := FirstLargest(x)
	if Abs(largest) < TinyGroup {
		clear(q)
		return 0
	}
	w, q = w[:len(x)], q[:len(x)]
	var best float32
	for _, trial := range signedTrials {
		inv := -(float32(half) + float32(float32(0.1)*trial)) / largest
		sumXQ, sumQQ := fitSigned(half, inv, x, w)
		// The best scale for these q is sumXQ/sumQQ. Its error is Σ w·x² - sumXQ²/sumQQ.
		if trial == 0 {
			if sumQQ != 0 {
				scale = sumXQ / sumQQ
			}
		} else if sumQQ > 0 && float32(sumXQ*sumXQ) > float32(best*sumQQ) {
			scale = sumXQ / sumQQ
		} else {
			continue
		}
		best = scale * sumXQ
		for i, v := range x {
			q[i] = uint8(clampSigned(inv*v, half) + half)
		}
	}
	return scale
}

// fitSigned returns Σ w·x·q and Σ w·q·q for q = x·inv, rounded.
func fitSigned(half int32, inv float32, x, w []float32) (sumXQ, sumQQ float32) {
	w = w[:len(x)]
	for i, v := range x {
		l := float32(clampSigned(inv*v, half))
		sumXQ += float32(float32(w[i]*v) * l)
		sumQQ += float32(float32(w[i]*l) * l)
	}
	return sumXQ, sumQQ
}

// clampSigned rounds f and limits it to -half … half-1.
func clampSigned(f float32, half int32) int32 { return max(-half, min(half-1, Nearest(f))) }

// refineSigned has the same task as SearchSigned, with w = x², but a
// different method. It starts with the scale of the full range and
// then changes one q at a time, as long as this reduces the error.
func refineSigned(half int32, x []float32, q []uint8) (scale float32) {
	largest := FirstLargest(x)
	if Abs(largest) < TinyGroup {
		clear(q)
		return 0
	}
	var l [32]float32
	var sumXQ, sumQQ float32
	inv := -float32(half) / largest
	for i, v := range x {
		w := v * v
		l[i] = float32(clampSigned(inv*v, half))
		sumXQ += float32(float32(w*v) * l[i])
		sumQQ += float32(float32(w*l[i]) * l[i])
	}
	for range 5 {
		changed := false
		for i, v := range x {
			w := v * v
			wx := w * v
			// xq and qq are the sums without this weight. The scale
			// xq/qq gives the best integer for this weight.
			xq := sumXQ - float32(wx*l[i])
			if !(xq > 0) {
				continue
			}
			qq := sumQQ - float32(float32(w*l[i])*l[i])
			better := float32(clampSigned(float32(v*qq)/xq, half))
			if better == l[i] {
				continue
			}
			xq += float32(wx * better)
			qq += float32(float32(w*better) * better)
			if qq > 0 && float32(float32(xq*xq)*sumQQ) > float32(float32(sumXQ*sumXQ)*qq) {
				l[i], sumXQ, sumQQ, changed = better, xq, qq, true
			}
		}
		if !changed {
			break
		}
	}
	for i := range x {
		q[i] = uint8(int32(l[i]) + half)
	}
	return sumXQ / sumQQ
}
