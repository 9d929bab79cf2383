from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.features.attributes.labels import codes_to_learn_from, labelled, read_labels
from workbench.features.attributes.learning import multi_task_loss
from workbench.features.attributes.network import seeded


def shop(folder: Path, rows: list[tuple[int, str, str]], items: int = 20) -> Dataset:
    """Items without pictures and their attributes."""
    tables = {
        "items": pd.DataFrame({"item": range(items)}),
        "likes": pd.DataFrame({"user": [0], "item": [0]}),
        "attributes": pd.DataFrame(rows, columns=["item", "attribute", "value"]),
    }
    write_dataset(folder, DatasetCard(name="shop"), tables)
    return Dataset.open(folder)


def clothes(folder: Path) -> Dataset:
    """Ten shirts with collar and colour, one in two colours, one without; nine shoes with heels; one with nothing."""
    rows = [(k, "collar", "high" if k % 2 else "low") for k in range(10)]
    rows += [(k, "colour", "red" if k % 2 else "blue") for k in range(9)] + [(0, "colour", "red"), (1, "colour", "odd")]
    rows += [(k, "heel", "flat" if k < 15 else "spike") for k in range(10, 19)]
    rows += [(10 + k, "heel", "spike") for k in range(2)]
    return shop(folder, rows)


def test_labels_are_those_of_whole_images(drawn: Dataset) -> None:
    rows = labelled(drawn)
    assert set(rows["attribute"]) == {"thing", "colour"} and "region" not in rows and not rows.duplicated().any()
    regions = drawn.table("regions")
    for item in (0, 3, 11):
        mine = rows[(rows["item"] == item) & (rows["attribute"] == "thing")]
        assert set(mine["value"]) == set(regions[regions["item"] == item]["label"])
    assert 7 not in codes_to_learn_from(drawn)


def test_several_values_share_and_rare_ones_and_gaps_are_left_out(tmp_path: Path) -> None:
    labels = read_labels(clothes(tmp_path / "shop"), list(range(20)))
    assert labels.values == {"collar": ("high", "low"), "colour": ("blue", "red"), "heel": ("flat", "spike")}
    colours = labels.targets["colour"]
    assert colours[0].tolist() == [0.5, 0.5] and colours[1].tolist() == [0, 1] and colours[2].tolist() == [1, 0]
    assert colours[9].tolist() == [0, 0] and colours[19].tolist() == [0, 0]


def test_an_attribute_is_foreign_to_images_that_only_bear_what_it_never_goes_with(tmp_path: Path) -> None:
    applies = read_labels(clothes(tmp_path / "shop"), list(range(20))).applies
    assert applies[0].tolist() == [1, 1, 0], "a shirt has no heel"
    assert applies[9].tolist() == [1, -1, 0], "a collar goes with colours: this one's is not known"
    assert applies[12].tolist() == [0, 0, 1] and applies[19].tolist() == [-1, -1, -1]


@torch.no_grad()
def test_the_loss_is_the_cross_entropy_against_the_shares_of_known_values(tmp_path: Path) -> None:
    labels = read_labels(clothes(tmp_path / "shop"), list(range(20)))
    seen = seeded(labels.values, 1).eval()(torch.rand(20, 35, 28, 28, generator=torch.Generator().manual_seed(2)))
    expected = 0.0
    for name, target in labels.targets.items():
        logs = seen.logits[name].log_softmax(1)
        terms = [-float((target[k] * logs[k]).sum()) for k in range(20) if target[k].sum() > 0]
        expected += sum(terms) / len(terms)
    known = [(k, a) for k in range(20) for a in range(3) if labels.applies[k, a] >= 0]
    signs = [float(labels.applies[pair]) for pair in known]
    chances = [float(seen.applies[pair].sigmoid()) for pair in known]
    terms = [
        -(s * torch.tensor(c).log() + (1 - s) * torch.tensor(1 - c).log()) for s, c in zip(signs, chances, strict=True)
    ]
    expected += float(sum(terms)) / len(terms)
    assert float(multi_task_loss(seen, labels.targets, labels.applies)) == pytest.approx(expected, rel=1e-4)


def test_nothing_to_learn_is_said(toy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures with attributes to learn from: add the table attributes"):
        codes_to_learn_from(toy)
    lonely = shop(tmp_path / "lonely", [(k, "colour", "red") for k in range(9)])
    with pytest.raises(DataError, match="no attribute has two values that 5 pictures bear each"):
        read_labels(lonely, list(range(20)))
