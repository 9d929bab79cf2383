"""Pictures of audits: every number is drawn, every method keeps its mark, and words stay on the page."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import plotly.graph_objects as go
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tests.figures.made import NASTY
from tests.figures.made_audit import METHODS, make_audit
from tests.figures.test_pictures import assert_words_fit, screen_words, words_of
from workbench.explain.attribution import METHODS as ATTRIBUTIONS
from workbench.explain.audit import tables
from workbench.explain.audit.look import CONTROLS
from workbench.explain.audit.result import Audit
from workbench.figures import audit as pictures
from workbench.figures.auditdots import Column
from workbench.figures.auditgrid import Cell
from workbench.figures.auditmarks import METHOD_MARKS
from workbench.figures.export import save
from workbench.figures.style import BADGES, COLUMN_WIDTH, FULL_WIDTH, THEMES, ThemeName, contrast, ink_on

Draw = Callable[[Audit, float, ThemeName], Figure]
DRAWINGS: dict[str, Draw] = {
    "methods": lambda a, width, theme: pictures.methods_figure(a, width=width, theme=theme),
    "curves": lambda a, width, theme: pictures.curves_figure(a, width=width, theme=theme),
    "agreement": lambda a, width, theme: pictures.agreement_figure(a, width=width, theme=theme),
    "randomisation": lambda a, width, theme: pictures.randomisation_figure(a, width=width, theme=theme),
    "planted": lambda a, width, theme: pictures.planted_figure(a, width=width, theme=theme),
    "calibration": lambda a, width, theme: pictures.calibration_figure(
        [a, make_audit(NASTY, badges=("supported", "partly"))], width=width, theme=theme
    ),
    "runs": lambda a, width, theme: pictures.runs_figure(
        [a, make_audit(NASTY, weighs=False)], width=width, theme=theme
    ),
}
SCREENS: dict[str, Callable[[Audit, ThemeName], go.Figure]] = {
    "methods": lambda a, theme: pictures.methods_plotly(a, theme=theme),
    "curves": lambda a, theme: pictures.curves_plotly(a, theme=theme),
    "agreement": lambda a, theme: pictures.agreement_plotly(a, theme=theme),
    "randomisation": lambda a, theme: pictures.randomisation_plotly(a, theme=theme),
    "planted": lambda a, theme: pictures.planted_plotly(a, theme=theme),
    "calibration": lambda a, theme: pictures.calibration_plotly([a], theme=theme),
    "runs": lambda a, theme: pictures.runs_plotly([a], theme=theme),
}
FULL = make_audit(badges=tuple(BADGES))


@pytest.mark.parametrize(("width", "theme"), [(COLUMN_WIDTH, "dark"), (FULL_WIDTH, "light")])
@pytest.mark.parametrize("name", DRAWINGS)
def test_words_stay_on_the_page_and_apart(name: str, width: float, theme: ThemeName) -> None:
    assert_words_fit(DRAWINGS[name](FULL, width, theme), width)


def test_every_method_has_a_mark_of_its_own_that_can_be_seen() -> None:
    assert {"attention", "contribution", *ATTRIBUTIONS, *CONTROLS} == set(METHOD_MARKS)
    marks = METHOD_MARKS.values()
    assert len({mark.marker for mark in marks}) == len({mark.symbol for mark in marks}) == len(marks)
    assert {name for name, mark in METHOD_MARKS.items() if mark.control} == set(CONTROLS)
    for theme in THEMES.values():
        assert all(contrast(mark.colour(theme), theme.background) >= 3 for mark in marks)


def test_the_gain_is_drawn_with_its_interval_and_controls_are_hollow() -> None:
    figure = pictures.methods_figure(FULL)
    gains = next(axes for axes in figure.axes if axes.get_xlabel().startswith("gain"))
    dots = {line.get_marker(): line for line in gains.lines if line.get_marker() not in {"None", None}}
    for name, gain in FULL.intervals.items():
        dot, one = dots[METHOD_MARKS[name].marker], gain["comprehensiveness"]
        assert float(dot.get_xdata()[0]) == pytest.approx(one.mean)
        ends = [tuple(line.get_xdata()) for line in gains.lines if len(line.get_xdata()) == 2]
        assert (one.low, one.high) in ends
        hollow = to_hex(dot.get_markerfacecolor()) == "#ffffff"
        assert hollow == (name in CONTROLS)
    assert METHOD_MARKS["random"].marker not in dots
    assert "random order (control)" in words_of(figure) and "–" in words_of(figure)


def test_the_screen_shows_the_same_numbers() -> None:
    figure = pictures.methods_plotly(FULL)
    dots = next(trace for trace in figure.data if str(trace.name).startswith("sufficiency"))
    assert list(dots.x) == [values["sufficiency"] for values in FULL.methods.values()]
    assert "table order (control)" in screen_words(figure)
    curves = pictures.curves_plotly(FULL)
    drawn = [tuple(trace.y) for trace in curves.data]
    assert drawn == [c.deletion for c in FULL.curves.values()] + [c.insertion for c in FULL.curves.values()]
    assert [trace.showlegend for trace in curves.data].count(True) == len(FULL.curves)


def test_curves_on_paper_are_those_of_the_audit() -> None:
    deletion, insertion = pictures.curves_figure(FULL).axes[:2]
    for axes, way in ((deletion, "deletion"), (insertion, "insertion")):
        lines = {line.get_marker(): tuple(line.get_ydata()) for line in axes.lines}
        for name, curve in FULL.curves.items():
            assert lines[METHOD_MARKS[name].marker] == getattr(curve, way)


def test_agreement_is_printed_on_tints_it_can_be_read_on() -> None:
    words = words_of(pictures.agreement_figure(FULL))
    tau = FULL.agreement["attention"]["shapley"]
    assert f"{tau:+.2f}".replace("-", "−") in words
    assert "table order" not in words
    for theme in THEMES.values():
        for depth in (-1, -0.5, 0, 0.5, 1):
            tint = Cell("", depth).tint(theme)
            assert contrast(ink_on(tint), tint) >= 4.5


def test_planted_causes_stand_beside_chance_and_verdicts_name_their_number() -> None:
    words = words_of(pictures.planted_figure(FULL))
    assert {f"{sign} {badge} (12)" for badge, (sign, _) in BADGES.items()} <= set(words)
    figure = pictures.planted_plotly(FULL)
    chance = next(trace for trace in figure.data if trace.name == "chance")
    assert set(chance.x) == {FULL.planted["uniform"].precision_at_1}


def test_levels_are_told_apart_where_they_compete() -> None:
    assert "And within its own level?" not in words_of(pictures.planted_figure(FULL))
    found = {name: one.model_copy(update={"precision_at_1": 0.875}) for name, one in FULL.planted.items()}
    apart = FULL.model_copy(update={"levels": {"follows": found}})
    assert {"And within its own level?", "0.88"} <= set(words_of(pictures.planted_figure(apart)))


def test_verdicts_of_runs_are_drawn_with_their_interval_and_few_of_them_are_not() -> None:
    few = FULL.verdicts["supported"].model_copy(update={"pairs": 9, "right": 0.123})
    other = FULL.model_copy(update={"run": "few", "verdicts": {**FULL.verdicts, "supported": few}})
    figure = pictures.calibration_figure([FULL, other])
    supported = next(axes for axes in figure.axes if "supported" in axes.get_xlabel())
    one = FULL.verdicts["supported"]
    dots = [line for line in supported.lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [one.right]
    assert (one.low, one.high) in [tuple(line.get_xdata()) for line in supported.lines]
    with pytest.raises(ValueError, match="audit one on the demo"):
        pictures.calibration_figure([make_audit("gru", planted=False)])


def test_what_an_audit_lacks_is_said() -> None:
    plain = make_audit("gru", weighs=False, planted=False)
    with pytest.raises(ValueError, match="weighs nothing"):
        pictures.randomisation_figure(plain)
    with pytest.raises(ValueError, match="No cause that gru"):
        pictures.planted_figure(plain)
    with pytest.raises(ValueError, match="no audit"):
        pictures.runs_figure([])
    assert "attention" not in words_of(pictures.methods_figure(plain))
    assert "Planted causes found" not in words_of(pictures.runs_figure([plain]))


def test_a_star_marks_gains_that_chance_does_not_explain() -> None:
    words = words_of(pictures.runs_figure([FULL]))
    for name in METHODS:
        gain = FULL.intervals[name]["comprehensiveness"]
        written = f"{gain.mean:+.2f}".replace("-", "−")
        assert (written + "*" if gain.low > 0 or gain.high < 0 else written) in words


def test_gains_within_levels_stand_below_those_over_all_evidence() -> None:
    words = words_of(pictures.methods_figure(FULL))
    assert {"And within each level?", "follows (160)", "uploads (1,090)"} <= set(words)
    for gains in (one.intervals for one in FULL.within.values()):
        for gain in (one["comprehensiveness"] for one in gains.values()):
            sure = "*" if gain.low > 0 or gain.high < 0 else ""
            assert f"{gain.mean:+.2f}".replace("-", "−") + sure in words
    alone = words_of(pictures.methods_figure(FULL.model_copy(update={"within": {}})))
    assert "And within each level?" not in alone


def test_an_axis_holds_all_that_is_drawn() -> None:
    column = Column("x", (0.1, None, -0.4), (0.0, None, -0.6), (0.2, None, -0.1), (0.5, None, 0.5), signed=True)
    low, high = column.range()
    assert low < -0.6 and high > 0.5 and column.shown == [0, 2] and column.text(1) == "–"
    assert Column("x", (None,)).range()[0] < Column("x", (None,)).range()[1]


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_format_is_written(name: str, tmp_path: Path) -> None:
    stem = tmp_path / name
    save(DRAWINGS[name](FULL, FULL_WIDTH, "light"), stem, ["png", "svg", "pdf"])
    save(SCREENS[name](FULL, "dark"), stem, ["html"], theme="dark")
    several = name in {"runs", "calibration"}
    table = getattr(tables, f"{name}_table")([FULL] if several else FULL)
    save(table, stem, ["csv", "json"])
    assert cv2.imread(str(stem.with_suffix(".png"))).shape[1] == 2070
    with stem.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(table.records) > 0 and {row["run"] for row in rows} == {"hasc"}
    assert json.loads(stem.with_suffix(".json").read_text())["about"] == table.about
