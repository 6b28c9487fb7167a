"""Where arrays are computed, and how much room a block of them may take there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from mosecrot_cli.errors import UsageError

_MIB = 1 << 20

T = TypeVar("T")


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


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Run `work` in a thread beside what the context holds, and wait for it at the end.

    Raises:
        Exception: what `work` raises, unless the context raises something itself.
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(work)
            yield
        done.result()
    finally:
        torch.set_num_threads(threads)  # see `in_blocks`


def in_blocks(work: Callable[[slice], T], rows: int, step: int, *, threaded: bool = True) -> Iterator[T]:
    """The results of `work` for slices of at most `step` of so many rows, in their order.

    If `threaded`, as many blocks are computed at once as torch uses threads, each of them on one thread: a block goes
    through many short operations, and those that do not share their work would leave the other cores idle.
    """
    parts = [slice(start, min(start + step, rows)) for start in range(0, rows, step)]
    threads = torch.get_num_threads()
    if not threaded or threads == 1 or len(parts) < 2:
        yield from map(work, parts)
        return
    waiting: deque[Future[T]] = deque()
    try:
        with ThreadPoolExecutor(min(threads, len(parts)), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            try:
                for part in parts:
                    waiting.append(pool.submit(work, part))
                    if len(waiting) > threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
    finally:
        # The number holds for the thread that sets it and for threads that start later.
        torch.set_num_threads(threads)
