#!/bin/sh
# Guess: load_dataset("json") of the datasets package gives a JSON string as a Python string, because JSON has no
# dates.
# What happens: if all texts of a column look like dates ("2024-01-01", "2024-01-01T10:00Z"), the column becomes a
# column of timestamps. An answer that was a text is then a datetime, also inside a list of messages. to_json writes
# it as a number of milliseconds: 1704067200000. Another time zone is lost: "10:00+02:00" becomes 8 o'clock. features=
# with a string type does not give the text back either: it gives "2024-01-01 00:00:00". One text that is no date is
# enough to keep the column as it is.
# Why it matters here: a small set of examples, or a shard of a large one, may have nothing but dates as answers. A
# model that is trained on the file after it went through this package learns numbers. "alpaca data" copies such texts
# unchanged.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install datasets==5.2.0
cat > "$dir/run.py" <<'PY'
import importlib.metadata, json, os, sys
os.chdir(sys.argv[1])
os.environ.update(HF_DATASETS_CACHE="cache", HF_HUB_OFFLINE="1")
import datasets

datasets.disable_progress_bars()
print("datasets", importlib.metadata.version("datasets"))

def load(answers, **options):
    name = "in%d.jsonl" % len(os.listdir("."))
    with open(name, "w") as f:
        f.writelines(json.dumps({"instruction": "When?", "output": a}) + "\n" for a in answers)
    return datasets.load_dataset("json", data_files=name, split="train", **options)

dates = load(["2024-01-01", "1969-07-20"])
dates.to_json("out.jsonl")
written = [json.loads(line)["output"] for line in open("out.jsonl")]
print("two dates:", [repr(v) for v in dates["output"]])
print("written again:", written)
zone = load(["2024-01-01T10:00:00+02:00"])["output"][0]
print("with a time zone:", repr(zone))
text = datasets.Features({"instruction": datasets.Value("string"), "output": datasets.Value("string")})
asked = load(["2024-01-01"], features=text)["output"][0]
print("asked for a string:", repr(asked))
mixed = list(load(["2024-01-01", "I do not know"])["output"])
print("a date and another text:", mixed)
same = written == [1704067200000, -14256000000] and str(zone) == "2024-01-01 08:00:00" and asked == "2024-01-01 00:00:00" and mixed == ["2024-01-01", "I do not know"]
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py" "$dir"
