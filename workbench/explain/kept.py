"""Scores of all images for the users asked about last, so that one more image of theirs asks the model less."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock

from torch import Tensor


class Kept:
    """Scores (n, images) by what they answer, the latest ones up to a limit; threads may share it.

    Args:
        most: numbers held at most; an answer that is longer is made each time.
    """

    def __init__(self, most: int) -> None:
        self._most, self._found, self._lock = most, dict[Hashable, Tensor](), Lock()

    def of(self, asked: Hashable, make: Callable[[], Tensor]) -> Tensor:
        """The scores kept under what is asked, else those that ``make`` gives."""
        with self._lock:
            found = self._found.pop(asked, None)
        if found is None:
            found = make()
        with self._lock:
            self._found[asked] = found
            total = sum(scores.numel() for scores in self._found.values())
            while total > self._most:
                total -= self._found.pop(next(iter(self._found))).numel()
        return found
