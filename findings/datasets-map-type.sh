#!/bin/sh
# Guess: Dataset.map of the datasets package stores what the function returns. If it returns texts for a column of
# numbers, the column becomes a column of texts.
# What happens: map first tries to keep the type that the column had. A text that reads as a number becomes a number
# again: "007" for 7 gives 7, and "2.50" gives 2.5. The text "7a" makes a column of texts, so the result depends on
# the values. An int for a column of booleans becomes True: 1, 2 and 3 all give True. There is no warning. A new
# column has the type of the values, and so has a streamed dataset.
# Why it matters here: programs prepare training data with map. Labels 0, 1, 2 that replace a flag, or numbers that
# are padded with zeros, are lost before our program reads the file.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install datasets==5.2.0
cat > "$dir/run.py" <<'PY'
import importlib.metadata, os, sys
os.chdir(sys.argv[1])
os.environ.update(HF_DATASETS_CACHE="cache", HF_HUB_OFFLINE="1")
import datasets

datasets.disable_progress_bars()
print("datasets", importlib.metadata.version("datasets"))

def mapped(values, results, streamed=False, column="c"):
    data = datasets.Dataset.from_dict({"c": values, "row": list(range(len(values)))})
    if streamed:
        data = data.to_iterable_dataset()
    return [row[column] for row in data.map(lambda row: {column: results[row["row"]]})]

seen = []
for name, values, results, more in [
    ("texts for ints", [7, 8], ["007", "008"], {}),
    ("texts for ints", [7, 8], ["007", "7a"], {}),
    ("texts for floats", [2.5], ["2.50"], {}),
    ("ints for booleans", [True, True, False], [1, 2, 3], {}),
    ("streamed", [7, 8], ["007", "008"], {"streamed": True}),
    ("a new column", [7, 8], ["007", "008"], {"column": "new"}),
]:
    seen.append(mapped(values, results, **more))
    print("%s: the function returns %s, the column has %s" % (name, results, seen[-1]))
want = [[7, 8], ["007", "7a"], [2.5], [True, True, True], ["007", "008"], ["007", "008"]]
sys.exit(0 if repr(seen) == repr(want) else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py" "$dir"
