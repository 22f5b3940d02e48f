#!/bin/sh
# Guess: Stanford's filter drops instructions whose ROUGE-L with an earlier one is above 0.7, so a pair of exactly 0.7
# stays. rouge-score computes 2·lcs/(m+n) for texts of m and n words whose longest common subsequence has lcs words. For
# an lcs of 21 in texts of 39 and 21 words, that is 42/60, the float64 nearest to 0.7.
# What happens: rouge-score computes 2·p·r/(p+r) from precision and recall, each of them rounded. Most pairs of exactly
# 7/10 whose lengths differ give 0.7000000000000001 or a little more, which is above 0.7. Pairs of equal lengths give
# 0.7. Which of two equally similar pairs the filter drops therefore depends on how the words are divided between the
# two texts.
# Why it matters here: "alpaca self-instruct" first finds candidates by counts of common words. It then has to follow
# these roundings to drop the same pairs as the reference.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install rouge-score==0.1.2
cat > "$dir/run.py" <<'PY'
import importlib.metadata, sys
from rouge_score import rouge_scorer

print("rouge-score", importlib.metadata.version("rouge-score"))
scorer = rouge_scorer.RougeScorer(["rougeL"])
above = {True: 0, False: 0}
pairs = {True: 0, False: 0}
for k in range(1, 6):  # m + n = 20k words, of which 7k are common: 2·7k/20k is 7/10
    for m in range(7 * k, 13 * k + 1):
        n = 20 * k - m
        common = ["c%d" % i for i in range(7 * k)]
        a = " ".join(common + ["a%d" % i for i in range(m - 7 * k)])
        b = " ".join(common + ["b%d" % i for i in range(n - 7 * k)])
        f = scorer.score(a, b)["rougeL"].fmeasure
        assert abs(f - 0.7) < 1e-15, f
        pairs[m == n] += 1
        above[m == n] += f > 0.7
print("of equal lengths: %d of %d above 0.7" % (above[True], pairs[True]))
print("of other lengths: %d of %d above 0.7" % (above[False], pairs[False]))
sys.exit(0 if above[True] == 0 and above[False] * 2 > pairs[False] else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
