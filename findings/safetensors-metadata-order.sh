#!/bin/sh
# Guess: saving the same tensors with the same metadata gives the same bytes. The format sorts tensors for this purpose,
# and stores of models name a file by its digest.
# What happens: each process chooses a random order for the keys of __metadata__. So files with two keys or more differ
# from run to run. Files with a single key, such as the {"format": "pt"} that transformers writes, do not differ.
# Why it matters here: for the same run, "alpaca train" always writes the same bytes into folders for peft. A comparison
# with the reference's files has to compare the values of tensors and metadata, not the bytes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install safetensors==0.8.0 numpy==2.4.6
cat > "$dir/save.py" <<'PY'
import hashlib, sys
import numpy as np
from safetensors.numpy import save

tensors = {"t%d" % i: np.full(2, i, np.float32) for i in range(8)}
metadata = {"key%d" % i: "value" for i in range(int(sys.argv[1]))}
print(hashlib.sha256(save(tensors, metadata=metadata)).hexdigest())
PY
"$dir/venv/bin/python" -c 'import importlib.metadata; print("safetensors", importlib.metadata.version("safetensors"))'
different() { # KEYS: how many digests eight runs give
	for _ in 1 2 3 4 5 6 7 8; do "$dir/venv/bin/python" "$dir/save.py" "$1"; done | sort -u | wc -l
}
one=$(different 1)
eight=$(different 8)
echo "8 runs with 1 key of metadata: $one digest; with 8 keys: $eight digests"
[ "$one" -eq 1 ] && [ "$eight" -gt 1 ] || { echo "this has changed" >&2; exit 1; }
