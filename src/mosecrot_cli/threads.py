"""Work shared among threads, each of which has torch to itself.

The short operations between the large products do not share their work among torch's threads. So blocks of rows, or
batches of texts, are computed side by side, each of them on one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")


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
