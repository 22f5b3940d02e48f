package tinydata

import (
	"fmt"
	"strings"
)

// storyKinds are stories, with or without an instruction, and sentences with a given
// word. Many answers are right, so these kinds are not exact.
var storyKinds = []kind{
	{"story", 36, false, func(r *random) (string, string) {
		s := newStory(r)
		return fmt.Sprintf(pick(r, []string{"Tell me a story about %s.", "Write a story about %s.", "Tell me a story about %s", "Write a short story about %s.",
			"Can you tell a story about %s?", "I want to hear a story about %s."}), s.about), s.text
	}},
	{"raw story", 20, false, func(r *random) (string, string) { return "", newStory(r).text }},
	{"sentence", 16, false, func(r *random) (string, string) {
		n := pick(r, things).one
		s := sentence{subject: pick(r, names), verb: pick(r, actions), rest: "the " + n}
		return fmt.Sprintf(pick(r, []string{"Write a sentence with the word %s.", "Use %s in a sentence.", "Make a sentence with %s."}), n), s.said(s.verb.past)
	}},
}

type story struct{ about, text string }

// cast has the people and things of a story.
type cast struct {
	hero, he, him, his string // "Finn", "he", …
	is                 string // "a curious boy called Finn"
	animal             string
	trait              string // trait of the animal
	place, other       string
	thing              string
	friend             string
}

func newCast(r *random) cast {
	c := cast{he: "he", him: "him", his: "his"}
	child := "boy"
	if r.chance(50) {
		c.hero, c.he, c.him, c.his, child = pick(r, girls), "she", "her", "her", "girl"
	} else {
		c.hero = pick(r, boys)
	}
	for c.friend = pick(r, names); c.friend == c.hero; {
		c.friend = pick(r, names)
	}
	p := pickDistinct(r, places, 2)
	c.is = article(pick(r, characterTraits)) + " " + child + " called " + c.hero
	c.animal, c.trait = pick(r, animals).name, pick(r, characterTraits)
	if r.chance(30) {
		c.animal = pick(r, creatures)
	}
	c.place, c.other, c.thing = p[0], p[1], pick(r, things).one
	return c
}

// fill replaces the placeholders of a plot with the cast's people and things.
func (c cast) fill(plot string) string {
	return strings.NewReplacer(
		"{is}", c.is, "{hero}", c.hero, "{he}", c.he, "{He}", upperFirst(c.he), "{him}", c.him, "{his}", c.his, "{His}", upperFirst(c.his),
		"{animal}", c.animal, "{an animal}", article(c.animal), "{a trait}", article(c.trait), "{place}", c.place, "{other}", c.other,
		"{thing}", c.thing, "{a thing}", article(c.thing), "{friend}", c.friend,
	).Replace(plot)
}

func newStory(r *random) story {
	c := newCast(r)
	var parts []string
	plot := pick(r, plots)
	for _, sentences := range plot {
		parts = append(parts, pick(r, sentences))
	}
	text := c.fill(strings.Join(parts, " "))
	about := article(c.animal)
	switch r.below(10) {
	case 0, 1:
		about = c.hero
	case 2, 3, 4:
		// Some variants of a plot leave the thing out.
		if strings.Contains(text, c.thing) {
			about += " and " + article(c.thing)
		}
	}
	return story{about, text}
}

// plots are stories as lists of sentences, each with its variants. Every plot names the
// hero and the animal.
var plots = [][][]string{
	{ // something is lost and found
		{"Once upon a time, there was {is}.", "Once there was {is}.", "There was once {is}."},
		{"{He} had {a trait} {animal} and {a thing}.", "{He} had {a thing} and {a trait} {animal}."},
		{"One day, {hero} lost the {thing} at the {place}.", "One day, {hero} went to the {place} and lost the {thing}."},
		{"{hero} was very sad.", "{He} looked everywhere, but it was gone.", "{He} cried and did not know what to do."},
		{"Then the {animal} ran to the {other}.", "But the {animal} had an idea and ran to the {other}."},
		{"There it found the {thing} under a tree.", "There was the {thing}, behind a big stone."},
		{"{hero} hugged the {animal} and said, \"Thank you!\"", "\"You are the best {animal} of all,\" said {hero}."},
		{"They were happy and went home together.", "In the evening they went home, tired and happy."},
	},
	{ // a new friend
		{"Once upon a time, there was {is}.", "Once there was {is}."},
		{"{He} lived near the {place} and often felt alone.", "{He} lived by the {place} and had no friends."},
		{"One morning, {he} met {an animal} at the {other}.", "One day, {an animal} came to the {other}."},
		{"The {animal} was hungry and cold.", "The {animal} was shy and hid behind a tree."},
		{"{hero} gave it bread and showed it {his} {thing}.", "{hero} sat down and put {his} {thing} on the grass."},
		{"Slowly the {animal} came near.", "The {animal} looked at {him} for a long time."},
		{"From that day on, they were friends.", "After that they played every day."},
		{"And {hero} was never alone again.", "They shared everything, even the {thing}."},
	},
	{ // learning something
		{"Once upon a time, there was {is}.", "There was once {is}."},
		{"{He} had {a trait} {animal}.", "{His} best friend was {an animal}."},
		{"One day, {hero} took the {animal} to the {place}.", "One day, {hero} and the {animal} went to the {place}."},
		{"{hero} wanted to make {a thing}.", "There {hero} tried to make {a thing}."},
		{"At first it was very hard.", "It did not work at all."},
		{"The {animal} looked at {him} and waited.", "\"Try again,\" said {friend}, who came from the {other}."},
		{"{hero} tried again and again.", "So {he} tried once more, and then once more."},
		{"In the end, {he} could do it.", "At last the {thing} was ready."},
		{"{hero} and the {animal} danced with joy.", "Everybody was proud of {him}, and the {animal} most of all."},
	},
	{ // a storm
		{"Once upon a time, {an animal} lived near the {place}.", "Once there was {a trait} {animal} who lived near the {place}."},
		{"Every day it visited {hero}, who lived by the {other}.", "Its friend was {hero}, who lived by the {other}."},
		{"One night, a great storm came.", "One evening, the wind grew strong and it began to rain."},
		{"The {animal} was afraid and wet.", "The {animal} could not find its way home."},
		{"{hero} saw it from the window and ran outside.", "{hero} took {a thing} and went out into the rain."},
		{"\"Come in,\" said {hero}. \"It is warm here.\"", "{He} carried the {animal} into the house."},
		{"They sat by the fire until the sun came back.", "They slept side by side, and in the morning the sun was back."},
		{"The {animal} never forgot it, and brought {him} {a thing} the next day.", "Since then the {animal} and {hero} have been the best of friends."},
	},
	{ // a present
		{"{hero} and {friend} were good friends.", "Once upon a time, {hero} and {friend} were friends."},
		{"One day, {friend} had a birthday.", "It was the birthday of {friend}."},
		{"{hero} wanted to give {a thing}, but {he} had no money.", "{hero} wanted to find {a thing} as a present."},
		{"So {he} went to the {place} and asked {an animal} for help.", "So {he} walked to the {place}, where {a trait} {animal} lived."},
		{"\"I know where one is,\" said the {animal}.", "\"Follow me,\" said the {animal}."},
		{"They went to the {other} and found {a thing}.", "Behind the {other} there was {a thing}, all new."},
		{"{friend} was so happy that everybody laughed.", "{friend} had never been so happy."},
		{"And the {animal} got a piece of the cake.", "The {animal} was asked to the party, too."},
	},
}
