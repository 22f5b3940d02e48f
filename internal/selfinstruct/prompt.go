package selfinstruct

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/oneshot"
	"alpaca/internal/train/random"
)

// noInput marks a task that needs no input.
const noInput = "<noinput>"

// preamble asks for tasks, in the order of Alpaca's prompt: the number, the parts of a
// task, the rules.
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

// The sentences of the preamble about the parts of a task, and the rule about outputs.
const (
	threeParts = "Each has an instruction, an input and the output that a good answer would be."
	twoParts   = "Each has an instruction and an input."
	outputRule = "8. An output fits its instruction and input, and has fewer than 100 words.\n"
)

// Purposes of random numbers, passed as the second argument of random.Hash.
const (
	forExamples = 101 + iota
	forTasks
	forOutputs
)

// prompt returns a prompt that shows examples and ends with the heading of the next task.
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

// heading returns the heading of a task's instruction.
func heading(number int) string { return fmt.Sprintf("%d. Instruction:", number) }

// oneLine returns an instruction as prompts show it: on one line, without colons at the
// end.
func oneLine(text string) string {
	return strings.TrimRight(strings.Join(strings.FieldsFunc(text, isSpace), " "), ":")
}

// examples draws from list the tasks that prompt number ask shows.
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

// ask returns the query of prompt number n.
func (s *Settings) ask(list []Task, n int) oneshot.Query {
	q := oneshot.Query{
		Prompt: s.prompt(s.examples(list, n)), MaxTokens: s.MaxLen,
		Seed: uint32(random.Hash(s.Seed, forTasks, uint64(n))) &^ (1 << 31), // the top bit is 0, so the seed is never sampler.RandomSeed
	}
	if s.Compat { // "20." can end an answer within a sentence, as in Alpaca's generator
		q.Stop, q.NoEnd = []string{"\n20", "20."}, true
		return q
	}
	q.Stop = []string{"\n" + heading(s.Examples+s.PerAsk+1)}
	if q.NoEnd = s.Free; !s.Free {
		q.Grammar = s.grammar()
	}
	return q
}

// output returns the query for the output of a task. The parameters ask and at are the numbers of
// the task's prompt and piece.
func (s *Settings) output(t *Task, ask, at int) oneshot.Query {
	message := chat.Message{Role: chat.User, Content: t.Instruction, Input: t.Input}
	return oneshot.Query{Messages: []chat.Message{message}, MaxTokens: s.OutLen, Seed: uint32(random.Hash(s.Seed, forOutputs, uint64(ask), uint64(at))) &^ (1 << 31)}
}

// blockLines is the largest number of lines that the grammar allows in an input or an output.
const blockLines = 12

// grammar returns a GBNF grammar of texts that continue a prompt with PerAsk tasks. A
// line of an input or an output cannot begin like a heading: neither with #, nor with a
// number and a dot before a capital letter or a space.
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
	b.WriteString("\ninstruction ::= [A-Z] [^\\n]+\n")
	fmt.Fprintf(&b, "block ::= line (\"\\n\" line){0,%d}\n", blockLines-1)
	// The length of a line is not limited. A limit would make a state for each position
	// in a line, and computing the allowed tokens for so many states would take long.
	b.WriteString("line ::= [^#0-9\\n] [^\\n]* | [0-9]{1,6} ([^0-9.\\n] [^\\n]* | \".\" [^A-Z \\n] [^\\n]*)?\n")
	return b.String()
}

// short returns the shortest fifth of the tasks, but at least as many as a prompt shows,
// for brief prompts.
func (s *Settings) short(list []Task) []Task {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b Task) int { return s.size(a) - s.size(b) })
	return sorted[:min(len(sorted), max(s.Examples, len(sorted)/5))]
}

// size returns the number of a task's bytes that a prompt shows.
func (s *Settings) size(t Task) int {
	n := len(t.Instruction) + len(t.Input)
	if !s.TwoStep {
		n += len(t.Output)
	}
	return n
}
