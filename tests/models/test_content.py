"""Words and regions that are remembered while a model learns, against those read anew for every batch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.models.cases import prepared
from tests.models.rewritten import add_features, add_topics, rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.models import content
from workbench.models.anternn import AnteRNN
from workbench.models.base import SequenceBatch

SETTINGS: dict[str, Any] = {"dim": 8, "rare": 1, "window": 3, "dropout": 0.0, "align_weight": 0}


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Texts of all lengths, the first of them empty."""
    tables = tables_of(toy)
    items = tables["items"]
    items["text"] = [" ".join(text.split()[: number % 6]) for number, text in enumerate(items["text"])]
    return add_topics(add_features(rewrite(toy, tables, tmp_path_factory.mktemp("world") / "toy"), "convnet", (2, 2)))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small worlds remember, too, and have several groups of texts."""
    monkeypatch.setattr(content, "LEAST", 1)
    monkeypatch.setattr(content, "GROUP", 16)


def learner(world: Dataset, refresh: float, **settings: Any) -> AnteRNN:
    """A model at the beginning of an epoch."""
    model = prepared("anternn", world, 4, SETTINGS | {"refresh": refresh} | settings).train()
    assert isinstance(model, AnteRNN)
    model.start_epoch(1)
    return model


def slopes(model: AnteRNN, batch: SequenceBatch) -> dict[str, Tensor]:
    model.zero_grad()
    model(batch).backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


BATCH = SequenceBatch(torch.arange(12))


@pytest.mark.parametrize("modalities", [("words", "regions"), ("words",), ("regions",)])
def test_what_is_remembered_is_what_would_be_read(world: Dataset, modalities: tuple[str, ...]) -> None:
    """Before anything was learned the loss is the same, and so are the slopes on average over what is drawn."""
    exact = learner(world, 1, modalities=modalities)
    model = learner(world, 0.3, modalities=modalities)
    torch.testing.assert_close(model(BATCH), exact(BATCH))
    expected = slopes(exact, BATCH)
    drawn = [slopes(model, BATCH) for _ in range(200)]
    reading = {"content.states.", "content.project."}
    for name, slope in expected.items():
        found = torch.stack([some[name] for some in drawn])
        if not any(name.startswith(part) for part in reading):
            torch.testing.assert_close(found[0], slope, atol=1e-5, rtol=1e-3)
            continue
        # Within four standard errors of the mean of what was drawn, all numbers of a parameter taken together.
        error = (found.mean(0) - slope).norm()
        assert error < 4 * (found.var(0).sum() / len(drawn)).sqrt(), name
        assert found.std(0).norm() > 0, name


def test_an_epoch_begins_with_what_is_known_then(world: Dataset) -> None:
    model = learner(world, 0.3)
    before = float(model(BATCH).detach())
    with torch.no_grad():
        for name, parameter in model.content.named_parameters():
            if not name.startswith("alignment"):
                parameter.mul_(1.5)
    exact = AnteRNN(model.config.model_copy(update={"refresh": 1.0}), world).train()
    exact.load_state_dict(model.state_dict())
    later = float(exact(BATCH).detach())
    # Some images are read with what has changed, the others still as they were.
    assert abs(float(model(BATCH).detach()) - later) > 1e-4
    model.start_epoch(2)
    assert float(model(BATCH).detach()) == pytest.approx(later, abs=1e-5)
    assert before != pytest.approx(later, abs=1e-4)


@torch.no_grad()
def test_outside_of_training_everything_is_read(world: Dataset) -> None:
    model, users = learner(world, 0.3), torch.arange(12)
    with torch.enable_grad():
        model(BATCH)
    model.eval()
    before = model.score_items(users)
    for parameter in model.content.parameters():
        parameter.mul_(1.5)
    exact = AnteRNN(model.config, world).eval()
    exact.load_state_dict(model.state_dict())
    torch.testing.assert_close(model.score_items(users), exact.score_items(users))
    assert not torch.allclose(before, model.score_items(users), atol=1e-3)
