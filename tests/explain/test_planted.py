"""Marking explanations against planted main aspects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.explain.test_explainer import explainer_of
from tests.models.rewritten import rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.explanation import EvidenceLevel
from workbench.explain.planted import main_aspects
from workbench.layers.evidence import ASPECTS


def test_shares_are_those_of_the_explanations_themselves(toy: Dataset, tmp_path: Path) -> None:
    tables = tables_of(toy)
    planted = np.random.default_rng(0).choice(["own", "uploads", "follows", "creator"], len(tables["users"]))
    tables["users"] = tables["users"].assign(planted_aspect=planted)
    explainer = explainer_of("hasc", rewrite(toy, tables, tmp_path / "planted"))
    data = explainer.dataset
    truth = dict(zip(data.table("users")["user"], planted, strict=True))
    found: list[tuple[str, bool, bool]] = []
    for user in range(len(data.users)):
        best = [explainer.explain(user, data.items.code(r.item)) for r in explainer.recommend(user, 10)]
        levels: list[EvidenceLevel] = [explanation.level(ASPECTS) for explanation in best]
        names = [element.id for element in levels[0].elements]
        attention = np.mean([[e.attention for e in level.elements] for level in levels], axis=0)
        added = np.mean([[x.own, *(e.contribution for e in x.level(ASPECTS).elements)] for x in best], axis=0)
        aspect = truth[data.users.id(user)]
        found.append((aspect, names[attention.argmax()] == aspect, ["own", *names][added.argmax()] == aspect))
    table = pd.DataFrame(found, columns=["aspect", "attention", "contribution"]).groupby("aspect").mean()
    for recovery in main_aspects(explainer):
        assert recovery.users == (planted == recovery.aspect).sum()
        assert recovery.contribution == pytest.approx(table.loc[recovery.aspect, "contribution"])
        if recovery.aspect == "own":
            assert recovery.attention is None
        else:
            assert recovery.attention == pytest.approx(table.loc[recovery.aspect, "attention"])


def test_a_model_that_follows_the_plant_is_marked_right(toy: Dataset, tmp_path: Path) -> None:
    """All weight on the creators: creator users are found, the others are not."""
    tables = tables_of(toy)
    tables["users"] = tables["users"].assign(planted_aspect=["creator"] * 20 + ["uploads"] * 20)
    explainer = explainer_of("hasc", rewrite(toy, tables, tmp_path / "planted"))
    model = explainer.model
    with torch.no_grad():
        for name in ("p", "x", "bias"):
            getattr(getattr(model, name), "weight", getattr(model, name)).zero_()
        for user in range(len(toy.users)):
            made = toy.creator == user
            if made.any():
                model.q.weight[user] = model.w.weight[made].mean(0) * 50  # type: ignore[union-attr, index]
    creator, uploads = sorted(main_aspects(explainer), key=lambda recovery: recovery.aspect)
    assert creator.aspect == "creator" and creator.contribution > 0.5 > uploads.contribution


def test_nothing_planted_is_one_sentence(toy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no planted main aspects"):
        main_aspects(explainer_of("hasc", rewrite(toy, tables_of(toy), tmp_path / "plain")))
