"""What audits found, in pictures: methods, curves, agreement, randomisation, planted causes, and several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.explain.audit.result import Audit, Interval
from workbench.figures.auditcauses import calibration_block, planted_blocks
from workbench.figures.auditcurves import Curves
from workbench.figures.auditdots import Column, Dots
from workbench.figures.auditgrid import Cell, Grid
from workbench.figures.auditmarks import HOLLOW, METHOD_MARKS
from workbench.figures.page import Block, compose, compose_plotly
from workbench.figures.style import FULL_WIDTH, ThemeName, theme_named
from workbench.figures.text import markup, signed_text

NONE: Final = Cell("–", None, "not measured")


def methods_figure(audit: Audit, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """Comprehensiveness above random orders, over all evidence and within levels, sufficiency and infidelity."""
    return compose(_removal(audit), width, theme_named(theme))


def methods_plotly(audit: Audit, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly(_removal(audit), theme_named(theme))


def curves_figure(audit: Audit, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """Deletion and insertion curves of every method in one scale."""
    return compose([_curves(audit)], width, theme_named(theme))


def curves_plotly(audit: Audit, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly([_curves(audit)], theme_named(theme))


def agreement_figure(audit: Audit, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """Mean Kendall tau of every two methods."""
    return compose([_agreement(audit)], width, theme_named(theme))


def agreement_plotly(audit: Audit, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly([_agreement(audit)], theme_named(theme))


def randomisation_figure(audit: Audit, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """What is left of the attention as parts of the model become random.

    Raises:
        ValueError: the model weighs nothing.
    """
    return compose([_randomisation(audit)], width, theme_named(theme))


def randomisation_plotly(audit: Audit, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly([_randomisation(audit)], theme_named(theme))


def planted_figure(audit: Audit, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """How well each method, and each verdict, tells the planted causes.

    Raises:
        ValueError: no cause is known.
    """
    return compose(planted_blocks(audit), width, theme_named(theme))


def planted_plotly(audit: Audit, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly(planted_blocks(audit), theme_named(theme))


def calibration_figure(audits: Sequence[Audit], *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """How often explanations of several runs are right about the planted cause, by their verdict.

    Raises:
        ValueError: no cause is known.
    """
    return compose([calibration_block(audits)], width, theme_named(theme))


def calibration_plotly(audits: Sequence[Audit], *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly([calibration_block(audits)], theme_named(theme))


def runs_figure(audits: Sequence[Audit], *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """Runs by methods: planted causes found, and comprehensiveness above random orders.

    Raises:
        ValueError: there is no audit.
    """
    return compose(_runs(audits), width, theme_named(theme))


def runs_plotly(audits: Sequence[Audit], *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly(_runs(audits), theme_named(theme))


def _note(audit: Audit) -> str:
    return f"{audit.run} · n = {audit.pairs:,}"


def _removal(audit: Audit) -> list[Block]:
    return [_methods(audit), *([_within(audit)] if audit.within else [])]


def _methods(audit: Audit) -> Block:
    names = list(audit.methods)
    gains = [audit.intervals.get(name, {}).get("comprehensiveness") for name in names]
    return Dots(
        heading="Does removal bear it out?",
        note=_note(audit),
        rows=tuple(METHOD_MARKS[name] for name in names),
        columns=(
            Column(
                title="gain in comprehensiveness (higher is better)",
                values=tuple(gain.mean if gain else None for gain in gains),
                lows=tuple(gain.low if gain else None for gain in gains),
                highs=tuple(gain.high if gain else None for gain in gains),
                signed=True,
            ),
            _column(audit, "sufficiency", "sufficiency (lower is better)"),
            _column(audit, "infidelity", "infidelity (0 exact, 1 useless)"),
        ),
        key=f"The first two in {audit.unit}; gain: above random orders, with its 95 % interval. {HOLLOW}",
    )


def _column(audit: Audit, name: str, title: str) -> Column:
    return Column(title, tuple(values.get(name) for values in audit.methods.values()))


def _within(audit: Audit) -> Block:
    gains = {
        level: {n: one["comprehensiveness"] for n, one in w.intervals.items()} for level, w in audit.within.items()
    }
    names = [name for name in METHOD_MARKS if any(name in gain for gain in gains.values())]
    largest = max(abs(gain.mean) for found in gains.values() for gain in found.values()) or 1.0
    return Grid(
        heading="And within each level?",
        note="comprehensiveness",
        rows=tuple(f"{level} ({one.pairs:,})" for level, one in audit.within.items()),
        columns=tuple(METHOD_MARKS[name].label for name in names),
        heads=tuple(METHOD_MARKS[name].head for name in names),
        cells=tuple(
            tuple(_gain(level, name, found.get(name), largest) for name in names) for level, found in gains.items()
        ),
        key="Evidence of one level goes while all other stays: above random orders of it, in the same unit. In "
        "brackets: explanations. * the 95 % interval leaves out 0. Blue above 0, red below.",
    )


def _curves(audit: Audit) -> Block:
    return Curves(
        heading="As evidence goes and comes",
        note=_note(audit),
        shares=audit.shares,
        marks={name: METHOD_MARKS[name] for name in audit.curves},
        panels={
            "deletion (lower is better)": {n: one.deletion for n, one in audit.curves.items()},
            "insertion (higher is better)": {n: one.insertion for n, one in audit.curves.items()},
        },
        key=f"Without the strongest evidence, and with it alone: the score above nothing recorded, in {audit.unit}.",
    )


def _agreement(audit: Audit) -> Block:
    # The order of the tables ranks nothing: all of its units tie.
    names = [name for name in audit.agreement if name != "uniform"]
    labels = tuple(METHOD_MARKS[name].label for name in names)

    def cell(one: str, other: str) -> Cell:
        tau = audit.agreement[one].get(other)
        if tau is None:
            return NONE
        pair = f"{markup(METHOD_MARKS[one].name)} and {markup(METHOD_MARKS[other].name)}"
        return Cell(signed_text(tau), tau, f"{pair}<br>tau {signed_text(tau)}")

    return Grid(
        heading="Do the methods agree?",
        note=_note(audit),
        rows=labels,
        columns=labels,
        heads=tuple(METHOD_MARKS[name].head for name in names),
        cells=tuple(tuple(cell(one, other) for other in names) for one in names),
        key="Mean Kendall tau of the orders: +1 the same, 0 as chance has it, −1 reversed. Blue above 0, red below.",
    )


def _randomisation(audit: Audit) -> Block:
    found = audit.randomisation
    if found is None or not found.cascade:
        raise ValueError(
            f"{audit.model} weighs nothing, so there is no attention to compare with that of a random one."
        )
    steps = [one.step for one in found.cascade]
    mark = METHOD_MARKS["attention"]
    limits = (-1.0, 1.0)
    return Dots(
        heading="Was the attention learned?",
        note=f"{audit.run} · n = {found.pairs:,}",
        rows=tuple(type(mark)(step, mark.hue, mark.marker, mark.symbol) for step in steps),
        columns=(
            Column(
                "tau, this part and those above it random",
                tuple(o.agreement for o in found.cascade),
                (),
                (),
                (),
                limits,
                True,
            ),
            Column(
                "tau, this part alone random", tuple(found.alone.get(step) for step in steps), (), (), (), limits, True
            ),
        ),
        key="Kendall tau with the attention as learned: attention that stays near 1 was not learned. Parts of the "
        "parameters, from the end of the model on.",
    )


def _runs(audits: Sequence[Audit]) -> list[Block]:
    if not audits:
        raise ValueError("There is no audit to compare: make one with 'workbench audit RUN'.")
    runs = tuple(audit.run for audit in audits)
    names = [name for name in METHOD_MARKS if any(name in audit.methods for audit in audits)]
    gains = [{name: one.get("comprehensiveness") for name, one in audit.intervals.items()} for audit in audits]
    largest = max((abs(gain.mean) for found in gains for gain in found.values() if gain), default=1.0) or 1.0
    blocks: list[Block] = []
    if any(audit.planted for audit in audits):
        blocks.append(
            Grid(
                heading="Planted causes found",
                note="precision@1",
                rows=runs,
                columns=tuple(_column_name(name) for name in names),
                heads=tuple("chance" if name == "uniform" else METHOD_MARKS[name].head for name in names),
                cells=tuple(tuple(_found(audit, name) for name in names) for audit in audits),
                key="Share of held-out likes or posts whose cause comes first; “chance” is a unit drawn at random. "
                "–: no cause of the run is known, or the method does not fit the model.",
            )
        )
    shown = [name for name in names if name != "random"]
    blocks.append(
        Grid(
            heading="Borne out by removal",
            note="comprehensiveness",
            rows=runs,
            columns=tuple(METHOD_MARKS[name].label for name in shown),
            heads=tuple(METHOD_MARKS[name].head for name in shown),
            cells=tuple(
                tuple(_gain(run, name, found.get(name), largest) for name in shown)
                for run, found in zip(runs, gains, strict=True)
            ),
            key="Above random orders, in standard deviations of a user's scores, or of popularity. * the 95 % interval "
            "leaves out 0. Blue above 0, red below.",
        )
    )
    return blocks


def _column_name(name: str) -> str:
    return "chance" if name == "uniform" else METHOD_MARKS[name].label


def _found(audit: Audit, name: str) -> Cell:
    one = audit.planted.get(name)
    if one is None:
        return NONE
    words = f"{markup(audit.run)}, {markup(_column_name(name))}<br>{one.precision_at_1:.0%} of {one.pairs:,}"
    return Cell(f"{one.precision_at_1:.2f}", one.precision_at_1, words)


def _gain(row: str, name: str, gain: Interval | None, largest: float) -> Cell:
    if gain is None:
        return NONE
    sure = gain.low > 0 or gain.high < 0
    ends = f"[{signed_text(gain.low)}, {signed_text(gain.high)}]"
    words = f"{markup(row)}, {markup(METHOD_MARKS[name].name)}<br>{signed_text(gain.mean)} {ends}"
    return Cell(signed_text(gain.mean) + "*" * sure, gain.mean / largest, words)
