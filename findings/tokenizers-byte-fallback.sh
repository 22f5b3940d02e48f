#!/bin/sh
# Guess: a Llama tokenizer writes a character that its vocabulary lacks as one token for each UTF-8 byte. If a model
# stops in the middle of such a character, decode shows the whole characters before it, and U+FFFD for the bytes of
# the cut one. sentencepiece, which the tokenizer was made with, does so, and so does a byte-level (GPT-2) decoder.
# What happens: the ByteFallback decoder of the tokenizers package takes all neighbouring byte tokens together. If
# they are not valid UTF-8 as a whole, it makes one U+FFFD of every byte, also of the bytes of whole characters. A
# reply of fifty rare characters in a row that is cut in the last one decodes to 150 or so U+FFFD. A DecodeStream,
# which has returned these characters already, raises "Invalid prefix encountered while decoding stream" at the next
# token.
# Why it matters here: max_tokens cuts an answer anywhere. Our program decodes as sentencepiece does.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install tokenizers==0.23.3 sentencepiece==0.2.3
cat > "$dir/run.py" <<'PY'
import importlib.metadata, io, sys
import sentencepiece
from tokenizers import Tokenizer, decoders, models

for name in ["tokenizers", "sentencepiece"]:
    print(name, importlib.metadata.version(name))
proto = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["aa ab abc"] * 50), model_writer=proto, vocab_size=270,
                                         model_type="bpe", byte_fallback=True, hard_vocab_limit=False, minloglevel=2)
sp = sentencepiece.SentencePieceProcessor(model_proto=proto.getvalue())
tok = Tokenizer(models.BPE({sp.id_to_piece(i): i for i in range(sp.get_piece_size())}, [], byte_fallback=True))
tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])

def ids(data):
    return [sp.piece_to_id("<0x%02X>" % b) for b in data]

whole, cut = ids("水火".encode()), ids("水火".encode()[:-1])
seen = [[d(x) for d in (sp.decode, tok.decode)] for x in (whole, cut)]
print("whole: sentencepiece %r, tokenizers %r" % tuple(seen[0]))
print("cut:   sentencepiece %r, tokenizers %r" % tuple(seen[1]))
stream = decoders.DecodeStream()
steps = []
for i in cut + [sp.piece_to_id("a")]:
    try:
        steps.append(stream.step(tok, i))
    except Exception as e:
        steps.append(str(e).split(".")[0])
print("stream:", steps)
same = seen[0] == ["水火", "水火"] and seen[1][0].startswith("水\ufffd") and seen[1][1] == "\ufffd" * 5 and "水" in steps and steps[-1].startswith("Invalid prefix")
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
