"""Which model is better? Runs beside each other on the same users, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
import streamlit as st
from matplotlib.figure import Figure

from workbench.app import desk, evaluations, loading, runs, sources, state, widgets
from workbench.app.background import progress
from workbench.app.evaluations import POSTS, Task
from workbench.app.export import figure_menu
from workbench.app.main import FOLDER
from workbench.app.sources import Stamped
from workbench.evaluation.comparison import common_metrics
from workbench.evaluation.learning import LearningCurves
from workbench.explain.audit.tables import Table
from workbench.figures import better as pictures
from workbench.figures.export import Numbers
from workbench.figures.learning import learning_figure, learning_plotly
from workbench.models import registry

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset
    from workbench.evaluation.comparison import RunComparison

MOST: Final = 12
FIRST: Final = 4
QUIET: Final = {"displayModeBar": False}
PROTOCOLS: Final = {
    "full": "all images",
    "sampled": "100 drawn images",
    "next": "the next like",
}
HELP: Final = {
    "metrics": "Every run on the same held-out likes or posts. Lines are 95 % intervals: how far other users from the "
    "same crowd might have moved the mean.",
    "differences": "What counts is whether the difference, user by user, is more than chance; with several runs to "
    "compare, p-values are corrected.",
    "groups": "A model may be better only for users it has much to learn from, or only for those with little.",
    "learning": "Validation metrics by epoch. Runs that were stopped early, or never levelled off, are not compared at "
    "their best.",
}
TASKS: Final[dict[Task, str]] = {"ranking": "ranking of images", "popularity": "popularity of posts"}


def show() -> None:
    """Draw the page."""
    st.header("Which model is better?")
    stamped = desk.data()
    with desk.sentences():
        dataset = loading.dataset(stamped)
    by_task = _by_task(Path(stamped.path))
    tasks = [task for task in TASKS if by_task[task]]
    if not tasks:
        st.info("No finished run of this dataset yet.", icon=":material/info:")
        link = state.view().changed(options={}).query()
        st.page_link(FOLDER / "train.py", label="Train a model", icon=":material/model_training:", query_params=link)
        return
    task = tasks[0]
    if len(tasks) > 1:
        task = widgets.switch("Compare by", tasks, "task", name=TASKS.__getitem__)
    names = by_task[task]
    chosen = widgets.choose_many("Runs", names, f"runs_{task}", names[:FIRST], MOST)
    protocol = POSTS
    if task == "ranking":
        choices = tuple(name for name in PROTOCOLS if name != "next" or _has_times(dataset))
        protocol = widgets.switch("Rank held-out images against", choices, "protocol", name=PROTOCOLS.__getitem__)
    if not chosen:
        st.info("Choose one run or more.", icon=":material/info:")
        return
    _curves(stamped, chosen)
    _evaluated(stamped, chosen, protocol)


def _by_task(data: Path) -> dict[Task, list[str]]:
    """Names of the finished runs by what their model does; in the order of their names."""
    found: dict[Task, list[str]] = {task: [] for task in TASKS}
    models = registry()
    for name, folder in sources.run_folders(data).items():
        model = models.get(runs.model_of(folder) or "")
        if model is not None and loading.run(sources.stamp_run(folder)).card.finished:
            found[model.task].append(name)
    return found


def _has_times(dataset: Dataset) -> bool:
    return dataset.has("likes") and "time" in dataset.table("likes")


def _evaluated(stamped: Stamped, chosen: list[str], protocol: str) -> None:
    # Asked before the evaluations are looked for: one that ends in between is found when its progress is drawn.
    running = evaluations.job(stamped, protocol)
    at_work = running.is_running
    with desk.sentences():
        found = evaluations.of(stamped, chosen, protocol)
    missing = [name for name in chosen if name not in found]
    if at_work:
        progress(running)
    elif missing:
        _offer(stamped, missing, protocol)
    if found:
        _compared(stamped, [name for name in chosen if name in found], common_metrics(found), protocol)


def _offer(stamped: Stamped, missing: list[str], protocol: str) -> None:
    running = evaluations.job(stamped, protocol)
    for fault in running.faults:
        st.error(widgets.text(fault), icon=":material/error:")
    folders = sources.run_folders(Path(stamped.path))
    st.markdown(f"Not evaluated yet: {widgets.text(', '.join(missing))}.")
    st.button(
        f"Evaluate {len(missing)} run{'s' * (len(missing) > 1)}",
        type="primary",
        icon=":material/scoreboard:",
        key="evaluate",
        on_click=running.start,
        args=([folders[name] for name in missing],),
    )


def _compared(stamped: Stamped, names: list[str], metrics: list[str], protocol: str) -> None:
    metric = widgets.pick("Metric", metrics, "metric")
    folders = sources.run_folders(Path(stamped.path))
    with desk.sentences():
        found = evaluations.comparison(
            stamped, tuple(sources.stamp_run(folders[name]) for name in names), protocol, metric
        )
    _reading(found)
    origin = f"dataset {found.dataset} {loading.dataset(stamped).fingerprint}, protocol {protocol}"
    tables = {
        "metrics": Table(about="metrics", records=tuple(found.metric_rows())),
        "differences": Table(about="differences", records=tuple(found.pair_rows())),
        "groups": Table(about="groups", records=tuple(found.group_rows())),
    }
    _picture("metrics", found, (pictures.metrics_plotly, pictures.metrics_figure), origin, tables["metrics"])
    if found.pairs:
        shapes = (pictures.differences_plotly, pictures.differences_figure)
        _picture("differences", found, shapes, origin, tables["differences"])
    _picture("groups", found, (pictures.groups_plotly, pictures.groups_figure), origin, tables["groups"])
    _settings(found)


def _reading(found: RunComparison) -> None:
    """The result in a sentence, before the numbers."""
    st.info(widgets.text(found.sentence), icon=":material/emoji_events:")


def _picture(
    name: str,
    found: RunComparison,
    shapes: tuple[Callable[..., go.Figure], Callable[..., Figure]],
    origin: str,
    numbers: Numbers,
) -> None:
    screen, paper = shapes
    st.plotly_chart(screen(found, theme=widgets.theme()), theme=None, key=name, alt=HELP[name], config=QUIET)
    st.caption(HELP[name])
    figure_menu(partial(paper, found), f"better-{name}", origin, partial(screen, found), numbers)


def _settings(found: RunComparison) -> None:
    st.subheader("What differs in their settings")
    rows = found.setting_rows()
    if rows:
        st.dataframe(rows, hide_index=True, alt="Hyperparameters that differ, a column for each run.")
    else:
        st.caption("No hyperparameter differs." if len(found.runs) > 1 else "One run alone: choose another beside it.")


def _curves(stamped: Stamped, chosen: list[str]) -> None:
    folders = sources.run_folders(Path(stamped.path))
    cards = {name: loading.run(sources.stamp_run(folders[name])).card for name in chosen}
    curves = LearningCurves.of(cards)
    if not curves.metrics:
        return
    with st.expander("How their training went"):
        note = next(iter(cards.values())).dataset
        figure = learning_plotly(curves, note, theme=widgets.theme())
        st.plotly_chart(figure, theme=None, key="learning", alt=HELP["learning"], config=QUIET)
        st.caption(HELP["learning"])
        draw, screen = partial(learning_figure, curves, note), partial(learning_plotly, curves, note)
        figure_menu(draw, "better-learning", f"dataset {note}", screen, curves)


show()
