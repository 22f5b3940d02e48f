package selfinstruct

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/oneshot"
	"alpaca/internal/train/random"
)

// noInput stands for an input that is not needed.
const noInput = "<noinput>"

// preamble says what is wanted, in the order of Alpaca's: how many, then what of each.
const preamble = `Think of %d different tasks that somebody might give to a program that reads and writes text.
%s
Rules:
1. Use many different verbs, and ask for something new each time.
2. Mix questions with commands.
3. Mix the kinds of tasks: writing freely, sorting into classes, editing, explaining, calculating, translating, planning and others.
4. The program has nothing but text. Ask for no pictures and no sounds, for nothing to be seen or done in the world, and for nothing at a later time.
5. Write in English.
6. An instruction is one or two sentences long, a question or a command.
7. An input is realistic and concrete, of at most 100 words. Do not use a placeholder. Not every task needs one: write ` + noInput + ` then.
%s
List of %d tasks:
`

// The parts of the preamble about what a task consists of.
const (
	threeParts = "Each has an instruction, an input and the output that a good answer would be."
	twoParts   = "Each has an instruction and an input."
	outputRule = "8. An output fits its instruction and input, and has fewer than 100 words.\n"
)

// What random numbers are drawn for, as the second number of random.Hash.
const (
	forExamples = 101 + iota
	forTasks
	forOutputs
)

// prompt returns a prompt that shows examples and ends where the next task begins.
func (s *Settings) prompt(examples []Task) string {
	var b strings.Builder
	if !s.Brief {
		parts, rule := threeParts, outputRule
		if s.TwoStep {
			parts, rule = twoParts, ""
		}
		total := len(examples) + s.PerAsk
		fmt.Fprintf(&b, preamble, total, parts, rule, total)
	}
	for i, t := range examples {
		input := t.Input
		if input == "" {
			input = noInput
		}
		fmt.Fprintf(&b, "###\n%d. Instruction: %s\n%d. Input:\n%s\n", i+1, oneLine(t.Instruction), i+1, input)
		if !s.TwoStep {
			fmt.Fprintf(&b, "%d. Output:\n%s\n", i+1, t.Output)
		}
	}
	b.WriteString("###\n" + heading(len(examples)+1))
	return b.String()
}

// heading is where a task begins.
func heading(number int) string { return fmt.Sprintf("%d. Instruction:", number) }

// oneLine writes an instruction as prompts have it: on one line, without a colon at its end.
func oneLine(text string) string {
	return strings.TrimRight(strings.Join(strings.FieldsFunc(text, isSpace), " "), ":")
}

// examples returns the seed tasks of a prompt, by its number.
func (s *Settings) examples(list []Task, ask int) []Task {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	n := min(s.Examples, len(list))
	chosen := make([]Task, n)
	for i := range n {
		h := random.Hash(s.Seed, forExamples, uint64(ask), uint64(i))
		j := i + int(h%uint64(len(order)-i))
		order[i], order[j] = order[j], order[i]
		chosen[i] = list[order[i]]
	}
	return chosen
}

// First returns the first prompt.
func (s *Settings) First(list []Task) string { return s.ask(list, 0).Prompt }

// ask returns what a model is asked for tasks, by the number of the prompt.
func (s *Settings) ask(list []Task, n int) oneshot.Query {
	q := oneshot.Query{
		Prompt: s.prompt(s.examples(list, n)), MaxTokens: s.MaxLen,
		Seed: uint32(random.Hash(s.Seed, forTasks, uint64(n))) &^ (1 << 31), // sampler.RandomSeed is none of these
	}
	if s.Compat { // "20." cuts answers that have it anywhere, which is one of the data's faults
		q.Stop, q.NoEnd = []string{"\n20", "20."}, true
		return q
	}
	q.Stop = []string{"\n" + heading(s.Examples+s.PerAsk+1)}
	if q.NoEnd = s.Free; !s.Free {
		q.Grammar = s.grammar()
	}
	return q
}

// output returns what a model is asked for the output of a task, by where the task came.
func (s *Settings) output(t *Task, ask, at int) oneshot.Query {
	message := chat.Message{Role: chat.User, Content: t.Instruction, Input: t.Input}
	return oneshot.Query{Messages: []chat.Message{message}, MaxTokens: s.OutLen, Seed: uint32(random.Hash(s.Seed, forOutputs, uint64(ask), uint64(at))) &^ (1 << 31)}
}

// The most that a grammar leaves room for: characters of a line, and lines of an input or
// an output.
const (
	lineLength = 400
	blockLines = 12
)

// grammar returns a grammar in GBNF whose texts go on from a prompt with PerAsk tasks. A
// line of an input or an output does not begin with # or a digit and a dot, so that no
// heading is taken for it.
func (s *Settings) grammar() string {
	var b strings.Builder
	b.WriteString("root ::= ")
	for i := range s.PerAsk {
		k := s.Examples + 1 + i
		if i > 0 {
			fmt.Fprintf(&b, ` "\n###\n%s" `, heading(k))
		}
		fmt.Fprintf(&b, `" " instruction "\n%d. Input:\n" block`, k)
		if !s.TwoStep {
			fmt.Fprintf(&b, ` "\n%d. Output:\n" block`, k)
		}
	}
	fmt.Fprintf(&b, "\ninstruction ::= [A-Z] [^\\n]{1,%d}\n", lineLength)
	fmt.Fprintf(&b, "block ::= line (\"\\n\" line){0,%d}\n", blockLines-1)
	fmt.Fprintf(&b, "line ::= [^#0-9\\n] [^\\n]{0,%d} | [0-9]{1,6} ([^0-9.\\n] [^\\n]{0,%d} | \".\" [^A-Z \\n] [^\\n]{0,%d})?\n", lineLength, lineLength, lineLength)
	return b.String()
}

// short returns the seed tasks whose examples take no more than a part of a small model's
// context each, for brief prompts: the shortest fifth, or as many as a prompt shows.
func short(list []Task, n int) []Task {
	sorted := slices.Clone(list)
	size := func(t Task) int { return len(t.Instruction) + len(t.Input) + len(t.Output) }
	slices.SortStableFunc(sorted, func(a, b Task) int { return size(a) - size(b) })
	return sorted[:min(len(sorted), max(n, len(sorted)/5))]
}
