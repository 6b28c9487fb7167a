"""Settings of `mosecrot anchors`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import DEFAULT_MAX_VOCAB, DEFAULT_SEED, IDENTICAL_LETTERS, OnlineLexicon
from mosecrot_cli.settings.option import OUTPUT, PIVOT, SELECTION, SOURCES, Nested, Option
from mosecrot_cli.settings.shared import Device, Exclude, MaxVocab, OutputSettings, Seed, Src


@dataclass(frozen=True, kw_only=True)
class AnchorsSettings:
    """`mosecrot anchors`: paper, section 3, step 1."""

    src: Src = "en"
    tgt: Annotated[
        str | None,
        Option(
            "--tgt",
            help="Target language, by code or name.",
            metavar="LANG",
            unset="not needed if lexicon and vectors are files",
        ),
    ] = None
    lexicons: Annotated[
        tuple[str, ...],
        Option(
            "--lexicon",
            help="Bilingual lexicon: a file (MUSE, TSV, CSV, dict.cc, Ding, TEI, .dix), '-' for stdin, an online one ("
            + "; ".join(f"{name}: {name.summary}" for name in OnlineLexicon)
            + "), align:FILE or align:SOURCE,TARGET (words aligned in parallel text: TSV, TMX, lines, or verses with "
            f"ids), or identical (words of {IDENTICAL_LETTERS} letters or more, and numerals, that both vocabularies "
            "share). Repeatable: the first one that has a word wins.",
            metavar="FILE|NAME",
            unset="muse where it has the pair, else panlex",
        ),
    ] = ()
    source_model: Annotated[
        str | None,
        Option(
            "--source-model",
            help="Pre-trained source model: a folder or a hub id.",
            metavar="DIR|ID",
            unset="bert-base-cased for --src en",
        ),
    ] = None
    target_vectors: Annotated[
        str | None,
        Option(
            "--target-vectors",
            help="Static word vectors of the target language: a file (.vec, .vec.gz, .bin, .npy), an address, a hub "
            "id, or wiki, cc, cc.bin, hub (fastText).",
            metavar="FILE|NAME",
            unset="wiki, else cc, else hub",
        ),
    ] = None
    max_vocab: MaxVocab = DEFAULT_MAX_VOCAB
    exclude: Exclude = ()
    skip_bad_lines: Annotated[
        bool,
        Option(
            "--skip-bad-lines",
            help="Pass over lexicon lines that do not fit their file, and count them.",
            panel=SELECTION,
        ),
    ] = False
    max_anchors: Annotated[
        int | None,
        Option(
            "--max-anchors",
            help="Keep a random sample of N anchors.",
            panel=SELECTION,
            metavar="N",
            least=1,
            unset="keep all",
        ),
    ] = None
    drop_stopwords: Annotated[
        bool, Option("--drop-stopwords", help="Leave out English stop words (source side).", panel=SELECTION)
    ] = False
    stopwords: Annotated[
        Path | None,
        Option(
            "--stopwords",
            help="Leave out the source words in this file, one per line.",
            panel=SELECTION,
            metavar="FILE",
            unset="none",
        ),
    ] = None
    min_score: Annotated[
        float | None,
        Option(
            "--min-score",
            help="Leave out pairs with a lower score or none.",
            panel=SELECTION,
            metavar="X",
            unset="keep all",
        ),
    ] = None
    script: Annotated[
        str,
        Option(
            "--script",
            help="Script of the target words: auto (that of two thirds of the vectors, if any), off, or a name "
            "such as Cyrl.",
            panel=SELECTION,
            metavar="NAME",
        ),
    ] = "auto"
    identical: Annotated[
        bool,
        Option(
            "--identical",
            help="Add all strings that both vocabularies share: numerals, punctuation, names.",
            panel=SELECTION,
        ),
    ] = False
    cognates: Annotated[
        bool,
        Option(
            "--cognates",
            help="Add words that are spelt alike once both are romanised, such as names, where the vectors confirm "
            "them. Useful with small lexica and without --source-vectors.",
            panel=SELECTION,
        ),
    ] = False
    multi_token: Annotated[
        bool,
        Option(
            "--multi-token",
            help="Keep source words of several tokens, with the mean of their embeddings.",
            panel=SELECTION,
        ),
    ] = False
    source_vectors: Annotated[
        str | None,
        Option(
            "--source-vectors",
            help="Static word vectors of the source language, given as for --target-vectors. Further anchors are then "
            "learnt: words that are mutual nearest neighbours after a rotation fitted on the anchors.",
            panel=PIVOT,
            metavar="FILE|NAME",
            unset="learn none",
            former=("--pivot-vectors",),
        ),
    ] = None
    pivot_rounds: Annotated[
        int,
        Option(
            "--pivot-rounds",
            help="Maximum number of learning rounds; stops early when the dictionary stops improving.",
            panel=PIVOT,
            metavar="N",
            least=1,
        ),
    ] = 20
    panlex_distance: Annotated[
        int,
        Option(
            "--panlex-distance",
            help="PanLex: 2 also translates through a third language.",
            panel=SOURCES,
            metavar="1|2",
            least=1,
            most=2,
        ),
    ] = 1
    min_quality: Annotated[
        int,
        Option("--min-quality", help="PanLex: lowest translation quality.", panel=SOURCES, metavar="N", least=0),
    ] = 0
    panlex_dump: Annotated[
        Path | None,
        Option(
            "--panlex-dump",
            help="PanLex: its database download (CSV folder or zip, SQLite).",
            panel=SOURCES,
            metavar="PATH",
            unset="its API",
            variable="MOSECROT_PANLEX",
        ),
    ] = None
    device: Device = "auto"
    seed: Seed = DEFAULT_SEED
    out: Annotated[
        OutputSettings,
        Nested(
            output=Option(
                "-o", "--output", help="Where to write the pairs; '-' is stdout.", panel=OUTPUT, metavar="PATH|-"
            )
        ),
    ] = OutputSettings(Path("anchors.tsv"))
