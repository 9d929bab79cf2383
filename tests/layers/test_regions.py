"""Region features as padded blocks."""

from __future__ import annotations

import pytest
import torch

from workbench.data.ragged import Ragged
from workbench.layers.regions import RegionTable

VECTORS = torch.arange(24, dtype=torch.float16).view(12, 2)


@pytest.mark.parametrize("lengths", [(3, 3, 3, 3), (1, 0, 6, 5)])
def test_blocks_hold_each_images_regions_and_nothing_else(lengths: tuple[int, ...]) -> None:
    sets = Ragged.from_lengths(torch.tensor(lengths), torch.arange(12))
    table, items = RegionTable(VECTORS, sets), torch.tensor([2, 0, 1, 2, 3])
    block, present = table(items), table.present(items)
    assert block.shape == (5, max(lengths), 2) and table.regular == (len(set(lengths)) == 1)
    for row, item in enumerate(items.tolist()):
        torch.testing.assert_close(block[row][present[row]], VECTORS[sets.row(item)].float())
        assert not block[row][~present[row]].any() and int(present[row].sum()) == lengths[item]
    values = torch.rand(len(table.sets(items).values), generator=torch.Generator().manual_seed(0))
    padded = table.padded(items, values)
    assert not padded[~present].any()
    torch.testing.assert_close(table.flat(items, padded), values)
