"""Whether an explanation can be believed: does what it shows agree with what removal does?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from workbench.explain.explanation import FLAT, OWN_LABEL, Badge, Element, EvidenceLevel, Verdict, flatness
from workbench.layers.evidence import ASPECTS

OWN_TASTE = 0.8
"""From this share of the positive score on, own taste is what the score rests on."""
AGREE, SOME = 0.5, 0.2
"""Kendall's tau between what is shown and what removal costs: from here on agreement, and partial agreement."""
CLEAR = 3.0
"""How many times as strongly as the second the first has to be shown to be supported. Chosen on training likes of the
demo, see docs/audit.md: where several are shown alike, the first is not more often the cause than the others."""
COSTLY = 3
"""The first has to be among so many costliest."""


@dataclass(frozen=True)
class Rules:
    """The thresholds of ``judge``, so that others can be tried on known causes.

    Attributes:
        flat: share of the uniform entropy from which on nothing is preferred.
        own: share of what speaks for the image from which on it rests on own taste.
        clear: see ``CLEAR``; ``costly`` see ``COSTLY``.
        agree: Kendall's tau of agreement; ``some`` of partial agreement.
    """

    flat: float = FLAT
    own: float = OWN_TASTE
    clear: float = CLEAR
    costly: int = COSTLY
    agree: float = AGREE
    some: float = SOME


RULES = Rules()

Why = Literal["none", "one", "nothing shown", "flat", "own", "no cost", "agrees", "not clear", "near", "elsewhere"]


@dataclass(frozen=True)
class Grade:
    """What the rules make of numbers.

    Attributes:
        badge: of the verdict; ``why`` the rule that decided.
        numbers: that it rests on.
        first: position of what is shown strongest; ``second`` of what is next; ``needed`` of what costs most.
        place: of the first by what removal costs, 1 = most.
    """

    badge: Badge
    why: Why
    numbers: dict[str, float]
    first: int = 0
    second: int = 0
    needed: int = 0
    place: int = 0


def judge(
    own: float, levels: Sequence[EvidenceLevel], *, predicts: bool = False, own_label: str = OWN_LABEL
) -> Verdict:
    """The verdict on an explanation.

    Parts of other elements (regions of liked images) are left out, since those elements hold them already. Where a
    number is predicted rather than a taste (``predicts``), evidence may rightly pull either way: removal then costs
    what the prediction changes, up or down, and rules 2 and 3 do not apply.

    All elements of all groups are pooled. An element is shown with its attention times that of its aspect; where
    aspects are not weighed but have exact shares, with the size of its contribution, or with its attention times the
    size of that of its aspect. Removal costs what the score loses without it. The rules, in order:

    1. cannot be judged: fewer than two elements, nothing shown of them (a model without attention and exact shares), or
       no preference among them (entropy within 5% of uniform);
    2. not supported: own taste makes up 80% or more of the positive score, so it rests on something not shown;
    3. not supported: no removal of a single element lowers the score;
    4. supported: the element shown strongest is also the one whose removal costs most, or is among the three
       costliest and Kendall's tau between the two orders is at least 0.5; and it is shown at least three times as
       strongly as the second;
    5. partly: it is among the three costliest, or tau is at least 0.2;
    6. not supported: otherwise; the reason names the element the score needs most.
    """
    pool, shown = _pool(levels)
    cost = [-(element.removal or 0.0) for element in pool]
    found = grade(shown, cost, own, _shares(levels), predicts=predicts)
    return Verdict(badge=found.badge, reason=_reason(found, pool, own_label, predicts), numbers=found.numbers)


def grade(
    shown: Sequence[float],
    cost: Sequence[float],
    own: float,
    shares: Sequence[float],
    *,
    predicts: bool = False,
    rules: Rules = RULES,
) -> Grade:
    """The rules of ``judge`` on numbers alone.

    Args:
        shown: how strongly each element is shown.
        cost: what the score loses without it.
        own: part of the score that no evidence carries; ``shares`` the exact shares of what does.
        shares: see above.
        predicts: whether a number is predicted rather than a taste.
        rules: the thresholds.
    """
    n, spread = len(shown), flatness(shown)
    numbers = {"elements": float(n)}
    if n < 2:
        return Grade("cannot be judged", "one" if n else "none", numbers)
    if not any(shown):
        return Grade("cannot be judged", "nothing shown", numbers)
    if spread is None or spread >= rules.flat:
        return Grade("cannot be judged", "flat", numbers | ({} if spread is None else {"flatness": spread}))
    paid = [abs(one) for one in cost] if predicts else list(cost)
    tau = kendall_tau(shown, paid)
    order, ranked = (sorted(range(n), key=lambda i: -values[i]) for values in (paid, shown))
    first, second, needed = ranked[0], ranked[1], order[0]
    place = order.index(first) + 1
    positive = max(own, 0.0) + sum(max(share, 0.0) for share in shares)
    share = max(own, 0.0) / positive if positive > 0 else 0.0
    numbers |= {"flatness": spread, "kendall_tau": tau, "place_by_removal": float(place), "own_taste_share": share}
    if shown[second] > 0:
        numbers["times_second"] = shown[first] / shown[second]
    found = partial(Grade, numbers=numbers, first=first, second=second, needed=needed, place=place)
    if not predicts and share >= rules.own:
        return found("not supported", "own")
    if not predicts and paid[needed] <= 0:
        return found("not supported", "no cost")
    if place == 1 or (place <= rules.costly and tau >= rules.agree):
        clear = shown[first] >= rules.clear * shown[second]
        return found("supported", "agrees") if clear else found("partly", "not clear")
    if place <= rules.costly or tau >= rules.some:
        return found("partly", "near")
    return found("not supported", "elsewhere")


def kendall_tau(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b of two lists of numbers, ties allowed; 0 where one of them is constant.

    By hand, because the library that has it takes longer to import than all explanations of a page take to make.
    """
    one, other = (np.sign(np.subtract.outer(values, values)) for values in (first, second))
    scale = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / scale if scale else 0.0


def _reason(found: Grade, pool: Sequence[Element], own_label: str, predicts: bool) -> str:
    """The rule that decided, in words."""
    what = "prediction changes" if predicts else "score loses"
    top, place = pool[found.first].label if pool else "", found.place
    match found.why:
        case "none":
            return "The model has no evidence here, so there is nothing to check."
        case "one":
            return "There is only one piece of evidence, and nothing to compare it with."
        case "nothing shown":
            return _nothing_shown(pool)
        case "flat":
            return "The model spreads itself evenly over all evidence: it shows no preference to check."
        case "own":
            share = found.numbers["own_taste_share"]
            return (
                f"The score rests on {own_label} ({share:.0%} of what speaks for the image), not on the evidence shown."
            )
        case "no cost":
            return "No single piece of evidence holds the score up: without any of them it stays or rises."
        case "agrees":
            return f"What is shown strongest, {top}, is also what the {what} {_ordinal(place)} without."
        case "not clear":
            times = found.numbers["times_second"]
            return (
                f"What is shown strongest, {top}, is what the {what} {_ordinal(place)} without, but it is shown only "
                f"{times:.1f} times as strongly as {pool[found.second].label}."
            )
        case "near":
            needed = pool[found.needed].label
            return f"Shown strongest is {top}, number {place} by what removal costs; {needed} matters most."
        case _:
            needed = pool[found.needed].label
            return f"Shown strongest is {top}, only number {place} by what removal costs: the score rests on {needed}."


def _nothing_shown(pool: Sequence[Element]) -> str:
    if any(element.attention for element in pool):
        return (
            "The model weighs each kind of evidence by itself and does not say how much one kind counts beside "
            "another, so there is no order of all pieces that removal could contradict."
        )
    return "The model weighs nothing and has no exact shares, so it shows nothing that removal could contradict."


def _ordinal(place: int) -> str:
    return {1: "most", 2: "second most", 3: "third most"}[place]


def _pool(levels: Sequence[EvidenceLevel]) -> tuple[list[Element], list[float]]:
    """All elements below the aspects, and how strongly each is shown."""
    aspects = {e.id: e for level in levels if level.name == ASPECTS for e in level.elements}
    pool, shown = [], []
    for level in levels:
        if level.name == ASPECTS or level.within is not None:
            continue
        aspect = aspects.get(level.name)
        for element in level.elements:
            pool.append(element)
            shown.append(_strength(element, aspect))
    return pool, shown


def _shares(levels: Sequence[EvidenceLevel]) -> list[float]:
    aspects = {str(e.id): e.contribution or 0.0 for level in levels if level.name == ASPECTS for e in level.elements}
    told = {
        level.name: [e.contribution for e in level.elements if e.contribution is not None]
        for level in levels
        if level.name != ASPECTS and level.within is None
    }
    return pooled(told, aspects)


def pooled(shares: Mapping[str, Sequence[float]], aspects: Mapping[str, float]) -> list[float]:
    """Exact shares of the elements, by group; of a group whose elements have none, its own as an aspect."""
    whole = [share for name, share in aspects.items() if not shares.get(name)]
    return [share for each in shares.values() for share in each] + whole


def _strength(element: Element, aspect: Element | None) -> float:
    weighed = aspect is None or aspect.attention is not None
    if element.attention is None or (element.contribution is not None and not weighed):
        return abs(element.contribution or 0.0)
    if aspect is None:
        return element.attention
    weight = aspect.attention if aspect.attention is not None else abs(aspect.contribution or 0.0)
    return element.attention * weight
