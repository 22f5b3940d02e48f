#!/bin/sh
# Guess: safetensors.numpy.save of an array that is not in C order (a transposed matrix, every second column) writes its values,
# or refuses it, as safetensors.torch refuses tensors that are not contiguous. numpy's own save and tobytes give the values.
# What happens: the bytes are taken from where the array begins, whatever its strides are. No error, no warning; the file is valid,
# has the right shape, and other numbers: a transposed matrix comes back with its elements in the order of memory.
# Why it matters here: weights that a script transposed before it saved them are noise afterwards, and no reader can tell. A
# conversion that answers nonsense may begin with such a file; numpy.ascontiguousarray before save mends it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install safetensors==0.8.0 numpy==2.4.6
cat > "$dir/run.py" <<'PY'
import importlib.metadata, sys
import numpy as np
from safetensors.numpy import load, load_file, save, save_file

print("safetensors", importlib.metadata.version("safetensors"), "numpy", np.__version__)
a = np.arange(6, dtype=np.float32).reshape(2, 3)
wrong = []
for name, x in {"C order": a, "transposed": a.T, "Fortran order": np.asfortranarray(a), "every second column": a[:, ::2]}.items():
    got = load(save({"x": x}))["x"]
    save_file({"x": x}, sys.argv[1] + "/x.safetensors")
    file = load_file(sys.argv[1] + "/x.safetensors")["x"]
    assert got.shape == x.shape and (got == file).all()
    same = bool((got == x).all())
    print("%-20s %s is written as %s" % (name, x.tolist(), got.tolist()))
    wrong += [] if same else [name]
sys.exit(0 if wrong == ["transposed", "Fortran order", "every second column"] else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py" "$dir"
