#!/bin/sh
# Guess: add_tokens of the tokenizers package gives a new token an id that no other token has. It returns 1, the
# number of added tokens.
# What happens: the new id is the number of tokens in the vocabulary, not the highest id plus one. The two differ if
# the ids have a gap, for example because somebody removed tokens. In the run below the vocabulary has four tokens
# with the ids 0, 1, 2 and 4. The new token "black" gets id 4, which "blue" has already. Both encode to 4, and 4 now
# decodes to "black". There is no error.
# Why it matters here: a GGUF file has one entry for each id, so it cannot hold both tokens. A model whose tokenizer
# was extended in this way reads "black" and "blue" as the same token, in whatever program.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install tokenizers==0.23.3
cat > "$dir/run.py" <<'PY'
import importlib.metadata, sys
from tokenizers import Tokenizer, models, pre_tokenizers

print("tokenizers", importlib.metadata.version("tokenizers"))
tok = Tokenizer(models.WordLevel({"<unk>": 0, "red": 1, "green": 2, "blue": 4}, unk_token="<unk>"))
tok.pre_tokenizer = pre_tokenizers.Whitespace()
before = tok.decode(tok.encode("green blue").ids)
added = tok.add_tokens(["black"])
ids = {t: tok.token_to_id(t) for t in ["black", "blue"]}
after = tok.decode(tok.encode("green blue").ids)
print("added:", added, ids)
print("'green blue' there and back:", repr(before), "before,", repr(after), "after")
same = before == "green blue" and added == 1 and ids == {"black": 4, "blue": 4} and after == "green black"
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
