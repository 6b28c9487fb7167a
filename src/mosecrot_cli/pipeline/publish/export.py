"""A checkpoint as an ONNX graph, by the exporter of `transformers`, checked against ONNX Runtime."""

from __future__ import annotations

import contextlib
import io
import logging
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import CARD
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.checks import CONFIG
from mosecrot_cli.pipeline.checkpoints import checkpoints_of
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import ExportSettings

if TYPE_CHECKING:
    from mosecrot_cli.model.loading import Classifier

GRAPH: Final = Path("onnx") / "model.onnx"
"""Where the graph is in the output, as transformers.js and sentence-transformers look for it."""
_LARGEST_FILE = 2_000_000_000
"""Bytes of weights that still go into the file of the graph: protobuf allows 2 GiB."""
_TOLERANCE = 1e-3


def run(settings: ExportSettings, reporter: Reporter) -> StepResult:
    """Export a checkpoint to ONNX, with its tokenizer, and compare the answers.

    Raises:
        UsageError: no format, several checkpoints, or the packages of the extra `onnx` are not installed.
        DataError: the checkpoint is damaged, its family cannot be exported, or the graph gives other answers.
        OutputExistsError, OutputError: see `errors`.
    """
    if not settings.onnx:
        raise UsageError("no format is named", hint="name it with `onnx`, which is the only one")
    folder = _single(settings.checkpoint)
    step = Step("export", settings, {"checkpoint": settings.checkpoint}, (settings.out.output,))
    if settings.out.dry_run:
        size = sum(file.stat().st_size for file in folder.iterdir() if file.suffix == ".safetensors")
        plan = [("checkpoint", str(folder)), ("size", f"about {size / 1e6:,.0f} MB")]
        return StepResult(settings.out.output, None, plan, planned=True)
    check_packages()
    step.check()
    if unchanged := step.unchanged():
        return unchanged
    return step.run(lambda partials: _export(folder, partials[0], settings, reporter))


def check_packages() -> None:
    """Check that everything that exports and runs a graph is installed.

    Raises:
        UsageError: something is not.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
        from transformers.exporters.exporter_onnx import OnnxExporter  # noqa: F401
    except ImportError as error:
        hint = "install them with `pip install 'mosecrot[onnx]'`"
        raise UsageError(f"ONNX needs further packages: {error}", hint=hint) from error


def _single(checkpoint: Path) -> Path:
    folders = checkpoints_of(checkpoint)
    if len(folders) > 1:
        found = [*map(str, folders.values())]
        raise UsageError(f"there are several checkpoints: {', '.join(found)}", hint=f"choose one, such as {found[0]}")
    return next(iter(folders.values()))


def _export(folder: Path, output: Path, settings: ExportSettings, reporter: Reporter) -> Computed:
    from mosecrot_cli.model.loading import load_classifier, quiet_transformers

    classifier = load_classifier(folder)
    graph = output / GRAPH
    graph.parent.mkdir(parents=True)
    with reporter.track("exporting", None), quiet_transformers(), _quiet():
        _write_graph(classifier, graph, where=str(folder))
        classifier.tokenizer.save_pretrained(output)
    # The tokenizer's files as they were: transformers would rewrite them with other names.
    for name in (CONFIG, CARD, *(path.name for path in output.iterdir() if path.is_file())):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, output / name)
    difference = _check(classifier, graph)
    size = sum(file.stat().st_size for file in graph.parent.iterdir())
    facts = Facts.of(settings.checkpoint)
    summary = [("graph", f"{GRAPH.as_posix()}, {size / 1e6:,.0f} MB"), ("difference", f"{difference:.1e} at most")]
    statistics = {"bytes": size, "difference": difference, "checkpoints": [str(folder)]}
    return Computed(statistics, Facts(src=facts.src, tgt=facts.tgt, labels=classifier.labels), summary)


def _write_graph(classifier: Classifier, graph: Path, *, where: str) -> None:
    """Trace the model on two texts and write it; batch and length stay free."""
    import onnx_ir
    import torch
    from transformers.exporters.configs import OnnxConfig
    from transformers.exporters.exporter_onnx import OnnxExporter

    model: torch.nn.Module = classifier.model
    model.to(torch.float32)
    inputs = dict(classifier.tokenizer(_texts(classifier)[:2], padding=True, return_tensors="pt"))
    try:
        exporter: Any = OnnxExporter()  # type: ignore[no-untyped-call]
        exported = exporter.export(model, inputs, config=OnnxConfig(dynamic=True))
    except Exception as error:  # tracing runs into whatever the model's code holds
        what = f"a {type(model).__name__} cannot be exported: {type(error).__name__}"
        raise DataError(what, where=where, hint="take a model of another family, such as BERT or RoBERTa") from error
    size = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    aside = None if size < _LARGEST_FILE else f"{graph.name}.data"
    onnx_ir.save(exported.program, graph, external_data=aside)


def _check(classifier: Classifier, graph: Path) -> float:
    """The largest difference between the probabilities of the graph and those of the model.

    Raises:
        DataError: it is large.
    """
    import onnxruntime

    from mosecrot_cli.model.inference import predict_probabilities

    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    texts = _texts(classifier)
    expected = predict_probabilities(classifier.model, classifier.tokenizer, texts)
    batch = classifier.tokenizer(texts, padding=True, return_tensors="np")
    (logits,) = session.run(["logits"], {each.name: batch[each.name] for each in session.get_inputs()})
    difference = float(np.abs(_softmax(logits) - expected).max())
    if not difference < _TOLERANCE:
        raise DataError(
            f"the graph of a {type(classifier.model).__name__} gives other probabilities, by {difference:.3f}",
            where=str(graph.name),
            hint="take a model of another family, such as BERT or RoBERTa",
        )
    return difference


def _softmax(logits: Any) -> Any:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _texts(classifier: Classifier) -> list[str]:
    """Texts of different lengths, made of the vocabulary."""
    vocabulary = classifier.tokenizer.get_vocab()
    words = sorted((word for word in vocabulary if word.isalpha()), key=vocabulary.__getitem__) or ["a"]
    return [" ".join(words[:8]), " ".join(words[-5:]), words[0], " ".join(words[5:20])]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter prints and warns of: names of operators that it does without."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
