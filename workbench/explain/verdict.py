"""Whether an explanation can be believed: does what it shows agree with what removal does?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.explain.explanation import FLAT, OWN_LABEL, Element, EvidenceLevel, Verdict, flatness
from workbench.layers.evidence import ASPECTS

OWN_TASTE = 0.8
"""From this share of the positive score on, own taste is what the score rests on."""
AGREE, SOME = 0.5, 0.2
"""Kendall's tau between what is shown and what removal costs: from here on agreement, and partial agreement."""


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
       costliest and Kendall's tau between the two orders is at least 0.5;
    5. partly: it is among the three costliest, or tau is at least 0.2;
    6. not supported: otherwise; the reason names the element the score needs most.
    """
    pool, shown = _pool(levels)
    numbers = {"elements": float(len(pool))}
    if len(pool) < 2:
        few = "There is only one piece of evidence, and nothing to compare it with."
        reason = few if pool else "The model has no evidence here, so there is nothing to check."
        return Verdict(badge="cannot be judged", reason=reason, numbers=numbers)
    spread = flatness(shown)
    if not any(shown):
        reason = "The model weighs nothing and has no exact shares, so it shows nothing that removal could contradict."
        return Verdict(badge="cannot be judged", reason=reason, numbers=numbers)
    if spread is None or spread >= FLAT:
        reason = "The model spreads itself evenly over all evidence: it shows no preference to check."
        return Verdict(
            badge="cannot be judged", reason=reason, numbers=numbers | ({} if spread is None else {"flatness": spread})
        )
    cost = [abs(element.removal or 0.0) if predicts else -(element.removal or 0.0) for element in pool]
    tau = kendall_tau(shown, cost)
    order = sorted(range(len(pool)), key=lambda i: -cost[i])
    strongest = max(range(len(pool)), key=lambda i: shown[i])
    place = order.index(strongest) + 1
    positive = max(own, 0.0) + sum(max(share, 0.0) for share in _shares(levels))
    share = max(own, 0.0) / positive if positive > 0 else 0.0
    numbers |= {"flatness": spread, "kendall_tau": tau, "place_by_removal": float(place), "own_taste_share": share}
    if not predicts and (doubt := _doubt(share, pool[order[0]], own_label)):
        return Verdict(badge="not supported", reason=doubt, numbers=numbers)
    return _decide(
        pool[strongest], pool[order[0]], place, tau, numbers, "prediction changes" if predicts else "score loses"
    )


def kendall_tau(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b of two lists of numbers, ties allowed; 0 where one of them is constant.

    By hand, because the library that has it takes longer to import than all explanations of a page take to make.
    """
    one, other = (np.sign(np.subtract.outer(values, values)) for values in (first, second))
    scale = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / scale if scale else 0.0


def _doubt(share: float, needed: Element, own_label: str) -> str | None:
    """Rules 2 and 3."""
    if share >= OWN_TASTE:
        return f"The score rests on {own_label} ({share:.0%} of what speaks for the image), not on the evidence shown."
    if (needed.removal or 0.0) >= 0:
        return "No single piece of evidence holds the score up: without any of them it stays or rises."
    return None


def _decide(top: Element, needed: Element, place: int, tau: float, numbers: dict[str, float], what: str) -> Verdict:
    """Rules 4 to 6."""
    if place == 1 or (place <= 3 and tau >= AGREE):
        reason = f"What is shown strongest, {top.label}, is also what the {what} {_ordinal(place)} without."
        return Verdict(badge="supported", reason=reason, numbers=numbers)
    if place <= 3 or tau >= SOME:
        reason = f"Shown strongest is {top.label}, number {place} by what removal costs; {needed.label} matters most."
        return Verdict(badge="partly", reason=reason, numbers=numbers)
    reason = (
        f"Shown strongest is {top.label}, only number {place} by what removal costs: the score rests on {needed.label}."
    )
    return Verdict(badge="not supported", reason=reason, numbers=numbers)


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
    """Exact shares of the elements; of a group whose elements have none, its own as an aspect."""
    told = [level for level in levels if level.name != ASPECTS and level.within is None]
    single = {level.name for level in told if any(e.contribution is not None for e in level.elements)}
    shares = [e.contribution or 0.0 for level in told for e in level.elements]
    aspects = [e for level in levels if level.name == ASPECTS for e in level.elements]
    return shares + [e.contribution or 0.0 for e in aspects if e.id not in single]


def _strength(element: Element, aspect: Element | None) -> float:
    weighed = aspect is None or aspect.attention is not None
    if element.attention is None or (element.contribution is not None and not weighed):
        return abs(element.contribution or 0.0)
    if aspect is None:
        return element.attention
    weight = aspect.attention if aspect.attention is not None else abs(aspect.contribution or 0.0)
    return element.attention * weight
