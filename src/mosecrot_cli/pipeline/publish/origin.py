"""What a stitched checkpoint was made from, and how, according to the manifests of earlier steps; for its card.

Files of the user appear by name only, without their folders, because a card is meant to be published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mosecrot_cli.errors import DataError, MosecrotError
from mosecrot_cli.files import CARD, sha256
from mosecrot_cli.lexicon.choice import LexiconKind, meant_by
from mosecrot_cli.manifest import FOLDER_MANIFEST, Facts, Manifest, manifest_of
from mosecrot_cli.model.locations import is_local
from mosecrot_cli.pipeline.mapped import Mapped
from mosecrot_cli.pipeline.resources import VectorLocation
from mosecrot_cli.sources import provenance
from mosecrot_cli.sources.hub import repository_of_snapshot
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.sources.lexica.registry import find_lexicon
from mosecrot_cli.sources.vectors import provenance_of_file
from mosecrot_cli.tasks.registry import hub_repository

ORIGIN = "origin"
"""The key of a checkpoint's `Origin` in the statistics of its manifest, where later commands find it."""
SOURCE_MODEL = "source model"
"""The role of the source model among the ingredients."""


@dataclass(frozen=True)
class Ingredient:
    """Something that went into a model.

    Attributes:
        role: its role: `source model`, `lexicon`, `target vectors`, `training data`, ...
        name: its name; for a file of the user, the file name.
        licence: its licence in words; None if it is not known.
        citation: what to cite; None if it is not known.
    """

    role: str
    name: str
    licence: str | None = None
    citation: str | None = None


@dataclass(frozen=True)
class Origin:
    """What a model was made from, and how.

    Attributes:
        language: code of the language of its texts; None if it is not known.
        source_language: code of the language that it was trained on.
        base: the source model: an id on the hub, or the name of a folder; None if it is not known.
        base_on_hub: whether `base` is an id on the hub.
        ingredients: what went into it.
        datasets: ids of its training data on the hub.
        steps: how it was made, one sentence per step.
        target_texts: number of labelled texts of the target language that it was trained on.
        licence: the licence that its makers chose, or None.
    """

    language: str | None = None
    source_language: str | None = None
    base: str | None = None
    base_on_hub: bool = False
    ingredients: tuple[Ingredient, ...] = ()
    datasets: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    target_texts: int = 0
    licence: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def extended(self, *steps: str, ingredients: tuple[Ingredient, ...] = ()) -> Origin:
        """A copy with further steps and ingredients."""
        return replace(self, steps=(*self.steps, *steps), ingredients=(*self.ingredients, *ingredients))


def of_checkpoint(checkpoint: Path) -> Origin:
    """The origin of a checkpoint according to its manifest; for a fine-tuned checkpoint, its training."""
    import msgspec

    manifest = _manifest_of(checkpoint)
    if manifest is None:
        return Origin()
    try:
        return msgspec.convert(manifest.statistics[ORIGIN], Origin)
    except (KeyError, msgspec.ValidationError):
        pass
    if manifest.command != "finetune":
        return Origin()
    return _of_training(manifest, Facts.of(checkpoint), manifest_of(checkpoint))


def of_stitching(checkpoint: Path, mapped: Mapped) -> Origin:
    """The origin of a model that is stitched from a checkpoint and a map."""
    trained, facts = of_checkpoint(checkpoint), mapped.facts
    if not trained.base and facts.source_model:
        model = (_model(facts.source_model),)
        trained = replace(trained, **_base(facts.source_model)).extended(ingredients=model)
    source_language = trained.source_language or facts.src
    stitched = replace(trained, language=facts.tgt, source_language=source_language)
    kept = Facts.of(checkpoint).source_kept or mapped.keeps_source
    return stitched.extended(*_steps_of_map(mapped, kept=kept), ingredients=_unique(_ingredients_of_map(mapped)))


def foreseen(checkpoint: Path, source_model: str, lexicons: Iterable[str], vectors: Iterable[VectorLocation]) -> Origin:
    """What can be said of a model before it is stitched: its checkpoint, source model, lexica and vectors.

    Files of vectors need not be on this machine yet.
    """
    found = map(_located_vectors, vectors)
    return of_checkpoint(checkpoint).extended(ingredients=(_model(source_model), *_named_lexica(lexicons), *found))


def bias_step(texts: int) -> str:
    """The sentence about a class bias that was estimated from some texts."""
    return f"Class bias: a bias for each class was estimated from {texts:,} unlabelled texts; no label was read."


def language_name(code: str | None) -> str:
    """The English name of a language, for sentences."""
    return find_language(code).name if code else "an unknown language"


def shown(reference: str | Path) -> str:
    """The name of a file, folder or id for a card, without the folders of this machine."""
    return Path(reference).name if is_local(reference) else str(reference)


def _manifest_of(output: Path) -> Manifest | None:
    """The manifest of an output; None if it is missing or damaged, so that the card says less."""
    try:
        return Manifest.of(output)
    except DataError:
        return None


# --- the training -----------------------------------------------------------------------------------------------------
def _of_training(manifest: Manifest, facts: Facts, where: Path) -> Origin:
    settings, statistics = manifest.settings, manifest.statistics
    train = str(settings.get("train", ""))
    notes = _mapping(_mapping(statistics.get("data")).get("train"))
    repository = hub_repository(train)
    data = Ingredient("training data", shown(train), notes.get("licence"), notes.get("citation"))
    model = (_model(facts.source_model),) if facts.source_model else ()
    return Origin(
        language=facts.src,
        source_language=facts.src,
        **_base(facts.source_model),
        ingredients=_unique([*model, data, *_ingredients_of_augmentation(settings)]),
        datasets=(repository,) if repository else (),
        steps=tuple(_steps_of_training(manifest, facts, data.name, where)),
    )


def _steps_of_training(manifest: Manifest, facts: Facts, data: str, where: Path) -> Iterator[str]:
    settings, statistics = manifest.settings, manifest.statistics
    space = "its own input embeddings" if facts.source_kept else "relative representations (F^s) as input embeddings"
    labels, seeds = len(facts.labels or ()), len(facts.seeds or ())
    yield (
        f"Fine-tuning: the source model was trained on {manifest.count('texts', where=where):,} labelled texts in "
        f"{language_name(facts.src)} ({data}, {labels} classes), with {space} "
        f"{'frozen' if facts.embeddings_frozen else 'trained'}, {settings.get('epochs')} epochs, learning rate "
        f"{settings.get('learning_rate')}, batches of {settings.get('batch_size')}"
        f"{f', {seeds} seeds' if seeds > 1 else ''}."
    )
    if settings.get("augment"):
        rate, places = settings.get("augment_rate"), settings.get("move_tokens")
        moved = f", and moved by up to {places} places" if places else ""
        yield f"Augmentation: in training, words were read as mapped vectors with probability {rate}{moved}."
    scores = [score for each in _mapping(statistics.get("training")).values() if (score := _dev_score(each))]
    if scores:
        mean = sum(scores) / len(scores)
        yield f"On the development texts in {language_name(facts.src)} its macro-F1 was {mean:.3f} before stitching."


def _dev_score(report: Any) -> float | None:
    """Macro-F1 of the chosen epoch on the development texts."""
    try:
        score = report["history"][report["best_epoch"] - 1]["macro_f1"]
    except (KeyError, IndexError, TypeError):
        return None
    return float(score) if score is not None else None


def _ingredients_of_augmentation(settings: Mapping[str, Any]) -> Iterator[Ingredient]:
    for folder in settings.get("augment", ()):
        try:
            yield from _ingredients_of_map(Mapped.open(Path(folder)))
        except MosecrotError:  # it was moved or removed
            yield Ingredient("augmentation", Path(folder).name)


# --- the map ----------------------------------------------------------------------------------------------------------
def _steps_of_map(mapped: Mapped, *, kept: bool) -> Iterator[str]:
    """What the map did; `kept`: the model was fine-tuned with its own embeddings, even if the folder has an F^s."""
    statistics, facts = mapped.manifest.statistics, mapped.facts
    anchors, words, width = (
        mapped.manifest.count(name, where=mapped.folder / FOLDER_MANIFEST)
        for name in ("anchors", "target_words", "dimension")
    )
    lexica = ", ".join(each.name for each in _ingredients_of_map(mapped) if "lexicon" in each.role) or "unknown"
    yield f"Anchors: {anchors:,} pairs of words ({language_name(facts.src)}, {language_name(facts.tgt)}; {lexica})."
    side = "the source embeddings kept" if kept else "the source embeddings mapped as well"
    method = statistics.get("method") or mapped.settings().method  # an older version recorded the settings alone
    yield (
        f"Map: the static vectors of {words:,} words ({shown(facts.target_vectors or 'unknown')}) were mapped to the "
        f"{width}-dimensional input embeddings by {method}, {side}."
    )
    for each in mapped.alignments:
        texts = ", ".join(each.parallel)
        yield (
            f"Alignment: {each.rows:,} mapped words were moved until the source model read {each.pairs:,} sentences in "
            f"{language_name(facts.tgt)} more like their translations ({texts})."
        )


def _ingredients_of_map(mapped: Mapped) -> Iterator[Ingredient]:
    """Lexica, vectors and parallel texts of a map."""
    recorded = mapped.manifest.inputs
    yield from _lexica(mapped)
    for name, role in (("target_vectors", "target vectors"), ("pivot_vectors", "source-language vectors")):
        if name in recorded:
            yield _vectors(recorded[name].path, role)
    for name, read in recorded.items():
        if name.startswith("pivot_lexicon"):
            yield Ingredient("lexicon", shown(read.path))
    for each in mapped.alignments:
        yield from (Ingredient("parallel text", name) for name in each.parallel)


def _lexica(mapped: Mapped) -> Iterator[Ingredient]:
    """The lexica of the anchors, if the file of anchors is still the one that was mapped."""
    path, read = mapped.anchors(), mapped.manifest.inputs.get("anchors")
    manifest = _manifest_of(path) if path and read and sha256(path) == read.sha256 else None
    if manifest is None or manifest.command != "anchors":
        yield Ingredient("lexicon (anchors)", shown(read.path if read else "anchors"))
        return
    yield from _named_lexica(manifest.settings.get("lexicons", ()))
    if vectors := manifest.settings.get("source_vectors"):
        yield _vectors(vectors, "source-language vectors")


def _named_lexica(values: Iterable[str]) -> Iterator[Ingredient]:
    for value in values:
        choice = meant_by(value)  # its file may be gone by now
        if choice.kind is LexiconKind.SOURCE:
            yield _known("lexicon", find_lexicon(value)[0].provenance)
        elif choice.kind is not LexiconKind.IDENTICAL:
            yield Ingredient("lexicon", shown(value))


def _vectors(path: str, role: str) -> Ingredient:
    known = provenance_of_file(Path(path))
    return _known(role, known) if known else Ingredient(role, shown(path))


def _located_vectors(location: VectorLocation) -> Ingredient:
    role, source = "vectors", location.source
    if source is None:
        return _vectors(location.name, role)
    return _known(role, source.provenance) if source.provenance else Ingredient(role, source.file_name)


# --- the source model -------------------------------------------------------------------------------------------------
def _base(reference: str | None) -> dict[str, Any]:
    if reference is None:
        return {}
    repository = reference if not is_local(reference) else repository_of_snapshot(Path(reference))
    return {"base": repository or shown(reference), "base_on_hub": repository is not None}


def _model(reference: str) -> Ingredient:
    """The source model, with the licence from its own card if this toolkit does not know it."""
    base = _base(reference)
    known = provenance.of_model(base["base"]) if base["base_on_hub"] else None
    if known in provenance.KNOWN_MODELS:
        return Ingredient(SOURCE_MODEL, base["base"], known.licence, known.citation)
    return Ingredient(SOURCE_MODEL, base["base"], _licence_of_card(reference))


def _licence_of_card(reference: str) -> str | None:
    """The licence in the README.md of a model, in its folder or in the hub's cache."""
    from huggingface_hub import ModelCard, try_to_load_from_cache

    card = Path(reference) / CARD if is_local(reference) else try_to_load_from_cache(reference, CARD)
    if not isinstance(card, str | Path) or not Path(card).is_file():
        return None
    try:
        found = ModelCard.load(Path(card), ignore_metadata_errors=True).data.get("license")
    except Exception:  # noqa: BLE001 - any fault in the YAML of a foreign card
        return None
    return found if isinstance(found, str) else None


def _known(role: str, source: provenance.Provenance) -> Ingredient:
    return Ingredient(role, source.name, source.licence, source.citation)


def _unique(found: Iterator[Ingredient] | list[Ingredient]) -> tuple[Ingredient, ...]:
    return tuple(dict.fromkeys(found))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
