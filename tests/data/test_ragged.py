from __future__ import annotations

import pytest
import torch
from torch import Tensor

from workbench.data.ragged import Ragged

PAIRS = [(2, 7), (0, 3), (2, 1), (0, 9), (0, 3), (4, 5)]
SETS = [[3, 3, 9], [], [1, 7], [], [5], []]


def as_lists(ragged: Ragged) -> list[list[int]]:
    return [ragged.row(index).tolist() for index in range(len(ragged))]


@pytest.fixture
def ragged() -> Ragged:
    rows, values = torch.tensor(PAIRS).unbind(1)
    return Ragged.from_pairs(rows, values, len(SETS))


def test_pairs_are_grouped_by_row_in_ascending_order(ragged: Ragged) -> None:
    assert as_lists(ragged) == SETS
    assert ragged.lengths.tolist() == [len(row) for row in SETS]
    assert ragged.rows.tolist() == [index for index, row in enumerate(SETS) for _ in row]


def test_no_pairs_give_empty_rows() -> None:
    none = torch.empty(0, dtype=torch.int64)
    assert as_lists(Ragged.from_pairs(none, none, 3)) == [[], [], []]


def test_lengths_lay_elements_end_to_end() -> None:
    assert as_lists(Ragged.from_lengths(torch.tensor([2, 0, 1]), torch.tensor([8, 4, 6]))) == [[8, 4], [], [6]]


@pytest.mark.parametrize("rows", [[5, 0, 0, 1, 2], [1, 3], []])
def test_select_repeats_and_reorders_rows(ragged: Ragged, rows: list[int]) -> None:
    index: Tensor = torch.tensor(rows, dtype=torch.int64)
    assert as_lists(ragged.select(index)) == [SETS[row] for row in rows]


def test_select_agrees_with_one_row_at_a_time_on_random_sets() -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(50, (400,), generator=generator)
    ragged = Ragged.from_pairs(rows, torch.randint(1000, (400,), generator=generator), 50)
    wanted = torch.randint(50, (200,), generator=generator)
    assert as_lists(ragged.select(wanted)) == [ragged.row(int(row)).tolist() for row in wanted]
