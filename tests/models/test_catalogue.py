"""What images are scored with, word by word and region by region."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.models.rewritten import add_features, rewrite, tables_of
from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.features.words import tokens
from workbench.layers.evidence import Gates
from workbench.models.catalogue import Catalogue
from workbench.models.content import ContentConfig, ItemContent

DIM = 5


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Texts of up to five words, some of them empty; the last image has no regions."""
    tables = tables_of(toy)
    tables["items"]["text"] = [" ".join(t.split()[: k % 6]) for k, t in enumerate(tables["items"]["text"])]
    world = rewrite(toy, tables, tmp_path_factory.mktemp("catalogue") / "toy")
    return add_features(world, "convnet", (2, 2))


def built(world: Dataset) -> Catalogue:
    torch.manual_seed(0)
    content = ItemContent(ContentConfig(dim=DIM, rare=1), world)
    return Catalogue(content, DIM, torch.unique(world.likes("train")[1]))


@pytest.fixture(scope="module")
def catalogue(world: Dataset) -> Catalogue:
    made = built(world)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.6)
    return made


def sizes(catalogue: Catalogue, items: Tensor) -> dict[str, Ragged]:
    return {"caption": catalogue.word_sets(items), "picture": catalogue.regions.sets(items)}


def some_gates(catalogue: Catalogue, items: Tensor) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(3)
    found = {}
    for name, sets in sizes(catalogue, items).items():
        found[name] = (torch.rand(len(sets.values), generator=draw) * 1.6 - 0.3).clamp(0, 1)
    return found


@torch.no_grad()
def test_vectors_are_weighted_words_and_mean_regions(catalogue: Catalogue, world: Dataset) -> None:
    """With gates g, the weights are p g e^s / sum g e^s, p being the largest gate."""
    items = torch.arange(len(world.items))
    gates = some_gates(catalogue, items)
    features = Features.open(world.root, "convnet")
    for closed in ({}, gates):
        found, starts = catalogue.vectors(items, Gates(closed)), {"caption": 0, "picture": 0}
        for item in items.tolist():
            expected = torch.zeros(DIM)
            codes = catalogue.word_sets().row(item).tolist()
            vectors = [catalogue.bend.weight @ catalogue.words[code] for code in codes]
            scores = [float(catalogue.telling[code]) for code in codes]
            regions = [catalogue.project.weight @ v for v in features.tensor()[features.sets.row(item)].float()]
            for name, parts, weights in (("caption", vectors, scores), ("picture", regions, [0.0] * len(regions))):
                own = slice(starts[name], starts[name] + len(parts))
                starts[name] = own.stop
                gate = closed[name][own].tolist() if name in closed else [1.0] * len(parts)
                shares = [g * math.exp(s) for g, s in zip(gate, weights, strict=True)]
                for share, part in zip(shares, parts, strict=True):
                    expected += max(gate) * share / (sum(shares) or 1) * part
            torch.testing.assert_close(found[item], expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_words_are_those_of_the_text(catalogue: Catalogue, world: Dataset) -> None:
    vocabulary = sorted({token.word for text in world.texts for token in tokens(text)})
    for item, text in enumerate(world.texts):
        codes = catalogue.word_sets().row(item).tolist()
        assert [vocabulary[code - 1] for code in codes] == [token.word for token in tokens(text)]


@torch.no_grad()
def test_shares_add_up_to_the_score(catalogue: Catalogue, world: Dataset) -> None:
    items = torch.tensor([5, 119, 4, 0, 5, 60])
    states = torch.randn(len(items), DIM, generator=torch.Generator().manual_seed(1))
    for elements in ({}, some_gates(catalogue, items)):
        words = catalogue.word_shares(states, items, elements.get("caption"))
        regions = catalogue.region_shares(states, items, elements.get("picture"))
        total = torch.zeros(len(items))
        for (weights, added), sets in zip((words, regions), sizes(catalogue, items).values(), strict=True):
            assert (weights >= 0).all()
            total.index_add_(0, sets.rows, added)
        torch.testing.assert_close(total, catalogue.scored(states, items, Gates(elements)), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_all_images_at_once_are_the_images_one_by_one(catalogue: Catalogue, world: Dataset) -> None:
    everything = torch.arange(len(world.items))
    states = torch.randn(3, DIM, generator=torch.Generator().manual_seed(1))
    aspects = {"caption": torch.tensor([1.0, 0.0, 0.3]), "picture": torch.tensor([0.0, 0.5, 1.0])}
    for elements in ({}, some_gates(catalogue, everything)):
        found = catalogue.scores(states, Gates(elements, aspects))
        for row in range(3):
            one = {name: gate[row].expand(len(everything)) for name, gate in aspects.items()}
            each = catalogue.scored(states[row].expand(len(everything), -1), everything, Gates(elements, one))
            torch.testing.assert_close(found[row], each, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_words_start_from_the_singular_vectors_of_tf_idf(world: Dataset) -> None:
    """Against a decomposition of the whole matrix; singular vectors may come with either sign."""
    made = built(world)
    texts = [[t.word for t in tokens(world.texts[i])] for i in torch.unique(world.likes("train")[1]).tolist()]
    vocabulary = sorted({word for text in texts for word in text})
    holding = [sum(word in text for text in texts) for word in vocabulary]
    idf = np.log((1 + len(texts)) / (1 + np.array(holding))) + 1
    torch.testing.assert_close(made.telling[1:], torch.from_numpy(np.log(idf)).float())
    counts = np.array([[text.count(word) for word in vocabulary] for text in texts], dtype=float)
    rows = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * idf
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    vectors = torch.from_numpy(np.linalg.svd(rows)[2][:DIM].T).float()
    found = made.words[1:]
    torch.testing.assert_close(found.norm(), torch.tensor(float(len(vocabulary) + 1)).sqrt(), rtol=1e-3, atol=0)
    cosines = (found / found.norm(dim=0) * vectors).sum(0).abs()
    assert (cosines > 0.99).all()


def test_a_single_word_is_enough(toy: Dataset, tmp_path: Path) -> None:
    tables = tables_of(toy)
    tables["items"]["text"] = "word"
    made = built(add_features(rewrite(toy, tables, tmp_path / "one"), "convnet", (2, 2)))
    assert made.vectors().shape == (120, DIM) and made.vectors().isfinite().all()
