"""Attention over groups of evidence, each of which is an attention over its elements."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from workbench.data.ragged import Ragged


@dataclass(frozen=True)
class UserSide:
    """What does not depend on the image, for R rows.

    Attributes:
        base: (R, d) own taste P.
        query: (R, hidden) what the aspect attention knows of the user.
        contexts: by aspect, the context (R, d).
        scores: (R, aspects of the user's side) aspect scores before the softmax; ``presence`` their gates.
        sets: by aspect, the elements; ``weights`` their attention.
    """

    base: Tensor
    query: Tensor
    contexts: dict[str, Tensor]
    scores: Tensor
    presence: Tensor
    sets: dict[str, Ragged]
    weights: dict[str, Tensor]

    def spread(self, rows: Tensor) -> UserSide:
        """The dense parts repeated for the given ``rows``; the sets stay behind."""
        base, query, scores, presence = (
            part.index_select(0, rows) for part in (self.base, self.query, self.scores, self.presence)
        )
        contexts = {name: context.index_select(0, rows) for name, context in self.contexts.items()}
        return UserSide(base, query, contexts, scores, presence, {}, {})
