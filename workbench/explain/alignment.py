"""Do maps of phrases over an image point at what the phrase names? The pointing game, by type of phrase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.explain.explanation import Frozen

Scores = NDArray[np.float64]
ALL = "all"


class PhraseMarks(Frozen):
    """How well one way of scoring regions finds what phrases name.

    Attributes:
        method: how the regions were scored.
        type: of the phrases; ``"all"`` for all of them.
        phrases: how many were marked; ``images`` on so many images.
        hits: how many of their highest regions lie on what is named; ties count by the share of tied regions that do.
        error: standard error of the pointing, phrases on one image not taken for independent.
    """

    method: str
    type: str
    phrases: int
    images: int
    hits: float
    error: float

    @property
    def pointing(self) -> float:
        """Share of the phrases whose highest region lies on what they name."""
        return self.hits / self.phrases


def centres_inside(regions: Scores, boxes: Scores, phrases: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the centre of each region lies in one of the boxes of what a phrase names: (P, M).

    Args:
        regions: (P, M, 4) of the image of each of P phrases: x0, y0, x1, y1.
        boxes: (B, 4) of all that is named, in the same unit.
        phrases: (B,) which phrase each box belongs to, 0 to P - 1.
    """
    centres = (regions[..., :2] + regions[..., 2:])[phrases] / 2
    corners = boxes[:, None]
    lie = ((centres >= corners[..., :2]) & (centres <= corners[..., 2:])).all(-1)
    inside = np.zeros(regions.shape[:2], bool)
    np.logical_or.at(inside, phrases, lie)
    return inside


def controls(regions: Scores, inside: NDArray[np.bool_]) -> dict[str, Scores]:
    """Scores (P, M) that know nothing of phrases, and the best there can be.

    ``"random"`` ties all regions, so that its pointing is the expected one; ``"centre"`` takes those nearest to the
    middle of the image, ``"largest"`` those of the largest area; ``"best possible"`` one that lies on what is named.

    Args:
        regions: (P, M, 4) as fractions of width and height; NaN for the regions an image does not have.
        inside: (P, M) as of ``centres_inside``.
    """
    # Cells of one grid are equally large and far only up to rounding.
    away = np.abs((regions[..., :2] + regions[..., 2:]) / 2 - 0.5).max(-1).round(6)
    area = np.prod(regions[..., 2:] - regions[..., :2], axis=-1).round(6)
    exists = np.isfinite(area)
    return {
        "random": np.where(exists, 0.0, np.nan),
        "centre": -away,
        "largest": area,
        "best possible": np.where(exists, inside, np.nan),
    }


def mark_phrases(
    scores: Mapping[str, Scores], inside: NDArray[np.bool_], types: Sequence[str], images: NDArray[np.int64]
) -> list[PhraseMarks]:
    """Play the pointing game with P phrases: for each method all phrases, then each type, the frequent ones first.

    Args:
        scores: by method (P, M) of the regions of each phrase's image; NaN for regions that do not exist. A score that
            is NaN throughout points nowhere.
        inside: (P, M) whether the region lies on what the phrase names.
        types: (P,) of the phrases.
        images: (P,) the image of each.

    Raises:
        ValueError: there is no phrase to mark.
    """
    if not len(types):
        raise ValueError("there is no phrase to mark: give at least one phrase that has a box and known words")
    kinds = np.asarray(types)
    names, counts = np.unique(kinds, return_counts=True)
    groups = [(ALL, np.ones(len(kinds), bool)), *((str(names[k]), kinds == names[k]) for k in np.argsort(-counts))]
    found = []
    for method, values in scores.items():
        hits = _hits(values, inside)
        found += [_marks(method, name, hits[chosen], images[chosen]) for name, chosen in groups]
    return found


def _hits(scores: Scores, inside: NDArray[np.bool_]) -> Scores:
    """(P,) share of the highest regions that lie inside."""
    shown = np.where(np.isnan(scores), -np.inf, scores)
    top = (shown == shown.max(1, keepdims=True)) & np.isfinite(shown)
    hits: Scores = (top & inside).sum(1) / np.maximum(top.sum(1), 1)
    return hits


def _marks(method: str, name: str, hits: Scores, images: NDArray[np.int64]) -> PhraseMarks:
    distinct, of = np.unique(images, return_inverse=True)
    apart = np.bincount(of, weights=hits - hits.mean())
    n = len(distinct)
    error = np.sqrt(n / (n - 1) * (apart**2).sum()) / len(hits) if n > 1 else 0.0
    return PhraseMarks(
        method=method, type=name, phrases=len(hits), images=n, hits=float(hits.sum()), error=float(error)
    )
