#!/bin/sh
# Guess: @huggingface/jinja, which Transformers.js uses for chat templates, supports break and continue in loops as
# jinja2 does: what an iteration printed before the break stays in the text.
# What happens: the text of the iteration that meets a break or a continue is lost, from the start of the iteration.
# "{{ x }}{% break %}" prints nothing. A template that prints a message and then leaves the loop loses this message.
# Another difference of loops is as silent: a variable that is set in one iteration still has its value in the next.
# In jinja2, each iteration starts with the value from outside the loop.
# Why it matters here: our program renders templates as jinja2 does, so the same template and conversation can give
# two prompts. A template should end its loops by a condition that is tested before anything is printed.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install jinja2==3.1.6
npm install --silent --no-audit --no-fund @huggingface/jinja@0.5.13
cat > templates.json <<'J'
[
  "{% for x in xs %}[{{ x }}]{% endfor %}",
  "{% for x in xs %}[{{ x }}]{% if x == 2 %}{% break %}{% endif %}{% endfor %}",
  "{% for x in xs %}[{{ x }}{% if x == 2 %}]{% continue %}{% endif %}!]{% endfor %}",
  "{% set last = 0 %}{% for x in xs %}[{{ last }}{% set last = x %}]{% endfor %}"
]
J
cat > run.py <<'PY'
import importlib.metadata, json
import jinja2

print("jinja2", importlib.metadata.version("jinja2"))
env = jinja2.Environment(extensions=["jinja2.ext.loopcontrols"])
json.dump([env.from_string(t).render(xs=[1, 2, 3]) for t in json.load(open("templates.json"))], open("jinja2.json", "w"))
PY
venv/bin/python run.py
cat > run.mjs <<'JS'
import fs from 'node:fs'
import { Template } from '@huggingface/jinja'

const read = name => JSON.parse(fs.readFileSync(name, 'utf8'))
console.log('@huggingface/jinja', read('node_modules/@huggingface/jinja/package.json').version)
const reference = read('jinja2.json')
const seen = read('templates.json').map(t => new Template(t).render({ xs: [1, 2, 3] }))
read('templates.json').forEach((t, i) => console.log(`${t}\n    jinja2 "${reference[i]}", @huggingface/jinja "${seen[i]}"`))
const want = [['[1][2][3]', '[1][2]', '[1!][2][3!]', '[0][0][0]'], ['[1][2][3]', '[1]', '[1!][3!]', '[0][1][2]']]
const ok = JSON.stringify([reference, seen]) === JSON.stringify(want)
if (!ok) console.log('this has changed')
process.exit(ok ? 0 : 1)
JS
node run.mjs
