"""Candidates in bfloat16 against brute force in float64, and the search by them against the plain one, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mosecrot_cli.mapping import reduced, search
from mosecrot_cli.mapping.csls import mutual_near
from mosecrot_cli.mapping.methods.relative import RelativeMap
from mosecrot_cli.mapping.reduced import Candidates, ReducedProduct, least_bits, reducible
from mosecrot_cli.mapping.search import AnchorIndex, quickly_nearest
from mosecrot_cli.mapping.units import unit_rows

Matrix = NDArray[np.float32]


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Candidates in bfloat16 wherever there are enough columns, though this CPU may be slow at it."""
    monkeypatch.setattr(search, "worth_reducing", lambda columns, width, k: reducible(columns, k))


def vectors(kind: str, rows: int, width: int, random: np.random.Generator) -> Matrix:
    """Vectors that are easy or hard to tell apart."""
    normal = random.normal(size=(rows, width))
    if kind == "duplicates":
        normal = normal[random.integers(max(1, rows // 4), size=rows)] * random.choice([1, 2, 4], size=(rows, 1))
    elif kind == "grid":
        normal = random.integers(-1, 2, size=(rows, width))
    elif kind == "permuted":  # the same cosine with a constant row, but for rounding
        normal = np.stack([random.permutation(np.arange(1.0, width + 1)) for _ in range(rows)])
    elif kind == "alike":
        normal = 1 + 1e-4 * normal
    elif kind == "opposite":
        normal = np.abs(normal) * np.where(random.random((rows, 1)) < 0.5, 1, -1)
    elif kind == "norms":
        normal = normal * 10.0 ** random.integers(-37, 37, size=(rows, 1))
    elif kind == "zeros":
        normal[random.random(rows) < 0.5] = 0
    return normal.astype(np.float32)


KINDS = ["normal", "duplicates", "grid", "permuted", "alike", "opposite", "norms", "zeros"]


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kinds=st.tuples(st.sampled_from([*KINDS, "constant"]), st.sampled_from(KINDS)),
    width=st.integers(1, 40),
    columns=st.integers(40, 300),
    k=st.integers(1, 12),
    tile=st.sampled_from([64, 8_192]),
    penalised=st.booleans(),
)
def test_the_search_by_candidates_gives_the_bytes_of_the_plain_search(
    seed: int, kinds: tuple[str, str], width: int, columns: int, k: int, tile: int, *, penalised: bool
) -> None:
    random = np.random.default_rng(seed)
    anchors = vectors(kinds[1], columns, width, random)
    rows = np.ones((40, width), np.float32) if kinds[0] == "constant" else vectors(kinds[0], 40, width, random)
    rows[:5] = anchors[random.integers(columns, size=5)]
    penalties = random.uniform(0, 0.5, columns) if penalised else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduced, "_TILE_COLUMNS", tile)
        patch.setattr(search, "worth_reducing", lambda columns, width, k: reducible(columns, k))
        queries = unit_rows(rows, "vectors")
        found = AnchorIndex(anchors, torch.device("cpu"), penalties).search(queries, k)
        patch.setattr(search, "worth_reducing", lambda columns, width, k: False)
        plain = AnchorIndex(anchors, torch.device("cpu"), penalties).search(queries, k)
    assert torch.equal(found.indices, plain.indices)
    assert found.similarities.numpy().tobytes() == plain.similarities.numpy().tobytes()


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(KINDS),
    width=st.integers(1, 300),
    k=st.integers(1, 12),
    tile=st.sampled_from([64, 8_192]),
)
def test_no_neighbour_is_missing_among_the_candidates(seed: int, kind: str, width: int, k: int, tile: int) -> None:
    random = np.random.default_rng(seed)
    units, others = (
        torch.from_numpy(unit_rows(vectors(name, rows, width, random), "vectors").units)
        for name, rows in (("normal", 30), (kind, 250))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduced, "_TILE_COLUMNS", tile)
        if not reducible(len(others), k):
            return
        table = ReducedProduct(others, k).candidates(units)
    assert_none_is_missing(table, units, others, k)


def assert_none_is_missing(table: Candidates, units: torch.Tensor, others: torch.Tensor, k: int) -> None:
    every = units.double() @ others.double().T
    least = every.topk(k, dim=1).values[:, -1:]
    for row in np.flatnonzero(table.found):
        real = ~np.isneginf(table.similarities[row])
        columns = table.columns[row][real]
        assert set(np.flatnonzero(every[row] >= least[row])) <= set(columns.tolist())
        assert (np.diff(columns) > 0).all()
        assert table.similarities[row][real] == pytest.approx(every[row, columns].numpy(), abs=1e-6)


@pytest.mark.parametrize("tile", [100, 8_192])
def test_no_neighbour_is_missing_where_all_rounding_is_against_it(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduced, "_TILE_COLUMNS", tile)
    up, down = 1 + 2.0**-8 + 2.0**-14, 1 + 2.0**-8 - 2.0**-14  # to 1 + 2**-7, and to 1
    units = torch.tensor([[up] * 32 + [down] * 32 + [1.0]])
    others = torch.zeros(400, 65)
    others[:90, :32] = up
    others[90:93, 32:64] = down
    others[90:93, 64] = 0.05
    others[93:186] = -others[:93]  # so that the mean is 0
    others = others[torch.randperm(400, generator=torch.Generator().manual_seed(0))]
    table = ReducedProduct(others, 5).candidates(units)
    assert table.found.all()
    assert_none_is_missing(table, units, others, 3)
    places = (units.bfloat16().double() @ others.bfloat16().double().T)[0].argsort(descending=True).tolist()
    best = (units.double() @ others.double().T)[0].topk(3).indices
    assert min(places.index(int(column)) for column in best) == 90  # the three best look the worst


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(KINDS), width=st.integers(1, 400))
def test_a_reduced_product_is_off_by_no_more_than_the_bound(seed: int, kind: str, width: int) -> None:
    random = np.random.default_rng(seed)
    units, others = (torch.from_numpy(unit_rows(vectors(kind, 64, width, random), "vectors").units) for _ in range(2))
    product = ReducedProduct(others, 1)
    rounded = units.bfloat16()
    bound = product.error_bound(units, rounded)
    mean = others.mean(dim=0).double()
    exact = (units.double() @ (others.double() - mean).T).numpy()
    found = (rounded @ (others.double() - mean).bfloat16().T).double().numpy()
    # The result is rounded to bfloat16 at last: by 2**-8 of itself at most.
    assert (np.abs(found - exact) <= bound[:, None] + 2.0**-8 * (np.abs(exact) + bound[:, None])).all()
    assert bound.max() < 0.02


def test_the_limit_leaves_room_for_the_margin_and_for_rounding() -> None:
    random = np.random.default_rng(0)
    exact = random.uniform(-1, 1, size=20_000).astype(np.float32)
    bits = torch.from_numpy(exact).bfloat16().view(torch.int16).numpy()
    margin = random.uniform(0, 0.1, size=len(exact)).astype(np.float32)
    least = least_bits(bits, margin)
    # The numbers themselves may have been as low as this; so may candidates, less the margin.
    lowest = torch.from_numpy(exact - margin).bfloat16()
    decided = least != np.iinfo(np.int16).max
    assert (lowest.view(torch.int16).numpy()[decided] >= least[decided]).all()
    assert (exact[~decided] - margin[~decided] < 0.01).all()
    kept = torch.from_numpy(least[decided].copy()).view(torch.bfloat16).float().numpy()
    assert (exact - margin)[decided] - kept == pytest.approx(0, abs=0.012)


@pytest.mark.usefixtures("everywhere")
def test_the_nearest_are_those_of_a_sort() -> None:
    random = np.random.default_rng(0)
    units, others = (
        torch.from_numpy(unit_rows(vectors("normal", rows, 30, random), "vectors").units) for rows in (700, 900)
    )
    units[3] = 0  # no candidate can be told from the others
    found = quickly_nearest(units, others, 7)
    best = (units.double() @ others.double().T).topk(7, dim=1)
    assert torch.allclose(found.similarities.double(), best.values, atol=1e-6)
    others_rows = np.arange(700) != 3
    assert torch.equal(found.indices[others_rows], best.indices[others_rows])


@pytest.mark.usefixtures("everywhere")
def test_maps_and_dictionaries_are_the_same_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    rows, anchors, values = random.normal(size=(900, 30)), random.normal(size=(400, 30)), random.normal(size=(400, 12))
    units = [unit_rows(side, "vectors").units for side in (rows, anchors)]
    quick = RelativeMap(10, "sparsemax", 1.0).fit(anchors, values).transform(rows), mutual_near(*units).pairs
    monkeypatch.setattr(search, "worth_reducing", lambda columns, width, k: False)
    plain = RelativeMap(10, "sparsemax", 1.0).fit(anchors, values).transform(rows), mutual_near(*units).pairs
    assert [some.tobytes() for some in quick] == [some.tobytes() for some in plain]


_SCRIPT = """
import hashlib, numpy as np
from mosecrot_cli.mapping.reduced import bfloat16_pays
from mosecrot_cli.mapping.search import topk_cosine
random = np.random.default_rng(0)
found = topk_cosine(random.normal(size=(300, 100)), random.normal(size=(6000, 100)), 50)
print(bfloat16_pays(), hashlib.sha256(b"".join(part.tobytes() for part in found)).hexdigest())
"""


def test_a_cpu_without_bfloat16_takes_the_float32_product_and_finds_the_same() -> None:
    def answer(**more: str) -> list[str]:
        command = [sys.executable, "-c", _SCRIPT]
        return subprocess.run(command, env=os.environ | more, capture_output=True, text=True, check=True).stdout.split()

    masked = answer(ONEDNN_MAX_CPU_ISA="AVX2")
    assert masked[0] == "False"
    assert answer()[1] == masked[1]
