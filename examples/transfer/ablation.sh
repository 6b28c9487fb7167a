#!/usr/bin/env bash
# The maps of maps.tsv side by side for your own language, on a model that keeps its own embeddings.
# (`mosecrot study init transfer` has those of docs/transfer.md, with few anchors, training and baselines.)
#
# Usage: examples/transfer/ablation.sh MODEL ANCHORS VECTORS DATA...
#   MODEL    of `mosecrot finetune --embeddings none --seeds 1,2,3 -o MODEL`
#   ANCHORS  of `mosecrot anchors`
#   VECTORS  static vectors of the target language
#   DATA     labelled target texts to measure on, never to train on
# Works in a temporary folder; prints a TSV to stdout: setting, map options, data, macro-F1, its deviation over seeds,
# accuracy.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '5,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
model=$1 anchors=$2 vectors=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf 'setting\tmap options\tdata\tmacro_f1\tstd\taccuracy\n'
while IFS=$'\t' read -r setting options <&3; do
    # shellcheck disable=SC2086  # options are several words
    mosecrot map "$anchors" --target-vectors "$vectors" --max-vocab all $options \
        "${@/#/--vocab-from=}" -o "$work/mapped" --overwrite -q
    mosecrot stitch "$model" --embeddings "$work/mapped" -o "$work/stitched" --overwrite -q
    for data in "$@"; do
        mosecrot evaluate "$work/stitched" --data "$data" --json -q > "$work/found.json"
        python - "$setting" "$options" "$data" "$work/found.json" <<'PY'
import json
import sys

setting, options, data, file = sys.argv[1:]
with open(file, encoding="utf-8") as stream:
    found = json.load(stream)
scores = (found["macro_f1"], found.get("macro_f1_std") or 0, found["accuracy"])
print(setting, options, data, *(f"{score:.3f}" for score in scores), sep="\t")
PY
    done
done 3< "$here/maps.tsv"
