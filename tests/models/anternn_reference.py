"""Ante-RNN for one user, like by like, from the equations of the paper: loops, lists and the weights of a model."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor

from tests.layers.test_contextual import plain as windows
from tests.layers.test_fusion import dense
from tests.layers.test_interest import plain as interest
from workbench.data.dataset import Dataset
from workbench.features.store import Features
from workbench.features.topics import Topics, slice_of
from workbench.features.words import tokens
from workbench.models.anternn import AnteRNN


class Walk(NamedTuple):
    """What one user's likes came to: vectors as read, states after each, attention over words and relevance of each."""

    read: list[Tensor]
    states: list[Tensor]
    words: list[list[float]]
    regions: list[list[float]]
    windows: list[dict[int, float]]


def gru(w: dict[str, Tensor], prefix: str, inputs: list[Tensor], suffix: str = "") -> list[Tensor]:
    """Eq. 21 as the library has it: the reset gate after the product, the update gate for the old state."""
    enter, carry, enter_bias, carry_bias = (
        w[f"{prefix}.gru.{name}_l0{suffix}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    dim = carry.shape[1]
    state, found = torch.zeros(dim, dtype=torch.float64), []
    for given in inputs:
        entering, before = enter @ given + enter_bias, carry @ state + carry_bias
        reset, keep = (entering[: 2 * dim] + before[: 2 * dim]).sigmoid().chunk(2)
        new = (entering[2 * dim :] + reset * before[2 * dim :]).tanh()
        state = keep * state + (1 - keep) * new
        found.append(state)
    return found


def shares(scores: list[float]) -> list[float]:
    total = sum(math.exp(score) for score in scores)
    return [math.exp(score) / total for score in scores]


class Reference:
    """A model's parameters in double precision, and what it reads of a dataset."""

    def __init__(self, model: AnteRNN, world: Dataset) -> None:
        self.model, self.world, self.config = deepcopy(model).double(), world, model.config
        self.w = {name: value.detach().double() for name, value in model.state_dict().items()}
        self.zero = torch.zeros(self.config.dim, dtype=torch.float64)
        self.topics = Topics.open(world.root).check(world)
        if "regions" in self.config.modalities:
            self.features = Features.open(world.root, self.config.features)

    def known(self, item: int) -> list[int]:
        """Codes of the words of a text."""
        assert self.model.texts is not None
        words = self.model.texts.vocabulary.words
        return [words.index(t.word) + 1 for t in tokens(self.world.texts[item]) if t.word in words]

    def words(self, item: int) -> list[Tensor]:
        """e_i: embeddings, or the mean of what a GRU says from both sides."""
        vectors = [self.w["content.states.embedding.weight"][code] for code in self.known(item)]
        if self.config.words == "embedding" or not vectors:
            return vectors
        forward = gru(self.w, "content.states", vectors)
        backward = gru(self.w, "content.states", vectors[::-1], "_reverse")[::-1]
        return [(one + other) / 2 for one, other in zip(forward, backward, strict=True)]

    def raw(self, item: int) -> list[Tensor]:
        return list(self.features.tensor()[self.features.sets.row(item)].double())

    def image(self, item: int, words: list[Tensor]) -> tuple[Tensor, list[float]]:
        """v and the weight of each region (Eq. 1-5); regions are averaged where no texts are read."""
        w = self.w
        regions = [w["content.project.weight"] @ region + w["content.project.bias"] for region in self.raw(item)]
        if "words" not in self.config.modalities:
            relevance = [1 / len(regions) for _ in regions]
        else:
            relevance = []
            for region in regions:
                matched = w["content.alignment.affinity.weight"] @ region
                affinities = [self.config.align_temperature * float(torch.tanh(word @ matched)) for word in words]
                attended = sum((a * word for a, word in zip(shares(affinities), words, strict=True)), self.zero)
                size = float(region.norm() * attended.norm())
                relevance.append(float(region @ attended) / size if size else 0.0)
            if self.config.align_relevance == "softmax":
                relevance = shares([9 * r for r in relevance])
        return sum((r * region for r, region in zip(relevance, regions, strict=True)), self.zero), relevance

    def text(self, words: list[Tensor], eta: Tensor) -> tuple[Tensor, list[float]]:
        """x and the attention over words (Eq. 8-10)."""
        w, scores = self.w, [0.0] * len(words)
        if self.config.topical:
            led = w["topical.interest.weight"] @ eta + w["topical.interest.bias"]
            scores = [float(w["topical.out"] @ torch.tanh(led + w["topical.word.weight"] @ word)) for word in words]
        attention = shares(scores)
        return sum((a * word for a, word in zip(attention, words, strict=True)), self.zero), attention

    def fused(self, image: Tensor, text: Tensor, shown: bool, said: bool) -> Tensor:
        """i (Eq. 11-14); a modality an image has nothing of is left out."""
        if self.config.fusion == "direct":
            return (image if shown else torch.ones_like(image)) * (text if said else torch.ones_like(text))
        fusion, both = self.model.fusion, torch.cat([image, text])
        if self.config.fusion == "neural":
            return dense(fusion, "network", both)
        scores = [float(score) for score in dense(fusion, "tower", both)]
        s_v, s_t = shares(scores) if shown and said else (float(shown), float(said))
        weighed = torch.cat([(1 + s_v) * image, (1 + s_t) * text])
        return torch.tanh(self.w["fusion.dense.weight"] @ weighed + self.w["fusion.dense.bias"])

    def added(self, item: int) -> Tensor:
        """What words and regions add to the vector an image is scored with."""
        w, found = self.w, self.zero
        if self.config.output != "content":
            return found
        if "words" in self.config.modalities and (codes := self.known(item)):
            weights = shares([float(w["catalogue.telling"][code]) for code in codes])
            for a, code in zip(weights, codes, strict=True):
                found = found + a * (w["catalogue.bend.weight"] @ w["catalogue.words"][code])
        if "regions" in self.config.modalities and (raw := self.raw(item)):
            found = found + w["catalogue.project.weight"] @ (torch.stack(raw).sum(0) / len(raw))
        return found

    def walk(self, items: list[int], times: list[int]) -> Walk:
        """Along the likes of a user."""
        found = Walk([], [], [], [], [])
        slices = slice_of(torch.tensor(times), self.topics.card.days).tolist()
        theta = self.topics.item_topics.double()
        for t, item in enumerate(items):
            words = self.words(item) if "words" in self.config.modalities else []
            vector = self.zero
            if "regions" in self.config.modalities:
                vector, relevance = self.image(item, words)
                found.regions.append(relevance)
            if "words" in self.config.modalities:
                image, eta = vector, self.eta(theta, items[: t + 1], slices[: t + 1])
                vector, attention = self.text(words, eta)
                found.words.append(attention)
                if "regions" in self.config.modalities:
                    vector = self.fused(image, vector, bool(found.regions[-1]), bool(words))
            if self.config.identity:
                vector = vector + self.w["items.weight"][item]
            if self.config.tied:
                vector = vector + self.added(item)
            found.read.append(vector)
        vectors = found.read
        if self.config.contextual:
            whole = [1.0] * len(items)
            looked = windows(
                self.model.contextual, torch.stack(vectors), torch.tensor(times), whole, self.config.window
            )
            vectors = [vector for vector, _ in looked]
            found.windows.extend(weights for _, weights in looked)
        found.states.extend(gru(self.w, "gru", vectors))
        return found

    def eta(self, theta: Tensor, items: list[int], slices: list[int]) -> Tensor:
        return interest(theta, items, slices, [1.0] * len(items), self.config.topic_decay)

    def scores(self, state: Tensor, items: list[int]) -> Tensor:
        """Scores of all images after a state (the exponent of Eq. 23)."""
        table = self.w["items.weight"][:-1] if self.config.tied else self.w["out.weight"]
        found = torch.stack([(table[j] + self.added(j)) @ state + self.w["bias"][j] for j in range(len(table))])
        if self.config.repeats:
            found[sorted(set(items))] += self.w["again"]
        return found
