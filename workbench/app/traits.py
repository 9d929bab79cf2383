"""What the page of attributes shows, computed once and shared by all sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.app import loading
from workbench.app.sources import Source, Stamped

if TYPE_CHECKING:
    from workbench.explain.activation import Activations
    from workbench.explain.attribute_reading import AttributeReading
    from workbench.explain.attributes import AttributeProfile


@st.cache_data(max_entries=512, show_spinner="Reading the attributes")
def reading(source: Source, user: int, item: int) -> AttributeReading:
    """The attributes of an image for a user, both given as codes.

    Raises:
        DataError: the model reads no attributes.
    """
    from workbench.explain.attribute_reading import attribute_reading

    return attribute_reading(loading.explainer(source), user, item)


@st.cache_data(max_entries=128, show_spinner="Asking what users take to")
def profiles(source: Source, users: Sequence[int]) -> tuple[AttributeProfile, ...]:
    """The tastes in attributes of users given as codes.

    Raises:
        DataError: the model reads no attributes.
    """
    from workbench.explain.attributes import attribute_profiles

    return attribute_profiles(loading.explainer(source), users)


@st.cache_data(max_entries=64, show_spinner="Looking for the attribute")
def activations(source: Source, user: int, item: int, attribute: str, other: str | None) -> Activations:
    """Maps of the value read in an image and of another one; user and image are given as codes.

    Raises:
        DataError: there is no such attribute or value, or no picture.
        EncoderError: the network that made the features is no longer there.
    """
    from workbench.explain.activation import activations as look

    return look(loading.explainer(source), item, attribute, other, user)


@st.cache_data(max_entries=16, show_spinner=False)
def are_known(data: Stamped) -> bool:
    """Whether the dataset labels attributes that a network could learn to see.

    Raises:
        DataError: the dataset is broken.
    """
    from workbench.features.attributes.labels import labelled

    return not labelled(loading.dataset(data)).empty
