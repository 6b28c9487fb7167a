#!/usr/bin/env bash
# Every command, on a generated pico model: under a minute on two cores, no network. Copy it into your own CI.
#
# Usage: examples/smoke.sh [FOLDER]     (a temporary folder by default; `mosecrot` and `python` from the PATH)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-$(mktemp -d)}
export HF_HUB_OFFLINE=1
# A model this small gains nothing from threads, and two runs at a time share the cores better without.
export OMP_NUM_THREADS=1

python "$here/smoke/make_pico.py" "$folder"
cd "$folder"

# The six steps, source embeddings kept.
chain() {
    mosecrot map --weighting sparsemax --k 5
    mosecrot finetune --train en.train.tsv --dev en.dev.tsv --embeddings none --epochs 6 --lr 3e-3 --batch-size 8
    mosecrot stitch
    mosecrot evaluate --data xx.test.tsv --predictions relative.tsv --json > relative.json
    cut -f 3 xx.test.tsv | tail -n +2 | mosecrot predict stitched --format jsonl > labels.jsonl
    test "$(wc -l < labels.jsonl)" -eq 60
}

# The same through a pipe, with the paper's F^s as the input of the model, and two seeds.
paper() {
    mosecrot anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec -o - |
        mosecrot map - --source-model pico-bert --target-vectors xx.vec --weighting softmax --k all -o mapped-paper
    mosecrot finetune --train en.train.tsv --dev en.dev.tsv --embeddings mapped-paper --epochs 2 --lr 3e-3 \
        --seeds 1,2 -o model-paper
    mosecrot stitch model-paper --embeddings mapped-paper -o stitched-paper
    mosecrot evaluate stitched-paper --data xx.test.tsv
}

baselines() {
    mosecrot baseline lr --train xx.train.tsv --data xx.test.tsv --target-vectors xx.vec
    mosecrot baseline lstsq --train en.train.tsv --dev en.dev.tsv --data xx.test.tsv --epochs 6 --lr 3e-3 \
        --batch-size 8 --predictions lstsq.tsv
    mosecrot baseline mbert --source-model pico-bert --train en.train.tsv --data xx.test.tsv --epochs 1
}

mosecrot anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec
# Side by side; `set -e` counts for each, and `wait` hands on what became of them.
chain & first=$!
(paper; baselines) & second=$!
wait "$first"
wait "$second"
mosecrot compare relative.tsv lstsq.tsv --data xx.test.tsv

python - <<'PY'
import json

macro_f1 = json.load(open("relative.json"))["macro_f1"]
assert macro_f1 > 0.6, f"the stitched pico model reaches a macro-F1 of {macro_f1:.3f}; guessing gives 0.33 to 0.5"
print(f"smoke run: passed, macro-F1 {macro_f1:.3f}")
PY
