package lint

import (
	"fmt"
	"strings"

	"alpaca/internal/lazyregexp"
)

// unit is a unit of measurement, with its size in the base unit of its kind.
type unit struct {
	kind string
	size float64
}

var units = func() map[string]unit {
	m := map[string]unit{}
	for _, u := range []struct {
		kind, names string
		size        float64
	}{
		{"length", "m meter meters metre metres", 1}, {"length", "km kilometer kilometers kilometre kilometres kms", 1000},
		{"length", "cm centimeter centimeters centimetre centimetres", 0.01}, {"length", "mm millimeter millimeters", 0.001},
		{"length", "mi mile miles", 1609.344}, {"length", "ft foot feet", 0.3048}, {"length", "inch inches", 0.0254}, {"length", "yd yard yards", 0.9144},
		{"mass", "kg kilogram kilograms kilos", 1000}, {"mass", "g gram grams", 1}, {"mass", "mg milligram milligrams", 0.001},
		{"mass", "lb lbs pound pounds", 453.59237}, {"mass", "oz ounce ounces", 28.349523125},
		{"time", "second seconds sec", 1}, {"time", "minute minutes min", 60}, {"time", "hour hours", 3600}, {"time", "day days", 86400}, {"time", "week weeks", 604800},
		{"volume", "l liter liters litre litres", 1}, {"volume", "ml milliliter milliliters", 0.001},
		{"temperature", "celsius c °c", 0}, {"temperature", "fahrenheit f °f", 0}, {"temperature", "kelvin k", 0},
	} {
		for _, name := range strings.Fields(u.names) {
			m[name] = unit{u.kind, u.size}
		}
	}
	return m
}()

var convert = lazyregexp.New(`(?i)\b(?:convert|change|express|what is|how (?:many|much) is)\b[^\d\n]*?(-?[\d,]*\.?\d+)\s*(?:degrees?\s+)?(°?[a-z]+)\s+(?:to|into|in|as)\s+(?:degrees?\s+)?(°?[a-z]+)\b`)

// conversion finds a question such as "Convert 25 m to km." It returns what is asked for, and
// its value.
func conversion(text string) (string, float64, bool) {
	m := convert().FindStringSubmatch(text)
	if m == nil {
		return "", 0, false
	}
	v, ok := parseNumber(m[1])
	from, ok2 := units[strings.ToLower(m[2])]
	to, ok3 := units[strings.ToLower(m[3])]
	if !ok || !ok2 || !ok3 || from.kind != to.kind {
		return "", 0, false
	}
	what := fmt.Sprintf("%s %s in %s", m[1], m[2], m[3])
	if from.kind != "temperature" {
		return what, v * from.size / to.size, true
	}
	letter := func(name string) byte { return strings.TrimPrefix(strings.ToLower(name), "°")[0] }
	switch letter(m[2]) {
	case 'f':
		v = (v - 32) / 1.8
	case 'k':
		v -= 273.15
	}
	switch letter(m[3]) {
	case 'f':
		v = v*1.8 + 32
	case 'k':
		v += 273.15
	}
	return what, v, true
}
