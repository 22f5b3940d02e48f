package tinydata

import (
	"fmt"
	"strings"
)

// sentenceKinds rewrite a sentence of the form "The fox runs to the river."
var sentenceKinds = []kind{
	{"past", 20, true, func(r *random) (string, string) {
		s := newSentence(r)
		return fmt.Sprintf(pick(r, []string{
			"Put this sentence in the past tense: %s", "Rewrite in the past: %s", "Change to the past tense: %s",
			"Say this as if it was yesterday: %s", "Past tense: %s",
		}), s.present()), s.said(s.verb.past)
	}},
	{"future", 16, true, func(r *random) (string, string) {
		s := newSentence(r)
		return fmt.Sprintf(pick(r, []string{
			"Put this sentence in the future tense: %s", "Rewrite in the future: %s", "Change to the future tense: %s",
			"Say this as if it was tomorrow: %s", "Future tense: %s",
		}), s.present()), s.said("will " + s.verb.base)
	}},
	{"negate", 16, true, func(r *random) (string, string) {
		s := newSentence(r)
		return fmt.Sprintf(pick(r, []string{
			"Make this sentence negative: %s", "Say the opposite with not: %s", "Negate this sentence: %s", "Rewrite with not: %s",
		}), s.present()), s.said("does not " + s.verb.base)
	}},
	{"question", 16, true, func(r *random) (string, string) {
		s := newSentence(r)
		subject := s.subject
		if strings.HasPrefix(subject, "The ") {
			subject = "the" + subject[3:]
		}
		return fmt.Sprintf(pick(r, []string{
			"Make a question of this sentence: %s", "Turn this into a question: %s", "Ask this as a question: %s", "Rewrite as a question: %s",
		}), s.present()), fmt.Sprintf("Does %s %s %s?", subject, s.verb.base, s.rest)
	}},
}

// sentence is a subject, a verb and the rest of a sentence.
type sentence struct {
	subject string // "The old fox", "Anna"
	verb    verb
	rest    string // "to the river"
}

func newSentence(r *random) sentence {
	var s sentence
	switch r.below(3) {
	case 0:
		s.subject = pick(r, names)
	case 1:
		s.subject = "The " + pick(r, adjectives) + " " + someone(r)
	default:
		s.subject = "The " + someone(r)
	}
	if r.chance(50) {
		s.verb, s.rest = pick(r, motions), "to the "+pick(r, places)
	} else {
		s.verb, s.rest = pick(r, actions), pick(r, []string{"the ", "a "})+pick(r, things).one
	}
	return s
}

func someone(r *random) string {
	if r.chance(50) {
		return pick(r, animals).name
	}
	return pick(r, people)
}

func (s sentence) said(verb string) string { return s.subject + " " + verb + " " + s.rest + "." }
func (s sentence) present() string         { return s.said(s.verb.third) }

// article returns word with "a" or "an" before it.
func article(word string) string {
	if strings.ContainsRune("aeiou", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}

// upperFirst returns s with its first letter in upper case.
func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
