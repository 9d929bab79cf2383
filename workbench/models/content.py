"""What images show and what their texts say, as a model of sequences reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.features.words import PADDING, Texts
from workbench.layers.alignment import Aligned, Alignment
from workbench.layers.evidence import OPEN, Gates
from workbench.layers.regions import RegionTable
from workbench.layers.wordstates import WordStates
from workbench.models.sequence import BlocksConfig

GROUP = 128
"""Images whose texts are worked on at a time, cut to the words that the longest of them has."""
LEAST = 64
"""Images of a batch that are read anew at least: fewer would save little and leave the slopes to chance."""
Modality = Literal["words", "regions"]
OUTPUT: dict[Modality, str] = {"words": "caption", "regions": "picture"}
"""Evidence of an image that is read or scored, by modality."""


class ContentConfig(BlocksConfig):
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
        refresh: share of the images of a batch whose words and regions are read anew in training; the others are
            remembered as they were read last, since the beginning of the epoch at the longest. 1 reads all of them.
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
    contrast: int = 32
    refresh: float = Field(1.0, gt=0, le=1)


@dataclass(frozen=True)
class Content:
    """n images with their texts.

    Attributes:
        items: (n,) their codes; ``gates`` of the words (``caption``) and regions (``picture``) they were read with.
        words: (g, N, D) states of the words of the first g images, of the next g, and so on, each group of images with
            as many places N as it needs; ``word_gates`` (n, N), 0 for padding. None where no words are read.
        regions: (g, M, D) vectors of the regions of the same groups; ``region_gates`` (n, M). None where none are read.
        image: (n, D) v, 0 where no regions are read.
        region_weights: (n, M) what each region weighs in v.
        aligned: how regions and words match, where both are read.
        presence: (n, 2) in [0, 1], how much there is of regions and of words.
    """

    items: Tensor
    gates: Gates
    words: tuple[Tensor, ...] | None
    word_gates: Tensor | None
    regions: tuple[Tensor, ...] | None
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
        self.n_images = len(dataset.items)
        self.remembers, self.remembered = False, list[Tensor]()
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

    def start_epoch(self) -> None:
        """Forget how images were read, and from the next step of training on remember it."""
        self.remembers, self.remembered = self.config.refresh < 1, []

    def ordered(self, items: Tensor) -> tuple[Tensor, int]:
        """An order (n,) of distinct ``items`` (n,) in which they are read fast, and how many are read anew.

        In training these come first, drawn at random. Texts of like length stand side by side.
        """
        order = torch.arange(len(items), device=items.device)
        fresh = len(items)
        if self.remembers and self.training and torch.is_grad_enabled():
            fresh = min(len(items), max(LEAST, math.ceil(self.config.refresh * len(items))))
            order = torch.randperm(len(items), device=items.device)
        if self.texts is not None:
            lengths = (self.codes.index_select(0, items) != PADDING).sum(1)
            order = torch.cat([part[lengths[part].argsort()] for part in (order[:fresh], order[fresh:])])
        return order, fresh

    def _states(self, items: Tensor, gate: Tensor | None = None) -> list[Tensor]:
        """Words (n, N, D) and regions (n, M, D) of ``items`` (n,), as far as read; ``gate`` (n, N) of the words."""
        found = [self.states(self.codes.index_select(0, items), gate)] if self.texts is not None else []
        return found if self.features is None else [*found, self.project(self.table(items))]

    @torch.no_grad()
    def _everything(self) -> list[Tensor]:
        """The states of all images."""
        blocks = torch.split(torch.arange(self.n_images, device=next(self.parameters()).device), 4 * GROUP)
        return [torch.cat(parts) for parts in zip(*map(self._states, blocks), strict=True)]

    def _recalled(self, items: Tensor, fresh: int) -> list[list[Tensor]]:
        """The states of distinct ``items`` (n,), the ``fresh`` first ones read anew and the others as they were last.

        Slopes reach what reads the images through the former alone, and are made as much larger as those are fewer:
        which they are is drawn, so that on average nothing is missing.
        """
        if not self.remembered:
            self.remembered = self._everything()
        anew, others, found = items[:fresh], items[fresh:], []
        for kept, new in zip(self.remembered, self._states(anew), strict=True):
            new.register_hook(lambda slope: slope * (len(items) / fresh))  # type: ignore[no-untyped-call]
            found.append([new, kept.index_select(0, others)] if len(others) else [new])
            kept[anew] = new.detach()
        return found

    def forward(self, items: Tensor, gates: Gates = OPEN, fresh: int | None = None) -> Content:
        """Read the images ``items`` (n,).

        Args:
            items: codes; distinct ones, where some are remembered.
            gates: of their words (``caption``) and regions (``picture``), laid end to end.
            fresh: how many, from the first one on, are read anew; all of them if left out.
        """
        words = regions = word_gates = region_gates = weights = aligned = None
        image = self.empty(len(items))
        presence = [image.new_zeros(len(items))] * 2
        gate = gates.elements.get(OUTPUT["words"])
        if self.texts is not None:
            word_gates = self.word_gates(items, gate)
            presence[1] = word_gates.amax(1)
        if fresh is None or fresh == len(items):
            states = [[part] for part in self._states(items, None if gate is None else word_gates)]
        else:
            states = self._recalled(items, fresh)
        # Split once, since going back through slices would make as many tensors of the size of the whole.
        groups = [[group for part in parts for group in torch.split(part, GROUP)] for parts in states]
        if word_gates is not None:
            words = _cut(groups[0], word_gates)
        if self.features is not None:
            regions = tuple(groups[-1])
            region_gates = self.region_gates(items, gates.elements.get(OUTPUT["regions"]))
            presence[0] = region_gates.amax(1)
            if words is not None and word_gates is not None:
                aligned = self._aligned(words, word_gates, regions, region_gates)
                image, weights = aligned.vectors, aligned.weights
            else:
                # Without a text nothing tells the regions apart: their mean.
                weights = region_gates / region_gates.sum(1, keepdim=True).clamp_min(1e-9) * presence[0].unsqueeze(1)
                image = torch.bmm(weights.unsqueeze(1), torch.cat(regions)).squeeze(1)
        there = torch.stack(presence, 1)
        return Content(items, gates, words, word_gates, regions, region_gates, image, weights, aligned, there)

    def _aligned(
        self, words: tuple[Tensor, ...], word_gates: Tensor, regions: tuple[Tensor, ...], region_gates: Tensor
    ) -> Aligned:
        """Regions and words matched, group by group."""
        sizes, most = [len(group) for group in words], word_gates.shape[1]
        groups = zip(words, torch.split(word_gates, sizes), regions, torch.split(region_gates, sizes), strict=True)
        found: list[Aligned] = [
            self.alignment(said, gate[:, : said.shape[1]], shown, open) for said, gate, shown, open in groups
        ]
        if len(found) == 1 and words[0].shape[1] == most:
            return found[0]
        return Aligned(
            vectors=torch.cat([part.vectors for part in found]),
            words=torch.cat([functional.pad(part.words, (0, most - part.words.shape[2])) for part in found]),
            relevance=torch.cat([part.relevance for part in found]),
            weights=torch.cat([part.weights for part in found]),
            similarity=torch.cat([part.similarity for part in found]),
        )

    def empty(self, n: int) -> Tensor:
        """(n, D) zeros."""
        return torch.zeros(n, self.config.dim, device=next(self.parameters()).device)

    def loss(self, content: Content) -> Tensor:
        """The alignment's loss over ``contrast`` of the images, weighted with lambda_1 (Eq. 6, 24)."""
        if content.aligned is None or not self.config.align_weight:
            return content.image.new_zeros(())
        # In the order of the images, as is what is selected from groups.
        chosen = torch.randperm(len(content.items), device=content.items.device)[: self.config.contrast]
        return self.config.align_weight * self.alignment.loss(*parts(content, chosen.sort().values))


def parts(content: Content, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Words, their gates, regions and theirs of the images ``chosen``, in ascending order, of those that were read."""
    assert content.words is not None and content.word_gates is not None
    assert content.regions is not None and content.region_gates is not None
    words = _selected(content.words, chosen)
    word_gates = content.word_gates[chosen, : words.shape[1]]
    return words, word_gates, _selected(content.regions, chosen), content.region_gates[chosen]


def _cut(words: list[Tensor], gates: Tensor) -> tuple[Tensor, ...]:
    """Groups of words (g, N, D) without the places at the end where none of a group has any; ``gates`` (n, N)."""
    there = gates > 0
    lengths = [
        int(part.any(0).nonzero().amax()) + 1 if part.any() else 1
        for part in torch.split(there, [len(g) for g in words])
    ]
    return tuple(
        group if length == group.shape[1] else group[:, :length] for group, length in zip(words, lengths, strict=True)
    )


def _selected(groups: tuple[Tensor, ...], chosen: Tensor) -> Tensor:
    """Those of n images that are ``chosen``, in ascending order, from groups of them, as long as the longest."""
    most, found, start = max(group.shape[1] for group in groups), [], 0
    for group in groups:
        at = chosen[(chosen >= start) & (chosen < start + len(group))] - start
        found.append(functional.pad(group.index_select(0, at), (0, 0, 0, most - group.shape[1])))
        start += len(group)
    return torch.cat(found)
