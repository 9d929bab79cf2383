"""The frame of the dashboard: which pages there are, and what stands around them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.app import first_start, sidebar, state

FOLDER = Path(__file__).parent / "pages"
SIDEBAR = 284
"""Pixels: the longest question fits, and a tablet has room for the figures."""
TITLES: dict[state.Page, tuple[str, str]] = {
    "home": ("Home", ":material/home:"),
    "why": ("Why this image?", ":material/help_center:"),
    "aspects": ("Who and what matters?", ":material/groups:"),
    "regions": ("Where in the picture?", ":material/crop_free:"),
    "words": ("Which words and when?", ":material/schedule:"),
    "diffusion": ("How far does influence travel?", ":material/hub:"),
    "attributes": ("Which attributes?", ":material/label:"),
    "frames": ("Which frame?", ":material/movie:"),
    "popularity": ("How popular will it be?", ":material/trending_up:"),
    "whatif": ("What if?", ":material/alt_route:"),
    "trust": ("Can I trust it?", ":material/fact_check:"),
}


def main() -> None:
    """Draw the app once, as Streamlit asks for on every interaction."""
    st.set_page_config(
        page_title="Explainability workbench", page_icon="🔎", layout="wide", initial_sidebar_state=SIDEBAR
    )
    pages = {
        name: st.Page(FOLDER / f"{name}.py", title=title, icon=icon, url_path=name, default=name == "home")
        for name, (title, icon) in TITLES.items()
    }
    page = st.navigation(list(pages.values()))
    if first_start.is_needed():
        first_start.show()
        return
    fault = state.begin(page.url_path or "home")
    if fault:
        st.warning(fault, icon=":material/link_off:")
    sidebar.show()
    page.run()


if __name__ == "__main__":
    main()
