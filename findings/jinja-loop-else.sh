#!/bin/sh
# Guess: with jinja2's loop controls, the {% else %} part of a loop is rendered if the loop had no iteration, as the
# manual says. Another guess: it is rendered unless a break ended the loop, as in Python.
# What happens: jinja2 does neither. It sets the flag for "there was an iteration" at the end of the loop's body. So the
# else part is also rendered if no iteration reached the end of the body: after a break in the first iteration, or if
# every iteration ended with continue. This is so even if the iterations have printed text.
# Why it matters here: chat templates may use break and continue, because transformers enables them. An interpreter
# that follows the manual gives a different prompt from the one that the model was trained on. Our interpreter sets the
# flag at the same place as jinja2.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install jinja2==3.1.6
cat > "$dir/run.py" <<'PY'
import importlib.metadata, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment

env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
print("jinja2", importlib.metadata.version("jinja2"))
same = True
for template, seen in [
    ("{% for x in [1, 2] %}{{ x }}{% break %}{% else %} none{% endfor %}", "1 none"),
    ("{% for x in [1, 2] %}{{ x }}{% continue %}{% else %} none{% endfor %}", "12 none"),
    ("{% for x in [1, 2] %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% else %} none{% endfor %}", "12"),
    ("{% for x in [1, 2] %}{{ x }}{% else %} none{% endfor %}", "12"),
    ("{% for x in [] %}{{ x }}{% else %} none{% endfor %}", " none"),
]:
    got = env.from_string(template).render()
    print(f"{got!r:12} {template}")
    same = same and got == seen
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
