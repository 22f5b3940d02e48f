#!/bin/sh
# Guess: jsonrepair returns valid JSON as it is. Programs pass all arguments of tool calls through it, broken or not.
# What happens: version 3.15.0 changes or refuses some valid texts. A string that is the last of its array and begins
# with an opening bracket which it does not close is divided: ["[INST"] becomes ["",["INST"]]. A string that is the
# last value of its object and begins with an opening brace which it does not close is an error: {"text":"{"}.
# Versions 3.12.0 to 3.14.0 return both texts unchanged.
# Why it matters here: arguments of tool calls that our server sends under a schema are always valid JSON. A program
# should repair them only if JSON.parse fails.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for version in 3.14.0 3.15.0; do
	mkdir "$version"
	npm install --silent --no-audit --no-fund --prefix "$version" "jsonrepair@$version"
done
cat > run.cjs <<'JS'
const texts = ['{"stop":["[INST"]}', '{"find":"[INST]","replace":"[INST"}', '{"line":1,"text":"{"}', '{"text":"{","line":1}']
const seen = {}
for (const version of ['3.14.0', '3.15.0']) {
  const { jsonrepair } = require(`./${version}/node_modules/jsonrepair`)
  seen[version] = texts.map(text => {
    JSON.parse(text) // valid
    try {
      return jsonrepair(text)
    } catch (e) {
      return e.message
    }
  })
  console.log('jsonrepair', require(`./${version}/node_modules/jsonrepair/package.json`).version)
  texts.forEach((text, i) => console.log('  ', text, ' becomes ', seen[version][i]))
}
const want = [...texts]
want[0] = '{"stop":["",["INST"]]}'
want[2] = 'Unexpected character "{" at position 18'
const ok = JSON.stringify(seen['3.14.0']) === JSON.stringify(texts) && JSON.stringify(seen['3.15.0']) === JSON.stringify(want)
if (!ok) console.log('this has changed')
process.exit(ok ? 0 : 1)
JS
node run.cjs
