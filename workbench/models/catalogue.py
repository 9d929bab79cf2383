"""What every image is scored with: a vector of its own, and what its words and regions add for whoever looks."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from torch import Tensor, nn

from workbench.data.ragged import Ragged
from workbench.features.words import PADDING
from workbench.layers.evidence import OPEN, Gates
from workbench.layers.segments import gated_softmax, segment_sum, weighted_sum
from workbench.models.base import repaint_row
from workbench.models.content import ItemContent


class Catalogue(nn.Module):
    """``o_j = sum_k a_jk e(word k of j) + mean of the regions of j, projected`` for every image j.

    The weights a are a softmax over the words of a text of how telling each word is, a number of its own that starts
    with its inverse document frequency. Word vectors start from the singular vectors of the TF-IDF matrix of the texts
    (latent semantic analysis), scaled to the length of an image's own vector. All of it is the same for every user, so
    with the state h of a user ``h . o_j`` is exactly the sum of what each word and region adds.

    Args:
        content: the words and regions of the images.
        dim: D.
        learned: (n,) codes of the images whose texts the word vectors start from.
        blocks: equal parts of ``dim``, all of which start from the same singular vectors.
    """

    codes: Tensor
    offsets: Tensor
    pictures: Tensor

    def __init__(self, content: ItemContent, dim: int, learned: Tensor, blocks: int = 1) -> None:
        super().__init__()
        self.reads = content.config.modalities
        if content.texts is not None:
            written = content.codes != PADDING
            self.register_buffer("codes", content.codes[written], persistent=False)
            lengths = written.sum(1)
            self.register_buffer("offsets", torch.cat([lengths.new_zeros(1), lengths.cumsum(0)]), persistent=False)
            size = len(content.texts.vocabulary)
            vectors, telling = _semantics(content.codes[learned], size, dim // blocks)
            self.words, self.telling = nn.Parameter(vectors.repeat(1, blocks)), nn.Parameter(telling)
            self.bend = nn.Linear(dim, dim, bias=False)
            nn.init.eye_(self.bend.weight)
        if content.features is not None:
            self.regions = content.table
            self.project = nn.Linear(content.table.width, dim, bias=False)
            nn.init.normal_(self.project.weight, std=0.01)
            everything = torch.arange(len(content.features.sets))
            self.register_buffer("pictures", self._means(everything, None), persistent=False)

    def word_sets(self, items: Tensor | None = None) -> Ragged:
        """Vocabulary codes of the words of ``items`` (n,), of all images if left out."""
        sets = Ragged(self.offsets, self.codes)
        return sets if items is None else sets.select(items)

    def weights(self, sets: Ragged, gate: Tensor | None = None) -> Tensor:
        """(words,) what each word weighs in its text."""
        return gated_softmax(self.telling[sets.values], sets, gate)[0]

    def said(self, sets: Ragged, gate: Tensor | None = None) -> Tensor:
        """(n, D) what the words of each text add to the vector of its image."""
        return weighted_sum(self.bend(self.words), sets, self.weights(sets, gate))

    def _means(self, items: Tensor, gate: Tensor | None) -> Tensor:
        """(n, width) mean of the regions of ``items`` (n,), times the largest of their gates."""
        sets = self.regions.sets(items)
        vectors = self.regions.vectors.index_select(0, sets.values).float()
        weights, _ = gated_softmax(vectors.new_zeros(len(vectors)), sets, gate)
        return segment_sum(vectors * weights.unsqueeze(1), sets)

    def repaint(self, item: int, vectors: Tensor) -> None:
        """Hold the mean of other ``vectors`` (regions, width) of an image."""
        repaint_row(self, "pictures", item, vectors.float().mean(0))

    def shown(self, items: Tensor | None = None, gate: Tensor | None = None) -> Tensor:
        """(n, D) what the regions of ``items`` (n,), of all images if left out, add."""
        if gate is None:
            means = self.pictures if items is None else self.pictures.index_select(0, items)
        else:
            everything = torch.arange(len(self.pictures), device=gate.device)
            means = self._means(everything if items is None else items, gate)
        added: Tensor = self.project(means)
        return added

    def vectors(self, items: Tensor | None = None, gates: Gates = OPEN) -> Tensor:
        """(n, D) what words and regions add to ``items`` (n,), to all images if left out."""
        parts = [part for _, part in self._parts(items, gates)]
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    def scores(self, states: Tensor, gates: Gates) -> Tensor:
        """(R, images) what words and regions of all images add for ``states`` (R, D)."""
        total = states.new_zeros(len(states), 1)
        for name, part in self._parts(None, gates):
            added = states @ part.T
            aspect = gates.aspects.get(name)
            total = total + (added if aspect is None else added * aspect.unsqueeze(1))
        return total

    def scored(self, states: Tensor, items: Tensor, gates: Gates) -> Tensor:
        """(R,) what words and regions of ``items`` (R,) add for ``states`` (R, D)."""
        total = states.new_zeros(len(states))
        for name, part in self._parts(items, gates):
            added = (states * part).sum(1)
            aspect = gates.aspects.get(name)
            total = total + (added if aspect is None else added * aspect)
        return total

    def _parts(self, items: Tensor | None, gates: Gates) -> list[tuple[str, Tensor]]:
        """By evidence group, what it adds to the vectors (n, D) of ``items`` (n,), of all images if None."""
        found = []
        if "words" in self.reads:
            found.append(("caption", self.said(self.word_sets(items), gates.elements.get("caption"))))
        if "regions" in self.reads:
            found.append(("picture", self.shown(items, gates.elements.get("picture"))))
        return found

    def word_shares(self, states: Tensor, items: Tensor, gate: Tensor | None) -> tuple[Tensor, Tensor]:
        """(words,) weights of the words of ``items`` (R,), and what each adds for ``states`` (R, D)."""
        sets = self.word_sets(items)
        weights = self.weights(sets, gate)
        added = (self.bend(self.words)[sets.values] * states.index_select(0, sets.rows)).sum(1)
        return weights, weights * added

    def region_shares(self, states: Tensor, items: Tensor, gate: Tensor | None) -> tuple[Tensor, Tensor]:
        """(regions,) weights of the regions of ``items`` (R,), and what each adds for ``states`` (R, D)."""
        sets = self.regions.sets(items)
        vectors = self.regions.vectors.index_select(0, sets.values).float()
        weights, _ = gated_softmax(vectors.new_zeros(len(vectors)), sets, gate)
        added = (self.project(vectors) * states.index_select(0, sets.rows)).sum(1)
        return weights, weights * added


def _semantics(codes: Tensor, words: int, dim: int) -> tuple[Tensor, Tensor]:
    """Word vectors (words, dim) of latent semantic analysis over texts (n, N), and log inverse document frequency."""
    from scipy.sparse import csr_matrix

    written = codes != PADDING
    rows = torch.nonzero(written)[:, 0].numpy()
    columns = codes[written].numpy()
    counts = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(codes), words))
    transform = TfidfTransformer(sublinear_tf=True).fit(counts)
    size = max(1, min(dim, words - 1, len(codes) - 1))
    found = TruncatedSVD(size, random_state=0).fit(transform.transform(counts)).components_.T
    vectors = torch.zeros(words, dim)
    vectors[:, :size] = torch.from_numpy(found.astype(np.float32))
    scale = vectors.square().sum(1).mean().sqrt().clamp_min(1e-6)
    return vectors / scale, torch.from_numpy(np.log(transform.idf_).astype(np.float32))
