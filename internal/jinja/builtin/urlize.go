package builtin

import (
	"slices"
	"strings"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
	"alpaca/internal/lazyregexp"
)

var (
	hostPattern  = lazyregexp.New(`(?i)^(?:https?://(?:[\w%-]+\.?)*(?:[\w%-]+|\[[\da-f:]{2,}\])(?::\d{1,5})?|(?:www\.)?(?:[\w%-]+\.)+(?:com|net|int|edu|gov|org|info|mil)(?::\d{1,5})?)(?:[/?#]\S*)?$`)
	emailPattern = lazyregexp.New(`^\S+@\w[\w.-]*\.\w+$`)
	headPattern  = lazyregexp.New(`^(?:[(<]|&lt;)+`)
	tailPattern  = lazyregexp.New(`(?:[)>.,\n]|&gt;)+$`)
	wordPattern  = lazyregexp.New(`\s+|\S+`)
)

// urlize turns the addresses in a text into links. If the text contains data, the whole result
// counts as data.
func urlize(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("urlize", "trim_url_limit", "nofollow", "target", "rel", "extra_schemes")
	t := r.Text(v)
	r.Product(16, t.Len())
	limit := -1
	if l := value.Or(args[0], nil); l != nil {
		limit = value.Int(l)
	}
	rel := []string{"noopener"}
	if s := value.Or(args[3], nil); s != nil {
		rel = append(rel, strings.Fields(str(s).String())...)
	}
	if value.Truth(value.Or(args[1], false)) {
		rel = append(rel, "nofollow")
	}
	slices.Sort(rel)
	attrs := ` rel="` + text.New(strings.Join(slices.Compact(rel), " ")).Escaped().String() + `"`
	if s := value.Or(args[2], nil); s != nil {
		attrs += ` target="` + str(s).Escaped().String() + `"`
	}
	var schemes []string
	if s := value.Or(args[4], nil); s != nil {
		for _, item := range r.Items(s) {
			schemes = append(schemes, str(item).String())
		}
	}
	source := t.Escaped().String()
	out := wordPattern().ReplaceAllStringFunc(source, func(word string) string { return link(word, attrs, limit, schemes) })
	return text.Tainted(out, t).AsSafe(r.Escape)
}

// link returns a word, with a link if it is an address.
func link(word, attrs string, limit int, schemes []string) string {
	head := headPattern().FindString(word)
	middle := word[len(head):]
	tail := ""
	if strings.HasSuffix(middle, ")") || strings.HasSuffix(middle, ">") || strings.ContainsAny(middle[max(0, len(middle)-1):], ".,\n") || strings.HasSuffix(middle, "&gt;") {
		tail = tailPattern().FindString(middle)
		middle = middle[:len(middle)-len(tail)]
	}
	for _, pair := range [][2]string{{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}} {
		open := strings.Count(middle, pair[0])
		for range min(open-strings.Count(middle, pair[1]), strings.Count(tail, pair[1])) {
			end := strings.Index(tail, pair[1]) + len(pair[1])
			middle += tail[:end]
			tail = tail[end:]
		}
	}
	short := func(s string) string {
		if r := []rune(s); limit >= 0 && len(r) > limit {
			return string(r[:limit]) + "..."
		}
		return s
	}
	anchor := func(href, shown string) string { return `<a href="` + href + `"` + attrs + ">" + shown + "</a>" }
	switch {
	case hostPattern().MatchString(middle):
		href := middle
		if !strings.HasPrefix(middle, "https://") && !strings.HasPrefix(middle, "http://") {
			href = "https://" + middle
		}
		middle = anchor(href, short(middle))
	case strings.HasPrefix(middle, "mailto:") && emailPattern().MatchString(middle[7:]):
		middle = `<a href="` + middle + `">` + middle[7:] + "</a>"
	case strings.Contains(middle, "@") && !strings.HasPrefix(middle, "www.") && !strings.Contains(middle, ":") && emailPattern().MatchString(middle):
		middle = `<a href="mailto:` + middle + `">` + middle + "</a>"
	default:
		for _, scheme := range schemes {
			if middle != scheme && strings.HasPrefix(middle, scheme) {
				middle = anchor(middle, middle)
				break
			}
		}
	}
	return head + middle + tail
}
