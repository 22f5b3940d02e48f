#!/bin/sh
# Guess: gguf-new-metadata can copy a GGUF file whose metadata holds an array without elements. The package's own reader
# shows such an array, and llama.cpp writes and reads such arrays (a model without merges, a model without stop texts).
# What happens: the package handles the empty array in three ways. GGUFReader and gguf-dump show it.
# GGUFWriter.add_array("k", []) drops the key without a message. gguf-new-metadata copies with add_key_value and ends
# with "ValueError: Invalid GGUF metadata array. Empty array". It leaves an output file that has only a header.
# Why it matters here: an empty list is not a missing list, so our program copies it. Our program refuses a file that
# such a tool left half-written, and names the place where the file ends.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install gguf==0.19.0
cat > "$dir/run.py" <<'PY'
import importlib.metadata, os, struct, subprocess, sys
import gguf

os.chdir(sys.argv[1])
print("gguf", importlib.metadata.version("gguf"))
text = lambda s: struct.pack("<Q", len(s)) + s.encode()
entries = [
    text("general.architecture") + struct.pack("<I", 8) + text("llama"),
    text("tokenizer.ggml.merges") + struct.pack("<IIQ", 9, 8, 0),  # an array (9) of strings (8), of which there are 0
]
data = b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries)
open("empty.gguf", "wb").write(data + bytes(-len(data) % 32))

seen = gguf.GGUFReader("empty.gguf").fields["tokenizer.ggml.merges"].contents()
print("reader:", seen)

w = gguf.GGUFWriter("dropped.gguf", "llama")
w.add_array("tokenizer.ggml.merges", [])
w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
dropped = "tokenizer.ggml.merges" not in gguf.GGUFReader("dropped.gguf").fields
print("writer leaves the key out:", dropped)

copy = subprocess.run([os.path.join(os.path.dirname(sys.executable), "gguf-new-metadata"), "empty.gguf", "copy.gguf"], capture_output=True, text=True)
print("copy:", copy.returncode, copy.stderr.strip().splitlines()[-2:], os.path.getsize("copy.gguf"), "of", os.path.getsize("empty.gguf"), "bytes")
same = seen == [] and dropped and copy.returncode == 1 and "Empty array" in copy.stderr and os.path.getsize("copy.gguf") < os.path.getsize("empty.gguf")
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py" "$dir"
