"""Run a module on a GPU that no other job of the study uses.

Usage: python -m mosecrot_cli.pipeline.study.on_gpu 0,1 MODULE ARGUMENTS...
"""

from __future__ import annotations

import fcntl
import os
import runpy
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_FOLDER = Path(".study")
_PAUSE = 0.5  # seconds


def take(gpus: Sequence[str], folder: Path = _FOLDER) -> tuple[str, IO[str]]:
    """A free GPU, and the file whose lock holds it until the process ends. Waits for one."""
    while True:
        for gpu in gpus:
            stream = (folder / f"gpu-{gpu}.lock").open("a", encoding="utf-8")
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                stream.close()
                continue
            return gpu, stream
        time.sleep(_PAUSE)


def main(arguments: Sequence[str]) -> None:
    """Take a GPU, let the libraries see that one alone, and run the module."""
    gpus, module, *rest = arguments
    gpu, _lock = take(gpus.split(","))
    os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
