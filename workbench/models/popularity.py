"""What popularity models share: the posts they read, as regions and words, and the error they are trained with."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.features.words import LONGEST, PADDING, RARE, Texts
from workbench.layers.evidence import ASPECTS, OPEN, EvidenceGroup, Gates
from workbench.layers.regions import RegionTable
from workbench.models.base import Level, ModelConfig, PostBatch, Recommender, repaint_row

Modality = Literal["regions", "words"]
BLOCK = 256
"""Posts predicted at a time where every image is asked for."""


class PopularityConfig(ModelConfig):
    """Hyperparameters popularity models share; training defaults to Section 4.1 of UHAN.

    Attributes:
        steps: batches between two validations, which the training counts as one epoch.
        modalities: what is read of a post: the regions of its image, the words of its caption.
        features: the image features whose regions are read.
        rare: words with fewer occurrences in the training posts are not read.
        longest: words read of a caption.
    """

    learning_rate: float = 1e-3
    batch: int = 128
    steps: int | None = 64
    epochs: int = 5000
    patience: int = 20
    monitor: str = "MSE"
    modalities: tuple[Modality, ...] = Field(default=("regions", "words"), min_length=1)
    features: str = "convnet-14"
    rare: int = RARE
    longest: int = LONGEST


@dataclass(frozen=True)
class Posts:
    """R posts as a model reads them; what several of them share is held once.

    Attributes:
        users: (R,) who posts.
        images: (n,) codes of the distinct images they show.
        place: (R,) which of these images each post shows; one after the other where all are distinct.
        regions: (n, M, d) vectors of the regions; M is 0 where images are not read.
        region_gates: (R, M), 0 in empty places.
        words: (n, L) word codes, padded at the end; L is 0 where captions are not read.
        word_gates: (R, L), 0 in empty places.
        gated: whether any word has a gate other than 1.
    """

    users: Tensor
    images: Tensor
    place: Tensor
    regions: Tensor
    region_gates: Tensor
    words: Tensor
    word_gates: Tensor
    gated: bool


class PopularityModel(Recommender):
    """Predicts ``log2(views a day + 1)`` of a post from who posts it, its image and its caption.

    Attributes:
        whole: features of whole pictures that are read beside the regions; None for most models. A subclass that has
            them keeps their vectors (images, d) in the buffer ``wholes``.
    """

    needs = ("posts",)
    task = "popularity"
    evidence: ClassVar[tuple[EvidenceGroup, ...]] = (
        EvidenceGroup("regions", "image", "region", "item", "items.image", "of what the image shows"),
        EvidenceGroup("words", "text", "word", "item", "items.text", "of what the caption says"),
    )
    Config: ClassVar[type[ModelConfig]] = PopularityConfig
    config: PopularityConfig
    whole: Features | None = None
    wholes: Tensor
    word_codes: Tensor

    def __init__(self, config: PopularityConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        if "regions" in config.modalities:
            self.features = Features.open(dataset.root, config.features)
            self.region_table = RegionTable.of(dataset, self.features)
        codes = torch.empty(self.n_items, 0, dtype=torch.int64)
        if "words" in config.modalities:
            self.texts = Texts.of(dataset, config.rare, config.longest)
            codes = self.texts.codes()
        self.register_buffer("word_codes", codes, persistent=False)

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """The modalities that are read."""
        return tuple(group for group in self.evidence if group.name in self.config.modalities)

    def with_pictures(
        self,
        features: Features | None,
        vectors: Tensor,
        sets: Ragged,
        texts: Sequence[str],
        whole: Tensor | None = None,
    ) -> Self:
        """This model over other pictures: image code k is the k-th of them. Parameters are shared.

        Args:
            features: what names the regions of the pictures; None where images are not read.
            vectors: (regions, d) float16; ``sets`` says which picture they belong to.
            sets: pictures -> rows of ``vectors``.
            texts: a caption for each picture.
            whole: (pictures, d) what ``self.whole`` says of each picture, for a model that has it.

        Raises:
            ValueError: ``whole`` is missing.
        """
        if self.whole is not None and whole is None:
            raise ValueError(f"{self.name} reads {self.whole.folder.name} of whole pictures: give it for these as well")
        other = self.twin()
        other.n_items = len(texts)
        if features is not None:
            other.features = features
            other.region_table = RegionTable(vectors.to(self.device), sets.to(self.device))
        if whole is not None:
            other.wholes = whole.to(self.device, torch.float32)
        if self.texts is not None:
            other.texts = Texts(self.texts.vocabulary, texts)
            other.word_codes = other.texts.codes().to(self.device)
        else:
            other.word_codes = self.word_codes.new_empty(len(texts), 0)
        return other

    @property
    def sights(self) -> tuple[Features, ...]:
        """Features of regions and of whole pictures, as far as they are read."""
        return (*super().sights, *(() if self.whole is None else (self.whole,)))

    def repaint(self, item: int, seen: Sequence[Tensor]) -> None:
        """Besides the regions, what whole pictures look like."""
        super().repaint(item, seen)
        if self.whole is not None:
            repaint_row(self, "wholes", item, seen[1].float().mean(0))

    @abstractmethod
    def predict(self, posts: Posts) -> Tensor:
        """Predicted popularity (R,) of ``posts``."""

    def forward(self, batch: PostBatch) -> Tensor:
        """Mean squared error (UHAN, Section 3.4)."""
        return functional.mse_loss(self.predict(self.posts(batch.users, batch.items)), batch.popularity)

    def posts(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Posts:
        """The posts of ``items`` (R,) by ``users`` (R,)."""
        images, place = torch.unique(items, return_inverse=True)
        if len(images) == len(items):
            images, place = items, torch.arange(len(items), device=items.device)
        words = self.word_codes.index_select(0, images)
        # Recurrent layers and softmaxes need a place even where nobody wrote a word.
        words = words[:, : max(1, int((words != PADDING).sum(1).max()))] if words.numel() else words
        regions = words.new_empty(len(images), 0, 0, dtype=torch.float32)
        region_gates = regions.new_empty(len(items), 0)
        if "regions" in self.config.modalities:
            regions = self.region_table(images)
            region_gates = self.region_table.present(images).float().index_select(0, place)
            gate = gates.on("regions", self.elements("regions", users, items)) if gates is not OPEN else None
            if gate is not None:
                region_gates = region_gates * self.region_table.padded(items, gate)
        word_gates = (words != PADDING).to(regions.dtype).index_select(0, place)
        gate = gates.on("words", self.elements("words", users, items)) if gates is not OPEN else None
        if gate is not None:
            word_gates = word_gates.masked_scatter(word_gates > 0, gate)
        return Posts(users, images, place, regions, region_gates, words, word_gates, gate is not None)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Predicted popularity (R,)."""
        return self.predict(self.posts(users, items, gates))

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Predicted popularity (R, images) of every image if each of the users posted it."""
        images = torch.arange(self.n_items, device=users.device)
        sizes = {group.name: self.elements(group.name, images, images).lengths for group in self.active_evidence}
        rows = []
        for row, user in enumerate(torch.split(users, 1)):
            parts = []
            for block in torch.split(images, BLOCK):
                elements = {
                    name: gate[int(sizes[name][: block[0]].sum()) :][: int(sizes[name][block].sum())]
                    for name, gate in gates.elements.items()
                }
                aspects = {name: gate[row].expand(len(block)) for name, gate in gates.aspects.items()}
                closed = OPEN if gates is OPEN else Gates(elements, aspects)
                parts.append(self.score_pairs(user.expand(len(block)), block, closed))
            rows.append(torch.cat(parts))
        return torch.stack(rows)

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The regions of each image, or the known words of each caption (image code times longest, plus position)."""
        if group == "regions":
            return self.region_table.sets(items)
        words = self.word_codes.index_select(0, items) != PADDING
        codes = items.unsqueeze(1) * self.config.longest + torch.arange(words.shape[1], device=items.device)
        return Ragged.from_lengths(words.sum(1), codes[words])

    def levels(
        self, posts: Posts, items: Tensor, attention: Mapping[str, Tensor], contribution: Mapping[str, Tensor]
    ) -> tuple[Level, ...]:
        """The levels of R posts: the modalities, if there are two, and what each is made of.

        Args:
            posts: the R posts.
            items: (R,) what they show.
            attention: by level, padded weights: (R, modalities) of the aspects, (R, M) of regions, (R, L) of words.
            contribution: the same.
        """
        rows, groups = len(items), self.active_evidence
        places = torch.tensor([self.evidence.index(group) for group in groups], device=items.device)
        sets = {ASPECTS: Ragged.from_lengths(places.new_full((rows,), len(groups)), places.repeat(rows))}
        if len(groups) < 2:
            sets = {}
        sets |= {group.name: self.elements(group.name, posts.users, items) for group in groups}
        found = []
        for name, elements in sets.items():
            numbers = [
                None if of.get(name) is None else of[name][_inside(of[name], elements)]
                for of in (attention, contribution)
            ]
            found.append(Level(name, elements, numbers[0], numbers[1]))
        return tuple(found)


def _inside(padded: Tensor, sets: Ragged) -> Tensor:
    """(R, places) which places of ``padded`` (R, places) are filled."""
    return torch.arange(padded.shape[1], device=padded.device) < sets.lengths.unsqueeze(1)


def training_posts(dataset: Dataset) -> tuple[Tensor, Tensor, Tensor]:
    """Users, items and popularity, each (n,), of the training posts.

    Raises:
        DataError: there are none.
    """
    users, items, popularity = dataset.posts("train")
    if not len(users):
        raise DataError(f"{dataset.root} has no training posts to learn popularity from: add the table posts")
    return users, items, popularity
