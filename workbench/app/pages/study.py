"""Study: people compare what two runs recommend and explain, without knowing which is which."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import streamlit as st

from workbench.app import desk, loading, pictures, runs, sources, state, studies, widgets
from workbench.app.export import figure_menu
from workbench.app.sources import Source
from workbench.app.studies import Rating
from workbench.figures.export import save
from workbench.figures.study import study_figure, study_plotly
from workbench.figures.text import shorten
from workbench.figures.thumbnails import picture_path
from workbench.study.design import Picture, Side, first_is_left
from workbench.study.make import Settings, make
from workbench.study.make import pictures as pictures_of
from workbench.study.questions import QUESTIONS, Place
from workbench.study.results import origin, raw, results
from workbench.study.store import LONGEST, Study, StudyError, names, rater_name

if TYPE_CHECKING:
    from workbench.study.results import Results

Step = Literal["rate", "results", "new"]
STEPS: Final[dict[Step, str]] = {"rate": "Take part", "results": "Results", "new": "New study"}
QUIET: Final = {"displayModeBar": False}
# Pixels of a thumbnail with a caption and without, and letters of a caption; a string here would be drawn on the page.
LARGE, SMALL = 86, 66
CAPTION: Final = 56
WHAT: Final = (
    "You see a person, and what two recommenders would show her next and why. Four questions ask which of the two you "
    "prefer. Which recommender is which is not told; sides change from person to person."
)


def show() -> None:
    """Draw the page."""
    known = names(studies.folder())
    named = state.view().options.get("study")
    mine = studies.rating(named or next(iter(known), ""))
    if mine is not None and mine.study in known and state.view().option("step", tuple(STEPS)) == "rate":
        with desk.sentences():
            _rate(Study.open(studies.folder(), mine.study), mine)
        return
    st.header("Study")
    if not known:
        st.markdown(f"{WHAT} There is no study yet: make one.")
        _new(known)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        step = widgets.switch("What to do", tuple(STEPS), "step", name=STEPS.__getitem__)
        with st.container(width=260):
            name = widgets.pick("Study", known, "study") if step != "new" else None
    with desk.sentences():
        if name is None:
            _new(known)
        elif step == "rate":
            _welcome(Study.open(studies.folder(), name))
        else:
            _results(Study.open(studies.folder(), name))


def _welcome(study: Study) -> None:
    """What a study is, and a field for the rater's name."""
    st.markdown(WHAT)
    if study.is_closed:
        st.info("This study is closed and takes no more answers.", icon=":material/lock:")
        return
    st.text_input(
        "Your name", key="rater", max_chars=LONGEST, width=260,
        help="Any word you remember. It is kept with your answers, and nothing else of you.",
    )  # fmt: skip
    st.button(
        "Begin", type="primary", icon=":material/play_arrow:", on_click=studies.begin, args=(study, "rater"),
    )  # fmt: skip
    st.caption("Under the same name you go on where you left.")


def _rate(study: Study, mine: Rating) -> None:
    """One question on one case, or thanks."""
    if mine.number is None:
        st.header("Thank you")
        st.markdown("There is nothing left for you to compare.")
        st.button("Leave", on_click=studies.leave, icon=":material/logout:")
        return
    root = pictures_of(study)
    case = studies.case(study.path, study.path.stat().st_ctime_ns, mine.number)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        left = len(QUESTIONS) - len(mine.chosen)
        st.caption(
            f"Person {mine.turn} of {study.count()} · "
            f"{'last question' if left == 1 else f'{left} questions left'} on this person"
        )
        st.button("Leave", on_click=studies.leave, type="tertiary", icon=":material/logout:")
    _ask(study, mine)
    st.markdown(f"**{widgets.text(case.user_label)}** liked, the latest first")
    _tiles(root, case.liked, texts=True)
    at_left = first_is_left(study.design, rater_name(mine.rater), case.number)
    sides = (case.first, case.second) if at_left else (case.second, case.first)
    grid = st.grid(2, min_column_width=300)
    for place, side in zip(("left", "right"), sides, strict=True):
        with grid.cell():
            _side(study, root, side, place)
    studies.prepare(study, root, widgets.theme())


def _ask(study: Study, mine: Rating) -> None:
    """The question, a button for each side, and one for neither."""
    with st.container(border=True):
        st.markdown(f"#### {QUESTIONS[mine.question].text}")
        with st.container(horizontal=True):
            _choice(study, mine, "Left", "left", ":material/arrow_back:")
            _choice(study, mine, "No difference", None, ":material/drag_handle:")
            _choice(study, mine, "Right", "right", ":material/arrow_forward:")
            if mine.chosen:
                st.button("Question before", type="tertiary", on_click=studies.take_back, args=(study,), key="before")


def _choice(study: Study, mine: Rating, label: str, side: Place | None, icon: str) -> None:
    # A key for each question, so that the next question has no button that looks pressed.
    key, asked = f"{mine.turn}-{mine.question}-{side}", (study, mine.number, mine.question, side)
    st.button(label, key=key, icon=icon, on_click=studies.answer, args=asked, width=180)


def _side(study: Study, root: Path, side: Side, place: str) -> None:
    """What one run recommends, and its explanation of the first image."""
    told = side.explanation
    st.subheader(place.capitalize())
    st.caption("Recommended, the best first")
    _tiles(root, side.images)
    st.markdown(f"**Why the first one?** {widgets.text(told.sentence)}")
    if study.design.verdicts:
        widgets.verdict(told.verdict, key=f"verdict-{place}")
    with desk.sentences():
        st.image(studies.evidence(told, root, widgets.theme()), width="stretch", alt=told.sentence)


def _tiles(root: Path, shown: Sequence[Picture], *, texts: bool = False) -> None:
    """Thumbnails in a row, with captions where asked for."""
    side = LARGE if texts else SMALL
    with st.container(horizontal=True, gap="xsmall"):
        for picture in shown:
            with st.container(width=side, gap=None), desk.sentences():
                path = picture_path(root, picture.image)
                tile = pictures.square(path, pictures.modified(path), str(picture.id), widgets.theme())
                st.image(tile, width=side, alt=picture.label)
                if texts and picture.text.strip():
                    st.caption(widgets.text(shorten(picture.text, CAPTION)))


def _results(study: Study) -> None:
    """The chart and everything to take away, or how far the study is."""
    done = sum(count >= study.design.raters for count in study.ratings())
    try:
        found = results(study)
    except StudyError as fault:
        st.info(widgets.text(fault), icon=":material/hourglass_empty:")
        st.progress(done / study.count(), text=f"{done} of {study.count()} cases have all their raters")
        with st.popover("Close the study", icon=":material/lock:"):
            st.markdown("No more answers are taken from then on, and the results are shown.")
            st.button("Close it for good", on_click=study.close, type="primary")
        return
    first, second = (widgets.text(one.run) for one in (found.first, found.second))
    st.markdown(f"**{first}** beside **{second}** · {found.people} people took part · seed {found.seed}")
    st.plotly_chart(
        study_plotly(found, theme=widgets.theme()), theme=None, key="study", alt="Preferred run by question",
        config=QUIET,
    )  # fmt: skip
    figure_menu(
        partial(study_figure, found), f"study-{found.study}", origin(found), partial(study_plotly, found), found
    )
    st.dataframe(found.rows(), hide_index=True, key="rows")
    _take_answers(study, found)


def _take_answers(study: Study, found: Results) -> None:
    """Every answer, as a file."""

    def written(name: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            (path,) = save(raw(study), Path(folder) / "answers", [name], title=f"Study {found.study}")
            return path.read_bytes()

    with st.container(horizontal=True):
        for name in ("csv", "json"):
            st.download_button(
                f"All answers · {name}", partial(written, name), f"answers-{found.study}.{name}", key=f"answers-{name}",
                icon=":material/download:", type="tertiary", on_click="ignore",
            )  # fmt: skip


def _new(known: Sequence[str]) -> None:
    """A form that makes a study."""
    folders = sources.folders()
    with st.container(width=680):
        data = st.selectbox("Dataset", list(folders), key="new-dataset")
        fitting = runs.fitting(folders[data], "why")
        if len(fitting) < 2:
            st.info(
                "A study needs two runs of this dataset that rank images. Make one with: "
                + widgets.text(runs.commands(folders[data], "why")),
                icon=":material/info:",
            )
            return
        with st.container(horizontal=True):
            first = st.selectbox("Run", fitting, key="new-first")
            second = st.selectbox("Beside run", [run for run in fitting if run != first], key="new-second")
        free = next(f"study-{number}" for number in range(1, 10_000) if f"study-{number}" not in known)
        name = st.text_input("Name", free, key="new-name", help="Raters see it, so it must not tell the runs.")
        with st.container(horizontal=True):
            persons = st.number_input("Persons", 1, 1000, 20, key="new-persons")
            images = st.number_input("Images a side", 1, 10, 5, key="new-images")
            raters = st.number_input("Raters a person", 1, 99, 3, key="new-raters")
            seed = st.number_input("Seed", 0, 1_000_000, 0, key="new-seed")
        active = st.toggle("those with the most likes, as in the paper", value=True, key="new-active")
        verdicts = st.toggle("show the verdict of each explanation", value=True, key="new-verdicts")
        settings = Settings(
            name, int(persons), int(images), int(raters), "active" if active else "random", int(seed), verdicts
        )
        if st.button("Make the study", type="primary", icon=":material/add:", key="make"):
            with desk.sentences():
                _make(folders[data], first, second, settings)
            state.change(options={"study": name, "step": "rate"})
            st.rerun()


def _make(folder: Path, first: str, second: str, settings: Settings) -> None:
    paths, bar = sources.run_folders(folder), st.progress(0.0, text="Asking both runs")
    opened = []
    for run in (first, second):
        source = Source(sources.stamp_data(folder), sources.stamp_run(paths[run]), sources.stamp_topics(folder))
        opened.append((loading.run(source.run), loading.explainer(source)))

    def tell(share: float) -> None:
        bar.progress(share, text="Asking both runs")

    make(studies.folder(), settings, opened[0], opened[1], tell)


show()
