"""The contract every model keeps, and all the rest of the workbench knows of a model."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.features.topics import Topics
from workbench.features.words import Texts
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.regions import RegionTable

ERRORS = ("MSE", "MAE")
"""Metrics of which the smaller value is the better."""


class ModelConfig(BaseModel):
    """Hyperparameters of a model and of its training; unknown names are refused.

    Attributes:
        batch: positives (or posts) in a batch.
        negatives: sampled images for each positive.
        patience: validations without an improvement of ``monitor`` after which training stops.
        evaluate_every: epochs between validations.
        steps: batches of posts that count as an epoch; None for one pass. Likes are always learned in whole passes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: float = 5e-3
    epochs: int = 100
    batch: int = 8192
    negatives: int = 1
    patience: int = 10
    evaluate_every: int = 1
    monitor: str = "NDCG@5"
    steps: int | None = None

    @property
    def staged(self) -> bool:
        """Whether some parameters rest in some epochs, which training on several processes has to know."""
        return False


@dataclass(frozen=True)
class Paper:
    """Where a model comes from."""

    authors: str
    title: str
    venue: str
    year: int

    def __str__(self) -> str:
        return f"{self.authors}: {self.title}, {self.venue} {self.year}"


@dataclass(frozen=True)
class PairBatch:
    """Positive user-image pairs with sampled negatives.

    Attributes:
        users: (B,) codes.
        positives: (B,) codes of liked images.
        negatives: (B, n) codes of images without a recorded like of that user.
    """

    users: Tensor
    positives: Tensor
    negatives: Tensor


@dataclass(frozen=True)
class PostBatch:
    """Posts whose popularity is known.

    Attributes:
        users: (B,) codes of who posted.
        items: (B,) codes of what was posted.
        popularity: (B,) log2(views a day + 1).
    """

    users: Tensor
    items: Tensor
    popularity: Tensor


@dataclass(frozen=True)
class SequenceBatch:
    """Users whose whole sequences of training likes are learned from.

    Attributes:
        users: (B,) codes.
    """

    users: Tensor


@dataclass(frozen=True)
class Level:
    """One level of attention for R pairs.

    Attributes:
        name: ``"aspects"`` or the name of an evidence group.
        elements: R sets of element codes (for the level of aspects: positions in ``model.evidence``).
        attention: (elements,) weights; within a row they add up to the largest gate of the row, or to 0 if empty.
            None where the model does not weigh (its weights are fixed by a formula with no choice).
        contribution: (elements,) exact additive share of the score, or None where the model is not additive.
        parent: for a group inside another one (the regions of liked images), the position (elements,) of the element
            each belongs to among all elements of the level of that group. Attention then adds up within a parent.
    """

    name: str
    elements: Ragged
    attention: Tensor | None
    contribution: Tensor | None
    parent: Tensor | None = None


@dataclass(frozen=True)
class Reading:
    """What a model read for R pairs: score = own + the contributions of one level, where it is additive.

    Attributes:
        scores: (R,).
        own: (R,) part of the score no evidence carries (own taste, biases).
        levels: from top to bottom.
    """

    scores: Tensor
    own: Tensor
    levels: tuple[Level, ...]


class Recommender(nn.Module, ABC):
    """Base of every model that scores a user and an image, by taste or by the popularity it predicts.

    A subclass states what it is on the class, reads the dataset in ``__init__`` (recorded data goes into
    non-persistent buffers, so that weights hold parameters alone) and implements the four verbs below.

    Attributes:
        own_label: what the part of a score is that no evidence carries.
        at_once: whether ``fit`` sets all parameters in one go; such a model has no gradient training.
        silent: why the model has no evidence to show, in one sentence; empty where it has some.
        features: where the codes of regions point to, for a model that reads regions.
        texts: where the codes of words point to, for a model that reads words.
        topics: where the codes of topics point to, for a model that reads topics.
        per_like: numbers a model of sequences holds for each like of a row that is scored.
    """

    name: ClassVar[str]
    family: ClassVar[str]
    paper: ClassVar[Paper]
    needs: ClassVar[tuple[str, ...]]
    evidence: ClassVar[tuple[EvidenceGroup, ...]] = ()
    task: ClassVar[Literal["ranking", "popularity"]] = "ranking"
    own_label: ClassVar[str] = "own taste"
    at_once: ClassVar[bool] = False
    silent: ClassVar[str] = ""
    Config: ClassVar[type[ModelConfig]] = ModelConfig
    features: Features | None = None
    texts: Texts | None = None
    topics: Topics | None = None
    per_like: int = 0
    here: Tensor

    def __init__(self, config: ModelConfig, dataset: Dataset) -> None:
        super().__init__()
        self.config = config
        self.n_users = len(dataset.users)
        self.n_items = len(dataset.items)
        self.register_buffer("here", torch.empty(0), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.here.device

    def start_epoch(self, epoch: int) -> None:
        """Told before each epoch, counted from 1, for models trained in stages."""

    @property
    def ready(self) -> bool:
        """Whether the model is past its warm-up, so that validating it means something."""
        return True

    def fit(self, dataset: Dataset) -> None:
        """Set all parameters from the training data; for models that are fitted ``at_once``."""
        raise NotImplementedError(f"{self.name} is trained by gradient")

    def forward(self, batch: Any) -> Tensor:
        """The training loss of a batch, a scalar.

        Args:
            batch: a ``PairBatch`` for the task of ranking, a ``SequenceBatch`` for a model of sequences, a
                ``PostBatch`` for the task of popularity.
        """
        raise NotImplementedError(f"{self.name} is fitted at once")

    @abstractmethod
    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,) of the pairs ``users`` (R,) x ``items`` (R,)."""

    @abstractmethod
    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images) of every image for ``users`` (R,)."""

    def score_among(self, users: Tensor, items: Tensor, gates: Gates) -> Tensor:
        """Scores (R, images) of every image for ``users`` (R,) where an image (R,) has gates of its own.

        Gates are laid out as for ``score_pairs``; those of the image's side are of ``items`` alone.
        """
        ours = [group.name for group in self.active_evidence if group.side == "user"]
        elements, whole = (
            {name: part[name] for name in ours if name in part} for part in (gates.elements, gates.aspects)
        )
        scores = self.score_items(users, Gates(elements, whole, gates.until))
        return scores.scatter(1, items.unsqueeze(1), self.score_pairs(users, items, gates).unsqueeze(1))

    def score_moments(self, users: Tensor, until: Tensor) -> Tensor:
        """Scores (S, images) for ``users`` (S,) after the first ``until`` (S,) likes they have in any split.

        A model that does not read the order of time gives the same scores at every moment.
        """
        people, row = torch.unique(users, return_inverse=True)
        return self.score_items(people).index_select(0, row)

    @abstractmethod
    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Attention and contributions, level by level, for the pairs ``users`` (R,) x ``items`` (R,)."""

    @abstractmethod
    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The R element sets of an evidence group for the pairs ``users`` (R,) x ``items`` (R,)."""

    def region_map(self, users: Tensor, items: Tensor) -> Level | None:
        """Where in the images ``items`` (R,) the model looks for ``users`` (R,): regions (rows of ``features``).

        None for a model that does not look into images. For a model that looks into the images of the history, this
        is how it would read each image there, liked or not.
        """
        return None

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """The evidence groups this configuration reads (all of the class by default)."""
        return self.evidence

    @property
    def aspects(self) -> tuple[EvidenceGroup, ...]:
        """The groups that are weighed against each other: those that are not inside another one."""
        return tuple(group for group in self.active_evidence if group.within is None)

    @property
    def sights(self) -> tuple[Features, ...]:
        """The image features the model reads, those of its regions first; none where it reads no picture."""
        return () if self.features is None else (self.features,)

    def twin(self) -> Self:
        """A copy that shares all parameters and records, whose pictures alone may be repainted."""
        shared = (*self.parameters(), *self.buffers(), *self.sights, self.texts, self.topics)
        other = copy.deepcopy(self, {id(part): part for part in shared if part is not None})
        for module in other.modules():
            if isinstance(module, RegionTable) and other.features is not None:
                # Mapped anew: what is written to one mapping of the file, no other sees.
                module.vectors = other.features.tensor().to(self.device)
        return other

    def repaint(self, item: int, seen: Sequence[Tensor]) -> None:
        """Read other vectors of an image from now on; for a ``twin``.

        Args:
            item: its code.
            seen: for each of ``sights``, vectors (regions, d) in the place of those of the image.
        """
        for module in self.modules():
            if isinstance(module, RegionTable):
                module.repaint(item, seen[0])


def repaint_row(module: nn.Module, name: str, row: int, vector: Tensor) -> None:
    """Write another ``vector`` (d,) into a row of the buffer ``name`` (n, d) of a part of a ``twin``.

    The first time the table is copied, since the model it is the twin of reads it, too; from then on its rows change in
    place.
    """
    table = module.get_buffer(name)
    # What is made while inference alone is asked for could not be written to at any other time.
    with torch.inference_mode(mode=False), torch.no_grad():
        if getattr(table, "repainted_by", None) is not module:
            table = table.clone()
            table.repainted_by = module  # type: ignore[attr-defined]
            setattr(module, name, table)
        table[row] = vector.to(table)
