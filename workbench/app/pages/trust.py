"""Can I trust it? What an audit found of a run's explanations, in plain words and in numbers, and of all runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
import streamlit as st
from matplotlib.figure import Figure

from workbench.app import audits, desk, widgets
from workbench.app.background import progress
from workbench.app.desk import Desk
from workbench.app.export import figure_menu
from workbench.explain.audit import tables
from workbench.explain.audit.reading import calibration
from workbench.figures import audit as pictures
from workbench.figures.auditmarks import METHOD_MARKS
from workbench.figures.export import Numbers

if TYPE_CHECKING:
    from workbench.explain.audit.result import Audit

QUIET: Final = {"displayModeBar": False}
PAIRS: Final = ("50", "200")
WHAT: Final = (
    "An audit looks into explanations people would see, takes evidence away as if it had never been recorded, and "
    "compares what is shown with what removal does."
)
HELP: Final = {
    "planted": "In this made-up world the cause of every like is known: a method that finds it more often than chance "
    "says something true. A verdict is worth something if “supported” is right more often than the others.",
    "methods": "Comprehensiveness: what the score loses without the strongest evidence. Sufficiency: what it lacks "
    "with that alone. Infidelity: how badly sums of values foretell what random removals cost. Where the evidence has "
    "several levels, the table below has what happens as one of them alone goes.",
    "curves": "A good order makes the score fall at once as the strongest go, and rise at once as they come. Random "
    "orders show what taking anything away does.",
    "agreement": "Methods that rank evidence in quite different orders cannot all be right.",
    "randomisation": "Parts of the model are made random, one after the other: attention that stays as it was did not "
    "depend on what was learned.",
    "calibration": "A verdict looks at removal alone, never at the cause. It is worth something where “supported” "
    "stands further right than the others; where it does not, the model itself goes by something else than the cause.",
    "runs": "All runs of this dataset that have an audit; numbers of few explanations are uncertain.",
}


def show() -> None:
    """Draw the page."""
    st.header("Can I trust it?")
    open_desk = desk.opened()
    folder = Path(open_desk.source.run.path)
    if not open_desk.explainer.groups:
        model = open_desk.explainer.model
        words = (
            f"{model.name} has no evidence to take apart, so there is nothing to believe or to doubt. {model.silent}"
        )
        st.info(widgets.text(words), icon=":material/info:")
    else:
        # Asked before the audit is looked for: one that ends in between is found when its progress is drawn.
        at_work = audits.job(open_desk.source.data, open_desk.source.run).is_running
        with desk.sentences():
            found = audits.kept(open_desk.source.data, folder)
        if found is None:
            st.markdown(f"The explanations of **{widgets.text(folder.name)}** have not been audited yet. {WHAT}")
            _offer(open_desk, at_work)
        else:
            _audit(open_desk, found, at_work)
    _runs(open_desk)


def _offer(open_desk: Desk, at_work: bool) -> None:
    """A button that makes an audit, and how far it is."""
    source = open_desk.source
    running = audits.job(source.data, source.run)
    if at_work:
        progress(running)
        return
    if running.fault:
        st.error(widgets.text(running.fault), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pairs = widgets.switch("Explanations to look into", PAIRS, "pairs")
        st.button("Audit now", on_click=running.start, args=(int(pairs),), type="primary", icon=":material/fact_check:")
    st.caption("More of them take longer and leave less to chance. The same by command:")
    st.code(f"workbench audit {source.run.path} --pairs {pairs}", language=None, wrap_lines=True)


def _audit(open_desk: Desk, found: Audit, at_work: bool) -> None:
    """The reading, then the pictures with a line of help each."""
    left_out = f" · {found.excluded:,} with fewer than two pieces of evidence left out" if found.excluded else ""
    st.markdown(f"**{widgets.text(found.run)}** · {found.pairs:,} explanations looked into{left_out}")
    st.info(widgets.text(found.verdict), icon=":material/fact_check:")
    if found.planted:
        _picture("planted", found, pictures.planted_plotly, pictures.planted_figure, tables.planted_table(found))
    else:
        st.caption("None of the evidence that this run reads is known to be the cause of a like or a post.")
    _picture("methods", found, pictures.methods_plotly, pictures.methods_figure, tables.methods_table(found))
    _picture("curves", found, pictures.curves_plotly, pictures.curves_figure, tables.curves_table(found))
    _picture("agreement", found, pictures.agreement_plotly, pictures.agreement_figure, tables.agreement_table(found))
    if found.randomisation is None:
        st.caption("This model weighs nothing, so there is no attention to compare with that of a random one.")
    else:
        draw, screen = pictures.randomisation_figure, pictures.randomisation_plotly
        _picture("randomisation", found, screen, draw, tables.randomisation_table(found))
    with st.expander("All measures"):
        st.dataframe(
            [{"method": METHOD_MARKS[name].name} | values for name, values in found.methods.items()], hide_index=True
        )
    with st.expander("Audit again", expanded=at_work):
        _offer(open_desk, at_work)


def _picture(
    name: str, found: Audit, screen: Callable[..., go.Figure], draw: Callable[..., Figure], numbers: Numbers
) -> None:
    st.plotly_chart(screen(found, theme=widgets.theme()), theme=None, key=name, alt=HELP[name], config=QUIET)
    st.caption(HELP[name])
    origin = f"run {found.run}, dataset {found.dataset} {found.fingerprint}"
    figure_menu(partial(draw, found), f"audit-{name}", origin, partial(screen, found), numbers)


def _runs(open_desk: Desk) -> None:
    """All runs of the dataset that have an audit, beside each other."""
    with desk.sentences():
        every = audits.of_every_run(open_desk.source.data)
    if not every:
        return
    st.subheader("All audited runs")
    figure = pictures.runs_plotly(every, theme=widgets.theme())
    st.plotly_chart(figure, theme=None, key="runs", alt=HELP["runs"], config=QUIET)
    st.caption(HELP["runs"])
    origin = f"dataset {open_desk.dataset.name} {open_desk.dataset.fingerprint}"
    draw, screen = partial(pictures.runs_figure, every), partial(pictures.runs_plotly, every)
    figure_menu(draw, "audit-runs", origin, screen, tables.runs_table(every))
    known = [audit for audit in every if audit.verdicts]
    if known:
        _calibration(known, origin)


def _calibration(known: list[Audit], origin: str) -> None:
    """What the verdicts of every run are worth, in a picture and in words."""
    st.markdown("**When the verdict says “supported”, how often is it right?**")
    draw, screen = partial(pictures.calibration_figure, known), partial(pictures.calibration_plotly, known)
    st.plotly_chart(screen(theme=widgets.theme()), theme=None, key="calibration", alt=HELP["calibration"], config=QUIET)
    st.caption(HELP["calibration"])
    figure_menu(draw, "audit-calibration", origin, screen, tables.calibration_table(known))
    with st.expander("In words"):
        st.markdown("\n".join(f"- **{widgets.text(one.run)}**: {widgets.text(calibration(one))}" for one in known))


show()
