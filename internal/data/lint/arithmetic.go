package lint

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/data"
	"alpaca/internal/lazyregexp"
)

// arithmetic computes the result that an instruction plainly asks for, and looks for it
// among the numbers of the answer. A finding is only a suspicion: an answer may say the
// number in words.
func arithmetic(_ *Linter, r *data.Row) string {
	question := r.Instruction + "\n" + r.Input
	if !strings.ContainsAny(question, "0123456789") || len(question) > 2000 {
		return ""
	}
	for _, compute := range []func(string) (string, float64, bool){expression, statistic, conversion} {
		what, want, ok := compute(question)
		if !ok {
			continue
		}
		found := numbersIn(r.Output)
		if len(found) == 0 || slices.ContainsFunc(found, func(got float64) bool { return near(got, want) }) {
			return ""
		}
		return fmt.Sprintf("%s is %s, but the output has %s", what, show(want), show(found[len(found)-1]))
	}
	return ""
}

func show(v float64) string { return strconv.FormatFloat(v, 'g', 8, 64) }

// near reports whether got equals want, allowing for the usual rounding of answers.
func near(got, want float64) bool {
	const relative = 0.006
	if math.Abs(got-want) <= relative*math.Abs(want)+1e-9 {
		return true
	}
	scales := []float64{10, 100} // rounded to 1 or 2 decimal places
	if math.Abs(want) >= 20 {
		scales = append(scales, 1) // rounded to an integer, which is too coarse for smaller numbers
	}
	for _, scale := range scales {
		if math.Abs(got-math.Round(want*scale)/scale) < 1e-9 || math.Abs(got-math.Trunc(want*scale)/scale) < 1e-9 {
			return true
		}
	}
	return false
}

var numeral = lazyregexp.New(`[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-−]?\.\d+`)

// numbersIn returns the numbers in a text, including fractions such as 3/4.
func numbersIn(text string) (list []float64) {
	for _, at := range numeral().FindAllStringIndex(text, -1) {
		v, ok := parseNumber(text[at[0]:at[1]])
		if !ok {
			continue
		}
		list = append(list, v)
		// A hyphen right after other text, as in 3-4, is
		// perhaps not a minus sign, so both values count.
		if v < 0 && at[0] > 0 && strings.IndexByte(" \n\t(=:", text[at[0]-1]) < 0 {
			list = append(list, -v)
		}
		if rest := text[at[1]:]; strings.HasPrefix(rest, "/") {
			if m := numeral().FindStringIndex(rest[1:]); m != nil && m[0] == 0 {
				if d, ok := parseNumber(rest[1 : 1+m[1]]); ok && d != 0 {
					list = append(list, v/d)
				}
			}
		}
	}
	return list
}

func parseNumber(text string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.ReplaceAll(strings.ReplaceAll(text, ",", ""), "−", "-"), 64)
	return v, err == nil
}

var (
	asksSum = lazyregexp.New(`(?i)\b(?:calculate|compute|evaluate|solve|simplify|what(?:'|’)?s|what is|find|add|subtract|multiply|divide|result of|value of)\b|=\s*\??\s*$`)
	// sum is an expression of two or more operands, without adjacent letters: 2x + 1 does
	// not match.
	sum   = lazyregexp.New(`(?:^|[\s(:])(\(*\s*-?\d+(?:\.\d+)?\s*\)*(?:\s*[-+*/×÷^−x]\s*\(*\s*-?\d+(?:\.\d+)?\s*\)*)+)(?:\s*=?\s*\??\s*(?:$|[\n.,;?)])|\s*=\s*\?|\s*$)`)
	dates = lazyregexp.New(`\d+[-/]\d+[-/]\d+|\d{4}-\d{2,4}|\d{1,2}/\d{1,2}\b`)
)

// expression finds an arithmetic expression such as 2 + 3 * (4 - 1). It returns the expression
// and its value.
func expression(text string) (string, float64, bool) {
	if !asksSum().MatchString(text) {
		return "", 0, false
	}
	m := sum().FindStringSubmatch(text)
	if m == nil || dates().MatchString(m[1]) && !strings.ContainsAny(m[1], "+*×÷") || len(sum().FindAllString(text, 2)) > 1 {
		return "", 0, false
	}
	p := &sumParser{text: strings.NewReplacer("×", "*", "x", "*", "÷", "/", "−", "-").Replace(m[1])}
	v := p.sum()
	p.space()
	if p.bad || p.i < len(p.text) || math.IsNaN(v) || math.IsInf(v, 0) {
		return "", 0, false
	}
	return strings.TrimSpace(m[1]), v, true
}

// sumParser evaluates arithmetic expressions with the usual order of operations.
type sumParser struct {
	text string
	i    int
	deep int
	bad  bool
}

func (p *sumParser) space() {
	for p.i < len(p.text) && p.text[p.i] == ' ' {
		p.i++
	}
}

// next skips spaces and looks at the character after them. If the parameter named of
// contains that character, next moves past it and returns it. If not, next returns 0.
func (p *sumParser) next(of string) byte {
	p.space()
	if p.i < len(p.text) && strings.IndexByte(of, p.text[p.i]) >= 0 {
		p.i++
		return p.text[p.i-1]
	}
	return 0
}

func (p *sumParser) sum() float64 {
	v := p.product()
	for {
		switch p.next("+-") {
		case '+':
			v += p.product()
		case '-':
			v -= p.product()
		default:
			return v
		}
	}
}

func (p *sumParser) product() float64 {
	v := p.power()
	for {
		switch p.next("*/") {
		case '*':
			v *= p.power()
		case '/':
			v /= p.power()
		default:
			return v
		}
	}
}

func (p *sumParser) power() float64 {
	negative := p.next("-") != 0
	v := p.operand()
	if p.next("^") != 0 {
		v = math.Pow(v, p.power())
	}
	if negative {
		return -v
	}
	return v
}

func (p *sumParser) operand() float64 {
	const deepest = 50
	if p.deep++; p.deep > deepest {
		p.bad = true
		return 0
	}
	if p.next("(") != 0 {
		v := p.sum()
		p.bad = p.bad || p.next(")") == 0
		return v
	}
	p.space()
	from := p.i
	for p.i < len(p.text) && (p.text[p.i] == '.' || p.text[p.i] >= '0' && p.text[p.i] <= '9') {
		p.i++
	}
	v, err := strconv.ParseFloat(p.text[from:p.i], 64)
	p.bad = p.bad || err != nil
	return v
}

var (
	statistics = lazyregexp.New(`(?i)\b(median|mean|average|sum|total|product|maximum|largest|greatest|highest|minimum|smallest|lowest|range|mode)\b`)
	// series is a list of three numbers or more.
	series = lazyregexp.New(`-?\d+(?:\.\d+)?(?:\s*(?:,|\band\b|, and)\s*-?\d+(?:\.\d+)?){2,}|\[\s*-?\d+(?:\.\d+)?(?:\s*,?\s*-?\d+(?:\.\d+)?)+\s*\]`)
	single = lazyregexp.New(`-?\d+(?:\.\d+)?`)
)

// statistic finds a question such as "What is the median of 3, 5, 9?". It returns what is
// asked for, and its value.
func statistic(text string) (string, float64, bool) {
	names := statistics().FindAllString(text, 2)
	lists := series().FindAllString(text, 2)
	if len(names) != 1 || len(lists) != 1 || numeral().MatchString(strings.Replace(text, lists[0], "", 1)) {
		return "", 0, false // not exactly one statistic of one list
	}
	var v []float64
	for _, s := range single().FindAllString(lists[0], -1) {
		if x, ok := parseNumber(s); ok {
			v = append(v, x)
		}
	}
	name := strings.ToLower(names[0])
	what := "the " + name + " of " + clip(lists[0])
	sorted := slices.Sorted(slices.Values(v))
	var total float64
	product := 1.0
	for _, x := range v {
		total += x
		product *= x
	}
	switch name {
	case "median":
		return what, (sorted[(len(v)-1)/2] + sorted[len(v)/2]) / 2, true
	case "mean", "average":
		return what, total / float64(len(v)), true
	case "sum", "total":
		return what, total, true
	case "product":
		return what, product, true
	case "maximum", "largest", "greatest", "highest":
		return what, sorted[len(v)-1], true
	case "minimum", "smallest", "lowest":
		return what, sorted[0], true
	case "range":
		return what, sorted[len(v)-1] - sorted[0], true
	}
	return "", 0, false // a list can have several modes
}
