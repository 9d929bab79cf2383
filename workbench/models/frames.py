"""What the key-frame task asks of a model: a score of every frame of an item for a user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.models.base import Recommender


@runtime_checkable
class FrameScorer(Protocol):
    """A model that can say which frame of an item suits a user.

    Attributes:
        frame_features: features of frames; the codes of frames are their rows.
    """

    frame_features: Features

    def frame_scores(self, users: Tensor, items: Tensor) -> tuple[Ragged, Tensor]:
        """Frames of ``items`` (R,) as R sets of codes, and their scores (frames,) for ``users`` (R,)."""


@dataclass(frozen=True)
class FrameReader:
    """How a model scores frames.

    Attributes:
        features: the codes of frames are their rows.
        scores: as of ``FrameScorer.frame_scores``.
        what: the score in words.
        comparable: whether scores of frames of different items can be compared.
    """

    features: Features
    scores: Callable[[Tensor, Tensor], tuple[Ragged, Tensor]]
    what: str
    comparable: bool


def frame_reader(model: Recommender) -> FrameReader | None:
    """How a model scores frames: by itself, or by its attention where it looks into images through frames.

    None for a model that does neither.
    """
    if isinstance(model, FrameScorer):
        return FrameReader(model.frame_features, model.frame_scores, "key-frame score", True)
    features = model.features
    if features is None or features.card.of != "frames" or type(model).region_map is Recommender.region_map:
        return None

    def attention(users: Tensor, items: Tensor) -> tuple[Ragged, Tensor]:
        level = model.region_map(users, items)
        assert level is not None and level.attention is not None
        return level.elements, level.attention

    return FrameReader(features, attention, "attention", False)
