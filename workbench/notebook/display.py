"""How public objects look in a notebook: one picture or one small table, in the words and colours of the app."""

from __future__ import annotations

import base64
import html as markup
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure
from pydantic import BaseModel, ValidationError

from workbench import demo
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import SCHEMA, DatasetCard
from workbench.evaluation.reproduction import Reproduction
from workbench.evaluation.result import Estimate, Evaluation
from workbench.explain.attribute_reading import AttributeReading, AttributeReadings, AttributeTastes
from workbench.explain.attributes import AttributeProfile
from workbench.explain.audit.result import Audit
from workbench.explain.beside import Beside
from workbench.explain.diffusion import Ego
from workbench.explain.drift import Drift
from workbench.explain.explainer import Explainer, Recommendation
from workbench.explain.explanation import EvidenceLevel, Explanation, Verdict
from workbench.explain.frames import KeyFrames, Reel
from workbench.explain.popularity import Forecast
from workbench.explain.population import Population
from workbench.explain.regions import RegionMap
from workbench.explain.timeline import TopicRiver, WeekGrid, WordMap
from workbench.explain.whatif import WhatIf
from workbench.figures.attributes import attributes_figure
from workbench.figures.audit import methods_figure
from workbench.figures.beside import beside_figure
from workbench.figures.card import card_figure
from workbench.figures.drift import drift_figure
from workbench.figures.elements import elements_figure
from workbench.figures.export import Numbers, drawn_png
from workbench.figures.frames import film_figure, key_frames_figure
from workbench.figures.heat import heat_figure
from workbench.figures.population import population_figure
from workbench.figures.rings import rings_figure
from workbench.figures.river import river_figure
from workbench.figures.style import BADGES
from workbench.figures.tastes import tastes_figure
from workbench.figures.thumbnails import picture_path, thumbnail, uri
from workbench.figures.week import week_figure
from workbench.figures.whatif import what_if_figure
from workbench.figures.wordmap import wordmap_figure
from workbench.training.run import Run

DPI: Final = 144
PICTURES, SIDE = 10, 72
"""Images of a dataset that are shown, and their pixels."""
ROWS: Final = 20
"""Rows of a table that are shown; those left out are told."""

_DRAWN: Final[dict[type, Callable[[Any, Path | None], Figure]]] = {
    Explanation: card_figure,
    Forecast: card_figure,
    EvidenceLevel: lambda level, root: elements_figure(level, None, root),
    Population: lambda population, _: population_figure(population),
    RegionMap: heat_figure,
    Beside: beside_figure,
    WhatIf: what_if_figure,
    Audit: lambda audit, _: methods_figure(audit),
    Ego: lambda ego, _: rings_figure(ego),
    Drift: drift_figure,
    AttributeReading: lambda reading, root: attributes_figure([reading], root),
    AttributeReadings: lambda found, root: attributes_figure(found.readings, root),
    AttributeProfile: lambda profile, _: tastes_figure([profile]),
    AttributeTastes: lambda found, _: tastes_figure(found.profiles, planted=found.planted),
    KeyFrames: lambda reading, root: key_frames_figure([reading], root),
    Reel: lambda reel, root: film_figure(reel.readings, root),
    TopicRiver: lambda river, _: river_figure(river),
    WeekGrid: lambda grid, _: week_figure(grid),
    WordMap: wordmap_figure,
}
"""The picture of each kind, given the folder its images lie in where that is known."""


def html(shown: object) -> str | None:
    """An object of the package, or a matplotlib figure, as HTML; None where it has no look of its own."""
    if isinstance(shown, Figure):
        return _picture(shown)
    if isinstance(shown, list):
        ranked = bool(shown) and all(isinstance(one, Recommendation) for one in shown)
        return _frame("Recommended", [], _table([one.model_dump() for one in shown])) if ranked else None
    for kind, draw in _DRAWN.items():
        if isinstance(shown, kind):
            words = [shown.verdict] if isinstance(shown, Audit) else []
            return _frame("", words, _picture(draw(shown, _root(shown))))
    for kind, tell in _TOLD.items():
        if isinstance(shown, kind):
            return tell(shown)
    if isinstance(shown, BaseModel) and type(shown).__module__.startswith("workbench."):
        return _plain(shown)
    return None


def _dataset(data: Dataset) -> str:
    rows = [
        {"table": name, "rows": len(data.table(name)), "columns": ", ".join(data.table(name).columns)}
        for name in SCHEMA
        if data.has(name)
    ]
    words = [f"{len(data.users):,} users, {len(data.items):,} images", data.card.provenance, data.card.licence]
    paths = (picture_path(data.root, data.image_relative(code)) for code in range(min(len(data.items), PICTURES)))
    images = "".join(f'<img src="{uri(thumbnail(path, SIDE))}" alt="" style="margin:2px">' for path in paths if path)
    return _frame(f"Dataset {data.name}", words, images + _table(rows))


def _run(run: Run) -> str:
    card = run.card
    words = [
        f"{card.model}, trained on {card.dataset}, seed {card.seed}, best epoch {card.best_epoch}"
        + ("" if card.finished else ", not finished")
    ]
    return _frame(f"Run {run.name}", words, _table([dict(card.metrics)] if card.metrics else []))


def _explainer(explainer: Explainer) -> str:
    rows = [{"evidence": one.name, "what": one.label, "table": one.table} for one in explainer.groups.values()]
    words = [f"{explainer.model.name} over {explainer.dataset.name}", "" if rows else explainer.model.silent]
    return _frame(f"Explainer {explainer.run}", words, _table(rows))


def _evaluation(found: Evaluation) -> str:
    columns: dict[str, dict[str, str]] = {f"all {found.users:,}": _estimates(found.metrics)}
    columns |= {
        name: {metric: f"{value:.4f}" for metric, value in told.items()} for name, told in found.controls.items()
    }
    for group in found.groups:
        columns[f"{group.users:,} with {group.fewest:,}–{group.most:,}"] = _estimates(group.metrics)
    rows: list[dict[str, object]] = [
        {"metric": metric, **{name: told.get(metric, "") for name, told in columns.items()}} for metric in found.metrics
    ]
    words = f"{found.split} split, protocol {found.protocol}; mean ± standard error over users"
    return _frame(
        f"{found.model} on {found.dataset}", [f"{words}, all and by how much there is to learn from"], _table(rows)
    )


def _reproduction(found: Reproduction) -> str:
    rows: list[dict[str, object]] = [
        {"row": row.row, "model": row.model, found.metric: _estimate(row.ours)} for row in found.rows
    ]
    return _frame(found.title, [found.protocol, found.note], _table(rows))


def _verdict(verdict: Verdict) -> str:
    sign, hue = BADGES[verdict.badge]
    badge = f'<b style="color:{hue}">{sign} {markup.escape(verdict.badge)}</b>'
    return _frame("", [], f"<p>{badge}: {markup.escape(verdict.reason)}</p>")


def _plain(shown: BaseModel) -> str:
    """Its table where it has one, else its fields: what is short as it is, of the rest how much there is."""
    if isinstance(shown, Numbers):
        return _frame(type(shown).__name__, [], _table(shown.rows()))
    rows: list[dict[str, object]] = [
        {"field": name, "value": f"{len(value):,} entries" if isinstance(value, (tuple, list, dict)) else value}
        for name, value in shown.model_dump().items()
        if value is not None
    ]
    return _frame(type(shown).__name__, [], _table(rows))


_TOLD: Final[dict[type, Callable[[Any], str]]] = {
    Dataset: _dataset,
    Run: _run,
    Explainer: _explainer,
    Evaluation: _evaluation,
    Reproduction: _reproduction,
    Verdict: _verdict,
}


def _estimate(found: Any) -> str:
    return f"{found.mean:.4f}" + ("" if found.sd is None else f" ± {found.sd:.4f}")


def _estimates(metrics: dict[str, Estimate]) -> dict[str, str]:
    return {name: _estimate(found) for name, found in metrics.items()}


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    """Words to the left, numbers to the right and to four places."""
    if not rows:
        return ""
    sides = {name: "right" if isinstance(value, (int, float)) else "left" for name, value in rows[0].items()}
    head = "".join(f'<th style="text-align:{side}">{markup.escape(name)}</th>' for name, side in sides.items())
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{side}">{markup.escape(_cell(row.get(name)))}</td>' for name, side in sides.items()
        )
        + "</tr>"
        for row in rows[:ROWS]
    )
    left = len(rows) - ROWS
    more = f"<p>and {left:,} more rows</p>" if left > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _frame(title: str, words: Sequence[str], body: str) -> str:
    head = f"<b>{markup.escape(title)}</b>" if title else ""
    told = "".join(f"<div>{markup.escape(text)}</div>" for text in words if text)
    return f'<div style="max-width:64rem;overflow-x:auto">{head}{told}{body}</div>'


def _picture(figure: Figure) -> str:
    data = base64.b64encode(drawn_png(figure, DPI)).decode("ascii")
    # A white sheet also where the notebook is dark: the figure is drawn for one.
    return f'<img src="data:image/png;base64,{data}" alt="" style="max-width:100%;width:{figure.get_figwidth():.2f}in">'


def _root(shown: object) -> Path | None:
    """The folder of the dataset at home that an object speaks of, None where it is elsewhere or not said."""
    told = shown.explanation if isinstance(shown, Forecast) else shown
    name, fingerprint = getattr(told, "dataset", ""), getattr(told, "fingerprint", "")
    return _folder(name, fingerprint) if name and fingerprint else None


@lru_cache(maxsize=16)
def _folder(name: str, fingerprint: str) -> Path | None:
    for folder in demo.datasets():
        try:
            card = DatasetCard.model_validate_json((folder / "dataset.json").read_text(encoding="utf-8"))
            if card.name == name and Dataset.open(folder).fingerprint == fingerprint:
                return folder
        except (OSError, ValidationError, DataError):
            continue
    return None
