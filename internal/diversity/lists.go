package diversity

import "strings"

// set returns the set of the words in text.
func set(text string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(text) {
		m[w] = true
	}
	return m
}

// verbs are verbs that instructions begin with, in the base form.
var verbs = set(`
accept act adapt add address advise aid alphabetise alphabetize analyse analyze announce answer apologise apologize apply
appraise argue arrange articulate ask assemble assess assign assist assume attach attribute author balance be beat begin boil
brainstorm break brew bring build calculate call cancel caption capture carry cast categorise categorize celebrate change
characterise characterize chart check choose cite claim clarify classify clean clear close code coin collect combine come
comment compare compile complete compliment compose compress compute conceive conclude condense conduct confirm connect
consider construct contrast contribute convert convey convince cook correct count craft create criticise criticize critique
crop cut date debate debug decide decipher declare decline decode decorate deduce defend define delete deliver demonstrate
depict derive describe design detail detect determine develop devise diagnose differentiate dig discover discuss display
distinguish divide do document draft dramatise draw edit elaborate elect emphasise emphasize encourage end enhance enter
entertain establish estimate evaluate examine exchange execute expand explain explore express extend extract fact fetch
figure fill filter finalise find finish fix flip focus follow forecast form format formulate gather generate get give go
grade greet group guess guide handle have help highlight hold hypothesise hypothesize identify illustrate imagine imitate
implement imply improve include increase indicate infer inform insert inspect install instruct integrate interpret introduce
invent investigate invite join judge justify keep know label lay lead learn let link list locate log look maintain make
manage mark match mean measure mention merge mix model modernise modernize modify monitor move multiply name narrate
negotiate note notice number observe offer open optimise optimize order organise organize outline pack paraphrase parse
participate perform personify persuade pick pitch place plan play plot point pose post practise praise predict prepare
present prevent prioritise prioritize process produce program promote proofread propose prove provide publish punctuate put
question quote rank rate read rearrange recall recite recommend reconstruct record reduce refer refine reflect reformat
refute register relate remove rename reorder reorganise repair repeat rephrase replace reply report represent request research
resolve respond restate restructure retell retrieve return reverse review revise rewrite rhyme roleplay role-play rotate round
run save say scale scan schedule score search select send separate sequence set share shorten show shuffle simplify sing
sketch solve sort speak specify spell split standardise start state stop structure study subtract suggest sum summarise
summarize supply support swap take talk teach tell test thank think total touch trace track train transcribe transform
translate treat trim turn type underline understand update use validate verify visit visualise visualize vote warn watch
weigh welcome wish work write`)

// courtesy are words that can come before the verb.
var courtesy = set(`please kindly now then first next also just so i'd i'll we'd like want need help you'd let's us me`)

// modals begin questions whose verb follows the subject.
var modals = set(`can could would will should may might do does did i i'd we`)

// pronouns and fillers can stand between a verb and its object.
var pronouns = set(`i you he she it we they me him her us them yourself myself someone somebody everyone this that these those`)

var fillers = set(`a an the my your his its our their some any all each every both another other such no not only at least most
one two three four five six seven eight nine ten eleven twelve twenty several many few more following given above below up out
down exactly least about whether if`)

// boundaries end a noun phrase.
var boundaries = set(`about above across after against along among around as at because before behind below beneath beside
between beyond but by despite during except for from how if in inside into like near of off on onto or out outside over since
so than that though through to toward towards under until unless upon using via what when where whether which while who whom
whose why with within without and is are was were be been has have had can could will would should may might must do does did
it they he she you i we not then there here`)

// measures are nouns that stand for a quantity of what follows; they count as the object.
var measures = set(`list set number series group pair collection`)

// adjectives are the frequent adjectives. Other words need no list, because the last word of the
// noun phrase counts.
var adjectives = set(`short long brief simple funny creative new old good bad great small big large little main basic best worst
different similar single various possible important interesting unique original formal informal polite detailed positive
negative random common famous popular modern historical scientific fictional imaginary personal professional persuasive
descriptive convincing correct proper appropriate suitable missing first last next final same whole complete entire random
warm cold hot healthy vegetarian rhyming surprising repeated factual balanced weekly daily`)

// nouns are nouns that are also verbs, or that end in -ing.
var nouns = set(`list report plan name code program test question answer review order match call model process record research
sentence thing morning evening meeting building beginning meaning string ending opening feeling painting wedding clothing
spelling reading writing drawing king ring spring wing heading setting saying training marketing greeting recipe study
change form number note point post quote rate rhyme role score search sequence set show start state story structure summary
support talk total train turn type use vote visit wish work place play plot paragraph date debate design document draft
display display email end estimate exchange fact figure film format group guide help joke label link log look mark measure
mention move offer outline pitch practice present praise reply request return reverse schedule share sketch sort speech
sum touch trace track transcript treat update watch welcome`)

// irregular are plurals without a regular ending, and singulars that look like plurals.
var irregular = map[string]string{
	"children": "child", "people": "person", "men": "man", "women": "woman", "mice": "mouse", "feet": "foot", "teeth": "tooth",
	"geese": "goose", "criteria": "criterion", "phenomena": "phenomenon", "data": "data", "news": "news", "series": "series",
	"species": "species", "lens": "lens", "movies": "movie", "cookies": "cookie", "calories": "calorie", "ties": "tie", "lives": "life",
	"leaves": "leaf", "wives": "wife", "knives": "knife", "hypotheses": "hypothesis", "analyses": "analysis", "indices": "index",
	"synopses": "synopsis", "heroes": "hero", "potatoes": "potato", "tomatoes": "tomato", "buses": "bus", "bias": "bias", "gas": "gas",
	"mathematics": "mathematics", "physics": "physics", "politics": "politics",
}
