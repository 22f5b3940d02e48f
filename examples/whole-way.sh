#!/bin/sh
# Makes a tuned model that answers over HTTP, in under 15 minutes on 2 cores. A model writes
# instructions, "alpaca data lint" checks them, and an adapter learns them. The script then
# compares the model with and without the adapter, and serves the tuned one.
#
#   examples/whole-way.sh [MODEL.gguf] [FOLDER]
#
# Without MODEL.gguf, the script uses the model inside the program. That model writes nonsense,
# so the run then shows only the steps. If FOLDER exists, the script continues the work in it.
# Variables:
#
#   ALPACA   path of the program (default: alpaca)
#   ROWS     number of instructions to write (default: 60, or 40 with MODEL.gguf)
#   PAIRS    number of pairs of answers to compare (default: 12)
#   THREADS  number of threads (default: all physical cores)
#   SERVE    "no": do not start the server; "check": ask the server one question, then end it
#            (default: start the server and leave it running)
#   PORT     the server's port (default: 8080)
set -eu

alpaca=${ALPACA:-alpaca}
model=${1:-builtin}
folder=${2:-whole-way}
if [ "$model" = builtin ]; then usual=60; else usual=40; fi
rows=${ROWS:-$usual}
pairs=${PAIRS:-12}
threads=${THREADS:+-t $THREADS}

command -v "$alpaca" >/dev/null || { echo "whole-way: cannot find the program $alpaca: set ALPACA" >&2; exit 1; }
mkdir -p "$folder"
db=$folder/data.db
say() { printf '\n== %s\n' "$*" >&2; }

say "1. $rows instructions, written by $model"
# shellcheck disable=SC2086 # $threads is two words, or empty
"$alpaca" self-instruct -m "$model" -n "$rows" -d "$db" --seed 1 $threads
"$alpaca" self-instruct stats -d "$db" --plot-lengths "$folder/lengths.svg" --plot-verbs "$folder/verbs.svg"

say "2. what is wrong with them"
"$alpaca" data lint -d "$db"

say "3. an adapter that learns them"
# The first rows are held out of training, for the comparison in step 4.
"$alpaca" data export -d "$db" --source self_instruct --format jsonl -o "$folder/all.jsonl"
count=$(wc -l <"$folder/all.jsonl")
[ "$pairs" -lt "$count" ] || pairs=$((count / 3))
head -n "$pairs" "$folder/all.jsonl" >"$folder/eval.jsonl"
tail -n +"$((pairs + 1))" "$folder/all.jsonl" >"$folder/train.jsonl"
if [ ! -e "$folder/adapter.gguf" ]; then
	if [ -e "$folder/adapter.run" ]; then
		"$alpaca" train --resume "$folder/adapter.run"
	else
		# shellcheck disable=SC2086
		"$alpaca" train -m "$model" --data "$folder/train.jsonl" -o "$folder/adapter.gguf" --epochs 2 --batch-size 8 --max-length 256 --lora-r 8 --seed 1 $threads
	fi
fi

say "4. before and after, compared"
# Here a model votes. Without --judge, the command serves a page on which people vote.
# shellcheck disable=SC2086
"$alpaca" ab -m "$model" -m "$model" --lora "$folder/adapter.gguf" --prompts "$folder/eval.jsonl" --votes "$pairs" --seed 1 --max-chars 400 --judge "$model" -d "$folder/ab.db" $threads
"$alpaca" ab report "$folder/ab.db" --plot "$folder/ab.svg" >/dev/null
"$alpaca" ab export "$folder/ab.db" -o csv >"$folder/votes.csv"

if [ "${SERVE:-yes}" = no ]; then
	say "done: $folder has the data, the adapter and the comparison"
	exit 0
fi
port=${PORT:-8080}
if [ "${SERVE:-yes}" = yes ]; then
	say "5. the tuned model, at http://localhost:$port (Ctrl-C ends it)"
	# shellcheck disable=SC2086
	exec "$alpaca" serve -m "$model" --lora "$folder/adapter.gguf" --port "$port" $threads
fi

say "5. the tuned model, asked over HTTP"
command -v curl >/dev/null || { echo "whole-way: SERVE=check needs curl" >&2; exit 1; }
# shellcheck disable=SC2086
"$alpaca" serve -m "$model" --lora "$folder/adapter.gguf" --port "$port" $threads &
server=$!
trap 'kill "$server" 2>/dev/null || :' EXIT
tries=0
until curl -sf -o "$folder/ready.txt" "http://localhost:$port/readyz"; do
	tries=$((tries + 1))
	if [ "$tries" -gt 120 ] || ! kill -0 "$server" 2>/dev/null; then
		echo "whole-way: the server does not answer" >&2
		exit 1
	fi
	sleep 0.5
done
curl -sf -o "$folder/answer.json" "http://localhost:$port/v1/chat/completions" -H 'Content-Type: application/json' \
	-d '{"messages": [{"role": "user", "content": "Who are you?"}], "max_tokens": 32, "seed": 1}'
grep -q '"content":"[^"]' "$folder/answer.json" || { echo "whole-way: $folder/answer.json has no answer" >&2; exit 1; }
kill "$server"
wait "$server" # the status is 0 if the server has ended in order
trap - EXIT
say "done: $folder has the data, the adapter, the comparison and an answer"
