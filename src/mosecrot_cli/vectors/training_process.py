"""The process in which fastText trains: `python -m mosecrot_cli.vectors.training_process JOB`, see `training`."""

from __future__ import annotations

import json
import sys
from typing import Any


def main(job: dict[str, Any]) -> None:
    """Train and save a model; fastText writes its progress to stderr, and the reason of a failure as the last line."""
    # The parts of `train_unsupervised`, which takes no seed.
    import fasttext.FastText as library

    told = job["settings"]
    chosen = {
        "input": job["corpus"],
        "model": told["model"],
        "dim": told["dim"],
        "epoch": told["epochs"],
        "minCount": told["min_count"],
        "minn": told["minn"] if told["maxn"] else 0,
        "maxn": told["maxn"],
        "ws": told["window"],
        "lr": told["lr"],
        "bucket": told["buckets"],
        "thread": told["threads"],
        "seed": told["seed"],
        "pretrainedVectors": job["initial"],
    }
    try:
        arguments = library._build_args(library.unsupervised_default | chosen, list(chosen))
        model = library._FastText(args=arguments)
        library.fasttext.train(model.f, arguments)
        model.save_model(job["model"])
    except (RuntimeError, ValueError, MemoryError) as error:
        sys.exit(f"\nerror: {' '.join(str(error).split()) or type(error).__name__}")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
