"""The frame of the dashboard: which pages there are, and what stands around them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

import streamlit as st

from workbench.app import first_start, sidebar, state, studies, widgets
from workbench.views.view import BLIND, Page

FOLDER = Path(__file__).parent / "pages"
SIDEBAR = 284
"""Pixels: the longest question fits, and a tablet has room for the figures."""
WHY, CHECK, WORK = "Why?", "Is it so?", "Your work"
"""The groups of the menu."""


class Entry(NamedTuple):
    """A page in the menu and on the first page.

    Attributes:
        title: the question it answers; ``icon`` its sign.
        group: where it stands in the menu.
        words: what there is to see, in a sentence.
    """

    title: str
    icon: str
    group: str
    words: str


ENTRIES: Final[dict[Page, Entry]] = {
    "home": Entry("Home", ":material/home:", "", "What is here, and where to start."),
    "why": Entry(
        "Why this image?", ":material/help_center:", WHY,
        "The ten best images for a user; for each, what spoke for it and whether that can be believed.",
    ),
    "aspects": Entry(
        "Who and what matters?", ":material/groups:", WHY,
        "What the model draws on over all users: own uploads, the people they follow, or the creator.",
    ),
    "regions": Entry(
        "Where in the picture?", ":material/crop_free:", WHY,
        "Where models look in a picture, side by side for several users, models or images.",
    ),
    "words": Entry(
        "Which words and when?", ":material/schedule:", WHY,
        "What came before, the topics of a user week by week, her hours, and words beside regions.",
    ),
    "diffusion": Entry(
        "How far does influence travel?", ":material/hub:", WHY,
        "The people who reach a user, ring by ring, what each adds, and where the hops move her.",
    ),
    "attributes": Entry(
        "Which attributes?", ":material/label:", WHY,
        "What an image shows, what each attribute counts for a user, and where it is seen.",
    ),
    "frames": Entry(
        "Which frame?", ":material/movie:", WHY,
        "Which frame of a reel suits whom, by how much it leads, and what each one adds.",
    ),
    "popularity": Entry(
        "How popular will it be?", ":material/trending_up:", WHY,
        "A post or a picture of your own: how many views a day, and what one word changes.",
    ),
    "whatif": Entry(
        "What if?", ":material/alt_route:", CHECK,
        "Any piece of what is recorded switched off, and both rankings side by side.",
    ),
    "trust": Entry(
        "Can I trust it?", ":material/fact_check:", CHECK,
        "Whether the explanations of a run agree with removal, with each other and with known causes.",
    ),
    "study": Entry(
        "Study", ":material/how_to_vote:", CHECK,
        "People compare two runs' images and explanations without knowing which is which.",
    ),
    "better": Entry(
        "Which model is better?", ":material/scoreboard:", CHECK,
        "Runs on the same users: metrics with intervals, paired tests, groups of users, settings that differ.",
    ),
    "collection": Entry(
        "Collection", ":material/push_pin:", WORK,
        "Pinned answers with your notes, in your order, as files for a paper or as one page to read.",
    ),
    "train": Entry(
        "Train a model", ":material/model_training:", WORK,
        "A model started on this data and watched as it learns; it goes on when this page is closed.",
    ),
    "data": Entry(
        "Your data", ":material/upload_file:", WORK,
        "Tables and images of your own: what is wrong with them and how to mend it, then a dataset of this app.",
    ),
}  # fmt: skip
"""The pages, in the order of the menu."""


def main() -> None:
    """Draw the app once, as Streamlit asks for on every interaction."""
    st.set_page_config(
        page_title="Explainability workbench", page_icon="🔎", layout="wide", initial_sidebar_state=SIDEBAR
    )
    menu: dict[str, list[Any]] = {entry.group: [] for entry in ENTRIES.values()}
    for name, entry in ENTRIES.items():
        # The first page stands at the address itself.
        place: dict[str, Any] = {"url_path": "", "default": True} if name == "home" else {"url_path": name}
        menu[entry.group].append(st.Page(FOLDER / f"{name}.py", title=entry.title, icon=entry.icon, **place))
    home, *_ = menu[""]
    # Views are written with the name of their page, also those of the first one: "home?run=hasc" leads there.
    named = st.Page(_nothing, url_path="home", visibility="hidden")
    page = st.navigation(
        menu | {"": [home, named]},
        # A rater sees her study and nothing else.
        position="hidden" if studies.at_work() else "sidebar",
        expanded=True,
    )
    if page is named:
        st.switch_page(home, query_params=st.query_params.to_dict())
    if studies.at_work() and page.url_path not in BLIND:
        studies.leave()
        st.rerun()
    if first_start.is_needed():
        first_start.show()
        return
    fault = state.begin(page.url_path or "home")
    if fault:
        st.warning(fault, icon=":material/link_off:")
    if state.view().page not in BLIND:
        sidebar.show()
    widgets.wide_style()
    page.run()


def _nothing() -> None:
    """What a page draws that only leads to another."""


if __name__ == "__main__":
    main()
