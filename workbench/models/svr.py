"""SVR: a linear support vector regression on hand-made features of the caption and the image."""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_array, hstack
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.svm import LinearSVR
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.features.encoders.descriptor import BINS
from workbench.features.store import Features
from workbench.features.words import PADDING
from workbench.layers.evidence import ASPECTS, OPEN, Gates
from workbench.models.base import Paper, Reading
from workbench.models.deep import mixed, uniform
from workbench.models.popularity import BLOCK, PopularityConfig, PopularityModel, Posts, training_posts
from workbench.models.visual import Standardise

WHOLE, COLOURS = "descriptor", math.prod(BINS)
"""Features of whole pictures whose first numbers are the histogram of colours, and how many these are."""


class SVRConfig(PopularityConfig):
    """Hyperparameters of SVR.

    Attributes:
        c: weight of the errors against the size of the coefficients; of several, the one with the smallest MSE on the
            validation posts is taken.
        epsilon: errors below it cost nothing.
        author: whether each author has a coefficient, which the paper's SVR has not: their mean so far, beyond what the
            post explains, drawn towards that of all.
    """

    c: tuple[float, ...] = Field(default=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0), min_length=1)
    epsilon: float = Field(default=0.1, ge=0)
    author: bool = False


class SVR(PopularityModel):
    """``popularity = b + w . [TF-IDF of the caption ; mean deep feature ; histogram of colours]`` (Khosla et al. 2014).

    Linear, so that what a word or a region adds is exact. Deep features are standardised and divided by the root of
    their number, so that each block is about as long as a row of TF-IDF; an absent image counts as an average one. The
    colours of a picture are shared out evenly to its regions. What is kept are the coefficients, as tensors.
    """

    name = "svr"
    family = "popularity"
    paper = Paper("Khosla et al.", "What Makes an Image Popular?", "WWW", 2014)
    at_once = True
    Config = SVRConfig
    config: SVRConfig
    bias: Tensor
    idf: Tensor
    term: Tensor
    region: Tensor
    colour: Tensor
    author: Tensor

    def __init__(self, config: SVRConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        sizes: dict[str, tuple[int, ...]] = {"bias": ()}
        if self.texts is not None:
            words = len(self.texts.vocabulary)
            sizes |= {"idf": (words,), "term": (words,)}
        if self.features is not None:
            self.whole = Features.open(dataset.root, WHOLE)
            self.standardise = Standardise(self.region_table.width)
            self.register_buffer("wholes", self.whole.vectors(dataset), persistent=False)
            sizes |= {"region": (self.region_table.width,), "colour": (COLOURS,)}
        if config.author:
            sizes |= {"author": (self.n_users,)}
        for name, size in sizes.items():
            self.register_buffer(name, torch.zeros(size))

    def fit(self, dataset: Dataset) -> None:
        """Fit the coefficients, with the C that does best on the validation posts."""
        users, items, popularity = training_posts(dataset)
        held_users, held_items, held = dataset.posts("validation")
        n, centre = len(users), float(popularity.double().mean())
        blocks = self._blocks(torch.cat([users, held_users]), torch.cat([items, held_items]), n)
        table = hstack(list(blocks.values())).tocsr()
        truth = torch.cat([popularity, held]).double().numpy() - centre
        best, least = None, math.inf
        for c in self.config.c:
            # The squared loss is the one that MSE measures, and has a solver that converges on wide tables.
            found = LinearSVR(C=c, epsilon=self.config.epsilon, loss="squared_epsilon_insensitive", dual=False)
            found.fit(table[:n], truth[:n])
            error = float(np.square(found.predict(table[n:]) - truth[n:]).mean()) if len(held) else 0.0
            if error < least:
                best, least = found, error
        assert best is not None
        self.bias.fill_(centre + float(best.intercept_[0]))
        ends = list(accumulate(block.shape[1] for block in blocks.values()))
        for name, weights in zip(blocks, np.split(best.coef_, ends[:-1]), strict=True):
            self.get_buffer(name).copy_(torch.from_numpy(weights))

    def _blocks(self, users: Tensor, items: Tensor, n: int) -> dict[str, csr_array]:
        """What the regression sees, (posts, columns) by the name of the coefficients; the first ``n`` posts teach."""
        blocks = {}
        if self.texts is not None:
            words = self.word_codes.index_select(0, items)
            rows, columns = (words != PADDING).nonzero().T
            counts = _counts(rows, words[rows, columns], (len(items), len(self.term)))
            weighted = TfidfTransformer().fit(counts[:n])
            self.idf.copy_(torch.from_numpy(weighted.idf_))
            blocks["term"] = weighted.transform(counts)
        if self.features is not None:
            pairs = zip(torch.split(users, BLOCK), torch.split(items, BLOCK), strict=True)
            seen = [self._image(self.posts(user, item)) for user, item in pairs]
            vectors, colours, there = (torch.cat(parts) for parts in zip(*seen, strict=True))
            self.standardise.fit(vectors[:n][there[:n] > 0])
            blocks["region"] = csr_array(self.standardise(vectors) * there.unsqueeze(1) / math.sqrt(vectors.shape[1]))
            blocks["colour"] = csr_array(colours * there.unsqueeze(1))
        if self.config.author:
            blocks["author"] = _counts(torch.arange(len(users)), users, (len(users), self.n_users))
        return blocks

    def _image(self, posts: Posts) -> tuple[Tensor, Tensor, Tensor]:
        """Mean region (R, d), colours (R, COLOURS), and whether (R,) there is an image."""
        gates = posts.region_gates
        colours = self.wholes[:, :COLOURS].index_select(0, posts.images).index_select(0, posts.place)
        return mixed(uniform(gates), posts.regions, posts), colours, gates.amax(-1)

    def predict(self, posts: Posts) -> Tensor:
        """Predicted popularity (R,)."""
        shares = [part.sum(-1) for part in self._shares(posts).values()]
        return torch.stack([self._own(posts), *shares]).sum(0)

    def _own(self, posts: Posts) -> Tensor:
        """What no part of the post carries, (R,)."""
        own = self.bias.expand(len(posts.users))
        return own + self.author.index_select(0, posts.users) if self.config.author else own

    def _shares(self, posts: Posts) -> dict[str, Tensor]:
        """What each region (R, M) and each word (R, L) adds."""
        found = {}
        if self.features is not None:
            weight = self.region / (self.standardise.scale * math.sqrt(len(self.region)))
            each = posts.regions @ weight - self.standardise.mean @ weight
            each = each + (self.wholes[:, :COLOURS].index_select(0, posts.images) @ self.colour).unsqueeze(1)
            found["regions"] = uniform(posts.region_gates) * each.index_select(0, posts.place)
        if self.texts is not None:
            found["words"] = self._word_shares(posts.words.index_select(0, posts.place), posts.word_gates)
        return found

    def _word_shares(self, words: Tensor, gates: Tensor) -> Tensor:
        """What each word (R, L) adds: its part of the TF-IDF vector, of unit length, times its coefficient."""
        times = ((words.unsqueeze(2) == words.unsqueeze(1)) * gates.unsqueeze(1)).sum(-1)
        rarity = self.idf[words]
        length = (gates * rarity.square() * times).sum(-1, keepdim=True).clamp_min(torch.finfo(gates.dtype).tiny).sqrt()
        return gates.amax(-1, keepdim=True) * gates * rarity * self.term[words] / length

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Exact contributions of modalities, regions and words; there is no attention to report."""
        posts = self.posts(users, items, gates)
        shares = self._shares(posts)
        sums = torch.stack([part.sum(-1) for part in shares.values()], -1)
        own = self._own(posts)
        return Reading(own + sums.sum(-1), own, self.levels(posts, items, {}, {**shares, ASPECTS: sums}))


def _counts(rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> csr_array:
    """How often each cell is named by ``rows`` and ``columns`` (n,), with the short indices scikit-learn asks for."""
    return csr_array((np.ones(len(rows)), (rows.int().numpy(), columns.int().numpy())), shape=shape)
