"""The one explanation object: frozen, serialisable, the same for every model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.layers.evidence import ASPECTS

SCHEMA_VERSION = 1
FLAT = 0.95
"""A level whose entropy is at least this share of the uniform entropy shows no preference."""

OWN_LABEL = "own taste"

Id = int | str
Badge = Literal["supported", "partly", "not supported", "cannot be judged"]
By = Literal["attention", "contribution", "removal"]
"""The numbers that order elements."""


def flatness(weights: Sequence[float]) -> float | None:
    """Entropy of ``weights`` over the entropy of uniform weights, 0..1; None where there is nothing to compare."""
    total = sum(weights)
    if len(weights) < 2 or total <= 0:
        return None
    shares = [weight / total for weight in weights]
    return -sum(share * math.log(share) for share in shares if share > 0) / math.log(len(shares))


class Frozen(BaseModel):
    """Immutable, strict base of everything that is exported."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Element(Frozen):
    """One piece of evidence.

    Attributes:
        kind: what it is (image, person, region, word, aspect, ...).
        id: the dataset's own id.
        label: the name a person reads.
        image: path of its picture relative to the dataset folder, where it has one.
        attention: weight within its level, or None where the model does not weigh.
        contribution: exact additive share of the score, or None where the model is not additive.
        removal: change of the score when the element is removed (score without - score with).
        rank_without: rank of the explained image when the element is removed.
        attributions: further attribution values by method.
        of: for a part of another element (a region of a liked image), the id of that element.
        box: for a region or what shows an attribute, x0, y0, x1, y1 as fractions of width and height.
        confidence: for an attribute, how sure the network that read it is of its value, 0..1.
        span: for a word, where it stands in the text: ``text[start:end]``.
        time: for what happened at a moment, when: seconds since 1970 (UTC).
    """

    kind: str
    id: Id
    label: str
    image: str | None = None
    attention: float | None = None
    contribution: float | None = None
    removal: float | None = None
    rank_without: int | None = None
    attributions: dict[str, float] = Field(default_factory=dict)
    of: Id | None = None
    box: tuple[float, float, float, float] | None = None
    confidence: float | None = None
    span: tuple[int, int] | None = None
    time: int | None = None

    def strength(self, by: By) -> float:
        """How strong it is: its attention, the size of its contribution, or what its removal costs; -inf if unknown."""
        value: float | None = getattr(self, by)
        if value is None:
            return -math.inf
        return {"attention": value, "contribution": abs(value), "removal": -value}[by]


class EvidenceLevel(Frozen):
    """The elements of one level of the attention, in the order the dataset gives them.

    Attributes:
        name: how commands and exports call it; ``kind`` what its elements are.
        label: what a person calls it; the name where it is left out.
        within: name of the level whose elements these are parts of; attention then adds up within each of those.
    """

    name: str
    kind: str
    label: str | None = None
    within: str | None = None
    elements: tuple[Element, ...]

    @property
    def flatness(self) -> float | None:
        """Entropy of the attention over the entropy of uniform weights, 0..1; None below two elements."""
        return flatness([e.attention for e in self.elements if e.attention is not None])

    @property
    def is_flat(self) -> bool:
        """Whether the attention shows no preference (entropy within 5% of uniform)."""
        spread = self.flatness
        return spread is not None and spread >= FLAT

    def top(self, n: int, by: By = "contribution") -> tuple[Element, ...]:
        """The ``n`` strongest elements: by attention, by size of contribution, or by what their removal costs."""
        return tuple(sorted(self.elements, key=lambda element: element.strength(by), reverse=True)[:n])


class Verdict(Frozen):
    """Whether the explanation can be believed, and the numbers the rule used.

    Attributes:
        badge: supported, partly, not supported, or cannot be judged.
        reason: one sentence in plain words.
        numbers: the figures behind it, by name.
    """

    badge: Badge
    reason: str
    numbers: dict[str, float] = Field(default_factory=dict)


class Explanation(Frozen):
    """Why this image, for this user, by this model.

    ``score = own + sum of the contributions of the first level`` where the model is additive.

    Attributes:
        run: name of the run folder; ``dataset`` its dataset's name; ``fingerprint`` that dataset's fingerprint.
        task: ranking, or popularity: then the score is the predicted log2(views a day + 1) and there is no rank.
        rank: rank of the image (1 = best) among those the user neither liked in training nor made herself.
        candidates: how many images that ranking has.
        moment: for a model of sequences, how many likes of the user had happened; None for those of the train split.
        removal: what stands in the place of a removed element: nothing (deleted), the same weight without a share
            (zeroed), or the mean of its set (mean), see ``workbench.explain.held``.
        text: the caption, where the model reads words.
        own: the part of the score no evidence carries; ``own_label`` what that is.
        levels: from top to bottom; the first is the level of aspects where the model has several groups.
        sentence: the explanation in words.
    """

    schema_version: int = SCHEMA_VERSION
    model: str
    run: str
    dataset: str
    fingerprint: str
    user: Id
    user_label: str
    item: Id
    item_label: str
    image: str | None = None
    moment: int | None = None
    removal: Literal["deleted", "zeroed", "mean", "blurred"] = "deleted"
    text: str | None = None
    task: Literal["ranking", "popularity"] = "ranking"
    score: float
    rank: int | None
    candidates: int
    own: float
    own_label: str = OWN_LABEL
    levels: tuple[EvidenceLevel, ...]
    sentence: str
    verdict: Verdict

    def level(self, name: str) -> EvidenceLevel:
        """The level called ``name``.

        Raises:
            KeyError: no such level.
        """
        for level in self.levels:
            if level.name == name:
                return level
        raise KeyError(f"this explanation has no level '{name}'; it has {', '.join(n.name for n in self.levels)}")

    @property
    def aspects(self) -> EvidenceLevel:
        """The level of aspects; a model with one group of evidence has that group as its only aspect."""
        first = self.levels[0] if self.levels else EvidenceLevel(name=ASPECTS, kind="aspect", elements=())
        if first.name == ASPECTS or not self.levels:
            return first
        shares = [e.contribution for e in first.elements if e.contribution is not None]
        total = sum(shares) if len(shares) == len(first.elements) else None
        group = Element(kind="aspect", id=first.name, label=first.label or first.name, contribution=total)
        return EvidenceLevel(name=ASPECTS, kind="aspect", elements=(group,))
