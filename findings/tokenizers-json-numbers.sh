#!/bin/sh
# Guess: a tokenizer that is saved and loaded again is the same tokenizer. A Unigram model's scores are 64-bit floats,
# and the file has as many digits as a reader needs to get back exactly the same floats.
# What happens: the digits in the file are right, and Python's json reads every score back. The tokenizers package
# reads about one score in six as the float beside it. Pickle and copy.deepcopy go through the same text, so a copy,
# or the tokenizer in a worker process, has other scores than its original. A text of which two divisions score alike
# can be divided otherwise: below, the tokenizer makes "a" and "b" from "ab", and its copy makes "ab".
# Why it matters here: "alpaca convert" reads tokenizer.json itself, and correctly. The scores in its GGUF file may
# therefore differ in the last bit from the scores that this package shows for the same file.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install tokenizers==0.23.3
cat > "$dir/run.py" <<'PY'
import copy, importlib.metadata, json, math, pickle, sys
from tokenizers import Tokenizer, models

print("tokenizers", importlib.metadata.version("tokenizers"))

def unigram(vocab):
    return Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=False))

def scores(text):
    return [score for _, score in json.loads(text)["model"]["vocab"]]

vocab = [("<unk>", 0.0)] + [("p%d" % i, -math.log(i)) for i in range(2, 20001)]
text = unigram(vocab).to_str()
again = Tokenizer.from_str(text).to_str()
exact = scores(text) == [score for _, score in vocab]
wrong = sum(a != b for a, b in zip(scores(text), scores(again)))
furthest = max(abs(a - b) / math.ulp(a) for a, b in zip(scores(text), scores(again)))
print("the text is exact: %s; read as another number: %d of %d, at most %g units in the last place away" % (exact, wrong, len(vocab), furthest))

first = unigram([("<unk>", -100.0), ("a", -7.9996785794994505), ("b", -1.0), ("ab", -8.999678579499452)])
tokens = [t.encode("ab").tokens for t in [first, copy.deepcopy(first), pickle.loads(pickle.dumps(first)), Tokenizer.from_str(first.to_str())]]
print("original:", tokens[0], "copies:", tokens[1:])
same = exact and wrong * 10 > len(vocab) and furthest == 1 and tokens == [["a", "b"]] + [["ab"]] * 3
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
