"""The model card of a checkpoint: `README.md` with the metadata of the hub and a description for readers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mosecrot_cli import __version__
from mosecrot_cli.errors import OutputExistsError
from mosecrot_cli.files import CARD
from mosecrot_cli.manifest import Manifest, manifest_of
from mosecrot_cli.model.checks import read_config
from mosecrot_cli.pipeline.publish.origin import ORIGIN, Ingredient, Origin, language_name
from mosecrot_cli.pipeline.step import Computed
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.sources.licences import Derived, derive

if TYPE_CHECKING:
    from huggingface_hub import ModelCardData

SCORES_BEGIN: Final = "<!-- scores: `mosecrot evaluate --update-card` writes between these two lines -->"
SCORES_END: Final = "<!-- end of scores -->"
SCORES: Final = re.compile(f"{re.escape(SCORES_BEGIN)}.*?{re.escape(SCORES_END)}", re.DOTALL)
NO_SCORES: Final = "No scores have been entered; `mosecrot evaluate --update-card` does it."
TASK: Final = "text-classification"
_WRITTEN = "cards"
"""The key of the digests of the cards in the statistics of a manifest."""
_TAGS = ("mosecrot", "model-stitching", "cross-lingual")
_ZERO_SHOT = "zero-shot-transfer"
_HOME = "https://github.com/mosecrot/mosecrot"
_PAPER = "https://arxiv.org/abs/2401.04821"
_BIBTEX = """\
@inproceedings{ye-etal-2024-mosecrot,
    title = "{M}o{SEC}ro{T}: Model Stitching with Static Word Embeddings for Crosslingual Zero-shot Transfer",
    author = {Ye, Haotian and Liu, Yihong and Ma, Chunlan and Sch{\\"u}tze, Hinrich},
    booktitle = "Proceedings of the Fifth Workshop on Insights from Negative Results in NLP",
    year = "2024",
    publisher = "Association for Computational Linguistics",
    url = "https://aclanthology.org/2024.insights-1.1",
    doi = "10.18653/v1/2024.insights-1.1",
    pages = "1--7",
}"""


@dataclass(frozen=True)
class CardFacts:
    """The facts that a card states.

    Attributes:
        origin: what the model was made from, and how.
        labels: its classes.
        checkpoint: name of the folder of the model inside the repository; empty for the repository itself.
    """

    origin: Origin
    labels: Sequence[str]
    checkpoint: str = ""

    @property
    def title(self) -> str:
        """The name of the model, as a heading and in the metadata."""
        return f"A text classifier for {language_name(self.origin.language)}"

    @property
    def derived(self) -> Derived:
        """The licence of the model, and why."""
        if self.origin.licence is not None:
            return Derived(self.origin.licence, "It was chosen by the makers of this model.")
        return derive({f"{each.role} {each.name}": each.licence for each in self.origin.ingredients})


def with_card(computed: Computed, origin: Origin, output: Path, names: Sequence[str]) -> Computed:
    """Write the cards of checkpoints, and add their origin and licence to the result of the step.

    Args:
        computed: the result so far.
        origin: what the checkpoints were made from.
        output: the folder of the step.
        names: folders of the checkpoints in the output; an empty name means the output itself.
    """
    labels = _labels(output / names[0])
    written = {}
    for name in dict.fromkeys(["", *names]):
        text = card_text(CardFacts(origin, labels, checkpoint="" if name else names[0]))
        path = Path(name) / CARD
        (output / path).write_text(text, encoding="utf-8")
        written[path.as_posix()] = _digest(text)
    found = CardFacts(origin, labels).derived.licence or "none derived, and the card says why"
    statistics = {**computed.statistics, ORIGIN: origin.to_dict(), _WRITTEN: written}
    return Computed(
        statistics, computed.facts, [*computed.summary, ("model card", f"{CARD}, licence: {found}")], computed.digests
    )


def check_edited(output: Path) -> None:
    """Refuse to replace a folder whose cards somebody has edited: what they wrote would be lost.

    Raises:
        OutputExistsError: the text of a card is not the one that mosecrot wrote.
    """
    manifest = manifest_of(output)
    written = Manifest.read(manifest).statistics.get(_WRITTEN) if manifest.is_file() else None
    for name, digest in written.items() if isinstance(written, Mapping) else ():
        path = output / name
        if path.is_file() and _digest(path.read_text(encoding="utf-8", errors="replace")) != digest:
            hint = "move it away, and put your text into the new one"
            raise OutputExistsError("the model card was edited, and would be lost", where=str(path), hint=hint)


def _digest(text: str) -> str:
    """Of what a card says, without its metadata and its scores, which `evaluate` enters."""
    body = SCORES.sub("", text.split("\n---\n", 1)[-1]).strip()
    return hashlib.sha256(body.encode()).hexdigest()


def card_text(facts: CardFacts) -> str:
    """The whole card."""
    body = "\n\n".join(_sections(facts))
    return f"---\n{_metadata(facts).to_yaml()}\n---\n\n{body}\n"


def _labels(folder: Path) -> tuple[str, ...]:
    names = read_config(folder).get("id2label") or {}
    return tuple(str(name) for _, name in sorted(names.items(), key=lambda item: int(item[0])))


def _metadata(facts: CardFacts) -> ModelCardData:
    from huggingface_hub import ModelCardData

    origin = facts.origin
    language = find_language(origin.language) if origin.language else None
    more: dict[str, Any] = {"base_model_relation": "finetune"} if origin.base_on_hub else {}
    return ModelCardData(
        language=[language.code.partition("_")[0]] if language and language.known else None,
        license=facts.derived.licence,
        library_name="transformers",
        pipeline_tag=TASK,
        base_model=origin.base if origin.base_on_hub else None,
        datasets=list(origin.datasets) or None,
        tags=[*_TAGS] if origin.target_texts else [*_TAGS, _ZERO_SHOT],
        model_name=None,
        **more,
    )


def _sections(facts: CardFacts) -> Iterator[str]:
    yield f"# {facts.title}"
    yield _summary(facts)
    yield f"## Use\n\n{_use(facts)}"
    made = "\n".join(f"- {step}" for step in facts.origin.steps) or "- The steps before this checkpoint are not known."
    yield f"## How it was made\n\nWith mosecrot {__version__}:\n\n{made}"
    yield f"## Scores\n\n{SCORES_BEGIN}\n\n{NO_SCORES}\n\n{SCORES_END}"
    yield "## Limits\n\n" + "\n".join(f"- {limit}" for limit in _limits(facts.origin))
    yield "## Licence\n\n" + _licence(facts)
    yield f"## Citation\n\nThe method ([arXiv:2401.04821]({_PAPER})):\n\n```bibtex\n{_BIBTEX}\n```"
    if cited := dict.fromkeys(each.citation for each in facts.origin.ingredients if each.citation):
        yield "What went into the model:\n\n" + "\n".join(f"- {citation}" for citation in cited)


def _summary(facts: CardFacts) -> str:
    origin = facts.origin
    base = f"[{origin.base}](https://huggingface.co/{origin.base})" if origin.base_on_hub else origin.base
    trained = language_name(origin.source_language)
    labelled = ""
    if origin.target_texts:
        labelled = f" It was then trained further on {origin.target_texts:,} labelled texts in {_name(origin)}."
    elif origin.language != origin.source_language:
        labelled = f" No labelled text in {_name(origin)} was used."
    return (
        f"This model sorts texts in {_name(origin)} into {len(facts.labels)} classes: {', '.join(facts.labels)}.\n\n"
        f"It is {base or 'a pre-trained model'}, fine-tuned for the task in {trained}. Its input embeddings were then "
        f"replaced by static word vectors of {_name(origin)}, mapped through a bilingual lexicon "
        f"([MoSECroT]({_PAPER}), with [mosecrot]({_HOME})).{labelled}"
    )


def _name(origin: Origin) -> str:
    return language_name(origin.language)


def _use(facts: CardFacts) -> str:
    place = f', model_kwargs={{"subfolder": "{facts.checkpoint}"}}' if facts.checkpoint else ""
    return (
        "It is an ordinary checkpoint of `transformers` with a tokenizer of its own; no further package is needed.\n\n"
        "```python\nfrom transformers import pipeline\n\n"
        f'classify = pipeline("text-classification", model="MODEL"{place})  # the folder, or the id on the hub\n'
        'print(classify(["…"]))\n```'
    )


def _limits(origin: Origin) -> Iterator[str]:
    yield (
        "The model knows the words that have a static vector. Others are cut into known pieces or are unknown, and "
        "texts with many of them are classified badly."
    )
    yield "The order of words and their endings are read by a model that was trained on another language."
    yield (
        "Classes and their borders are those of the training texts. Texts of other domains, genres or dialects may be "
        "classified worse than the scores say."
    )
    yield "The lexicon, the vectors and the source model carry their biases into the answers."
    yield "Where answers have consequences for people, check them on labelled texts of your own first."


def _licence(facts: CardFacts) -> str:
    found = facts.derived
    said = f"The licence of this model is `{found.licence}`." if found.licence else "This model names no licence yet."
    rows = "".join(_row(each) for each in facts.origin.ingredients)
    table = f"\n\n| what | name | licence |\n|---|---|---|\n{rows}" if rows else ""
    return f"{said} {found.reason}{table}".rstrip()


def _row(each: Ingredient) -> str:
    return f"| {each.role} | {_cell(each.name)} | {_cell(each.licence or 'not known')} |\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
