package jobs

import "fmt"

// Shard is a part of an input, the I-th of N, counted from 0. Of a file it has lines that begin
// alike, as far as all parts can be equally much work. Of a stream it has the lines whose number,
// from 0 and without the blank ones, leaves I when divided by N.
type Shard struct{ I, N int }

// All is the shard of all lines.
var All = Shard{0, 1}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.I, s.N) }

// has reports whether a stream's n-th line is of the shard.
func (s Shard) has(n int) bool { return n%s.N == s.I }

// answerWork is how much work an answer is guessed to be, in pieces of a prompt. How long it
// gets is not known before.
const answerWork = 2

// of sorts the lines of a file by their beginnings, and returns those of the shard: a stretch of
// them, so that few beginnings are evaluated by more than one shard. Each line is in one shard.
func (s Shard) of(lines []inputLine) []inputLine {
	byPrefix(lines)
	// end[i] is the work of the lines up to i: what each adds to the beginning that it shares
	// with the line before, and its answer.
	end := make([]int, len(lines))
	work := 0
	var before []uint64
	for i, l := range lines {
		work += len(l.begins) - common(before, l.begins) + answerWork
		end[i], before = work, l.begins
	}
	// The shard of a line is that in which its work ends.
	var part []inputLine
	for i, l := range lines {
		if (end[i]-1)*s.N/work == s.I {
			part = append(part, l)
		}
	}
	return part
}

// common returns how many pieces two prompts have in common.
func common(a, b []uint64) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
