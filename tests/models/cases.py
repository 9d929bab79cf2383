"""What every model must pass: a new model subclasses ``ModelCase``, states its name and settings, and inherits it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.models.rewritten import rewrite, tables_of, without
from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import ASPECTS, EvidenceGroup, Gates
from workbench.models import model_class
from workbench.models.base import PairBatch, Recommender
from workbench.training.loop import Progress
from workbench.training.run import WEIGHTS, Run

LATE = 10**6
"""An epoch after every warm start."""


def prepared(name: str, dataset: Dataset, seed: int, config: Mapping[str, Any]) -> Recommender:
    """A model fitted at once, or past its last stage with parameters large enough for every part of the score."""
    kind = model_class(name)
    torch.manual_seed(seed)
    model = kind(kind.Config(**config), dataset)
    if model.at_once:
        model.fit(dataset)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.6)
    model.start_epoch(LATE)
    return model.eval()


class ModelCase:
    """The shared model tests.

    Attributes:
        name: the model's name in the registry.
        config: hyperparameters all tests use.
        stages: an epoch of each stage of the training.
    """

    name: ClassVar[str]
    config: ClassVar[dict[str, Any]] = {}
    stages: ClassVar[tuple[int, ...]] = (LATE,)

    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
        return rewrite(toy, tables_of(toy), tmp_path_factory.mktemp("world") / "toy")

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, world: Dataset) -> Recommender:
        return cls.make(world)

    @classmethod
    def make(cls, dataset: Dataset) -> Recommender:
        """A model in which every part of the score matters."""
        return prepared(cls.name, dataset, 3, cls.config)

    def pairs(self, dataset: Dataset, n: int = 60) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(1)
        users = torch.randint(len(dataset.users), (n,), generator=generator)
        users[:3] = len(dataset.users) - 1
        items = torch.randint(len(dataset.items), (n,), generator=generator)
        items[3:6] = len(dataset.items) - 1
        return users, items

    def gates(self, model: Recommender, users: Tensor, items: Tensor, seed: int = 5) -> Gates:
        """Random gates of every element, some of them exactly 0 or 1."""
        generator = torch.Generator().manual_seed(seed)
        elements = {}
        for group in model.active_evidence:
            size = len(model.elements(group.name, users, items).values)
            elements[group.name] = (torch.rand(size, generator=generator) * 1.6 - 0.3).clamp(0, 1)
        return Gates(elements)

    def test_states_what_it_is(self) -> None:
        kind = model_class(self.name)
        assert kind.name == self.name and kind.family and kind.needs and kind.paper.year > 1990
        assert kind.__doc__ and kind.Config.__doc__

    def test_pair_and_all_items_and_batched_scores_agree(self, model: Recommender, world: Dataset) -> None:
        users, items = self.pairs(world)
        pairs = model.score_pairs(users, items)
        everything = model.score_items(torch.arange(len(world.users)))
        torch.testing.assert_close(everything[users, items], pairs, atol=2e-5, rtol=1e-4)
        one_by_one = torch.cat([model.score_pairs(u[None], i[None]) for u, i in zip(users, items, strict=True)])
        torch.testing.assert_close(one_by_one, pairs, atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(model.read(users, items).scores, pairs, atol=2e-5, rtol=1e-4)

    def test_gated_scores_agree_between_paths(self, model: Recommender, world: Dataset) -> None:
        users, items = self.pairs(world)
        gates = self.gates(model, users, items)
        pairs = model.score_pairs(users, items, gates)
        torch.testing.assert_close(model.read(users, items, gates).scores, pairs, atol=2e-5, rtol=1e-4)
        of_user = {g.name for g in model.active_evidence if g.side == "user"}
        only_user = Gates({name: gate for name, gate in gates.elements.items() if name in of_user})
        rows = torch.arange(len(users))
        torch.testing.assert_close(
            model.score_items(users, only_user)[rows, items],
            model.score_pairs(users, items, only_user),
            atol=2e-5,
            rtol=1e-4,
        )

    def test_gates_of_all_images_at_once_are_those_of_the_pairs(self, model: Recommender, world: Dataset) -> None:
        users, items = self.pairs(world)
        generator = torch.Generator().manual_seed(6)
        everything, at_once, of_pairs = torch.arange(len(world.items)), {}, {}
        for group in model.active_evidence:
            if group.side == "item":
                sets = model.elements(group.name, torch.zeros_like(everything), everything)
                gate = (torch.rand(len(sets.values), generator=generator) * 1.6 - 0.3).clamp(0, 1)
                places = Ragged(sets.offsets, torch.arange(len(gate))).select(items).values
                at_once[group.name], of_pairs[group.name] = gate, gate[places]
        aspects = {group.name: torch.rand(len(users), generator=generator) for group in model.active_evidence}
        torch.testing.assert_close(
            model.score_items(users, Gates(at_once, aspects))[torch.arange(len(users)), items],
            model.score_pairs(users, items, Gates(of_pairs, aspects)),
            atol=2e-5,
            rtol=1e-4,
        )

    def test_open_gates_change_nothing(self, model: Recommender, world: Dataset) -> None:
        users, items = self.pairs(world)
        ones = {name: torch.ones_like(gate) for name, gate in self.gates(model, users, items).elements.items()}
        aspects = {name: torch.ones(len(users)) for name in ones}
        torch.testing.assert_close(
            model.score_pairs(users, items, Gates(ones, aspects)), model.score_pairs(users, items)
        )

    def test_gate_zero_equals_deleting_the_row(self, world: Dataset, tmp_path: Path) -> None:
        model = self.make(world)
        # A hop of a diffusion is no row of a table.
        groups = [group for group in model.active_evidence if group.kind != "hop"]
        for number, group in enumerate(groups):
            user, item, position = self._case(model, world, group)
            u, i = torch.tensor([user]), torch.tensor([item])
            elements = model.elements(group.name, u, i).values
            element = int(elements[position])
            smaller = without(world, group, user, item, element, tmp_path / f"{number}")
            other = type(model)(model.config, smaller).eval()
            self.copy(model, other)
            other.start_epoch(LATE)
            gate = torch.ones(len(elements))
            gate[position] = 0
            closed = Gates({group.name: gate})
            torch.testing.assert_close(model.score_pairs(u, i, closed), other.score_pairs(u, i), atol=2e-5, rtol=1e-4)
            if group.side == "user":
                changed, deleted = model.score_items(u, closed), other.score_items(u)
                keep = torch.arange(len(world.items)) != element
                torch.testing.assert_close(changed[:, keep], deleted[:, keep], atol=2e-5, rtol=1e-4)

    def copy(self, model: Recommender, other: Recommender) -> None:
        """Give the same model on a world with a row less its parameters."""
        other.load_state_dict(model.state_dict())

    def _case(self, model: Recommender, world: Dataset, group: EvidenceGroup) -> tuple[int, int, int]:
        """A user, an image and the place of an element that matters to them, none of them touching each other."""
        for user in range(len(world.users)):
            for item in range(0, len(world.items) - 1, 7):
                elements = model.elements(group.name, torch.tensor([user]), torch.tensor([item])).values
                n, touching = len(elements), group.kind == "image" and item in elements
                if int(world.creator[item]) == user or touching or n < (1 if group.name == "creator" else 3):
                    continue
                u, i, all_but_one = torch.full((n,), user), torch.full((n,), item), 1 - torch.eye(n)
                without = model.score_pairs(u, i, Gates({group.name: all_but_one.flatten()}))
                change = (without - model.score_pairs(u[:1], i[:1])).abs()
                if change.max() > 1e-3:
                    return user, item, int(change.argmax())
        raise AssertionError(f"the toy world has no case for {group.name}")

    def test_closing_a_whole_group_equals_closing_its_elements(self, model: Recommender, world: Dataset) -> None:
        users, items = self.pairs(world)
        for group in model.active_evidence:
            size = len(model.elements(group.name, users, items).values)
            by_element = model.score_pairs(users, items, Gates({group.name: torch.zeros(size)}))
            by_aspect = model.score_pairs(users, items, Gates({}, {group.name: torch.zeros(len(users))}))
            torch.testing.assert_close(by_element, by_aspect)

    def test_scores_are_continuous_and_differentiable_in_the_gates(self, model: Recommender, world: Dataset) -> None:
        users, items = self.pairs(world, 20)
        for group in model.active_evidence:
            size = len(model.elements(group.name, users, items).values)
            gate = torch.full((size,), 1e-7, requires_grad=True)
            almost = model.score_pairs(users, items, Gates({group.name: gate}))
            nothing = model.score_pairs(users, items, Gates({group.name: torch.zeros(size)}))
            torch.testing.assert_close(almost, nothing, atol=1e-3, rtol=1e-3)
            half = torch.full((size,), 0.5, requires_grad=True)
            (slope,) = torch.autograd.grad(model.score_pairs(users, items, Gates({group.name: half})).sum(), half)
            assert slope.isfinite().all() and slope.abs().sum() > 0

    def test_order_of_rows_changes_nothing(self, model: Recommender, world: Dataset, tmp_path: Path) -> None:
        tables = {name: table.sample(frac=1, random_state=2) for name, table in tables_of(world).items()}
        other = type(model)(model.config, rewrite(world, tables, tmp_path / "shuffled")).eval()
        other.load_state_dict(model.state_dict())
        users = torch.arange(len(world.users))
        torch.testing.assert_close(other.score_items(users), model.score_items(users), atol=2e-5, rtol=1e-4)

    def test_contributions_add_up_and_attention_is_normalised(self, model: Recommender, world: Dataset) -> None:
        users, items = self.pairs(world)
        reading = model.read(users, items)
        total = torch.zeros(len(users))
        for above, level in zip((None, *reading.levels), reading.levels, strict=False):
            nested = level.parent is not None
            rows, n = (level.elements.rows, len(users)) if level.parent is None else (level.parent, 0)
            if nested:
                assert above is not None
                n = len(above.elements.values)
            if level.attention is not None:
                assert (level.attention >= 0).all()
                weight = torch.zeros(n).index_add(0, rows, level.attention)
                full = torch.zeros(n).index_add(0, rows, torch.ones(len(rows))) > 0
                assert (torch.isclose(weight, torch.ones(())) | torch.isclose(weight, torch.zeros(()))).all()
                if level.name != ASPECTS:
                    torch.testing.assert_close(weight, full.float())
            if level.contribution is not None and nested:
                assert above is not None and above.contribution is not None
                parts = torch.zeros(n).index_add(0, rows, level.contribution)
                torch.testing.assert_close(parts, above.contribution, atol=2e-5, rtol=1e-4)
            elif level.contribution is not None and level.name != ASPECTS:
                total.index_add_(0, rows, level.contribution)
        torch.testing.assert_close(reading.own + total, reading.scores, atol=2e-5, rtol=1e-4)

    def test_gradients_reach_every_parameter(self, world: Dataset) -> None:
        model = self.make(world).train()
        if model.at_once:
            pytest.skip(f"{self.name} is fitted at once")
        users, items = world.likes("train")
        negatives = torch.randint(len(world.items), (len(users), 2), generator=torch.Generator().manual_seed(0))
        for epoch in self.stages:
            model.start_epoch(epoch)
            model(PairBatch(users, items, negatives)).backward()
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name

    def train(self, world: Dataset, out: Path, **options: Any) -> Run:
        settings = {"epochs": 4, "batch": 64, "learning_rate": 0.02, **self.config, **options}
        return api.train(self.name, world.root, out, seed=11, device="cpu", **settings)

    def test_same_seed_same_result_and_loading_gives_the_same_scores(self, world: Dataset, tmp_path: Path) -> None:
        first, second = (self.train(world, tmp_path / name) for name in ("a", "b"))
        weights = [load_file(run.path / WEIGHTS) for run in (first, second)]
        assert weights[0].keys() == weights[1].keys()
        assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
        assert [e.loss for e in first.card.history] == [e.loss for e in second.card.history]
        users = torch.arange(len(world.users))
        again = Run.open(first.path).model(world).score_items(users)
        torch.testing.assert_close(again, first.model(world).score_items(users), rtol=0, atol=0)

    def test_interrupted_training_resumes_to_the_identical_result(self, world: Dataset, tmp_path: Path) -> None:
        if model_class(self.name).at_once:
            pytest.skip(f"{self.name} is fitted at once")

        def interrupt(progress: Progress) -> None:
            if progress.epoch.epoch == 2:
                raise KeyboardInterrupt

        whole = self.train(world, tmp_path / "whole")
        with pytest.raises(KeyboardInterrupt):
            self.train(world, tmp_path / "cut", report=interrupt)
        assert not Run.open(tmp_path / "cut").card.finished
        resumed = api.train(self.name, world.root, tmp_path / "cut", seed=11, device="cpu", resume=True)
        one, other = load_file(whole.path / WEIGHTS), load_file(resumed.path / WEIGHTS)
        assert all(torch.equal(one[name], other[name]) for name in one)
        assert [e.loss for e in whole.card.history] == [e.loss for e in resumed.card.history]
        assert resumed.card.finished and resumed.card.metrics == whole.card.metrics
