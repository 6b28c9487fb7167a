"""`mosecrot adapt`."""

from __future__ import annotations

from typing import Final

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.errors import UsageError
from mosecrot_cli.settings import AdaptMethod, AdaptSettings

_TRAINING: Final = (
    "epochs",
    "learning_rate",
    "batch_size",
    "max_length",
    "freeze_embeddings",
    "seed",
    "resume",
    "gpus",
)
_ONLY: Final = {
    AdaptMethod.bias: ("prior",),
    AdaptMethod.self_training: ("confidence", "balance", "rounds", *_TRAINING),
}
"""Method -> the options that the other one has no use for."""


@command(AdaptSettings, offline=True)
def adapt(settings: AdaptSettings, sink: Sink, *, given: frozenset[str]) -> None:
    """Adapt a stitched checkpoint to unlabelled texts of the target language.

    By default it adds a bias to each class, such that the classes of the texts are as frequent as in the training
    data: a map moves all texts of a language in one direction, and the logits with them. This takes seconds and trains
    nothing. With --method self-training the checkpoint learns from its own confident answers, for a few rounds.
    Either way no label is read, whatever the file of texts contains, and the result is an ordinary checkpoint.

    Examples:
        mosecrot adapt stitched --texts target.txt
        mosecrot adapt --texts sib200 --prior uniform
        mosecrot adapt stitched --texts target.txt --method self-training --rounds 3
    """
    from mosecrot_cli.pipeline.adapt.run import run

    for method, names in _ONLY.items():
        if method is not settings.method and (misplaced := sorted(given.intersection(names))):
            raise UsageError(f"`{misplaced[0]}` is an option of `method={method}`, not of `method={settings.method}`")
    report(sink, run(settings, sink), next_step=f"mosecrot evaluate {settings.out.output} --data ...")
