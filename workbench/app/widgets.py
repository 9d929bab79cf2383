"""The few widgets that pages share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence, Sized
from typing import Final, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from workbench.app import state
from workbench.explain.explanation import Verdict
from workbench.explain.verdict import judge
from workbench.figures.style import BADGES, ThemeName
from workbench.views.view import Choice

MANY: Final = 5000
"""From this many entries on a list is searched on the server."""
FOUND: Final = 50
RULE: Final = 420
"""Pixels of the text behind a verdict."""
NOTHING: Final = "—"
OFF_ON: Final = ("off", "on")
WIDE: Final = 680
"""Pixels that the words of a figure with many columns need; where the page is narrower, it is scrolled."""
BADGE_COLOURS: Final = {"supported": "green", "partly": "orange", "not supported": "red", "cannot be judged": "gray"}
_ESCAPED: Final = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()<>#+-.!|~:$^="})


def theme() -> ThemeName:
    """The theme this session's browser shows."""
    return "dark" if st.context.theme.type == "dark" else "light"


def text(data: object) -> str:
    """Data text for a place where Streamlit reads Markdown: shown letter by letter."""
    return " ".join(str(data).split()).translate(_ESCAPED)


def count(things: Sized, noun: str) -> str:
    """How many there are: "1 upload", "14 uploads"."""
    number = len(things)
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def choose(
    label: str,
    options: Sequence[str],
    field: str,
    *,
    name: Callable[[str], str] = str,
    reason: str = "",
    nothing: str = "",
) -> None:
    """A list to choose a field of the view from, greyed with the reason where there is nothing to choose.

    Args:
        field: field of the view.
        name: what an option is called.
        reason: why there are no options.
        nothing: what choosing nothing is called, where that may be chosen.
    """
    if not options:
        st.selectbox(label, [NOTHING], disabled=True, key=f"no-{field}")
        st.caption(text(reason))
        return
    if len(options) > MANY:
        options = _searched(label, options, field, name)
    key = f"choose-{field}"
    entries = [NOTHING, *options] if nothing else list(options)
    st.session_state[key] = getattr(state.view(), field) or NOTHING
    st.selectbox(
        label,
        entries,
        key=key,
        format_func=lambda o: nothing if o == NOTHING else name(o),
        on_change=_take,
        args=(field, key),
    )


def _searched(label: str, options: Sequence[str], field: str, name: Callable[[str], str]) -> list[str]:
    """The options that hold the typed words, the chosen one first."""
    chosen = getattr(state.view(), field)
    return _found(label, options, field, [chosen] if chosen else [], name)


def _found(
    label: str, options: Sequence[str], key: str, chosen: Sequence[str], name: Callable[[str], str]
) -> list[str]:
    """The chosen options, then those that hold the words typed into a field beside the list."""
    typed = st.text_input(f"Find {label.lower()}", key=f"find-{key}", placeholder="part of a name or an id").casefold()
    found = (option for option in options if option not in chosen and typed in name(option).casefold())
    return [*chosen, *(option for option, _ in zip(found, range(FOUND), strict=False))]


def _take(field: str, key: str) -> None:
    chosen = st.session_state[key]
    state.change(**{field: None if chosen == NOTHING else chosen})


def switch(label: str, choices: Sequence[Choice], option: str, *, name: Callable[[Choice], str] = str) -> Choice:
    """A row of buttons for an option of the view; the chosen one."""
    key = f"switch-{option}"
    st.session_state[key] = chosen = state.view().option(option, choices)
    st.segmented_control(
        label,
        choices,
        default=None,
        key=key,
        format_func=name,
        required=True,
        on_change=_switched,
        args=(option, key),
    )
    return chosen


def toggle(label: str, option: str, *, first: Literal["off", "on"] = "off") -> bool:
    """A switch for an option of the view that is on or off; whether it is on, ``first`` where the view says nothing."""
    key = f"toggle-{option}"
    choices = OFF_ON if first == "off" else OFF_ON[::-1]
    st.session_state[key] = on = state.view().option(option, choices) == "on"
    st.toggle(label, key=key, on_change=_toggled, args=(option, key))
    return on


def slide(label: str, choices: Sequence[Choice], option: str, first: Choice) -> Choice:
    """A slider over the choices of an option of the view, ``first`` where it is left open; the chosen one."""
    key = f"slide-{option}"
    others = [choice for choice in choices if choice != first]
    st.session_state[key] = chosen = state.view().option(option, [first, *others])
    st.select_slider(label, choices, key=key, on_change=_switched, args=(option, key))
    return chosen


def slide_field(
    label: str, choices: Sequence[str], field: str, first: str, *, name: Callable[[str], str] = str
) -> None:
    """A slider over the choices of a field of the view, at ``first`` where it is left open.

    One choice alone is written down, since a slider needs two.
    """
    if len(choices) < 2:
        st.caption(f"{label}: {text(name(choices[0]))}" if choices else f"{label}: none, nothing was liked")
        return
    key = f"choose-{field}"
    st.session_state[key] = getattr(state.view(), field) or first
    st.select_slider(label, choices, key=key, format_func=name, on_change=_take, args=(field, key))


def pick(label: str, choices: Sequence[str], option: str, *, name: Callable[[str], str] = str) -> str:
    """A list to choose an option of the view from, the first of them where it is left open; the chosen one."""
    key = f"pick-{option}"
    st.session_state[key] = chosen = state.view().option(option, choices)
    st.selectbox(label, choices, key=key, format_func=name, on_change=_switched, args=(option, key))
    return chosen


def choose_many(
    label: str,
    options: Sequence[str],
    option: str,
    first: Sequence[str],
    most: int,
    *,
    name: Callable[[str], str] = str,
) -> list[str]:
    """A list to choose several entries of an option of the view from; the chosen ones.

    Args:
        label: what they are.
        options: what there is.
        option: name of the option.
        first: the entries where the view leaves them open.
        most: how many may be chosen.
        name: what an entry is called.
    """
    chosen = state.view().chosen(option, frozenset(options)) if option in state.view().options else list(first)
    chosen = chosen[:most]
    if len(options) > MANY:
        options = _found(label, options, option, chosen, name)
    key = f"many-{option}"
    st.session_state[key] = chosen
    st.multiselect(
        label,
        options,
        key=key,
        format_func=name,
        max_selections=most,
        select_all=False,
        placeholder="none",
        on_change=_chosen,
        args=(option, key),
    )
    return chosen


def _chosen(option: str, key: str) -> None:
    state.change_chosen(option, st.session_state[key])


def _toggled(option: str, key: str) -> None:
    state.change_option(option, OFF_ON[st.session_state[key]])


def _switched(option: str, key: str) -> None:
    state.change_option(option, st.session_state[key])


def wide(figure: str) -> DeltaGenerator:
    """Where a figure with many columns is drawn, so that on a tablet it is scrolled rather than squeezed."""
    return st.container(key=f"wide-{figure}")


def wide_style() -> None:
    """How ``wide`` places look: once on each page."""
    place = '[class*="st-key-wide-"]'
    st.html(f"<style>{place} {{overflow-x: auto}} {place} > * {{min-width: {WIDE}px}}</style>")


def verdict(found: Verdict, key: str) -> None:
    """The badge and its reason, beside it where there is room."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _badge(found, key)
        st.markdown(text(found.reason))


def _badge(verdict: Verdict, key: str) -> None:
    """The verdict, always visible; one click opens the numbers and the rule that decided."""
    sign, _ = BADGES[verdict.badge]
    label = f":{BADGE_COLOURS[verdict.badge]}[**{sign} {verdict.badge}**]"
    with st.popover(label, key=key), st.container(width=RULE):
        st.markdown(text(verdict.reason))
        numbers = verdict.numbers.items()
        st.markdown("\n".join(f"- {name.replace('_', ' ')}: {round(value, 2) or 0:g}" for name, value in numbers))
        st.caption("How this is decided")
        st.markdown(inspect.getdoc(judge) or "")
