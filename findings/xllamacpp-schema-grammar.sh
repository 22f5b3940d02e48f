#!/bin/sh
# Guess: xllamacpp's json_schema_to_grammar "converts a JSON schema to a llama.cpp grammar string", so it returns GBNF.
# llama.cpp's function of that name does so, and the "grammar" field of llama-server takes GBNF.
# What happens: the published wheel is built with llguidance. In this wheel, the function returns two lines in llguidance's own
# language, which contain the schema unchanged: "%llguidance {}" and "start: %json {…}". They are not GBNF. A llama.cpp
# built without llguidance cannot use them, nor can any other program that reads GBNF.
# Why it matters here: programs pass such texts on as grammars. Our program refuses them and names the line and the
# column. Such programs should pass on the schema itself, by --json-schema or response_format.
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
