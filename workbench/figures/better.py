"""Which run is better: metrics with their intervals, differences from the best, groups of users."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.evaluation.comparison import CHANCE, RunComparison
from workbench.figures.auditdots import Column, Dots
from workbench.figures.auditmarks import Mark
from workbench.figures.page import Block, compose, compose_plotly
from workbench.figures.runmarks import run_marks
from workbench.figures.style import FULL_WIDTH, ThemeName, theme_named
from workbench.models.base import ERRORS

MOST: Final = 3
"""Metrics beside each other."""
KINDS: Final = ("NDCG", "HR", "AUC", "MRR", "Recall", "MSE", "MAE")
"""Metrics that are shown before others."""
PLACES: Final = 3


def metrics_figure(found: RunComparison, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """The main metric and two more of every run, with their 95 % bootstrap intervals over users."""
    return compose([_metrics(found)], width, theme_named(theme))


def metrics_plotly(found: RunComparison, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly([_metrics(found)], theme_named(theme))


def differences_figure(found: RunComparison, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """Every other run minus the best, user by user, and whether chance may have done it.

    Raises:
        ValueError: there is one run alone.
    """
    return compose([_differences(found)], width, theme_named(theme))


def differences_plotly(found: RunComparison, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly([_differences(found)], theme_named(theme))


def groups_figure(found: RunComparison, *, width: float = FULL_WIDTH, theme: ThemeName = "light") -> Figure:
    """The main metric of every run in each group of users."""
    return compose([_groups(found)], width, theme_named(theme))


def groups_plotly(found: RunComparison, *, theme: ThemeName = "light") -> go.Figure:
    """The same on the screen."""
    return compose_plotly([_groups(found)], theme_named(theme))


def _note(found: RunComparison) -> str:
    of = "" if found.unit == "users" else f"{found.count:,} {found.unit} of "
    return f"{found.dataset}, {found.protocol} · {of}{found.users:,} users"


def _way(metric: str) -> str:
    return "lower is better" if metric in ERRORS else "higher is better"


def _chosen(found: RunComparison) -> list[str]:
    """The main metric, then others of different kinds, with the same cut-off where they have one."""
    main, _, cut = found.metric.partition("@")
    candidates = (name for kind in KINDS if kind != main for name in (f"{kind}@{cut}", kind) if name in found.metrics)
    return [found.metric, *candidates][:MOST]


def _metrics(found: RunComparison) -> Block:
    columns = tuple(
        Column(
            title=f"{name} ({_way(name)})",
            values=tuple(one.mean for one in found.metrics[name]),
            lows=tuple(one.low for one in found.metrics[name]),
            highs=tuple(one.high for one in found.metrics[name]),
            places=PLACES,
        )
        for name in _chosen(found)
    )
    key = "Lines: 95 % bootstrap intervals over users. Intervals that overlap may still differ user by user: see below."
    return Dots("How good is each run?", _note(found), tuple(run_marks(found.runs)), columns, key)


def _differences(found: RunComparison) -> Block:
    if not found.pairs:
        raise ValueError("One run alone has no difference: choose another one beside it.")
    marks: dict[str, Mark] = dict(zip(found.runs, run_marks(found.runs), strict=True))
    tested = [pair.tested for pair in found.pairs]
    return Dots(
        heading="By how much is the best better?",
        note=f"compared with {found.best}",
        rows=tuple(marks[pair.run] for pair in found.pairs),
        columns=(
            Column(
                title=f"difference in {found.metric} ({_way(found.metric)})",
                values=tuple(one.difference for one in tested),
                lows=tuple(one.low for one in tested),
                highs=tuple(one.high for one in tested),
                signed=True,
                places=PLACES,
            ),
            Column(
                title="p of the paired t-test after Holm",
                values=tuple(pair.adjusted for pair in found.pairs),
                chance=tuple(CHANCE for _ in found.pairs),
                limits=(0.0, 1.0),
                places=PLACES,
            ),
        ),
        key="Paired over the same users, with 95 % bootstrap intervals. Upright lines: p = 0.05; to the right of them "
        "the difference may be chance.",
    )


def _groups(found: RunComparison) -> Block:
    unit = "posts" if found.unit == "posts" else "likes"
    every = [one for group in found.groups for one in group.values]
    ends = [value for one in every for value in (one.mean, one.low, one.high) if value is not None]
    columns = tuple(
        Column(
            title=f"{_span(group.fewest, group.most)} {unit} ({group.users:,} users)",
            values=tuple(one.mean for one in group.values),
            lows=tuple(one.low for one in group.values),
            highs=tuple(one.high for one in group.values),
            limits=(min(ends), max(ends)),
            places=PLACES,
        )
        for group in found.groups
    )
    key = f"Fifths of the users by the {unit} there are to learn from; {found.metric}, {_way(found.metric)}, one scale."
    return Dots("For whom is it better?", _note(found), tuple(run_marks(found.runs)), columns, key)


def _span(fewest: int, most: int) -> str:
    return f"{fewest:,}" if fewest == most else f"{fewest:,}–{most:,}"
