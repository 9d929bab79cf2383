"""What every model must pass: a new model subclasses ``ModelCase``, states its name and settings, and inherits it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.data.write import write_dataset
from workbench.features.store import WHOLE, FeatureCard, Features, grid_boxes
from workbench.features.topics import TOPICS, Topics, TopicsCard
from workbench.layers.evidence import ASPECTS, EvidenceGroup, Gates
from workbench.models import model_class
from workbench.models.base import PairBatch, Recommender
from workbench.training.loop import Progress
from workbench.training.run import WEIGHTS, Run

Tables = dict[str, pd.DataFrame]
LATE = 10**6
"""An epoch after every warm start."""


def tables_of(dataset: Dataset) -> Tables:
    """Copies of a dataset's tables."""
    return {name: dataset.table(name).copy() for name in ("users", "items", "likes", "follows")}


def rewrite(
    dataset: Dataset,
    tables: Tables,
    folder: Path,
    without: int | None = None,
    frame: int | None = None,
    attribute: int | None = None,
) -> Dataset:
    """A dataset of the same users and items with other tables, and the same image features and topics.

    Args:
        without: row of the regions called "convnet" that is left out.
        frame: row of the frames called "convnet-frames" that is left out.
        attribute: row of the attributes that is left out.
    """
    write_dataset(folder, dataset.card, tables)
    changed = add_attributes(add_frames(add_topics(add_features(Dataset.open(folder))), frame), attribute)
    return add_features(changed, "convnet", (2, 2), without)


def add_features(
    dataset: Dataset, name: str = "descriptor", grid: tuple[int, int] = WHOLE, without: int | None = None
) -> Dataset:
    """Give every image random features that depend on its id alone.

    Where an image has several regions, the last image has none, as if it had no picture.

    Args:
        name: of the features.
        grid: rows and columns of regions.
        without: row of the array that is left out.
    """
    parts = [np.random.default_rng(item).normal(size=(grid[0] * grid[1], 9)) for item in dataset.items]
    if grid != WHOLE:
        parts[-1] = parts[-1][:0]
    lengths = np.array([len(part) for part in parts])
    array, regions = np.concatenate(parts).astype(np.float16), None
    if without is not None:
        boxes = np.delete(np.tile(grid_boxes(*grid), (len(parts), 1))[: len(array)], without, axis=0)
        regions = pd.DataFrame(boxes, columns=["x0", "y0", "x1", "y1"]).assign(region=0)
        lengths[np.searchsorted(lengths.cumsum(), without, side="right")] -= 1
        array = np.delete(array, without, axis=0)
    card = FeatureCard(
        encoder=name,
        version="test",
        preprocessing="none",
        shape=array.shape,
        fingerprint=dataset.fingerprint,
        grid=grid if without is None else None,
        missing=int((lengths == 0).sum()),
    )
    Features.write(dataset.root, name, card, array, lengths, regions)
    return dataset


def add_frames(dataset: Dataset, without: int | None = None) -> Dataset:
    """Give every image up to five random frames "convnet-frames" that depend on its id alone; the last image has none.

    Args:
        dataset: to give them to.
        without: row of the array that is left out.
    """
    draws = [np.random.default_rng(item) for item in dataset.items]
    parts = [draw.normal(size=(draw.integers(1, 6), 9)).astype(np.float16) for draw in draws]
    parts[-1] = parts[-1][:0]
    lengths, array = np.array([len(part) for part in parts]), np.concatenate(parts)
    regions = pd.DataFrame({"region": np.concatenate([np.arange(n) for n in lengths])})
    regions = regions.assign(x0=0.0, y0=0.0, x1=1.0, y1=1.0)
    if without is not None:
        lengths[np.searchsorted(lengths.cumsum(), without, side="right")] -= 1
        array, regions = np.delete(array, without, axis=0), regions.drop(index=without)
    card = FeatureCard(
        encoder="convnet", version="test", preprocessing="none", shape=array.shape, fingerprint=dataset.fingerprint,
        of="frames", grid=None, missing=int((lengths == 0).sum()),
    )  # fmt: skip
    Features.write(dataset.root, "convnet-frames", card, array, lengths, regions)
    return dataset


def add_attributes(dataset: Dataset, without: int | None = None) -> Dataset:
    """Give every image random attributes that depend on its id alone; the last has none, every fifth lacks a colour.

    Args:
        dataset: to give them to.
        without: row of the array that is left out.
    """
    values = {
        "colour": ("blue", "red"),
        "pattern": ("plain", "striped"),
        "size": ("large", "small"),
        "thing": ("cat", "dog"),
    }
    rows, vectors, lengths = [], [], []
    for code, item in enumerate(dataset.items):
        rng = np.random.default_rng(int(item))
        names = [] if code == len(dataset.items) - 1 else list(values)[(code % 5 == 4) :]
        rows += [
            (k, 0.1 * k, 0.2, 0.9, 0.8, rng.choice(values[name]), rng.random(), name) for k, name in enumerate(names)
        ]
        vectors.append(rng.normal(size=(len(names), 9)))
        lengths.append(len(names))
    array, sizes = np.concatenate(vectors).astype(np.float16), np.array(lengths)
    regions = pd.DataFrame(rows, columns=["region", "x0", "y0", "x1", "y1", "label", "score", "attribute"])
    if without is not None:
        sizes[np.searchsorted(sizes.cumsum(), without, side="right")] -= 1
        array, regions = np.delete(array, without, axis=0), regions.drop(index=without)
    card = FeatureCard(
        encoder="attributes", version="test", preprocessing="none", shape=array.shape, fingerprint=dataset.fingerprint,
        grid=None, missing=int((sizes == 0).sum()), attributes=values,
    )  # fmt: skip
    Features.write(dataset.root, "attributes", card, array, sizes, regions)
    return dataset


def add_topics(dataset: Dataset, topics: int = 4, without: tuple[int, int] | None = None) -> Dataset:
    """Give every text random topics that depend on the id of its image alone; the last image has none.

    Args:
        dataset: to give them to.
        topics: how many.
        without: code of an image and a topic that its text has nothing of.
    """
    theta = torch.from_numpy(
        np.stack([np.random.default_rng(item).dirichlet(np.full(topics, 0.5)) for item in dataset.items])
    )
    theta[-1] = 0
    if without is not None:
        theta[without] = 0
    words = [f"word{topic}" for topic in range(topics)]
    card = TopicsCard(
        method="test", library="none", topics=topics, alpha=0.1, eta=0.1, decay=1, days=7, least=1, sweeps=1, rare=1,
        common=1, seed=0, fingerprint=dataset.fingerprint, documents=1, slices=1, shape=(len(theta), len(words)),
    )  # fmt: skip
    shares = torch.full((topics,), 1 / topics)
    Topics.write(dataset.root, TOPICS, card, words, torch.eye(topics), shares, theta)
    return dataset


def without_upload(tables: Tables, user: Any, element: Any, item: Any) -> None:
    tables["items"].loc[tables["items"]["item"] == element, "creator"] = None


def without_follow(tables: Tables, user: Any, element: Any, item: Any) -> None:
    follows = tables["follows"]
    tables["follows"] = follows[(follows["follower"] != user) | (follows["followee"] != element)]


def without_creator(tables: Tables, user: Any, element: Any, item: Any) -> None:
    tables["items"].loc[tables["items"]["item"] == item, "creator"] = None


def without_like(tables: Tables, user: Any, element: Any, item: Any) -> None:
    likes = tables["likes"]
    tables["likes"] = likes[(likes["user"] != user) | (likes["item"] != element)]


def without_likes_of(tables: Tables, user: Any, element: Any, item: Any) -> None:
    tables["likes"] = tables["likes"][tables["likes"]["user"] != element]


DELETE: dict[str, Callable[[Tables, Any, Any, Any], None]] = {
    "uploads": without_upload,
    "follows": without_follow,
    "creator": without_creator,
    "history": without_like,
    "neighbours": without_likes_of,
}
"""How the rows behind an element of a group are taken out of the tables."""


def without(world: Dataset, group: EvidenceGroup, user: int, item: int, element: int, folder: Path) -> Dataset:
    """The world without what is recorded of one element of a group; all are codes."""
    tables = tables_of(world)
    if group.kind == "region":
        return rewrite(world, tables, folder, without=element)
    if group.kind == "frame":
        return rewrite(world, tables, folder, frame=element)
    if group.kind == "attribute":
        return rewrite(world, tables, folder, attribute=element)
    ids = world.items if group.kind == "image" else world.users
    DELETE[group.name](tables, world.users.id(user), ids.id(element), world.items.id(item))
    return rewrite(world, tables, folder)


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
