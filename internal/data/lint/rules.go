package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"alpaca/internal/data"
	"alpaca/internal/lazyregexp"
)

// Rules are all rules, in the order in which they are checked and in which --fix applies them.
var Rules = []*Rule{
	{ID: "needs-world", About: "a link, a picture or another attachment that the model cannot see", row: needsWorld},
	{ID: "merged", About: "another task begins in the middle of a text", row: inAnyField(mergedText)},
	{ID: "empty-output", About: "no answer", row: func(_ *Linter, r *data.Row) string { return when(blankText(r.Output), "the output is empty") }},
	{ID: "missing-input", About: "the instruction refers to something that is missing", row: missingInput},
	{ID: "not-text", About: "asks for something other than text: a picture, a plot, a sound", row: notText},
	{ID: "placeholder-output", About: "a word such as N/A in place of an answer", row: func(_ *Linter, r *data.Row) string {
		return when(isPlaceholder(r.Output), "the output is %q", clip(r.Output))
	}},
	{ID: "placeholder-input", About: "a phrase such as \"no input\" where the input should be empty; --fix empties it", row: func(_ *Linter, r *data.Row) string {
		return when(isPlaceholderInput(r.Input), "the input is %q", clip(r.Input))
	}, fix: fixPlaceholder},
	{ID: "arithmetic", About: "a number in the answer that seems miscalculated (only a suspicion)", row: arithmetic},
	{ID: "short-echo", About: "a short answer that only repeats words of the instruction", row: shortEcho},
	// mojibake comes before control, because control would remove characters that mojibake decodes.
	{ID: "mojibake", About: "UTF-8 that was read as Windows-1252; --fix decodes it correctly", row: inAnyField(mojibakeText), fix: fixMojibake},
	{ID: "control", About: "control and invisible characters; --fix removes them", row: inAnyField(controlText), fix: fixControl},
	{ID: "literal-escape", About: `a written \n, <br> or &quot; outside of code; --fix replaces it with the character that it stands for`, row: literalEscape, fix: fixEscape},
	{ID: "cut-at-20", About: "an answer that ends with a number, or a list that ends at item 19: the stop text \"20.\" may have cut it", row: cutAt20},
	{ID: "unfinished", About: "an answer that ends in the middle of a sentence", row: unfinished},
	{ID: "dup-exact", About: "the same row as an earlier one"},
	{ID: "dup-normal", About: "the same row as an earlier one, except for case, punctuation and white space"},
	{ID: "dup-rouge", About: "an instruction nearly the same as an earlier one: ROUGE-L above 0.7"},
	{ID: "dup-output", About: "the same answer more than 5 times"},
	{ID: "echo", About: "the answer is the instruction or the input", row: echo},
	{ID: "prompt-leak", About: "a part of a prompt template", row: inAnyField(leakText)},
	{ID: "refusal", About: "an answer in which the model refuses, or speaks of itself", row: refusal},
	{ID: "language", About: "a script other than that of most rows"},
	{ID: "too-long", About: "more tokens than training takes: the answer is cut or lost; needs -m", row: tooLong, tokens: true},
	{ID: "truncates-prompt", About: "the prompt alone has as many tokens as training takes: nothing is learned; needs -m", row: truncatesPrompt, tokens: true},
	{ID: "role-order", About: "a conversation without an answer, or one in which the sides do not take turns", row: roleOrder},
	{ID: "control-token", About: "the text of a control token, such as </s>, of the model -m or of common models", row: controlToken},
	{ID: "licence", About: "the source's licence is unknown; checked only if --rule or --fail-on names this rule", row: licence, named: true},
}

// when returns a formatted text if a condition holds, or else "".
func when(is bool, format string, args ...any) string {
	if !is {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

func blankText(text string) bool { return strings.TrimSpace(text) == "" }

// inAnyField turns a check of a text into a check of all texts of a row.
func inAnyField(check func(text string) string) func(*Linter, *data.Row) string {
	return func(_ *Linter, r *data.Row) string {
		for _, f := range fieldsOf(r) {
			if what := check(*f.text); what != "" {
				return f.name + ": " + what
			}
		}
		return ""
	}
}

var (
	link       = lazyregexp.New(`(?i)\bhttps?://\S+|\bwww\.[a-z0-9-]+\.[a-z]+`)
	attachment = lazyregexp.New(`(?i)[<\[(](?:[^<>\[\]()]{0,40}\b)?(?:attached|attachment|picture|image|photo|screenshot|video|audio|link|url)\b[^<>\[\]()]{0,40}[>\])]|` +
		`\b(?:see|read|look at|refer to) the (?:attached|article|image|picture|photo|video|link|attachment|document)\b[^.]{0,20}\b(?:above|below|attached)\b|` +
		`\battached (?:image|picture|photo|file|document|article|video)\b|\b(?:image|picture|photo|file|document|article|video) attached\b`)
)

// worldParts are substrings. Every match of the patterns link and attachment contains one of them.
var worldParts = []string{"://", "ww.", "<", "[", "(", "attached", "above", "below"}

func needsWorld(_ *Linter, r *data.Row) string {
	for _, f := range []textField{{"instruction", &r.Instruction}, {"input", &r.Input}} {
		if !hasFolded(*f.text, worldParts...) {
			continue
		}
		for _, pattern := range []*regexp.Regexp{link(), attachment()} {
			if found := pattern.FindString(*f.text); found != "" {
				return fmt.Sprintf("%s: %q", f.name, clip(found))
			}
		}
	}
	return ""
}

var merged = lazyregexp.New(`(?m)^\s*#{2,}\s*$|\b\d+\.\s*(?:Instruction|Input|Output):`)

func mergedText(text string) string {
	if !hasAny(text, "##", "Instruction:", "Input:", "Output:") {
		return ""
	}
	found := strings.TrimSpace(merged().FindString(text))
	return when(found != "", "%q", clip(found))
}

// pointing matches words that refer to a text that must be there. "above" and "below" count only
// next to certain words, because in "above 5", for example, they are comparisons.
var pointing = lazyregexp.New(`(?i)\bthe (?:following|given|below|above)\b|\bfollowing (?:text|sentence|paragraph|passage|code|list|table|words?|phrase|data|article|story|poem|email|conversation|numbers?|equation)\b|` +
	`\bgiven (?:text|sentence|paragraph|passage|code|list|table|words?|phrase|data|article|story|poem|input|information|numbers?)\b|\b(?:text|sentence|paragraph|passage|code|list|table|article|data|information)s? (?:given |provided )?(?:below|above)\b`)

func missingInput(_ *Linter, r *data.Row) string {
	if !(blankText(r.Input) || isPlaceholderInput(r.Input)) || len(r.Turns) > 0 || strings.ContainsAny(r.Instruction, ":\"'“‘«\n") {
		return ""
	}
	if !hasFolded(r.Instruction, pointingParts...) {
		return ""
	}
	found := pointing().FindString(r.Instruction)
	return when(found != "", "%q, and the input is empty", found)
}

var pictures = lazyregexp.New(`(?i)\b(?:images?|graphs?|graphics?|pictures?|photos?|files?|maps?|draw|plot|go to|videos?|audio|music|flowcharts?|diagrams?)\b`)

func notText(_ *Linter, r *data.Row) string {
	if !hasFolded(r.Instruction, pictureParts...) {
		return ""
	}
	found := pictures().FindString(r.Instruction)
	return when(found != "", "%q in the instruction", found)
}

func shortEcho(l *Linter, r *data.Row) string {
	n := l.normalsOf(r)
	answer, question := n.output, n.instruction
	words := strings.Count(answer, " ") + 1
	const least, most = 3, 8
	return when(words >= least && words <= most && answer != question && strings.Contains(" "+question+" ", " "+answer+" "), "the instruction contains %q", clip(r.Output))
}

func echo(l *Linter, r *data.Row) string {
	n := l.normalsOf(r)
	switch n.output {
	case "":
	case n.input:
		return "the output is the input"
	case n.instruction:
		return "the output is the instruction"
	}
	return ""
}

var leaks = []string{"### Response", "### Instruction", "### Input", "Below is an instruction that describes a task", "Write a response that appropriately completes the request"}

func leakText(text string) string {
	for _, leak := range leaks {
		if strings.Contains(text, leak) {
			return fmt.Sprintf("%q", leak)
		}
	}
	return ""
}

var refuses = lazyregexp.New(`(?i)\bas an (?:ai|artificial intelligence)\b|\bi(?:'|’)?a?m (?:just |only )?an ai\b|\b(?:sorry|apologi[sz]e),? but i (?:can(?:no|')t|am unable|do not|don(?:'|’)t)\b|` +
	`\bi (?:cannot|can(?:'|’)t|am unable to|(?:'|’)m unable to|am not able to) (?:fulfill|assist|help|comply|provide|complete|answer|browse|access|see|view|perform)\b|\bmy knowledge cut-?off\b|\bi do(?: not|n(?:'|’)t) have (?:personal|access to|the ability)\b`)

func refusal(_ *Linter, r *data.Row) string {
	if !hasFolded(r.Output, refusalParts...) {
		return ""
	}
	found := refuses().FindString(r.Output)
	return when(found != "", "%q", clip(found))
}

var (
	number  = lazyregexp.New(`^[$€£]?\d[\d,]*$`)
	item19  = lazyregexp.New(`(?m)^\s*19\.\s`)
	sentEnd = lazyregexp.New(`[.!?…]["')\]]*\s`)
)

func cutAt20(_ *Linter, r *data.Row) string {
	text := strings.TrimSpace(r.Output)
	words := strings.Fields(text)
	switch {
	case len(words) > 4 && number().MatchString(words[len(words)-1]) && !strings.ContainsAny(words[len(words)-2], "=:+-*/×") && !listOfNumbers(words):
		return fmt.Sprintf("ends with %q", words[len(words)-2]+" "+words[len(words)-1])
	case strings.Contains(text, "19.") && item19().MatchString(text) && !strings.Contains(text, "\n20"):
		last := text[strings.LastIndexByte(text, '\n')+1:]
		return when(item19().MatchString(last), "the list ends at number 19")
	}
	return ""
}

// listOfNumbers reports whether most of the words are numbers. Then a number at the end does not
// mean that the answer was cut.
func listOfNumbers(words []string) bool {
	n := 0
	for _, w := range words {
		if strings.ContainsFunc(w, unicode.IsDigit) {
			n++
		}
	}
	return 2*n > len(words)
}

func unfinished(_ *Linter, r *data.Row) string {
	text := strings.TrimSpace(r.Output)
	last, _ := utf8.DecodeLastRuneInString(text)
	if !unicode.IsLetter(last) && last != ',' || !sentEnd().MatchString(text) {
		return ""
	}
	line := text[strings.LastIndexByte(text, '\n')+1:]
	if !sentEnd().MatchString(line) && strings.Contains(text, "\n") {
		return "" // the item of a list, a line of a poem or of code
	}
	if len(line) > 40 {
		line = line[len(line)-40:]
		line = "…" + line[strings.IndexByte(line, ' ')+1:]
	}
	return fmt.Sprintf("ends with %q", line)
}

func tooLong(l *Linter, r *data.Row) string {
	prompt, all := l.opt.Tokens(r)
	return when(all > l.opt.MaxLength && prompt < l.opt.MaxLength, "%d tokens, %d of them in the prompt, but training takes only %d", all, prompt, l.opt.MaxLength)
}

func truncatesPrompt(l *Linter, r *data.Row) string {
	prompt, _ := l.opt.Tokens(r)
	return when(prompt >= l.opt.MaxLength, "the prompt has %d tokens, but training takes only %d", prompt, l.opt.MaxLength)
}

func licence(l *Linter, r *data.Row) string {
	name, ok := l.opt.unlicensed[r.SourceID]
	return when(ok, "no licence is known for %s", name)
}

func roleOrder(_ *Linter, r *data.Row) string {
	if len(r.Turns) == 0 {
		return ""
	}
	list := r.Turns
	if list[0].Role == "system" {
		list = list[1:]
	}
	if !slices.ContainsFunc(list, func(m data.Message) bool { return m.Role == "assistant" }) {
		return "no answer of the assistant"
	}
	before := "assistant"
	for i, m := range list {
		switch {
		case m.Role == "tool" && before == "assistant" && i > 0:
			before = "user" // after the result of a tool, the assistant speaks again
			continue
		case m.Role != "user" && m.Role != "assistant":
			return fmt.Sprintf("message %d has the role %q", i+1, clip(m.Role))
		case m.Role == before && i == 0:
			return "the first message is the assistant's"
		case m.Role == before:
			return fmt.Sprintf("messages %d and %d are both the %s's", i, i+1, m.Role)
		}
		before = m.Role
	}
	return when(before == "user", "the last message is the user's")
}

// commonTokens are control tokens of common models.
var commonTokens = []string{"</s>", "<s>", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|begin_of_text|>",
	"<|end_of_text|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "[INST]", "[/INST]", "<<SYS>>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"}

func controlToken(l *Linter, r *data.Row) string {
	for _, f := range fieldsOf(r) {
		if !strings.ContainsAny(*f.text, "<[") {
			continue
		}
		for _, token := range l.opt.Special {
			if token != "" && strings.Contains(*f.text, token) {
				return fmt.Sprintf("%s: %q", f.name, token)
			}
		}
	}
	return ""
}
