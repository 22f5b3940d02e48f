#!/bin/sh
# Guess: add_weighted_adapter of peft with combination_type="linear" makes the sum of adapters, each with its weight.
# Half of an adapter and half of the same adapter is the adapter.
# What happens: it adds up the A matrices and the B matrices, each times the square root of its weight, and multiplies
# the sums. This also multiplies each adapter's B with the other's A. Half and half of one adapter is two times the
# adapter, and one and one is four times. For two different adapters the result is far from their sum. A single
# adapter gets its weight, so a test with one adapter shows nothing. combination_type="cat" gives the sum, with a
# larger rank.
# Why it matters here: "alpaca merge" and adapters with scales add up what each adapter does to the weights. Its
# results equal those of "cat", not those of "linear". This script downloads PyTorch, which is large.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install torch==2.15.0 transformers==5.24.0 peft==0.21.2
cat > "$dir/run.py" <<'PY'
import importlib.metadata, sys, warnings
warnings.simplefilter("ignore")
import torch
from peft import LoraConfig, get_peft_model

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(8, 8, bias=False)

print("peft", importlib.metadata.version("peft"))
torch.manual_seed(0)
config = LoraConfig(target_modules=["layer"], r=2, lora_alpha=2, init_lora_weights=False)
model = get_peft_model(Net(), config, adapter_name="a")
model.add_adapter("b", config)
layer = model.base_model.model.layer
size, off = {}, {}
for kind in ["linear", "cat"]:
    for names, weights in [("a", [0.5]), ("aa", [0.5, 0.5]), ("aa", [1, 1]), ("ab", [0.5, 0.5])]:
        model.add_weighted_adapter(list(names), weights, "c", combination_type=kind)
        delta = layer.get_delta_weight("c")
        total = sum(w * layer.get_delta_weight(n) for n, w in zip(names, weights))
        size[kind, names, weights[0]] = round(float(delta.norm() / layer.get_delta_weight("a").norm()), 4)
        off[kind, names, weights[0]] = round(float((delta - total).norm() / total.norm()), 4)
        print(kind, names, weights, "is", size[kind, names, weights[0]], "times a; relative distance from the weighted sum:", off[kind, names, weights[0]])
        model.delete_adapter("c")
same = [size["linear", "a", 0.5], size["linear", "aa", 0.5], size["linear", "aa", 1]] == [0.5, 2, 4]
same &= off["linear", "ab", 0.5] > 0.5 and max(v for k, v in off.items() if k[0] == "cat") == 0
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py" 2>/dev/null
