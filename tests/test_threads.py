"""Blocks that several threads compute: in order, bounded, the same bytes as on one thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from mosecrot_cli.mapping.methods.relative import RelativeMap
from mosecrot_cli.mapping.methods.residual import ResidualMap
from mosecrot_cli.settings import Weighting
from mosecrot_cli.threads import beside, in_blocks


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield int(request.param)
    torch.set_num_threads(before)


def test_results_come_in_order_and_cover_all_rows(threads: int):
    def slow(part: slice) -> tuple[int, int]:
        time.sleep(0.002 * (part.start == 0))  # the first block is the last to finish
        return part.start, part.stop

    assert list(in_blocks(slow, 10, 3)) == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert list(in_blocks(slow, 0, 3)) == []
    assert torch.get_num_threads() == threads


def test_each_block_is_computed_on_one_thread_of_torch(threads: int):
    found = list(in_blocks(lambda part: (threading.get_ident(), torch.get_num_threads()), 100, 1))
    assert {number for _, number in found} == {1}
    assert len({thread for thread, _ in found}) <= threads


def test_work_beside_other_work_leaves_the_number_of_threads(threads: int):
    done: list[str] = []

    def work() -> None:
        torch.set_num_threads(2)
        done.append("work")

    with beside(work):
        done += [str(number) for number in in_blocks(lambda part: part.start, 2, 1)]
    assert sorted(done) == ["0", "1", "work"]
    assert list(in_blocks(lambda part: torch.get_num_threads(), 2, 2)) == [threads]
    with pytest.raises(ZeroDivisionError), beside(lambda: 1 // 0):
        done.append("after")
    assert "after" in done


def test_no_more_blocks_are_begun_than_threads_can_take(threads: int):
    begun: list[int] = []

    def note(part: slice) -> int:
        begun.append(part.start)
        return part.start

    for finished in in_blocks(note, 100, 1):
        assert max(begun) <= finished + threads


def test_the_first_error_ends_it_and_torch_keeps_its_threads(threads: int):
    def fails(part: slice) -> int:
        if part.start >= 2:
            raise ValueError(f"row {part.start}")
        return part.start

    with pytest.raises(ValueError, match="^row 2$"):
        list(in_blocks(fails, 50, 1))
    assert torch.get_num_threads() == threads
    given_up = in_blocks(lambda part: part.start, 50, 1)
    assert next(given_up) == 0
    given_up.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("k", [7, 60])
@pytest.mark.parametrize(
    "make",
    [
        lambda k: RelativeMap(k, Weighting.standard, 0.3),
        lambda k: RelativeMap(k, Weighting.sparsemax, 0.3),
        lambda k: ResidualMap(k, Weighting.softmax, 0.3, 0.1),
    ],
    ids=["standard", "sparsemax", "residual"],
)
def test_map_and_its_statistics_are_the_same_on_any_number_of_threads(
    k: int, make: Callable[[int], RelativeMap | ResidualMap], monkeypatch: pytest.MonkeyPatch
):
    random = np.random.default_rng(3)
    anchors, values = random.normal(size=(60, 8)), random.normal(size=(60, 5))
    target = random.normal(size=(500, 8)).astype(np.float32)
    target[17] = 0
    monkeypatch.setattr("mosecrot_cli.mapping.methods.relative._MOST_ROWS_CPU", 64)
    before, found = torch.get_num_threads(), []
    for number in (1, 4):
        torch.set_num_threads(number)
        map_ = make(k).fit(anchors, values)
        found.append((map_.transform(target).tobytes(), map_.statistics_))
    torch.set_num_threads(before)
    assert found[0] == found[1]
    assert found[0][1].rows == 500 and found[0][1].zero_rows == 1
