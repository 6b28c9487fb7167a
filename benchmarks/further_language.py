"""Claim: a further language by `mosecrot transfer`, the process included, against the fine-tuning that it spares.

The fine-tuning computes in float32, so that the peer is the same on every CPU.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import Row, Scale, cache, run, share
from benchmarks.data import labelled_file, lexicon_file, prepare, source_vector_file
from benchmarks.processes import Measured, Side, alternate, measure_command, measure_side, mosecrot

SENTENCES = 701


def claim(scale: Scale) -> Sequence[Row]:
    words, epochs = scale.pick(50_000, 200_000), scale.pick(2, 8)
    made = measure_side(prepare, work=scale.work, vector_rows=[words], models=True).found
    folder = scale.work / "language"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    lexicon, source_vectors = lexicon_file(scale.work, words), source_vector_file(scale.work, words)
    learn = ["--source-vectors", str(source_vectors), "--learnt-anchors", "always"]
    # Once: it takes minutes, and dwarfs the noise.
    training = ["--train", str(labelled_file(scale.work, SENTENCES)), "--embeddings", "none", "--precision", "fp32"]
    training += ["--source-model", made["model"], "--epochs", str(epochs)]
    trained = Side((measure_command(mosecrot("finetune", *training), folder=folder),))
    given = ["--lexicon", str(lexicon), "--tgt", "xx", "--max-vocab", str(words), "--overwrite"]
    given += ["--target-vectors", made[f"vectors-{words}"]]
    sides = alternate(
        {
            "lexicon": lambda: _transfer(scale, folder, given),
            "learnt": lambda: _transfer(scale, folder, [*given, *learn]),
        },
        scale.repeats,
    )
    what = f"a further language by transfer: {words:,} words"
    peer = f"fine-tuning in fp32: {SENTENCES} sentences, {epochs} epochs"
    targets = {"lexicon": 0.12, "learnt": 0.35} if scale.full else {}  # starting outweighs so little training
    return [
        share(f"{what}, anchors of the lexicon", peer, sides["lexicon"], trained, targets.get("lexicon")),
        share(f"{what}, learnt anchors too", peer, sides["learnt"], trained, targets.get("learnt")),
    ]


def _transfer(scale: Scale, folder: Path, given: Sequence[str]) -> Measured:
    """A whole run for a language that was never read."""
    shutil.rmtree(cache(scale.work), ignore_errors=True)
    return measure_command(mosecrot("transfer", "model", *given), folder=folder)


if __name__ == "__main__":
    run([claim], __doc__ or "")
