"""Aspect importance of all users as shares, and which of the users a picture draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.explain.explanation import Id
from workbench.explain.population import Population

Measure = Literal["attention", "contribution"]

MAX_DOTS: Final = 4000
BINS: Final = 24


@dataclass(frozen=True)
class Shares:
    """Importance as shares that add up to 1 for each user who has evidence.

    Attributes:
        shares: (shown users, aspects); ``rows`` their rows in the population.
        chosen: row of the marked user in ``shares``, or None.
    """

    population: Population
    measure: Measure
    shares: NDArray[np.float64]
    rows: NDArray[np.int64]
    chosen: int | None

    @classmethod
    def of(cls, population: Population, measure: Measure, user: Id | None) -> Shares:
        """Shares of ``measure``; users without any are left out."""
        values = population.attention if measure == "attention" else population.contribution
        totals = values.sum(axis=1)
        rows = np.flatnonzero(np.isfinite(totals) & (totals > 0))
        found = np.flatnonzero(rows == population.position(user)) if user is not None else rows[:0]
        shares = values[rows] / totals[rows, None]
        return cls(population, measure, shares, rows, int(found[0]) if found.size else None)

    @property
    def axis(self) -> str:
        """What the numbers are."""
        name = "attention" if self.measure == "attention" else "absolute contribution"
        return f"share of {name} (adds up to 1 for each user)"

    @property
    def title(self) -> str:
        """What is shown of how many users."""
        name = "weights" if self.measure == "attention" else "contributions"
        return f"Aspect {name} of {len(self.rows):,} users"

    @property
    def note(self) -> str:
        """Which users are not shown."""
        silent = len(self.population.users) - len(self.rows)
        parts = [f"{silent:,} without evidence left out"] if silent else []
        if len(self.rows) > MAX_DOTS:
            parts.append(f"about {MAX_DOTS:,} of them as dots")
        return " · ".join(parts)

    @property
    def chosen_label(self) -> str:
        """Name of the marked user."""
        return "" if self.chosen is None else self.population.labels[self.rows[self.chosen]]

    @property
    def dots(self) -> NDArray[np.int64]:
        """Rows of ``shares`` that are drawn as dots: evenly spaced where there are too many, the marked one last."""
        count = len(self.rows)
        spaced = np.unique(np.linspace(0, count - 1, min(count, MAX_DOTS)).astype(np.int64)) if count else self.rows[:0]
        return spaced if self.chosen is None else np.append(spaced[spaced != self.chosen], self.chosen)

    @property
    def likes(self) -> NDArray[np.int64]:
        """(dots,) likes in training."""
        return self.population.likes[self.rows[self.dots]]

    def histogram(self, aspect: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Share of the users in each bin of one aspect, and the (BINS + 1,) edges of the bins."""
        counts, edges = np.histogram(self.shares[:, aspect], bins=BINS, range=(0.0, 1.0))
        return counts / max(len(self.rows), 1), edges
