"""Words aligned with the regions of an image, by hand-written attention whose words and regions have gates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from workbench.layers.segments import gated_softmax_rows

BLOCK = 1 << 19
"""Affinities of words with regions that are held in memory at once: little enough to stay in a processor's cache."""
STEEPEST = 30.0
SAME = 1e-5


@dataclass(frozen=True)
class Aligned:
    """Images as their texts see them: n images of M regions, texts of N words.

    Attributes:
        vectors: (n, D) the images, v of Eq. 5.
        words: (n, M, N) how much each region attends to each word, alpha of Eq. 2.
        relevance: (n, M) how well each region agrees with what it attends to, R of Eq. 3, in [-1, 1]; 0 where closed.
        weights: (n, M) what each region weighs in v: the relevance, or its softmax.
        similarity: (n,) of image and text, S of Eq. 4.
    """

    vectors: Tensor
    words: Tensor
    relevance: Tensor
    weights: Tensor
    similarity: Tensor


class Alignment(nn.Module):
    """Alignment of regions with words (Ante-RNN, Eq. 1-6).

    A word or region with gate 0 is exactly as if it were not there; between 0 and 1 everything is continuous, also
    where the last word or region fades: the similarity is then multiplied with the largest gate. Without words the
    relevance is 0, without regions v and S are.

    Args:
        dim: D, of words and regions alike.
        temperature: inverse temperature the affinities, which lie in (-1, 1), are multiplied with before the softmax
            over words. With 1, as printed, no word of 50 can get more than 0.131; 4 to 9 (as in SCAN, Lee et al. 2018)
            let a region choose.
        relevance: ``"cosine"``, as printed: v is the sum of R_j f_j, with the size and sign of R. ``"softmax"``: the
            weights are the softmax of R times ``sharpness`` over the regions, so that v does not grow with M.
        margin: of the loss (Eq. 6).
        sharpness: see ``relevance``.

    Raises:
        ValueError: the temperature does not lie in (0, 30].
    """

    def __init__(
        self,
        dim: int,
        *,
        temperature: float = 1.0,
        relevance: Literal["cosine", "softmax"] = "cosine",
        margin: float = 0.3,
        sharpness: float = 9.0,
    ) -> None:
        super().__init__()
        if not 0 < temperature <= STEEPEST:
            raise ValueError(f"temperature {temperature} of the alignment must lie above 0 and be at most {STEEPEST}")
        self.temperature, self.relevance, self.margin, self.sharpness = temperature, relevance, margin, sharpness
        self.affinity = nn.Linear(dim, dim, bias=False)
        nn.init.xavier_uniform_(self.affinity.weight)

    def forward(self, words: Tensor, word_gates: Tensor, regions: Tensor, region_gates: Tensor) -> Aligned:
        """Align n images with a text each.

        Args:
            words: (n, N, D) states of the words.
            word_gates: (n, N) in [0, 1]; 0 for padding.
            regions: (n, M, D).
            region_gates: (n, M) in [0, 1]; 0 for padding.
        """
        affinity = torch.bmm(self.affinity(regions), words.transpose(1, 2)).tanh()
        attention = gated_softmax_rows(self.temperature * affinity, word_gates.unsqueeze(1).expand_as(affinity))
        attended = torch.bmm(attention, words)
        agreement = (_unit(regions) * _unit(attended)).sum(-1) * _presence(word_gates)
        relevance = agreement * region_gates
        if self.relevance == "cosine":
            weights = relevance
        else:
            weights = gated_softmax_rows(self.sharpness * agreement, region_gates)
        vectors = torch.bmm(weights.unsqueeze(1), regions).squeeze(1)
        similarity = (agreement * _shares(region_gates)).sum(-1)
        return Aligned(vectors, attention, relevance, weights, similarity)

    @torch.no_grad()
    def similarities(self, words: Tensor, word_gates: Tensor, regions: Tensor, region_gates: Tensor) -> Tensor:
        """S of each of T texts with each of n images, (T, n), without gradient and in bounded memory.

        The cosine does not know how long the attended vector a is, so the softmax is not normalised. Its numerator and
        length come from products of words with regions and of words with words; a itself is never made.

        Args:
            words: (T, N, D) states of the words.
            word_gates: (T, N).
            regions: (n, M, D).
            region_gates: (n, M).
        """
        found = words.new_zeros(len(words), len(regions))
        # Texts of like length share a block, which is cut to the words it has.
        order = (word_gates > 0).sum(1).argsort()
        per_text = max(1, regions.shape[1] * words.shape[1])
        for images in _blocks(len(regions), BLOCK // per_text):
            units = _unit(regions[images]).flatten(0, 1)
            keys = self.affinity(regions[images]).flatten(0, 1)
            shares = _shares(region_gates[images])
            for block in _blocks(len(words), BLOCK // (per_text * len(shares))):
                texts = order[block]
                read = (word_gates[texts] > 0).any(0)
                agreement = self._agreement(words[texts][:, read], word_gates[texts][:, read], units, keys)
                found[texts, images] = torch.einsum("tnm,nm->tn", agreement.view(-1, *shares.shape), shares)
        return found * _presence(word_gates)

    def _agreement(self, words: Tensor, gates: Tensor, units: Tensor, keys: Tensor) -> Tensor:
        """R of T texts with regions (r, D) given as directions and as what Eq. 1 compares words with: (T, r)."""
        shown = words * gates.unsqueeze(-1)
        size = (*gates.shape, len(units))
        shares = torch.mm(words.flatten(0, 1), keys.T).view(size).tanh_().mul_(self.temperature).exp_()
        total = torch.mm(shown.flatten(0, 1), units.T).view(size).mul_(shares).sum(1)
        square = torch.bmm(torch.bmm(shown, shown.transpose(1, 2)), shares).mul_(shares).sum(1)
        return total * square.clamp_min_(torch.finfo(square.dtype).tiny).rsqrt_()

    def loss(self, words: Tensor, word_gates: Tensor, regions: Tensor, region_gates: Tensor) -> Tensor:
        """Mean over the images of max(0, margin - S(its text) + S(the hardest other text of the batch)) (Eq. 6).

        Which text is hardest is decided without gradient. Texts that say the same as an image's own are no other
        texts; images without regions or whose text has no words are left out.

        Args:
            words: (n, N, D) states of the words, row i being the text of image i.
            word_gates: (n, N).
            regions: (n, M, D).
            region_gates: (n, M).
        """
        told = (word_gates > 0).any(1)
        scores = self.similarities(words, word_gates, regions, region_gates)
        scores = scores.masked_fill(_same(words, word_gates) | ~told.unsqueeze(1), -torch.inf)
        best, hardest = scores.max(0)
        own = self(words, word_gates, regions, region_gates).similarity
        other = self(words[hardest], word_gates[hardest], regions, region_gates).similarity
        kept = told & (region_gates > 0).any(1)
        gaps: Tensor = (self.margin - own + other).clamp_min(0) * (kept & best.isfinite())
        return gaps.sum() / kept.sum().clamp_min(1)


def _unit(vectors: Tensor) -> Tensor:
    """Vectors of length 1; what has no length stays 0, with gradients that stay finite."""
    square = vectors.square().sum(-1, keepdim=True)
    return vectors / torch.where(square > torch.finfo(square.dtype).tiny, square, 1).sqrt()


def _presence(gates: Tensor) -> Tensor:
    """(rows, 1) the largest gate of each row."""
    return gates.amax(1, keepdim=True)


def _shares(gates: Tensor) -> Tensor:
    """Weights of a mean over what the gates (rows, n) leave, adding up to the largest gate: (rows, n)."""
    return gates * (_presence(gates) / gates.sum(1, keepdim=True).clamp_min(torch.finfo(gates.dtype).tiny))


def _same(words: Tensor, gates: Tensor) -> Tensor:
    """(n, n) which texts have the same words in the same places, up to rounding."""
    texts = (words * gates.unsqueeze(-1)).detach().flatten(1)
    texts = texts / texts.norm(dim=1).max().clamp_min(torch.finfo(texts.dtype).tiny)
    products = texts @ texts.T
    square = products.diagonal()
    longer = torch.maximum(square, square.unsqueeze(1))
    return torch.le(square + square.unsqueeze(1) - 2 * products, SAME * longer)


def _blocks(count: int, size: int) -> Iterator[slice]:
    size = max(1, size)
    return (slice(start, start + size) for start in range(0, count, size))
