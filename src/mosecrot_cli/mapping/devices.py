"""Where arrays are computed, and how much room a block of them may take there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import torch

from mosecrot_cli.errors import UsageError

_MIB = 1 << 20


def torch_device(name: str) -> torch.device:
    """The device of that name.

    Raises:
        UsageError: there is no such device on this machine.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"no such device here: {name}") from error
    return device


def exact_device(device: torch.device) -> torch.device:
    """The device itself where it has float64, else the CPU (Apple's GPUs have none)."""
    return torch.device("cpu") if device.type == "mps" else device


def scratch_bytes(device: torch.device) -> int:
    """How large a temporary array may be: 256 MiB, on a CUDA device up to 2 GiB but a quarter of what is free."""
    if device.type == "cuda":
        return min(2048 * _MIB, torch.cuda.mem_get_info(device)[0] // 4)
    return 256 * _MIB


def in_parts(work: Callable[[slice], None], rows: int) -> None:
    """Call `work` with slices that cover so many rows, as many at once as torch uses threads.

    It gains where `work` lets other threads run, as most of numpy's functions on arrays do.
    """
    threads = max(1, min(torch.get_num_threads(), rows))
    edges = [number * rows // threads for number in range(threads + 1)]
    first, *others = (slice(start, end) for start, end in pairwise(edges))
    if not others:
        work(first)
        return
    with ThreadPoolExecutor(len(others)) as pool:
        started = [pool.submit(work, part) for part in others]
        work(first)
        for part in started:
            part.result()
