"""The contract every model keeps, and all the rest of the workbench knows of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates


class ModelConfig(BaseModel):
    """Hyperparameters of a model and of its training; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: float = 5e-3
    epochs: int = 100
    batch: int = 8192
    negatives: int = 1
    patience: int = 10
    evaluate_every: int = 1
    monitor: str = "NDCG@5"

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
class Level:
    """One level of attention for R pairs.

    Attributes:
        name: ``"aspects"`` or the name of an evidence group.
        elements: R sets of element codes (for the level of aspects: positions in ``model.evidence``).
        attention: (elements,) weights; within a row they add up to the largest gate of the row, or to 0 if empty.
            None where the model does not weigh (its weights are fixed by a formula with no choice).
        contribution: (elements,) exact additive share of the score, or None where the model is not additive.
    """

    name: str
    elements: Ragged
    attention: Tensor | None
    contribution: Tensor | None


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
    """Base of every ranking model.

    A subclass states what it is on the class, reads the dataset in ``__init__`` (recorded data goes into
    non-persistent buffers, so that weights hold parameters alone) and implements the four verbs below.
    """

    name: ClassVar[str]
    family: ClassVar[str]
    paper: ClassVar[Paper]
    needs: ClassVar[tuple[str, ...]]
    evidence: ClassVar[tuple[EvidenceGroup, ...]] = ()
    task: ClassVar[Literal["ranking", "popularity"]] = "ranking"
    Config: ClassVar[type[ModelConfig]] = ModelConfig

    def __init__(self, config: ModelConfig, dataset: Dataset) -> None:
        super().__init__()
        self.config = config
        self.n_users = len(dataset.users)
        self.n_items = len(dataset.items)

    def start_epoch(self, epoch: int) -> None:
        """Told before each epoch, counted from 1, for models trained in stages."""

    @property
    def ready(self) -> bool:
        """Whether the model is past its warm-up, so that validating it means something."""
        return True

    @abstractmethod
    def forward(self, batch: PairBatch) -> Tensor:
        """The training loss of a batch, a scalar."""

    @abstractmethod
    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,) of the pairs ``users`` (R,) x ``items`` (R,)."""

    @abstractmethod
    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images) of every image for ``users`` (R,)."""

    @abstractmethod
    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Attention and contributions, level by level, for the pairs ``users`` (R,) x ``items`` (R,)."""

    @abstractmethod
    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The R element sets of an evidence group for the pairs ``users`` (R,) x ``items`` (R,)."""

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """The evidence groups this configuration reads (all of the class by default)."""
        return self.evidence
