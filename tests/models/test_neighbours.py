import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity

from workbench.data.ragged import Ragged
from workbench.models import neighbours
from workbench.models.neighbours import Similarities, nearest


def random_sets(n: int, values: int, seed: int = 0) -> tuple[Ragged, np.ndarray]:
    table = np.random.default_rng(seed).random((n, values)) < 0.15
    rows, columns = (torch.from_numpy(part) for part in table.nonzero())
    return Ragged.from_pairs(rows, columns, n), table.astype(np.float64)


@pytest.mark.parametrize("block", [7, 256])
@pytest.mark.parametrize("shrink", [0.0, 3.0])
def test_nearest_are_those_of_a_full_table(monkeypatch: pytest.MonkeyPatch, block: int, shrink: float) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", block)
    sets, table = random_sets(60, 40)
    norms = np.sqrt(table.sum(1))
    scale = norms[:, None] * norms
    full = (cosine_similarity(table) * scale / np.maximum(scale + shrink, 1e-12)).astype(np.float32).round(6)
    expected = []
    for row, similar in enumerate(full):
        others = [(-value, column) for column, value in enumerate(similar.tolist()) if column != row and value > 0]
        expected += [(row, column, -value) for value, column in sorted(others)[:5]]
    found = list(zip(*(part.tolist() for part in nearest(sets, 40, 5, shrink)), strict=True))
    assert sorted((row, column) for row, column, _ in found) == sorted((row, column) for row, column, _ in expected)
    weights = {(row, column): weight for row, column, weight in expected}
    assert all(weight == pytest.approx(weights[row, column], abs=1e-6) for row, column, weight in found)


def test_ties_go_to_the_lower_number() -> None:
    sets = Ragged.from_lengths(torch.full((5,), 2), torch.tensor([0, 1, 2, 3, 0, 1, 0, 1, 0, 1]))
    rows, columns, _ = nearest(sets, 4, 2)
    assert columns[rows == 4].tolist() == [0, 2]
    assert not (rows == 1).any()


def test_the_table_finds_its_cells_and_loads_into_another() -> None:
    table, other = Similarities(4, 2), Similarities(4, 2)
    table.fill(torch.tensor([3, 0, 0]), torch.tensor([1, 3, 2]), torch.tensor([0.5, 0.25, 0.75]))
    other.load_state_dict(table.state_dict())
    sets, weights = other(torch.tensor([0, 1, 3, 0]))
    assert [sets.row(k).tolist() for k in range(4)] == [[2, 3], [], [1], [2, 3]]
    assert weights.tolist() == [0.75, 0.25, 0.5, 0.75, 0.25]
    assert other.between(torch.tensor([3, 3, 0]), torch.tensor([1, 3, 2])).tolist() == [0.5, 0.0, 0.75]
