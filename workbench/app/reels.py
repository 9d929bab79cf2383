"""Reels and their key frames, computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.app import loading
from workbench.app.sources import Source

if TYPE_CHECKING:
    from workbench.explain.frames import KeyFrames


@st.cache_data(max_entries=256, show_spinner=False)
def reels(source: Source, user: int) -> list[int]:
    """Codes of the images with a reel: first those the user (code) liked for a known frame, then others she liked.

    Raises:
        DataError: the model scores no frames.
    """
    from workbench.explain.frames import liked_for_a_frame
    from workbench.explain.frames import reels as having_frames

    explainer = loading.explainer(source)
    marked = liked_for_a_frame(explainer.dataset, user)
    liked = set(explainer.dataset.known.row(user).tolist())
    return sorted(having_frames(explainer), key=lambda item: (item not in marked, item not in liked, item))


@st.cache_data(max_entries=512, show_spinner="Looking at the frames")
def key_frames(source: Source, user: int, item: int) -> KeyFrames:
    """The frames of an image for a user, both given as codes.

    Raises:
        DataError: the model scores no frames, or the image has no reel.
    """
    from workbench.explain.frames import key_frames as look

    return look(loading.explainer(source), user, item, explanation=loading.explain(source, user, item))
