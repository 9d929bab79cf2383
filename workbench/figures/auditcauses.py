"""Whether explanations find the planted causes: over all evidence, within each level, and by verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from workbench.explain.audit.result import Audit, Planted
from workbench.figures.auditdots import Column, Dots
from workbench.figures.auditmarks import HOLLOW, METHOD_MARKS, Mark, badge_mark
from workbench.figures.page import Block
from workbench.figures.style import BADGES

WHOLE: Final = (0.0, 1.0)
FEWEST: Final = 10
"""Explanations with a verdict below which their share is not drawn: its interval would span the axis."""


def planted_blocks(audit: Audit) -> list[Block]:
    """What each method finds over all evidence and within levels, and what verdicts are worth.

    Raises:
        ValueError: no cause is known.
    """
    if not audit.planted:
        raise ValueError(f"No cause that {audit.run} could have read is planted: plant some with 'workbench plant'.")
    blocks: list[Block] = [_over_all(audit)]
    # Within the only level that holds causes nothing is new, unless units of other levels compete with it.
    if audit.levels and any(found != audit.planted for found in audit.levels.values()):
        blocks.append(_within(audit))
    if audit.verdicts:
        blocks.append(_verdicts(audit))
    return blocks


def _over_all(audit: Audit) -> Block:
    found, chance = audit.planted, audit.planted["uniform"]
    columns = [
        _column("precision@1: the cause comes first", found, "precision_at_1", chance.precision_at_1),
        _column("AUC: the cause above another", found, "auc", 0.5),
    ]
    if chance.pointing is not None:
        columns.append(_column("pointing: the strongest region in the box", found, "pointing", chance.pointing))
    return Dots(
        heading="Does it find the planted cause?",
        note=f"{audit.run} · n = {chance.pairs:,}",
        rows=tuple(METHOD_MARKS[name] for name in found),
        columns=tuple(columns),
        key=f"n: held-out likes or posts. Upright lines: chance. {HOLLOW}",
    )


def _column(title: str, found: Mapping[str, Planted], field: str, expected: float | None) -> Column:
    values = tuple(getattr(one, field) for one in found.values())
    return Column(title, values, (), (), tuple(expected for _ in values), WHOLE)


def _within(audit: Audit) -> Block:
    columns = []
    for level, found in audit.levels.items():
        chance = found["uniform"]
        methods = [found.get(name) for name in audit.planted]
        columns.append(
            Column(
                f"{level} ({chance.pairs:,}): the cause comes first among them",
                tuple(None if one is None else one.precision_at_1 for one in methods),
                (),
                (),
                tuple(None if one is None else chance.precision_at_1 for one in methods),
                WHOLE,
            )
        )
    return Dots(
        heading="And within its own level?",
        note=audit.run,
        rows=tuple(METHOD_MARKS[name] for name in audit.planted),
        columns=tuple(columns),
        key="Each level ranked by itself: those that hold each other, such as a hop and the people in it, do not "
        "compete. In brackets: held-out likes or posts.",
    )


def _verdicts(audit: Audit) -> Block:
    badges = [badge for badge in BADGES if badge in audit.verdicts]
    told = [audit.verdicts[badge] for badge in badges]
    return Dots(
        heading="What is a verdict worth?",
        note="by badge",
        rows=tuple(badge_mark(badge, one.pairs) for badge, one in zip(badges, told, strict=True)),
        columns=(
            Column(
                "share in which what is shown strongest is the cause",
                tuple(one.right for one in told),
                tuple(one.low for one in told),
                tuple(one.high for one in told),
                tuple(one.chance for one in told),
                WHOLE,
            ),
        ),
        key="With 95 % intervals. Upright lines: chance. In brackets: explanations of planted causes.",
    )


def calibration_block(audits: Sequence[Audit]) -> Block:
    """Runs by verdicts: how often what is shown strongest is the planted cause.

    Raises:
        ValueError: no cause is known.
    """
    known = [audit for audit in audits if audit.verdicts]
    if not known:
        raise ValueError("No audited run explains what it weighs and knows a planted cause: audit one on the demo.")
    return Dots(
        heading="How often are verdicts right?",
        note="by run",
        rows=tuple(Mark(audit.run, METHOD_MARKS["attention"].hue, "o", "circle") for audit in known),
        columns=tuple(_of_badge(known, badge) for badge in BADGES if any(badge in a.verdicts for a in known)),
        key="Held-out likes or posts in which what is shown strongest is the planted cause, with 95 % intervals. "
        f"Upright lines: chance. –: fewer than {FEWEST} explanations have this verdict.",
    )


def _of_badge(audits: Sequence[Audit], badge: str) -> Column:
    told = [audit.verdicts.get(badge) for audit in audits]
    shown = [None if one is None or one.pairs < FEWEST else one for one in told]
    return Column(
        f"{BADGES[badge][0]} {badge}",
        tuple(None if one is None else one.right for one in shown),
        tuple(None if one is None else one.low for one in shown),
        tuple(None if one is None else one.high for one in shown),
        tuple(None if one is None else one.chance for one in shown),
        WHOLE,
    )
