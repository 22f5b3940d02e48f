#!/bin/sh
# Guess: a filter of a block assignment takes the same arguments as any other filter. With a and b from the context,
# {% set x | replace(a, b) %}…{% endset %} gives what {{ text | replace(a, b) }} gives.
# What happens: jinja2 ends with an AssertionError of its compiler ("Tried to resolve a name to a reference that was
# unknown to the frame") unless the same block uses the names elsewhere. With {{ a }}{{ b }} before or after the
# assignment, the same line works. {% filter replace(a, b) %} always works.
# Why it matters here: an unrelated line decides whether a template fails. Our interpreter refuses what jinja2 refuses,
# and gives the name, the line and the column.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install jinja2==3.1.6
cat > "$dir/run.py" <<'PY'
import importlib.metadata, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment

env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
print("jinja2", importlib.metadata.version("jinja2"))
same = True
line = "{% set x | replace(a, b) %}hello{% endset %}{{ x }}"
for template, seen in [
    (line, "AssertionError"),
    (line + "{% if false %}{{ a }}{{ b }}{% endif %}", "heLLo"),
    ("{{ 'hello' | replace(a, b) }}", "heLLo"),
    ("{% filter replace(a, b) %}hello{% endfilter %}", "heLLo"),
    ("{% set x | replace('l', 'L') %}hello{% endset %}{{ x }}", "heLLo"),
]:
    try:
        got = env.from_string(template).render(a="l", b="L")
    except Exception as e:
        got = type(e).__name__
    print(f"{got:15} {template}")
    same = same and got == seen
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
