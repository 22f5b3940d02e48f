#!/bin/sh
# Guess: @huggingface/jinja, which Transformers.js uses for chat templates, has Python's strip, lstrip and rstrip.
# text.strip('\n') removes newlines and leaves other characters. A method with an argument that is not supported
# raises an error, as most missing filters do.
# What happens: the three methods ignore their argument and remove all white space. "\n    return 1\n".strip('\n')
# loses the indentation of the first line, and "(x)".strip('()') stays "(x)". There is no error. Python's methods,
# which jinja2 uses, give "    return 1" and "x".
# Why it matters here: templates of Qwen's kind call strip('\n') on the text around a thought, and so on answers with
# code. Our program renders them as jinja2 does, so its prompt differs from the prompt in a browser.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install jinja2==3.1.6
npm install --silent --no-audit --no-fund @huggingface/jinja@0.5.13
cat > templates.json <<'J'
[
  "{{ text.strip('\\n') }}|",
  "{{ text.lstrip('\\n') }}|",
  "{{ text.rstrip('\\n') }}|",
  "{{ '(x)'.strip('()') }}|",
  "{{ text.strip() }}|"
]
J
cat > run.py <<'PY'
import importlib.metadata, json
import jinja2

print("jinja2", importlib.metadata.version("jinja2"))
templates = json.load(open("templates.json"))
json.dump([jinja2.Environment().from_string(t).render(text="\n    return 1 \n") for t in templates], open("jinja2.json", "w"))
PY
venv/bin/python run.py
cat > run.mjs <<'JS'
import fs from 'node:fs'
import { Template } from '@huggingface/jinja'

const read = name => JSON.parse(fs.readFileSync(name, 'utf8'))
console.log('@huggingface/jinja', read('node_modules/@huggingface/jinja/package.json').version)
const reference = read('jinja2.json')
const seen = read('templates.json').map(t => new Template(t).render({ text: '\n    return 1 \n' }))
read('templates.json').forEach((t, i) => console.log(t, JSON.stringify({ jinja2: reference[i], huggingface: seen[i] })))
const want = [
  ['    return 1 |', '    return 1 \n|', '\n    return 1 |', 'x|', 'return 1|'],
  ['return 1|', 'return 1 \n|', '\n    return 1|', '(x)|', 'return 1|']
]
const ok = JSON.stringify([reference, seen]) === JSON.stringify(want)
if (!ok) console.log('this has changed')
process.exit(ok ? 0 : 1)
JS
node run.mjs
