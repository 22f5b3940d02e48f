#!/bin/sh
# Guess: safetensors.numpy.save writes the values of an array that is not in C order (a transposed matrix, every second
# column). If it cannot do that, it refuses the array, as safetensors.torch refuses tensors that are not contiguous.
# numpy's own save and tobytes give the values.
# What happens: save writes the bytes from the array's beginning and ignores its strides, without an error or a warning.
# The file is valid and has the right shape, but the wrong values: a transposed matrix has its elements in the order of
# memory.
# Why it matters here: weights that a script has transposed and then saved are noise, and no reader can tell. If a
# converted model answers nonsense, such a file may be the cause. A call of numpy.ascontiguousarray before save avoids
# it.
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
