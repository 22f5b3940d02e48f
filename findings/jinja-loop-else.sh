#!/bin/sh
# Guess: with jinja2's loop controls, {% else %} of a loop is what its manual says, the text where no iteration took place;
# or, if it is Python's, the text where no break ended the loop.
# What happens: it is neither. The flag that says "there was an iteration" is set at the end of the loop's body, so that
# the else part is rendered as well whenever no turn came to its end: after a break in the first turn, and after turns
# that all ended by continue, though they have printed something.
# Why it matters here: chat templates have break and continue (transformers turns them on); an interpreter that does what
# the manual says gives them another prompt than the one that the model was trained on. Ours sets the flag as late.
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
