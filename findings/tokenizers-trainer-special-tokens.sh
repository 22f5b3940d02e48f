#!/bin/sh
# Guess: a BPE trainer removes the special tokens that it is given from the training text, as the tokenizer removes them
# from every text that it encodes afterwards. A corpus of "<s>text</s>" then teaches the vocabulary only pieces of the
# text.
# What happens: the special tokens get their ids, but the trainer treats their letters like all others. The vocabulary
# fills with pieces such as "</s><s>" and "<s>hello</s>". No text is ever encoded to these pieces, because encoding cuts
# the special tokens out first. In the run below, 9 of the 11 learned pieces are of this kind.
# Why it matters here: a vocabulary of 2,048 tokens that is trained on text with markers has less room for words.
# "alpaca train --init" learns its vocabulary from the examples' texts, before a template puts control tokens around
# them.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install tokenizers==0.23.3
cat > "$dir/run.py" <<'PY'
import importlib.metadata, sys
from tokenizers import Tokenizer, models, trainers

print("tokenizers", importlib.metadata.version("tokenizers"))
special = ["<s>", "</s>"]
tok = Tokenizer(models.BPE())
tok.train_from_iterator(["<s>hello</s><s>help</s>"] * 3, trainers.BpeTrainer(vocab_size=64, special_tokens=special, show_progress=False))
learned = [t for t in tok.get_vocab() if len(t) > 1 and t not in special]
dead = [t for t in learned if any(c in t for c in "<>/")]
print("learned:", sorted(learned))
print("with parts of special tokens:", len(dead), "of", len(learned))
used = tok.encode("<s>hello</s><s>help</s>").tokens
print("encoded:", used)
same = len(learned) > 0 and len(dead) * 2 > len(learned) and not any(t in dead for t in used) and used[0] == "<s>"
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
