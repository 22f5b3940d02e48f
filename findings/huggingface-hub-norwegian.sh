#!/bin/sh
# Guess: huggingface_hub reads "language: no" in a model card as Norwegian, because cards name a language by its code.
# Its own writer knows that the word needs quotes: it writes 'no'.
# What happens: the reader treats the word as the boolean false of YAML 1.1, in lists, too. A program that loads a card
# and saves it again writes "language: false" or "- false" instead of Norwegian, without a warning. In cards written by
# hand, the word has no quotes.
# Why it matters here: "alpaca convert" takes general.languages of a GGUF file from the card and keeps "no" as a text. A
# card that huggingface_hub has saved no longer contains the code.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install huggingface_hub==2.4.0 pyyaml==6.0.4
cat > "$dir/run.py" <<'PY'
import importlib.metadata, sys
from huggingface_hub import ModelCard, ModelCardData

print("huggingface_hub", importlib.metadata.version("huggingface_hub"), "PyYAML", importlib.metadata.version("pyyaml"))
one = ModelCard("---\nlanguage: no\nlicense: mit\n---\n# x\n")
two = ModelCard("---\nlanguage:\n- no\n- en\n---\n# x\n")
written = ModelCardData(language=["no", "en"]).to_yaml()
print("language: no     ->", repr(one.data.language), "saved as", str(one).splitlines()[1])
print("language: [no,en] ->", repr(two.data.language), "saved as", str(two).splitlines()[2])
print("its own writer    ->", written.splitlines()[1])
same = one.data.language is False and "language: false" in str(one) and two.data.language == [False, "en"] and "- 'no'" in written
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
