from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.data.dataset import Dataset
from workbench.features import cells


def test_cells_show_the_smallest_box_over_their_middle(drawn: Dataset) -> None:
    codes = cells.codes_to_learn_from(drawn)
    found = cells.read_cells(drawn, codes, 14, 14)
    assert 7 not in codes, "it has no picture"
    assert found.words["label"] == ["boat", "cat", "flower"]
    regions = drawn.table("regions")
    colours = drawn.table("attributes").set_index(["item", "region"])["value"]
    for place, code in list(enumerate(codes))[:6]:
        things = regions[regions["item"] == code]
        for row, column in np.ndindex(14, 14):
            x, y = (column + 0.5) / 14, (row + 0.5) / 14
            over = things[(things.x0 <= x) & (x < things.x1) & (things.y0 <= y) & (y < things.y1)]
            label, colour = found.background, cells.UNKNOWN
            if len(over):
                thing = over.loc[((over.x1 - over.x0) * (over.y1 - over.y0)).idxmin()]
                label = found.words["label"].index(thing["label"])
                value = colours[code, thing["region"]]
                colour = found.words["colour"].index(value) if value in found.words["colour"] else cells.UNKNOWN
            assert found.targets["label"][place, row, column] == label
            assert found.targets["colour"][place, row, column] == colour


def test_rare_words_are_left_out(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST", 2)
    counts = drawn.table("regions")["label"].value_counts()
    words = cells.read_cells(drawn, cells.codes_to_learn_from(drawn), 7, 7).words["label"]
    assert set(words) == set(pd.Index(counts.index[:2]))
