"""Marks of a model of attributes against a plain count, on features that read the first thing of every picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from tests.models.cases import prepared
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.postcards.world import build_world
from workbench.data.schema import BOX
from workbench.explain.attribute_marks import mark_attributes, mark_boxes, mark_tastes
from workbench.explain.attribute_reading import attribute_reading, liked_value, planted_values, written
from workbench.explain.attributes import attribute_profile
from workbench.explain.explainer import Explainer
from workbench.features.store import FeatureCard, Features
from workbench.layers.evidence import Gates

CORNER = (0.0, 0.0, 0.02, 0.02)
"""Where nothing ever is; the boxes of sizes stand here."""


@pytest.fixture(scope="module")
def explainer(tmp_path_factory: pytest.TempPathFactory) -> Explainer:
    folder = tmp_path_factory.mktemp("marks") / "world"
    build_world(folder, "tiny", 7)
    data = Dataset.open(folder)
    regions = data.table("regions")
    first = regions[regions["region"] == 0]
    told = data.table("attributes")
    told = told[told["region"] == 0][["item", "attribute", "value"]]
    things = first[["item", "label"]].rename(columns={"label": "value"}).assign(attribute="thing")
    rows = pd.concat([told, things]).merge(first[["item", *BOX]], on="item").sort_values(["item", "attribute"])
    rows.loc[rows["attribute"] == "size", BOX] = CORNER
    values = rows.groupby("attribute")["value"].agg(lambda found: tuple(sorted(set(found)))).to_dict()
    array = np.random.default_rng(0).normal(size=(len(rows), 6)).astype(np.float16)
    card = FeatureCard(
        encoder="attributes", version="test", preprocessing="none", shape=array.shape, fingerprint=data.fingerprint,
        grid=None, attributes=values,
    )  # fmt: skip
    shown = rows.rename(columns={"value": "label"}).assign(score=0.9, region=range(len(rows)))
    lengths = np.bincount(data.items.codes(rows["item"]), minlength=len(data.items))
    Features.write(data.root, "attributes", card, array, lengths, shown.drop(columns="item"))
    return Explainer(prepared("saers", data, 3, {"dim": 5, "include_id": False}), data, "run")


def test_boxes_are_marked_by_what_their_middle_lies_on(explainer: Explainer) -> None:
    found = {mark.attribute: mark for mark in mark_boxes(explainer)}
    assert set(found) == {"colour", "pattern", "size", "thing"}
    images = len(explainer.dataset.items)
    regions = explainer.dataset.table("regions")
    assert all(mark.images == images and mark.read == 1 for mark in found.values())
    assert found["thing"].pointing == found["colour"].pointing == 1
    assert found["size"].pointing == 0 and found["size"].covers == pytest.approx(0.02**2)
    first = regions[regions["region"] == 0]
    size = ((first["x1"] - first["x0"]) * (first["y1"] - first["y0"])).mean()
    assert found["thing"].covers == pytest.approx(size, abs=1e-3)
    kinds = regions.merge(first[["item", "label"]], on=["item", "label"])
    across = (kinds["x0"] <= 0.5) & (kinds["x1"] >= 0.5) & (kinds["y0"] <= 0.5) & (kinds["y1"] >= 0.5)
    assert found["thing"].centre == pytest.approx(across.groupby(kinds["item"]).any().mean())


@torch.no_grad()
def plain(explainer: Explainer, user: int, item: int) -> tuple[list[str], dict[str, list[float]]]:
    """Labels of the attributes of an image, and what each method says of them, element by element."""
    model, pair = explainer.model, (torch.tensor([user]), torch.tensor([item]))
    (level,) = model.read(*pair).levels
    assert level.attention is not None and level.contribution is not None
    rows = level.elements.values
    shown = model.features.shown.iloc[rows.tolist()]  # type: ignore[union-attr]
    whole, lost = float(model.score_pairs(*pair)), []
    for k in range(len(rows)):
        gate = torch.ones(len(rows))
        gate[k] = 0
        lost.append(max(whole - float(model.score_pairs(*pair, Gates({"attributes": gate}))), 0.0))
    numbers = {
        "attention": level.attention.tolist(),
        "contribution": level.contribution.clamp_min(0).tolist(),
        "liking": model.liking(*pair).tolist(),  # type: ignore[operator]
        "removal": lost,
    }
    return (shown["attribute"] + ": " + shown["label"]).tolist(), numbers


@pytest.mark.parametrize("of", ["value", "thing"])
def test_attributes_are_marked_where_what_was_planted_is_read(explainer: Explainer, of: str) -> None:
    data = explainer.dataset
    marks = {mark.method: mark for mark in mark_attributes(explainer, of)}  # type: ignore[arg-type]
    assert set(marks) == {"attention", "contribution", "liking", "removal", "random", "uniform"}
    causes = data.table("causes")
    causes = causes[causes["source"] == "like"]
    wanted = causes["attribute"].map(written, na_action="ignore") if of == "value" else "thing: " + causes["label"]
    causes = causes.assign(wanted=wanted).dropna(subset=["wanted"])
    likes = data.table("likes")
    likes = likes[likes["split"] == "train"]
    train = set(zip(likes["user"], likes["item"], strict=True))
    hits: dict[str, list[float]] = {name: [] for name in set(marks) - {"random"}}
    for user, item, planted in causes[["user", "item", "wanted"]].itertuples(index=False):
        if (user, item) not in train:
            continue
        labels, numbers = plain(explainer, data.users.code(user), data.items.code(item))
        if planted not in labels:
            continue
        at = labels.index(planted)
        for name, weights in (numbers | {"uniform": [1.0] * len(labels)}).items():
            best = [i for i, weight in enumerate(weights) if weight >= max(weights)]
            hits[name].append((at in best) / len(best))
    for name, found in hits.items():
        assert marks[name].pairs == len(found) > 20
        assert marks[name].pointing == pytest.approx(np.mean(found), abs=1e-6)


def test_profiles_are_marked_against_what_users_were_made_to_like(explainer: Explainer) -> None:
    marks = {mark.method: mark for mark in mark_tastes(explainer)}
    assert set(marks) == {"liking", "attention", "contribution", "most frequent"}
    first, above = [], []
    for user in range(len(explainer.dataset.users)):
        liked = liked_value(explainer.dataset, user)
        if liked is None:
            continue
        rows = [row for row in attribute_profile(explainer, user).rows if liked.startswith(f"{row.attribute}: ")]
        mine = [row.liking for row in rows if f"{row.attribute}: {row.value}" == liked]
        others = [row.liking for row in rows if f"{row.attribute}: {row.value}" != liked]
        if mine:
            first.append(mine[0] >= max(others))
            above.append(np.mean([mine[0] > other for other in others]))
    assert marks["liking"].users == len(first)
    assert marks["liking"].first == pytest.approx(np.mean(first)) and marks["liking"].auc == pytest.approx(
        np.mean(above)
    )
    assert 0 < marks["liking"].chance < 1


def test_a_taste_that_is_learnt_is_found(explainer: Explainer) -> None:
    """A model that likes exactly what was planted is marked so by its likings, whatever its attention does."""
    data, model = explainer.dataset, explainer.model
    shown = model.features.shown  # type: ignore[union-attr]
    labels = (shown["attribute"] + ": " + shown["label"]).to_numpy()
    wanted = np.array([liked_value(data, user) for user in range(len(data.users))], dtype=object)

    class Told(type(model)):  # type: ignore[misc]
        def everything(self, users: torch.Tensor, *_: object) -> tuple[torch.Tensor, torch.Tensor]:
            alike = torch.from_numpy((wanted[users.numpy()][:, None] == labels[None]).astype(np.float32))
            return torch.full_like(alike, 0.25), alike * 4 - 2

    kind = type(model)
    model.__class__ = Told
    try:
        marks = {mark.method: mark for mark in mark_tastes(explainer)}
    finally:
        model.__class__ = kind
    assert marks["liking"].first == marks["liking"].auc == marks["contribution"].first == 1
    assert marks["attention"].auc == pytest.approx(0.5, abs=1e-5)


def test_a_reading_tells_the_cause_of_a_like_and_of_nothing_else(explainer: Explainer) -> None:
    data = explainer.dataset
    causes = data.table("causes")
    like = causes[(causes["source"] == "like") & causes["attribute"].notna()].iloc[0]
    user, item = data.users.code(like["user"]), data.items.code(like["item"])
    reading = attribute_reading(explainer, user, item)
    assert reading.causes == (written(like["attribute"]),) == planted_values(data, user, item)
    assert reading.boxes[0].label == like["label"]
    assert reading.without_truth().causes == () and reading.without_truth().attributes == reading.attributes
    total = reading.own + sum(view.contribution for view in reading.attributes)
    assert reading.score == pytest.approx(total, abs=1e-4)
    loved = set(data.items.codes(causes[causes["user"] == like["user"]]["item"]).tolist())
    new = next(code for code in range(len(data.items)) if code not in loved)
    assert planted_values(data, user, new) == ()


def test_what_cannot_be_marked_is_refused(explainer: Explainer) -> None:
    other = Explainer(prepared("bpr", explainer.dataset, 3, {}), explainer.dataset)
    for mark in (mark_attributes, mark_boxes, mark_tastes):
        with pytest.raises(DataError, match="reads no attributes"):
            mark(other)
