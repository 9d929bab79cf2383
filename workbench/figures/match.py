"""How regions and words match, as far as there is room: which are shown, which outlined, what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from workbench.figures.looks import Pixels
from workbench.figures.text import signed_text, weight_text

if TYPE_CHECKING:
    from workbench.explain.timeline import WordMap

MOST: Final = 8
"""How many regions are shown."""
OUTLINED: Final = 4
"""How many regions are outlined in the image."""


@dataclass(frozen=True)
class Shown:
    """What there is room for.

    Attributes:
        regions: numbers of the most relevant ones, the most relevant first; ``words`` numbers of the words, in order.
    """

    regions: list[int]
    words: list[int]


@dataclass(frozen=True)
class Match:
    """An image whose strongest regions are outlined, and the matrix of regions by words.

    Attributes:
        word: number of the word whose regions are outlined; None outlines the most relevant ones.
        most: how many regions the matrix has.
    """

    map: WordMap
    pixels: Pixels
    word: int | None
    most: int

    def __post_init__(self) -> None:
        regions, words = len(self.map.boxes), len(self.map.words)
        if len(self.map.weights) != regions or len(self.map.relevance) != regions:
            raise ValueError(f"{regions} regions need as many rows of weights and as many relevances")
        if any(len(row) != words for row in self.map.weights):
            raise ValueError(f"every region needs a weight for each of the {words} words")
        if self.word is not None and not 0 <= self.word < words:
            raise ValueError(f"there is no word {self.word}: choose from 0 to {words - 1}")

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """(M, N) weights of the words by region."""
        return np.array(self.map.weights, dtype=np.float64).reshape(len(self.map.boxes), len(self.map.words))

    def shown(self, room: int) -> Shown:
        """The most relevant regions, and of the words that one of them matches more than evenly at most ``room``."""
        regions = np.argsort(-np.array(self.map.relevance), kind="stable")[: self.most]
        if not len(regions) or not self.map.words:
            return Shown([int(i) for i in regions], [])
        peaks = self.weights[regions].max(axis=0)
        # The first words win among equals; the chosen one is always there.
        order = [
            int(i) for i in np.argsort(-peaks, kind="stable") if peaks[i] >= 1 / len(peaks) - 1e-9 and i != self.word
        ]
        kept = [*([] if self.word is None else [self.word]), *order][: max(room, 1)]
        return Shown([int(i) for i in regions], sorted(kept))

    @cached_property
    def outlined(self) -> list[tuple[int, float, str]]:
        """Regions to outline, the strongest first: number, strength 0..1, value in words."""
        values = np.array(self.map.relevance) if self.word is None else self.weights[:, self.word]
        text = signed_text if self.word is None else weight_text
        order = [int(i) for i in np.argsort(-values, kind="stable")[:OUTLINED] if values[i] > 0]
        return [(i, float(values[i] / values[order[0]]), text(float(values[i]))) for i in order]

    @property
    def caption(self) -> str:
        """What the outlines are."""
        if not self.outlined:
            return "no region to outline"
        listed = ", ".join(f"{number + 1} ({value})" for number, _, value in self.outlined)
        if self.word is None:
            return f"outlined: the most relevant regions, {listed}"
        return f"outlined: the regions that match “{self.map.words[self.word]}” most, {listed}"

    def note(self, shown: Shown) -> str:
        """What is shown of what there is."""
        counts = (
            (len(shown.regions), len(self.map.boxes), "regions"),
            (len(shown.words), len(self.map.words), "words"),
        )
        return " · ".join(f"{few} of {all_:,} {name}" for few, all_, name in counts if few < all_)

    def key(self, shown: Shown, printed: bool) -> str:
        """What the matrix says."""
        if not shown.regions or not shown.words:
            return "the model reads no word of this text" if shown.regions else "the image has no regions"
        cells = "cells: which words a region matches (all words of a row add up to 1)"
        parts = [f"{cells}{'; printed from the even share on' if printed else ''}", "relevance: cosine, −1 to 1"]
        regions, words = len(self.map.boxes) - len(shown.regions), len(self.map.words) - len(shown.words)
        less = [_counted(regions, "less relevant region")] * bool(regions) + [_counted(words, "weaker word")] * bool(
            words
        )
        return " · ".join([*parts, *([f"left out: {' and '.join(less)}"] if less else [])])

    def is_printed(self, weight: float) -> bool:
        """Whether a weight is at least the even share."""
        return weight >= 1 / max(len(self.map.words), 1)

    def strength(self, weight: float) -> float:
        """How strong the background of a cell is, 0..1: full at 1, steeper where weights are small."""
        return float(np.sqrt(weight))


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' if count != 1 else ''}"
