#!/usr/bin/env bash
# Maps of one language side by side, on a model that keeps its own embeddings: the table of docs/transfer.md for your data.
#
# Usage: examples/transfer/ablation.sh MODEL ANCHORS VECTORS DATA...
#   MODEL    of `mosecrot finetune --embeddings none --seeds 1,2,3 -o MODEL`
#   ANCHORS  of `mosecrot anchors`
#   VECTORS  static vectors of the target language
#   DATA     labelled target texts to measure on, never to train on
# Works in a temporary folder; prints a TSV to stdout: options, data, macro-F1, its deviation over seeds, accuracy.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '4,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
model=$1 anchors=$2 vectors=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf 'map options\tdata\tmacro_f1\tstd\taccuracy\n'
while IFS= read -r options; do
    # shellcheck disable=SC2086  # options are several words
    mosecrot map "$anchors" --target-vectors "$vectors" --max-vocab all --keep-source $options \
        "${@/#/--vocab-from=}" -o "$work/mapped" --overwrite -q
    mosecrot stitch "$model" --embeddings "$work/mapped" -o "$work/stitched" --overwrite -q
    for data in "$@"; do
        mosecrot evaluate "$work/stitched" --data "$data" --json -q > "$work/found.json"
        python - "$options" "$data" "$work/found.json" <<'PY'
import json
import sys

options, data, file = sys.argv[1:]
with open(file, encoding="utf-8") as stream:
    found = json.load(stream)
print(options, data, f"{found['macro_f1']:.3f}", f"{found.get('macro_f1_std') or 0:.3f}", f"{found['accuracy']:.3f}", sep="\t")
PY
    done
done <<'OPTIONS'
--preset paper --weighting standard
--preset paper --weighting softmax
--preset paper
--method lstsq
--method ridge
--method procrustes
--preset transfer --temperature 0.07
--preset transfer
--preset transfer --temperature 0.3
OPTIONS
