#!/bin/sh
# Guess: llama.cpp splits words as the pattern in the model's tokenizer.json does. llama.cpp is known to leave combining
# marks out of the patterns of tekken and GPT-4o. Patterns that contain \p{Lu} and \p{Ll}, such as those of Tiny Aya and
# Youtu, should split "HelloWorld" into two words.
# What happens: llama.cpp treats \p{Lu}, \p{Ll}, \p{Lt}, \p{Lm} and \p{Lo} as \p{L}, so it begins no word at a capital
# letter, not even in English. It also splits the two spaces in "a  1", which the tokenizer keeps together.
# Why it matters here: the prompts of these models get different tokens from those in training. Our program splits as
# the model's tokenizer does, and with --reference-pretokenizer as llama.cpp does.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install xllamacpp==2026.10.11549 tokenizers==0.23.3 gguf==0.19.0
cd "$dir"
cat > run.py <<'PY'
import ctypes as C, os, sys
import gguf, tokenizers, xllamacpp
from tokenizers import Regex, Tokenizer, models, pre_tokenizers as P

byte = P.ByteLevel.alphabet()
tokens, merges = sorted(byte), []
for word in ["Hello", "World", "\u0120\u0120"]:
    for n in range(2, len(word) + 1):
        if word[:n] not in tokens:
            tokens.append(word[:n])
            merges.append((word[:n - 1], word[n - 1]))
tokens.append("HelloWorld")
merges.append(("Hello", "World"))

w = gguf.GGUFWriter("vocab.gguf", "llama")
w.add_tokenizer_model("gpt2")
w.add_tokenizer_pre("tiny_aya")
w.add_token_list(tokens)
w.add_token_types([1] * len(tokens))
w.add_token_merges([" ".join(m) for m in merges])
w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()

class Params(C.Structure):  # llama_model_params
    _fields_ = [("a", C.c_void_p * 2), ("b", C.c_int32 * 5), ("c", C.c_void_p * 4), ("vocab_only", C.c_bool), ("d", C.c_bool * 5)]

L = C.CDLL(os.path.join(os.path.dirname(xllamacpp.__file__), "xllamacpp.abi3.so"))
log = C.CFUNCTYPE(None, C.c_int, C.c_char_p, C.c_void_p)(lambda *_: None)
L.llama_log_set(log, None)
L.llama_model_default_params.restype = Params
L.llama_model_load_from_file.argtypes, L.llama_model_load_from_file.restype = [C.c_char_p, Params], C.c_void_p
L.llama_model_get_vocab.argtypes, L.llama_model_get_vocab.restype = [C.c_void_p], C.c_void_p
L.llama_tokenize.argtypes = [C.c_void_p, C.c_char_p, C.c_int32, C.c_void_p, C.c_int32, C.c_bool, C.c_bool]
params = L.llama_model_default_params()
params.vocab_only = True
vocab = L.llama_model_get_vocab(L.llama_model_load_from_file(b"vocab.gguf", params))

# The pattern of Tiny Aya's tokenizer.json.
upper, lower = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
front, after = r"[^\r\n\p{L}\p{N}]?", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
pattern = front + upper + "*" + lower + "+" + after + "|" + front + upper + "+" + lower + "*" + after + \
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
own = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
own.pre_tokenizer = P.Sequence([P.Split(Regex(r"\d{1,3}(?=(?:\d{3})*\b)"), "isolated"), P.Split(Regex(pattern), "isolated"),
                                P.ByteLevel(add_prefix_space=False, use_regex=False)])

print("xllamacpp", xllamacpp.__version__, "tokenizers", tokenizers.__version__)
want = {"HelloWorld": (["HelloWorld"], ["Hello", "World"]), "a  1": (["a", "\u0120", "\u0120", "1"], ["a", "\u0120\u0120", "1"])}
for text, expected in want.items():
    ids = (C.c_int32 * 64)()
    n = L.llama_tokenize(vocab, text.encode(), len(text), ids, 64, False, False)
    got = ([tokens[i] for i in ids[:n]], own.encode(text).tokens)
    print(repr(text), "llama.cpp:", got[0], "tokenizer.json:", got[1])
    if got != expected:
        sys.exit("this has changed: " + repr(expected))
PY
"$dir/venv/bin/python" run.py
