#!/bin/sh
# Guess: maybe_convert_to_chatml of trl, which SFTTrainer applies to each row, reads conversations in ShareGPT's form.
# It makes {"role": "user", "content": …} of {"from": "human", "value": …}, and "assistant" of "gpt".
# What happens: it renames the keys and leaves the roles. The messages have the roles "human" and "gpt". Most chat
# templates print any role, so the model learns to answer after <|im_start|>human, which no program sends. In a
# template that asks for the role "assistant", no message is one: the text around answers is missing, or they are not
# trained on. Nothing warns of it.
# Why it matters here: adapters that were trained in this way seem to have learned nothing. "alpaca train" reads
# "human" and "gpt" as user and assistant.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install transformers==5.24.0 datasets==5.2.0 jinja2==3.1.6
"$dir/venv/bin/pip" -q --disable-pip-version-check install --no-deps trl==1.16.0 # the function needs no PyTorch
cat > "$dir/run.py" <<'PY'
import importlib.metadata, os, sys
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import jinja2
from trl.data_utils import maybe_convert_to_chatml

print("trl", importlib.metadata.version("trl"))
row = {"conversations": [{"from": "human", "value": "Is it late?"}, {"from": "gpt", "value": "No."}]}
messages = maybe_convert_to_chatml(row)["messages"]
print(messages)
chatml = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
text = jinja2.Template(chatml).render(messages=messages)
print(text)
same = [m["role"] for m in messages] == ["human", "gpt"] and text.startswith("<|im_start|>human\nIs it late?<|im_end|>\n<|im_start|>gpt\n")
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
