#!/usr/bin/env bash
# A classifier for a language of which there is a New Testament and nothing else.
#
# Usage: examples/new-testament/run.sh SOURCE TARGET LABELLED MODEL TGT    (works in ./new-testament-run)
#   SOURCE    English verses, ID TAB TEXT in each line; several translations may follow one another
#   TARGET    verses of the target language, with the same ids
#   LABELLED  a folder with train.tsv, dev.tsv and test.tsv: ID TAB LABEL TAB ENGLISH TEXT, as in Taxi1500's eng_data
#   MODEL     the English source model: a folder, or an id on the hub
#   TGT       code of the target language
# The environment can set SEEDS (1,2,3), EPOCHS (8) and VECTORS (options of `vectors train`).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# = 5 ] || { sed -n '4,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
source=$(realpath "$1") target=$(realpath "$2") labelled=$(realpath "$3") model=$4 tgt=$5
[ -e "$model" ] && model=$(realpath "$model")
vectors=${VECTORS:---dim 100 --min-count 1 --epochs 20 --threads 1 --buckets 100000}
mkdir -p new-testament-run/results
cd new-testament-run
rm -f results/*.json

say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
score() { # NAME CHECKPOINT DATA
    mosecrot evaluate "$2" --data "$3" --json > "results/$1.json"
}

say "The labelled verses in the target language, and all verses that are not scored"
python "$here/prepare.py" "$target" "$labelled" .
held=(--exclude dev.tsv --exclude test.tsv)

say "1. Word vectors of the target language, from its verses"
# shellcheck disable=SC2086
mosecrot vectors train verses.tsv "${held[@]}" $vectors -o vectors.bin --if-changed

say "2. Word alignment: anchors, and all aligned words"
mosecrot anchors --src en --tgt "$tgt" --source-model "$model" --target-vectors vectors.bin \
    --lexicon "align:$source,$target" "${held[@]}" --multi-token --if-changed

say "3. Embeddings of the target words"
mosecrot map --method aligned --vocab-from "$target" --if-changed

say "4. Fine-tune the model on the English verses, its own embeddings kept"
mosecrot finetune --train "$labelled/train.tsv" --dev "$labelled/dev.tsv" --source-model "$model" \
    --embeddings none --epochs "${EPOCHS:-8}" --seeds "${SEEDS:-1,2,3}" --if-changed

say "5. Stitch, without and with the class bias (from verses that are not scored)"
mosecrot stitch --overwrite
mosecrot stitch --texts verses.tsv -o stitched-bias --overwrite

say "6. No scored verse was learnt from"
mosecrot leakage stitched-bias --data test.tsv
mosecrot leakage mapped --data dev.tsv

say "7. Scores"
score english model "$labelled/test.tsv"
for split in dev test; do
    score "$split-stitched" stitched "$split.tsv"
    score "$split-bias" stitched-bias "$split.tsv"
    mosecrot baseline lr --train train.tsv --data "$split.tsv" --target-vectors vectors.bin --tgt "$tgt" --json \
        > "results/$split-lr.json"
done
python "$here/table.py" results
