"""What images show and what their texts say, as a model of sequences reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.features.words import PADDING, Texts
from workbench.layers.alignment import Aligned, Alignment
from workbench.layers.evidence import OPEN, Gates
from workbench.layers.regions import RegionTable
from workbench.layers.wordstates import WordStates
from workbench.models.sequence import SequenceConfig

Modality = Literal["words", "regions"]
OUTPUT: dict[Modality, str] = {"words": "caption", "regions": "picture"}
"""Evidence of an image that is read or scored, by modality."""


class ContentConfig(SequenceConfig):
    """Hyperparameters of reading words and regions.

    Attributes:
        modalities: both, or the words (t-Ante-RNN) or the regions (v-Ante-RNN) alone.
        features: the image features whose regions are read.
        words: states of words from a bidirectional GRU (the paper) or their embeddings alone.
        rare: occurrences below which a word is not read; ``longest_text`` words of a text are, from its beginning.
        align_temperature: inverse temperature of the alignment's softmax over words; 1 as printed.
        align_relevance: how a region weighs in the image: by its cosine, as printed, or by a softmax over regions.
        align_weight: lambda_1 of Eq. 24; ``margin`` alpha_1 of Eq. 6.
        contrast: images of a batch the alignment's loss is taken over.
    """

    modalities: tuple[Modality, ...] = ("words", "regions")
    features: str = "convnet"
    words: Literal["gru", "embedding"] = "gru"
    rare: int = 5
    longest_text: int = 50
    align_temperature: float = 1.0
    align_relevance: Literal["cosine", "softmax"] = "cosine"
    align_weight: float = 0.2
    margin: float = 0.3
    contrast: int = 64


@dataclass(frozen=True)
class Content:
    """n images with their texts.

    Attributes:
        items: (n,) their codes; ``gates`` of the words (``caption``) and regions (``picture``) they were read with.
        words: (n, N, D) states of the words; ``word_gates`` (n, N), 0 for padding. None where no words are read.
        regions: (n, M, D) vectors of the regions; ``region_gates`` (n, M). None where no regions are read.
        image: (n, D) v, 0 where no regions are read.
        region_weights: (n, M) what each region weighs in v.
        aligned: how regions and words match, where both are read.
        presence: (n, 2) in [0, 1], how much there is of regions and of words.
    """

    items: Tensor
    gates: Gates
    words: Tensor | None
    word_gates: Tensor | None
    regions: Tensor | None
    region_gates: Tensor | None
    image: Tensor
    region_weights: Tensor | None
    aligned: Aligned | None
    presence: Tensor


class ItemContent(nn.Module):
    """Words and regions of images, aligned (Ante-RNN, Section 3.2).

    Attributes:
        texts: where words are found again; ``features``: where regions are. None where they are not read.

    Raises:
        DataError: words are read and all of them are rarer than ``rare``.
    """

    codes: Tensor

    def __init__(self, config: ContentConfig, dataset: Dataset) -> None:
        super().__init__()
        self.config = config
        self.texts: Texts | None = None
        self.features: Features | None = None
        if "words" in config.modalities:
            self.texts = Texts.of(dataset, config.rare, config.longest_text, learned="likes")
            if not self.texts.vocabulary.words:
                raise DataError(
                    f"{dataset.root} has no word that stands {config.rare} times in the texts of images liked in "
                    "training: lower rare, or read regions alone"
                )
            codes = self.texts.codes()
            most = max(1, int((codes != PADDING).sum(1).max()))
            self.register_buffer("codes", codes[:, :most].contiguous(), persistent=False)
            self.states = WordStates(len(self.texts.vocabulary), config.dim, kind=config.words)
        if "regions" in config.modalities:
            self.features = Features.open(dataset.root, config.features)
            self.table = RegionTable.of(dataset, self.features)
            self.project = nn.Linear(self.table.width, config.dim)
        if len(config.modalities) == 2:
            self.alignment = Alignment(
                config.dim,
                temperature=config.align_temperature,
                relevance=config.align_relevance,
                margin=config.margin,
            )

    def padded(self, name: Modality, items: Tensor, gate: Tensor | None = None) -> Tensor:
        """(n, N) gates of the words, or (n, M) of the regions, of ``items`` (n,), from those laid end to end."""
        return self.word_gates(items, gate) if name == "words" else self.region_gates(items, gate)

    def flat(self, name: Modality, items: Tensor, values: Tensor) -> Tensor:
        """The opposite of ``padded``."""
        if name == "words":
            return values[self.codes.index_select(0, items) != PADDING]
        return self.table.flat(items, values)

    def word_sets(self, items: Tensor) -> Ragged:
        """Codes of the words of ``items`` (n,)."""
        codes = self.codes.index_select(0, items)
        places = items.unsqueeze(1) * self.config.longest_text + torch.arange(codes.shape[1], device=items.device)
        return Ragged.from_lengths((codes != PADDING).sum(1), places[codes != PADDING])

    def region_sets(self, items: Tensor) -> Ragged:
        """Rows of the features of ``items`` (n,)."""
        return self.table.sets(items)

    def word_gates(self, items: Tensor, gate: Tensor | None = None) -> Tensor:
        """(n, N) gates of the words of ``items`` (n,), from those of their words laid end to end."""
        written = self.codes.index_select(0, items) != PADDING
        if gate is None:
            return written.float()
        return gate.new_zeros(written.shape).masked_scatter(written, gate)

    def region_gates(self, items: Tensor, gate: Tensor | None = None) -> Tensor:
        """(n, M) gates of the regions of ``items`` (n,), from those of their regions laid end to end."""
        if gate is None:
            return self.table.present(items).float()
        return self.table.padded(items, gate)

    def forward(self, items: Tensor, gates: Gates = OPEN) -> Content:
        """Read the images ``items`` (n,).

        Args:
            items: codes.
            gates: of their words (``caption``) and regions (``picture``), laid end to end.
        """
        words = word_gates = regions = region_gates = weights = aligned = None
        image = self.empty(len(items))
        presence = [image.new_zeros(len(items))] * 2
        if self.texts is not None:
            gate = gates.elements.get(OUTPUT["words"])
            word_gates = self.word_gates(items, gate)
            words = self.states(self.codes.index_select(0, items), None if gate is None else word_gates)
            presence[1] = word_gates.amax(1)
        if self.features is not None:
            regions = self.project(self.table(items))
            region_gates = self.region_gates(items, gates.elements.get(OUTPUT["regions"]))
            presence[0] = region_gates.amax(1)
            if words is not None:
                assert word_gates is not None
                aligned = self.alignment(words, word_gates, regions, region_gates)
                image, weights = aligned.vectors, aligned.weights
            else:
                # Without a text nothing tells the regions apart: their mean.
                weights = region_gates / region_gates.sum(1, keepdim=True).clamp_min(1e-9) * presence[0].unsqueeze(1)
                image = torch.bmm(weights.unsqueeze(1), regions).squeeze(1)
        there = torch.stack(presence, 1)
        return Content(items, gates, words, word_gates, regions, region_gates, image, weights, aligned, there)

    def empty(self, n: int) -> Tensor:
        """(n, D) zeros."""
        return torch.zeros(n, self.config.dim, device=next(self.parameters()).device)

    def loss(self, content: Content) -> Tensor:
        """The alignment's loss over ``contrast`` of the images, weighted with lambda_1 (Eq. 6, 24)."""
        if content.aligned is None or not self.config.align_weight:
            return content.image.new_zeros(())
        assert content.words is not None and content.word_gates is not None
        assert content.regions is not None and content.region_gates is not None
        chosen = torch.randperm(len(content.words), device=content.words.device)[: self.config.contrast]
        parts = (content.words, content.word_gates, content.regions, content.region_gates)
        return self.config.align_weight * self.alignment.loss(*(part.index_select(0, chosen) for part in parts))
