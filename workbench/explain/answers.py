"""What was asked of a pair already: one question of many rows costs a model far less than many questions."""

from __future__ import annotations

import torch
from torch import Tensor


class Answers:
    """Scores of rows of gates, found again bit by bit."""

    def __init__(self) -> None:
        self._scores: dict[bytes, float] = {}

    def of(self, rows: Tensor) -> Tensor | None:
        """Scores (R,) of ``rows`` (R, n); None where one is not known, or slopes are asked for."""
        if not self._scores or (rows.requires_grad and torch.is_grad_enabled()):
            return None
        scores = [self._scores.get(key) for key in _keys(rows)]
        return None if None in scores else rows.new_tensor(scores)

    def fresh(self, rows: Tensor) -> Tensor:
        """Those of ``rows`` (R, n) whose score is not known, each once."""
        places = {key: place for place, key in enumerate(_keys(rows)) if key not in self._scores}
        return rows[torch.tensor([*places.values()], dtype=torch.int64, device=rows.device)]

    def keep(self, rows: Tensor, scores: Tensor) -> None:
        """Remember ``scores`` (R,) of ``rows`` (R, n)."""
        self._scores.update(zip(_keys(rows), scores.tolist(), strict=True))


def _keys(rows: Tensor) -> list[bytes]:
    return [row.tobytes() for row in rows.detach().cpu().numpy()]
