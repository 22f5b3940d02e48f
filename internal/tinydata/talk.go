package tinydata

import "fmt"

// ignorance is the answer to questions that the model cannot know.
const ignorance = "I do not know that. I am a very small model."

// talkKinds are small talk, yes-or-no questions, and questions that the model cannot
// answer.
var talkKinds = []kind{
	{"greeting", 6, true, func(r *random) (string, string) {
		g := pick(r, greetings)
		return pick(r, g.said), g.answer
	}},
	{"yes or no", 30, true, func(r *random) (string, string) {
		a := pick(r, animals)
		b := a
		if r.chance(50) {
			b = pick(r, animals)
		}
		yes := func(same bool) string {
			if same {
				return "Yes"
			}
			return "No"
		}
		switch r.below(3) {
		case 0:
			return fmt.Sprintf("Does %s eat %s?", article(a.name), b.food),
				fmt.Sprintf("%s, %s eats %s.", yes(a.food == b.food), article(a.name), a.food)
		case 1:
			return fmt.Sprintf("Is %s %s?", article(a.name), article(b.class)),
				fmt.Sprintf("%s, %s is %s.", yes(a.class == b.class), article(a.name), article(a.class))
		default:
			return fmt.Sprintf("Does %s live %s?", article(a.name), b.home),
				fmt.Sprintf("%s, %s lives %s.", yes(a.home == b.home), article(a.name), a.home)
		}
	}},
	{"unknown", 14, true, func(r *random) (string, string) {
		switch r.below(4) {
		case 0:
			return fmt.Sprintf(pick(r, []string{"What is the capital of %s?", "How many people live in %s?", "Where is %s?", "Tell me about %s.", "Who rules %s?"}), pick(r, countries)), ignorance
		case 1:
			return fmt.Sprintf(pick(r, []string{"Explain %s.", "Tell me about %s.", "What do you know about %s?", "Write an essay about %s."}), pick(r, topics)), ignorance
		case 2:
			return fmt.Sprintf(pick(r, []string{"Who was %s?", "When was %s born?", "What did %s do?", "Tell me about %s."}), pick(r, persons)), ignorance
		}
		return fmt.Sprintf("What is %d * %d?", r.between(100, 999), r.between(100, 999)), ignorance
	}},
}

var greetings = []struct {
	said   []string
	answer string
}{
	{[]string{"Hello", "Hello!", "Hi", "Hi!", "Hey", "Good day", "Hello there", "Hi there!"}, "Hello! How can I help you?"},
	{[]string{"Good morning", "Good morning!"}, "Good morning! How can I help you?"},
	{[]string{"Good evening", "Good evening!"}, "Good evening! How can I help you?"},
	{[]string{"How are you?", "How are you today?", "How do you do?", "Are you well?"}, "I am fine, thank you. And you?"},
	{[]string{"Who are you?", "What are you?", "What is your name?", "Tell me who you are.", "Introduce yourself.", "Are you an AI?"},
		"I am alpaca, a very small language model that lives inside a program."},
	{[]string{"What can you do?", "How can you help me?", "What do you know?", "Help", "What should I ask you?"},
		"I can tell little stories, rewrite sentences, sort and count, and answer simple questions about animals and words."},
	{[]string{"Thank you", "Thank you!", "Thanks", "Thanks!", "Thank you very much."}, "You are welcome."},
	{[]string{"Goodbye", "Bye", "Bye!", "See you later", "Good night"}, "Goodbye!"},
	{[]string{"Who made you?", "Where do you come from?", "How were you made?"},
		"I was trained by the alpaca program on text that it wrote itself."},
}
