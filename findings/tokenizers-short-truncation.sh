#!/bin/sh
# Guess: enable_truncation(max_length=1) of the tokenizers package never lets an encoding have more than one token. If
# the post-processor adds two special tokens, there is no room for them, so encode raises an error or cuts them as
# well.
# What happens: a maximum below the number of special tokens turns truncation off. With a maximum of 3 or 2 a text of
# twelve tokens becomes 3 or 2 tokens. With 1 or 0 it becomes 14 tokens, that is all of it. There is no error and no
# warning. transformers passes truncation=True, max_length=1 on and returns the same 14 tokens.
# Why it matters here: a program that computes the room that is left in a context, and truncates to it, sends
# everything when the room is 0. Our server then refuses the request because the prompt is too long.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install tokenizers==0.23.3 transformers==5.24.0
cat > "$dir/run.py" <<'PY'
import importlib.metadata, os, sys
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

for name in ["tokenizers", "transformers"]:
    print(name, importlib.metadata.version(name))
tok = Tokenizer(models.WordLevel({"[UNK]": 0, "word": 1, "[CLS]": 2, "[SEP]": 3}, unk_token="[UNK]"))
tok.pre_tokenizer = pre_tokenizers.Whitespace()
tok.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
text = "word " * 12
whole = PreTrainedTokenizerFast(tokenizer_object=tok, unk_token="[UNK]")
lengths = {}
for most in [3, 2, 1, 0]:
    tok.enable_truncation(max_length=most)
    lengths[most] = (len(tok.encode(text).ids), len(whole(text, truncation=True, max_length=most)["input_ids"]))
    print("at most %d tokens: tokenizers gives %d, transformers %d" % (most, *lengths[most]))
sys.exit(0 if lengths == {3: (3, 3), 2: (2, 2), 1: (14, 14), 0: (14, 14)} else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
