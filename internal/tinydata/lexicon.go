package tinydata

// This file lists the words from which the instructions and stories are made.

type animal struct {
	name, young, sound string // sound is a verb, such as "barks"
	legs               string // a number word
	home, food, class  string // "in a kennel", "bones", "mammal"
	look               string // "small and brown"
}

var animals = []animal{
	{"dog", "puppy", "barks", "four", "in a kennel", "bones", "mammal", "loyal and playful"},
	{"cat", "kitten", "meows", "four", "in a house", "fish", "mammal", "soft and quiet"},
	{"cow", "calf", "moos", "four", "in a barn", "grass", "mammal", "big and calm"},
	{"horse", "foal", "neighs", "four", "in a stable", "hay", "mammal", "strong and fast"},
	{"pig", "piglet", "oinks", "four", "in a sty", "corn", "mammal", "round and pink"},
	{"sheep", "lamb", "bleats", "four", "in a meadow", "grass", "mammal", "woolly and gentle"},
	{"lion", "cub", "roars", "four", "in the savanna", "meat", "mammal", "proud and strong"},
	{"wolf", "pup", "howls", "four", "in a den", "meat", "mammal", "grey and wild"},
	{"fox", "kit", "yaps", "four", "in a burrow", "berries", "mammal", "red and clever"},
	{"bear", "cub", "growls", "four", "in a cave", "honey", "mammal", "large and furry"},
	{"mouse", "pinky", "squeaks", "four", "in a hole", "cheese", "mammal", "tiny and quick"},
	{"rabbit", "bunny", "thumps", "four", "in a warren", "carrots", "mammal", "small and fluffy"},
	{"goat", "kid", "bleats", "four", "on a mountain", "leaves", "mammal", "stubborn and nimble"},
	{"elephant", "calf", "trumpets", "four", "in the jungle", "leaves", "mammal", "huge and wise"},
	{"monkey", "infant", "chatters", "two", "in a tree", "bananas", "mammal", "cheeky and quick"},
	{"duck", "duckling", "quacks", "two", "on a pond", "seeds", "bird", "wet and cheerful"},
	{"hen", "chick", "clucks", "two", "in a coop", "grain", "bird", "busy and feathery"},
	{"owl", "owlet", "hoots", "two", "in a hollow tree", "mice", "bird", "silent and wise"},
	{"crow", "fledgling", "caws", "two", "in a nest", "worms", "bird", "black and smart"},
	{"eagle", "eaglet", "screeches", "two", "on a cliff", "fish", "bird", "mighty and free"},
	{"goose", "gosling", "honks", "two", "by a lake", "grass", "bird", "white and loud"},
	{"penguin", "chick", "brays", "two", "on the ice", "fish", "bird", "black and white"},
	{"bee", "larva", "buzzes", "six", "in a hive", "nectar", "insect", "striped and busy"},
	{"ant", "larva", "clicks", "six", "in a hill", "crumbs", "insect", "small and hard-working"},
	{"cricket", "nymph", "chirps", "six", "in the grass", "leaves", "insect", "green and noisy"},
	{"spider", "spiderling", "taps", "eight", "in a web", "flies", "arachnid", "thin and patient"},
	{"snake", "snakelet", "hisses", "no", "under a rock", "eggs", "reptile", "long and smooth"},
	{"frog", "tadpole", "croaks", "four", "in a swamp", "flies", "amphibian", "green and slippery"},
	{"seal", "pup", "barks", "no", "by the sea", "fish", "mammal", "sleek and wet"},
	{"donkey", "foal", "brays", "four", "on a farm", "hay", "mammal", "patient and grey"},
}

type verb struct{ base, third, past string }

// Sentences combine motions with a place, and actions with a thing.
var (
	motions = []verb{
		{"walk", "walks", "walked"}, {"run", "runs", "ran"}, {"go", "goes", "went"}, {"jump", "jumps", "jumped"},
		{"swim", "swims", "swam"}, {"fly", "flies", "flew"}, {"ride", "rides", "rode"}, {"come", "comes", "came"},
		{"hurry", "hurries", "hurried"}, {"climb", "climbs", "climbed"}, {"crawl", "crawls", "crawled"}, {"drive", "drives", "drove"},
		{"race", "races", "raced"}, {"march", "marches", "marched"}, {"return", "returns", "returned"}, {"travel", "travels", "travelled"},
	}
	actions = []verb{
		{"see", "sees", "saw"}, {"find", "finds", "found"}, {"carry", "carries", "carried"}, {"paint", "paints", "painted"},
		{"wash", "washes", "washed"}, {"open", "opens", "opened"}, {"lose", "loses", "lost"}, {"buy", "buys", "bought"},
		{"sell", "sells", "sold"}, {"hold", "holds", "held"}, {"take", "takes", "took"}, {"bring", "brings", "brought"},
		{"draw", "draws", "drew"}, {"hide", "hides", "hid"}, {"keep", "keeps", "kept"}, {"want", "wants", "wanted"},
		{"like", "likes", "liked"}, {"need", "needs", "needed"}, {"break", "breaks", "broke"}, {"fix", "fixes", "fixed"},
		{"clean", "cleans", "cleaned"}, {"make", "makes", "made"}, {"show", "shows", "showed"}, {"throw", "throws", "threw"},
		{"catch", "catches", "caught"}, {"push", "pushes", "pushed"}, {"pull", "pulls", "pulled"}, {"lift", "lifts", "lifted"},
	}
)

type noun struct{ one, many string }

var things = []noun{
	{"ball", "balls"}, {"book", "books"}, {"box", "boxes"}, {"cup", "cups"}, {"hat", "hats"}, {"key", "keys"},
	{"lamp", "lamps"}, {"map", "maps"}, {"pen", "pens"}, {"shoe", "shoes"}, {"spoon", "spoons"}, {"stone", "stones"},
	{"table", "tables"}, {"toy", "toys"}, {"kite", "kites"}, {"bell", "bells"}, {"coin", "coins"}, {"drum", "drums"},
	{"flag", "flags"}, {"brush", "brushes"}, {"glass", "glasses"}, {"plate", "plates"}, {"basket", "baskets"}, {"bottle", "bottles"},
	{"chair", "chairs"}, {"clock", "clocks"}, {"coat", "coats"}, {"door", "doors"}, {"letter", "letters"}, {"picture", "pictures"},
	{"ring", "rings"}, {"rope", "ropes"}, {"sock", "socks"}, {"ticket", "tickets"}, {"bag", "bags"}, {"boat", "boats"},
	{"knife", "knives"}, {"leaf", "leaves"}, {"shelf", "shelves"}, {"candle", "candles"}, {"mirror", "mirrors"}, {"pillow", "pillows"},
}

// plurals are further nouns for questions about plurals. Some of them have irregular plurals.
var plurals = []noun{
	{"child", "children"}, {"man", "men"}, {"woman", "women"}, {"foot", "feet"}, {"tooth", "teeth"}, {"mouse", "mice"},
	{"goose", "geese"}, {"sheep", "sheep"}, {"fish", "fish"}, {"wolf", "wolves"}, {"baby", "babies"}, {"city", "cities"},
	{"berry", "berries"}, {"puppy", "puppies"}, {"family", "families"}, {"story", "stories"}, {"bus", "buses"}, {"dish", "dishes"},
	{"fox", "foxes"}, {"potato", "potatoes"}, {"tomato", "tomatoes"}, {"hero", "heroes"}, {"dog", "dogs"}, {"cat", "cats"},
	{"cow", "cows"}, {"tree", "trees"}, {"house", "houses"}, {"river", "rivers"}, {"star", "stars"}, {"cloud", "clouds"},
	{"apple", "apples"}, {"egg", "eggs"}, {"bird", "birds"}, {"hand", "hands"}, {"girl", "girls"}, {"boy", "boys"},
	{"teacher", "teachers"}, {"farmer", "farmers"}, {"bridge", "bridges"}, {"church", "churches"}, {"loaf", "loaves"}, {"half", "halves"},
}

var opposites = [][2]string{
	{"hot", "cold"}, {"big", "small"}, {"fast", "slow"}, {"tall", "short"}, {"happy", "sad"}, {"old", "young"},
	{"day", "night"}, {"up", "down"}, {"left", "right"}, {"open", "closed"}, {"full", "empty"}, {"hard", "soft"},
	{"wet", "dry"}, {"light", "dark"}, {"rich", "poor"}, {"loud", "quiet"}, {"early", "late"}, {"near", "far"},
	{"clean", "dirty"}, {"thick", "thin"}, {"strong", "weak"}, {"high", "low"}, {"good", "bad"}, {"first", "last"},
	{"begin", "end"}, {"buy", "sell"}, {"push", "pull"}, {"win", "lose"}, {"give", "take"}, {"love", "hate"},
	{"inside", "outside"}, {"above", "below"}, {"before", "after"}, {"always", "never"}, {"wide", "narrow"}, {"brave", "afraid"},
	{"sweet", "sour"}, {"heavy", "weightless"}, {"safe", "dangerous"}, {"true", "false"}, {"laugh", "cry"}, {"friend", "enemy"},
}

// groups are groups of words, with the group's name.
var groups = []struct {
	name  string
	words []string
}{
	{"animal", []string{"dog", "cat", "cow", "horse", "lion", "fox", "bear", "duck", "bee", "frog", "goat", "owl", "wolf", "rabbit"}},
	{"fruit", []string{"apple", "banana", "cherry", "grape", "lemon", "orange", "peach", "pear", "plum", "melon"}},
	{"vegetable", []string{"carrot", "potato", "onion", "pea", "bean", "cabbage", "spinach", "pumpkin"}},
	{"colour", []string{"red", "blue", "green", "yellow", "black", "white", "pink", "brown", "purple", "grey"}},
	{"tool", []string{"hammer", "saw", "drill", "shovel", "rake", "axe", "wrench"}},
	{"vehicle", []string{"car", "bus", "train", "truck", "bicycle", "plane", "ship", "tram"}},
	{"drink", []string{"water", "milk", "juice", "tea", "coffee", "lemonade"}},
	{"number", []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}},
	{"piece of clothing", []string{"shirt", "coat", "hat", "sock", "scarf", "glove", "dress", "skirt"}},
	{"part of the body", []string{"hand", "foot", "nose", "ear", "knee", "elbow", "mouth", "shoulder"}},
	{"instrument", []string{"drum", "flute", "piano", "violin", "guitar", "trumpet"}},
	{"piece of furniture", []string{"table", "chair", "bed", "sofa", "shelf", "desk", "bench"}},
}

// coloured are things with one obvious colour.
var coloured = [][2]string{
	{"the sky", "blue"}, {"grass", "green"}, {"snow", "white"}, {"a banana", "yellow"}, {"blood", "red"}, {"coal", "black"},
	{"a lemon", "yellow"}, {"milk", "white"}, {"a carrot", "orange"}, {"a strawberry", "red"}, {"chocolate", "brown"}, {"the sun", "yellow"},
	{"the night", "black"}, {"a frog", "green"}, {"a flamingo", "pink"}, {"the sea", "blue"}, {"a tomato", "red"}, {"a cloud", "white"},
	{"an elephant", "grey"}, {"a pumpkin", "orange"}, {"a cucumber", "green"}, {"a crow", "black"}, {"mud", "brown"}, {"a swan", "white"},
}

var (
	days   = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	months = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}

	girls = []string{"Anna", "Emma", "Lily", "Mia", "Zoe", "Nora", "Ella", "Lucy", "Ruby", "Clara", "Ida", "Rosa"}
	boys  = []string{"Tom", "Ben", "Max", "Leo", "Sam", "Finn", "Jack", "Noah", "Oscar", "Paul", "Hugo", "Tim"}
	names = append(append([]string{}, girls...), boys...)

	places = []string{"park", "school", "river", "forest", "market", "garden", "beach", "library", "bridge", "farm", "castle", "village",
		"station", "museum", "lake", "hill", "kitchen", "shop", "barn", "zoo"}

	people = []string{"boy", "girl", "man", "woman", "teacher", "farmer", "baker", "doctor", "king", "queen", "child", "sailor", "driver", "painter"}

	adjectives = []string{"small", "big", "old", "new", "red", "blue", "green", "happy", "brave", "clever", "kind", "quiet", "quick", "lazy",
		"funny", "hungry", "tired", "shy", "proud", "curious"}

	// characterTraits are the traits of people and animals in stories
	characterTraits = []string{"small", "big", "old", "happy", "brave", "clever", "kind", "quiet", "quick", "lazy", "funny", "hungry", "tired", "shy",
		"proud", "curious", "young", "friendly", "little", "gentle"}

	// creatures are further animals and beings for stories, about which the lexicon has no facts
	creatures = []string{"dragon", "unicorn", "giant", "robot", "ghost", "witch", "knight", "princess", "prince", "wizard", "fairy", "whale", "shark",
		"tiger", "zebra", "giraffe", "camel", "turtle", "hedgehog", "squirrel", "parrot", "dolphin", "crab", "kangaroo", "panda", "llama", "alpaca",
		"dinosaur", "snail", "butterfly", "swan", "beaver", "deer", "hamster"}

	// plain words, for copying, spelling, counting and sorting
	plain = []string{"sun", "moon", "star", "rain", "wind", "snow", "tree", "leaf", "rose", "bird", "fish", "milk", "bread", "apple", "cake",
		"house", "door", "window", "table", "chair", "bed", "lamp", "book", "pen", "paper", "ball", "boat", "car", "train", "road",
		"hill", "river", "sea", "sand", "stone", "gold", "king", "queen", "horse", "cow", "dog", "cat", "fox", "bear", "lion",
		"green", "blue", "black", "white", "happy", "quick", "small", "warm", "cold", "night", "day", "week", "year", "hand", "foot",
		"nose", "ear", "mouth", "heart", "music", "song", "dance", "game", "story", "letter", "number", "water", "fire", "earth", "cloud",
		"garden", "forest", "island", "bridge", "castle", "market", "school", "friend", "mother", "father", "sister", "brother", "baby", "dream", "light"}
)

// The model must answer that it does not know these
// things. No other instruction or story contains them.
var (
	countries = []string{"France", "Spain", "Italy", "Japan", "China", "India", "Brazil", "Canada", "Mexico", "Egypt", "Kenya", "Norway",
		"Sweden", "Poland", "Greece", "Turkey", "Peru", "Chile", "Cuba", "Ghana", "Nepal", "Iran", "Iraq", "Austria", "Portugal", "Ireland"}
	topics = []string{"quantum physics", "the stock market", "chemistry", "philosophy", "politics", "history", "medicine", "law", "economics",
		"computers", "the internet", "algebra", "astronomy", "geology", "biology", "football results", "the news", "the weather tomorrow"}
	persons = []string{"Einstein", "Newton", "Mozart", "Shakespeare", "Napoleon", "Cleopatra", "Darwin", "Picasso", "Beethoven", "Galileo", "Plato", "Columbus"}
)

var numberWords = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
	"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"}
