"""Train a model: choose one and its hyperparameters, start it, watch it learn, stop it, go on, delete it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from workbench.app import desk, loading, sources, state, trainings, widgets
from workbench.app.export import figure_menu
from workbench.app.main import FOLDER
from workbench.app.trainings import SIGNS, Training
from workbench.demo import SHOWN
from workbench.evaluation.learning import LearningCurves
from workbench.figures.learning import learning_figure, learning_plotly
from workbench.jobs import job as jobs
from workbench.jobs import settings
from workbench.models import registry

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset

# Seconds between two looks at what is at work; a string here would be drawn.
POLL: Final = 1.5
QUIET: Final = {"displayModeBar": False}
LOG: Final = 20
DEVICES: Final = ("auto", "cpu", "cuda")
ALT: Final = "Loss and validation metrics of this run by epoch."


def show() -> None:
    """Draw the page."""
    st.header("Train a model")
    stamped = desk.data()
    with desk.sentences():
        dataset = loading.dataset(stamped)
    _told()
    _start(Path(stamped.path), dataset)
    st.subheader("Trainings and runs")
    found = trainings.every(Path(stamped.path))
    if not found:
        st.caption("None yet. A training goes on when this page is closed, and is found here again.")
        return
    _table(Path(stamped.path), [training.state == "running" for training in found])
    names = [training.name for training in found]
    chosen = widgets.pick("Look at", names, "job")
    _one(Path(stamped.path), chosen, found[names.index(chosen)].state == "running")


def _told() -> None:
    """What the last button came to, once."""
    fault = st.session_state.pop("train-fault", None)
    if fault:
        st.error(widgets.text(fault), icon=":material/error:")


def _start(data: Path, dataset: Dataset) -> None:
    models = registry()
    lacking = {name: settings.lacks(model, dataset) for name, model in models.items()}
    names = sorted(models, key=lambda name: (lacking[name] is not None, _place(name), name))
    with st.expander("Start a training", icon=":material/play_arrow:", expanded=True):
        name = widgets.pick("Model", names, "model", name=lambda one: one if lacking[one] is None else f"{one} (lacks)")
        model = models[name]
        st.caption(f"{widgets.text(model.family).capitalize()} · {widgets.text(model.paper)}")
        why_not = lacking[name]
        if why_not:
            words = widgets.text(f"{why_not} Choose another model, or add what it needs to the data.")
            st.info(words, icon=":material/block:")
            return
        with st.form("training", border=False):
            values = trainings.form(name, settings.fields(model))
            grid = st.grid(3, min_column_width=200)
            with grid.cell():
                run = st.text_input("Name of the run", trainings.free_name(data, name), key=f"run-{name}")
            with grid.cell():
                device = st.selectbox("Device", _devices(), key="device", help="auto takes a GPU where there is one.")
            with grid.cell():
                seed = st.number_input("Seed", 0, value=0, step=1, key="seed", help="Of all that is random.")
            submitted = st.form_submit_button("Start training", type="primary", icon=":material/play_arrow:")
        if submitted:
            with desk.sentences():
                _submit(data, dataset, name, values, (run.strip(), device, int(seed)))


def _place(name: str) -> int:
    """Models shown on the demo come first, in its order."""
    shown = list(dict.fromkeys(model for model, _ in SHOWN.values()))
    return shown.index(name) if name in shown else len(shown)


def _devices() -> tuple[str, ...]:
    import torch

    return DEVICES if torch.cuda.is_available() else DEVICES[:2]


def _submit(data: Path, dataset: Dataset, name: str, values: dict[str, Any], choices: tuple[str, str, int]) -> None:
    run, device, seed = choices
    model = registry()[name]
    fault = trainings.fault_of_name(data, run)
    if fault:
        raise ValueError(fault)
    told = settings.changed(model, values)
    folder = sources.runs_folder(data) / run
    commands = settings.preparations(model, values, dataset)
    commands.append(settings.training(name, data, folder, told, device, seed))
    with st.spinner("Starting"):
        jobs.start(folder, name, commands)
    state.change_option("job", run)
    st.rerun()


def _table(data: Path, at_work: list[bool]) -> None:
    """All trainings, looked at again while one is at work."""
    st.fragment(_rows, run_every=POLL if any(at_work) else None)(data, at_work)


def _rows(data: Path, at_work: list[bool]) -> None:
    found = trainings.every(data)
    if any(at_work) and [training.state == "running" for training in found] != at_work:
        st.rerun()
    rows = [_row(training) for training in found]
    st.dataframe(
        rows,
        hide_index=True,
        height=min(38 + 35 * len(rows), 320),
        # Together no wider than what a tablet held upright leaves beside the menu.
        column_config={
            "run": st.column_config.TextColumn(width=92),
            "model": st.column_config.TextColumn(width=80),
            "state": st.column_config.TextColumn(width=68),
            "done": st.column_config.ProgressColumn("done", format="percent", min_value=0, max_value=1, width=82),
            "epochs": st.column_config.NumberColumn(width=54),
            "best": st.column_config.TextColumn("validation", help="What stops it, at its best epoch.", width=126),
        },
        alt="All trainings and runs of this dataset.",
    )


def _row(training: Training) -> dict[str, object]:
    curve = training.curve
    best = curve.at_best(curve.monitor) if curve else None
    return {
        "run": training.name,
        "model": training.model,
        "state": training.state,
        "done": curve.done if curve else 0.0,
        "epochs": len(curve.epochs) if curve else 0,
        "best": "" if curve is None or best is None else f"{curve.monitor} {best:.4f}",
    }


def _one(data: Path, name: str, at_work: bool) -> None:
    """One training, drawn again and again while it is at work."""
    st.fragment(_detail, run_every=POLL if at_work else None)(data, name, at_work)


def _detail(data: Path, name: str, at_work: bool) -> None:
    training = trainings.one(data, name)
    if at_work and training.state != "running":
        st.rerun()
    colour, words = SIGNS[training.state]
    st.markdown(f"**{widgets.text(name)}** :{colour}-badge[{words}] {widgets.text(training.model)}")
    _progress(training)
    reason = jobs.reason_of(training.folder)
    if reason and training.state != "finished":
        st.error(widgets.text(reason), icon=":material/error:")
    _buttons(data, training)
    if training.card is not None:
        _curve(training)
    if training.job is not None:
        with st.expander("Log and command"):
            st.code("\n".join(jobs.log_of(training.folder, LOG)) or "Nothing yet.", language=None, wrap_lines=True)
            lines = "\n".join(f"workbench {_quoted(command)}" for command in training.job.commands)
            st.caption("The same by command:")
            st.code(lines, language=None, wrap_lines=True)


def _quoted(command: tuple[str, ...]) -> str:
    import shlex

    return shlex.join(command)


def _progress(training: Training) -> None:
    curve = training.curve
    if training.state != "running":
        if curve is not None:
            begun = "" if training.job is None else f" Started {_hour(training.job.started)}."
            words = f"{len(curve.epochs):,} of {curve.planned:,} epochs, {curve.seconds:,.0f} s of training.{begun}"
            st.caption(words)
        return
    if curve is None or not curve.epochs:
        said = jobs.log_of(training.folder, 1)
        st.progress(0.0, text=widgets.text(said[0].capitalize() if said else "Starting"))
    else:
        left = "" if curve.remaining is None else f", at most {_time(curve.remaining)} left"
        st.progress(curve.done, text=f"Epoch {len(curve.epochs):,} of {curve.planned:,}{left}")
    st.caption("Closing this page does not stop it.")


def _hour(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _curve(training: Training) -> None:
    assert training.card is not None
    curves = LearningCurves.of({training.name: training.card})
    if not curves.metrics:
        return
    note = training.card.dataset
    figure = learning_plotly(curves, note, theme=widgets.theme())
    st.plotly_chart(figure, theme=None, key="learning", alt=ALT, config=QUIET)
    if training.state != "running":
        origin = f"run {training.name}, dataset {training.card.dataset} {training.card.fingerprint}"
        draw, screen = partial(learning_figure, curves, note), partial(learning_plotly, curves, note)
        figure_menu(draw, f"learning-{training.name}", origin, screen, curves)


def _buttons(data: Path, training: Training) -> None:
    name, folder = training.name, training.folder
    with st.container(horizontal=True, vertical_alignment="center"):
        if training.state == "running":
            pid = training.job.pid if training.job else None
            stopping = st.session_state.get(f"stopping-{name}") == pid
            st.button(
                "Stop at once" if stopping else "Stop",
                icon=":material/stop:",
                key="stop",
                on_click=_stop,
                args=(folder, pid, stopping),
                help="What the last complete epoch learned is kept; Resume goes on from there.",
            )
            if stopping:
                st.caption("It stops after the step it is at.")
            return
        if training.state == "finished":
            query = state.view().changed(run=name, options={}).query()
            st.page_link(FOLDER / "why.py", label="Open", icon=":material/help_center:", query_params=query)
        else:
            label = "Resume" if training.card is not None else "Try again"
            st.button(label, icon=":material/resume:", key="resume", on_click=_resume, args=(data, training))
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown(f"Delete the run **{widgets.text(name)}** with its parameters, audits and evaluations?")
            st.button("Delete for good", type="primary", key="delete", on_click=_delete, args=(folder,))
    if training.state == "not finished":
        st.caption("It was begun by command: resume it only if no terminal is training it.")


def _stop(folder: Path, pid: int | None, at_once: bool) -> None:
    st.session_state[f"stopping-{folder.name}"] = pid
    _try(partial(jobs.stop, folder, at_once=at_once))


def _resume(data: Path, training: Training) -> None:
    if training.card is not None:
        device = "cuda" if training.card.device.startswith("cuda") else "cpu"
        commands: list[Any] = [settings.resuming(training.model, data, training.folder, device)]
    else:
        commands = settings.remaining(training.job.commands if training.job else ())
    _try(partial(jobs.start, training.folder, training.model, commands))
    state.change_option("job", training.name)


def _delete(folder: Path) -> None:
    def remove() -> None:
        jobs.delete(folder.parent, folder.name)
        options = {name: value for name, value in state.view().options.items() if name != "job"}
        gone = {"run": None} if state.view().run == folder.name else {}
        state.change(options=options, **gone)

    _try(remove)


def _try(action: Any) -> None:
    """Do what a button asks for; what goes wrong is said when the page is drawn again."""
    try:
        action()
    except jobs.JobError as fault:
        st.session_state["train-fault"] = str(fault)


show()
