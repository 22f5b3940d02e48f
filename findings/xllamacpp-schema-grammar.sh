#!/bin/sh
# Guess: xllamacpp's json_schema_to_grammar, which "converts a JSON schema to a llama.cpp grammar string", returns GBNF, as
# the function of that name in llama.cpp does and as llama-server's "grammar" field takes it.
# What happens: the published wheel is built with llguidance, and then the same function returns two lines of llguidance's
# own language that hold the schema as it came: "%llguidance {}" and "start: %json {…}". No rule of it is GBNF, so that a
# llama.cpp that was built without llguidance, or any other program that reads GBNF, cannot use it.
# Why it matters here: such texts are handed on as grammars. Ours refuses them with the line and column; the schema itself,
# by --json-schema or response_format, is what to hand on.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q xllamacpp==2026.10.11549
cat >"$dir/show.py" <<'P'
import xllamacpp

text = xllamacpp.json_schema_to_grammar({"type": "integer"})
print(text)
assert text == '%llguidance {}\nstart: %json {"type":"integer"}', "it returns something else now"
assert "::=" not in text
P
"$dir/venv/bin/python" "$dir/show.py"
