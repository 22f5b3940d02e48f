package jobs

import "fmt"

// Shard is the I-th of N parts of an input, counted from 0. A shard of a file is a contiguous part
// of the file's lines, which are sorted by prefix. All shards have about the same work. A shard of
// a stream has the lines whose number n has n%N = I; n counts from 0 and leaves out blank lines.
type Shard struct{ I, N int }

// All is the shard with all lines.
var All = Shard{0, 1}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.I, s.N) }

// has reports whether the n-th line of a stream belongs to the shard.
func (s Shard) has(n int) bool { return n%s.N == s.I }

// answerWork is an estimate of the work of an answer, in pieces of a prompt. The length of an
// answer is not known in advance.
const answerWork = 2

// of returns the shard's part of the lines of a file. It sorts lines by prefix first. The part is
// contiguous, so that few prefixes are evaluated by more than one shard. Each line is in one shard.
func (s Shard) of(lines []inputLine) []inputLine {
	byPrefix(lines)
	// end[i] is the work of the lines up to i. The work of a line is that of its
	// answer, and that of its prompt from the first difference from the line before.
	end := make([]int, len(lines))
	work := 0
	var before []uint64
	for i, l := range lines {
		work += len(l.begins) - common(before, l.begins) + answerWork
		end[i], before = work, l.begins
	}
	// A line belongs to the shard in which its work ends.
	var part []inputLine
	for i, l := range lines {
		if (end[i]-1)*s.N/work == s.I {
			part = append(part, l)
		}
	}
	return part
}

// common returns the number of pieces in the common prefix of two prompts.
func common(a, b []uint64) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
