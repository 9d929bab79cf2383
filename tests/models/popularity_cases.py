"""What every popularity model must pass: a new one subclasses ``PopularityCase``, states name and settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from tests.models.cases import ModelCase
from tests.models.rewritten import tables_of
from tests.worlds import WORDS
from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.data.splits import split_posts
from workbench.data.write import write_dataset
from workbench.features.store import FeatureCard, Features
from workbench.features.words import tokens
from workbench.layers.evidence import Gates
from workbench.models import model_class
from workbench.models.base import PostBatch
from workbench.models.popularity import PopularityModel

WIDTH, MOST = 8, 5
"""Numbers of a region, and regions of an image, at most."""


def posts_world(
    toy: Dataset,
    folder: Path,
    *,
    texts: Mapping[int, str] | None = None,
    without: int | None = None,
    shuffled: bool = False,
) -> Dataset:
    """The toy world with captions, image features and posts, two of some images, as a dataset of its own.

    There are captions without words and one image without regions; popularity depends on author, image and caption.

    Args:
        texts: other captions, by the code of the image.
        without: row of the features "uneven" that is left out.
        shuffled: whether the rows of all tables stand in another order.
    """
    rng = np.random.default_rng(5)
    tables, n = tables_of(toy), len(toy.items)
    words = [rng.choice([*WORDS, "light", "with"], size=rng.integers(8)) for _ in range(n)]
    items = tables["items"].sort_values("item", ignore_index=True)
    items["text"] = [" ".join(part) for part in words]
    for code, text in (texts or {}).items():
        items.loc[code, "text"] = text
    tables["items"] = items
    posters = np.concatenate([toy.creator.clamp_min(0).numpy(), rng.integers(len(toy.users), size=30)])
    posted = np.concatenate([np.arange(n), rng.choice(n, 30, replace=False)])
    mood = rng.normal(size=len(toy.users))
    posts = pd.DataFrame(
        {
            "item": [toy.items.id(code) for code in posted],
            "user": [toy.users.id(code) for code in posters],
            "time": 1_700_000_000 + rng.permutation(len(posted)),
            "popularity": np.abs(3 + mood[posters] + [len(words[code]) / 3 for code in posted]),
        }
    ).drop_duplicates(["item", "user"], ignore_index=True)
    posts["split"] = split_posts(posts["time"].to_numpy(), np.random.default_rng(0))
    tables["posts"] = posts
    if shuffled:
        tables = {name: table.sample(frac=1, random_state=2) for name, table in tables.items()}
    write_dataset(folder, toy.card, tables)
    data = Dataset.open(folder)
    _add_features(data, "descriptor", [1] * n, None)
    _add_features(data, "even", [4] * n, None)
    _add_features(data, "uneven", [1 + code % MOST for code in range(n - 1)] + [0], without)
    return data


def _add_features(data: Dataset, name: str, lengths: list[int], without: int | None) -> None:
    """Random features of regions that depend on the image alone; in a grid only where all images have as many."""
    width = 704 if name == "descriptor" else WIDTH
    seeds = [np.random.default_rng(item) for item in data.items]
    array = np.concatenate([rng.normal(size=(size, width)) for rng, size in zip(seeds, lengths, strict=True)])
    boxes = pd.DataFrame(np.tile([0.0, 0.0, 1.0, 1.0], (len(array), 1)), columns=["x0", "y0", "x1", "y1"])
    counts = np.array(lengths)
    if without is not None:
        counts[np.searchsorted(counts.cumsum(), without, side="right")] -= 1
        array, boxes = np.delete(array, without, axis=0), boxes.drop(index=without)
    even = len(set(lengths)) == 1
    card = FeatureCard(
        encoder=name,
        version="test",
        preprocessing="none",
        shape=array.shape,
        fingerprint=data.fingerprint,
        grid=(1, lengths[0]) if even else None,
        missing=int((counts == 0).sum()),
    )
    Features.write(data.root, name, card, array.astype(np.float16), counts, None if even else boxes.assign(region=0))


class PopularityCase(ModelCase):
    """The shared tests of popularity models, on images with uneven numbers of regions."""

    SHARED: ClassVar[dict[str, Any]] = {"features": "uneven", "rare": 1, "longest": 6}
    DEEP: ClassVar[dict[str, Any]] = {**SHARED, "dim": 8, "steps": None}

    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, posts: Dataset) -> Dataset:
        return posts

    @classmethod
    def other(cls, model: PopularityModel, dataset: Dataset) -> PopularityModel:
        """The same parameters over another dataset."""
        other = type(model)(model.config, dataset)
        other.load_state_dict(model.state_dict())
        if model.texts is not None:
            assert other.texts is not None and other.texts.vocabulary == model.texts.vocabulary
        return other.eval()

    def test_posts_do_not_depend_on_what_is_predicted_beside_them(self, model: PopularityModel, world: Dataset) -> None:
        """Distinct images in any order, repeated ones, and one image by many: they are laid out differently inside."""
        generator = torch.Generator().manual_seed(4)
        items = torch.randperm(len(world.items), generator=generator)
        users = torch.randint(len(world.users), items.shape, generator=generator)
        alone = torch.cat([model.score_pairs(u[None], i[None]) for u, i in zip(users, items, strict=True)])
        torch.testing.assert_close(model.score_pairs(users, items), alone, atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(
            model.score_pairs(users.repeat(2), items.repeat(2)), alone.repeat(2), atol=2e-5, rtol=1e-4
        )
        everybody, same = torch.arange(len(world.users)), torch.full((len(world.users),), 7)
        by_many = torch.cat([model.score_pairs(u[None], same[:1]) for u in everybody])
        torch.testing.assert_close(model.score_pairs(everybody, same), by_many, atol=2e-5, rtol=1e-4)
        gates = self.gates(model, users, items)
        whole, row = model.score_pairs(users, items, gates), 11
        part = {}
        for name, gate in gates.elements.items():
            offsets = model.elements(name, users, items).offsets
            part[name] = gate[offsets[row] : offsets[row + 1]]
        one = model.score_pairs(users[row : row + 1], items[row : row + 1], Gates(part))
        torch.testing.assert_close(whole[row : row + 1], one, atol=2e-5, rtol=1e-4)

    def test_gate_zero_equals_deleting_the_row(self, world: Dataset, toy: Dataset, tmp_path: Path) -> None:
        model = self.make(world)
        assert isinstance(model, PopularityModel)
        learned = set(world.posts("train")[1].tolist())
        for group in model.active_evidence:
            code = next(
                i
                for i in range(len(world.items))
                if i not in learned and len(model.elements(group.name, torch.tensor([0]), torch.tensor([i])).values) > 2
            )
            user, item = torch.tensor([3]), torch.tensor([code])
            elements = model.elements(group.name, user, item).values
            for position in range(len(elements)):
                element = int(elements[position])
                if group.name == "words":
                    assert model.texts is not None
                    token, text = model.texts.token(element)[1], world.texts[code]
                    change: dict[str, Any] = {"texts": {code: text[: token.start] + text[token.end :]}}
                else:
                    change = {"without": element}
                other = self.other(model, posts_world(toy, tmp_path / f"{group.name}-{position}", **change))
                gate = torch.ones(len(elements))
                gate[position] = 0
                closed = model.score_pairs(user, item, Gates({group.name: gate}))
                assert not torch.allclose(closed, model.score_pairs(user, item), atol=1e-5), group.name
                torch.testing.assert_close(closed, other.score_pairs(user, item), atol=2e-5, rtol=1e-4)

    def test_closing_all_words_equals_an_empty_caption(self, world: Dataset, toy: Dataset, tmp_path: Path) -> None:
        model = self.make(world)
        assert isinstance(model, PopularityModel)
        if model.texts is None:
            pytest.skip(f"{self.name} reads no words here")
        learned = set(world.posts("train")[1].tolist())
        items = torch.tensor([i for i in range(len(world.items)) if i not in learned])
        users = items % len(world.users)
        other = self.other(model, posts_world(toy, tmp_path / "empty", texts=dict.fromkeys(items.tolist(), "")))
        closed = Gates({}, {"words": torch.zeros(len(items))})
        torch.testing.assert_close(
            model.score_pairs(users, items, closed), other.score_pairs(users, items), atol=2e-5, rtol=1e-4
        )

    def test_order_of_rows_changes_nothing(
        self, model: PopularityModel, world: Dataset, toy: Dataset, tmp_path: Path
    ) -> None:
        other = self.other(model, posts_world(toy, tmp_path / "shuffled", shuffled=True))
        users = torch.arange(len(world.users))
        torch.testing.assert_close(other.score_items(users), model.score_items(users), atol=2e-5, rtol=1e-4)

    def test_contributions_add_up_and_attention_is_normalised(self, model: PopularityModel, world: Dataset) -> None:
        users, items = self.pairs(world)
        reading = model.read(users, items)
        additive = bool(reading.levels) and all(level.contribution is not None for level in reading.levels)
        for level in reading.levels:
            if level.attention is not None:
                assert (level.attention >= 0).all()
                weight = torch.zeros(len(users)).index_add(0, level.elements.rows, level.attention)
                anything = (level.elements.lengths > 0).float()
                if level.name == "aspects":
                    anything = sum(model.elements(g.name, users, items).lengths for g in model.active_evidence) > 0
                torch.testing.assert_close(weight, anything.float())
        if additive:
            of_parts = [level for level in reading.levels if level.name != "aspects"]
            parts = torch.stack([self.total(level.elements, level.contribution) for level in of_parts])
            torch.testing.assert_close(reading.own + parts.sum(0), reading.scores, atol=2e-5, rtol=1e-4)
            if len(of_parts) > 1:
                assert reading.levels[0].contribution is not None
                torch.testing.assert_close(reading.levels[0].contribution.view(-1, 2), parts.T, atol=2e-5, rtol=1e-4)
        closed = Gates({}, {group.name: torch.zeros(len(users)) for group in model.active_evidence})
        torch.testing.assert_close(model.score_pairs(users, items, closed), reading.own, atol=2e-5, rtol=1e-4)

    @staticmethod
    def total(sets: Ragged, values: Tensor | None) -> Tensor:
        assert values is not None
        return torch.zeros(len(sets)).index_add(0, sets.rows, values)

    def test_the_map_of_an_image_is_the_attention_to_its_regions(self, model: PopularityModel, world: Dataset) -> None:
        users, items = self.pairs(world)
        level = next((level for level in model.read(users, items).levels if level.name == "regions"), None)
        looked = model.region_map(users, items)
        if level is None or level.attention is None:
            assert looked is None
            return
        assert looked is not None and torch.equal(looked.elements.values, level.elements.values)
        assert looked.attention is not None
        torch.testing.assert_close(looked.attention, level.attention)

    def test_gradients_reach_every_parameter(self, world: Dataset) -> None:
        model = self.make(world).train()
        if model.at_once:
            pytest.skip(f"{self.name} is fitted at once")
        model(PostBatch(*world.posts("train"))).backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name

    def test_pictures_from_outside_are_predicted_like_the_datasets_own(
        self, model: PopularityModel, world: Dataset
    ) -> None:
        items = torch.tensor([9, len(world.items) - 1, 4])
        users = torch.tensor([2, 0, 5])
        texts = [world.texts[code] for code in items.tolist()]
        features, vectors, sets, whole = None, torch.empty(0, 0), Ragged.from_pairs(items[:0], items[:0], 0), None
        if model.features is not None:
            old = model.features.sets.select(items)
            sets = Ragged(old.offsets, torch.arange(len(old.values)))
            vectors = model.features.tensor()[old.values]
            features = Features.of_pictures(model.features.card, old.lengths.tolist(), None)
        if model.whole is not None:
            whole = model.whole.vectors(world)[items]
            with pytest.raises(ValueError, match="descriptor"):
                model.with_pictures(features, vectors, sets, texts)
        guest = model.with_pictures(features, vectors, sets, texts, whole)
        torch.testing.assert_close(guest.score_pairs(users, torch.arange(3)), model.score_pairs(users, items))
        torch.testing.assert_close(guest.score_items(users).diagonal(), model.score_pairs(users, items))
        shared = {id(parameter) for parameter in guest.parameters()}
        assert shared == {id(parameter) for parameter in model.parameters()}
        silent = model.with_pictures(features, vectors, sets, ["", "", ""], whole)
        assert silent.score_pairs(users, torch.arange(3)).isfinite().all()

    def test_regular_grids_of_regions_are_read_as_well(self, world: Dataset) -> None:
        config = {**self.config, "features": "even"}
        torch.manual_seed(0)
        kind = model_class(self.name)
        model = kind(kind.Config(**config), world).eval()
        if model.at_once:
            model.fit(world)
        users, items = self.pairs(world)
        pairs = model.score_pairs(users, items)
        assert pairs.isfinite().all()
        torch.testing.assert_close(model.read(users, items).scores, pairs, atol=2e-5, rtol=1e-4)
        gates = self.gates(model, users, items)
        one_by_one, at = [], dict.fromkeys(gates.elements, 0)
        for user, item in zip(users.split(1), items.split(1), strict=True):
            part = {}
            for name, gate in gates.elements.items():
                size = len(model.elements(name, user, item).values)
                part[name], at[name] = gate[at[name] : at[name] + size], at[name] + size
            one_by_one.append(model.score_pairs(user, item, Gates(part)))
        torch.testing.assert_close(model.score_pairs(users, items, gates), torch.cat(one_by_one), atol=2e-5, rtol=1e-4)


def softmax(scores: list[float]) -> list[float]:
    """By the definition."""
    shares = [math.exp(score) for score in scores]
    return [share / sum(shares) for share in shares]


def word_states(lstm: nn.LSTM, words: list[Tensor]) -> list[Tensor]:
    """Hidden states by UHAN, Eq. 2-6, one word after the other."""
    (w_i, w_f, w_c, w_o), (h_i, h_f, h_c, h_o) = lstm.weight_ih_l0.chunk(4), lstm.weight_hh_l0.chunk(4)
    b_i, b_f, b_c, b_o = (lstm.bias_ih_l0 + lstm.bias_hh_l0).chunk(4)
    h = c = torch.zeros(lstm.hidden_size)
    states = []
    for word in words:
        i = torch.sigmoid(w_i @ word + h_i @ h + b_i)
        f = torch.sigmoid(w_f @ word + h_f @ h + b_f)
        o = torch.sigmoid(w_o @ word + h_o @ h + b_o)
        c = f * c + i * torch.tanh(w_c @ word + h_c @ h + b_c)
        h = o * torch.tanh(c)
        states.append(h)
    return states


def regions_of(model: PopularityModel, world: Dataset, item: int) -> list[Tensor]:
    """The vectors of an image's regions, read from the file."""
    features = Features.open(world.root, model.config.features)
    return list(features.tensor()[features.sets.row(item)].float())


def codes_of(model: PopularityModel, world: Dataset, item: int) -> list[int]:
    """Codes of the words a model reads in a caption."""
    assert model.texts is not None
    known = model.texts.vocabulary.words
    read = [known.index(token.word) + 1 for token in tokens(world.texts[item]) if token.word in known]
    return read[: model.config.longest]
