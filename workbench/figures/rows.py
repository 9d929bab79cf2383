"""One element of evidence as a row of HTML: its icon and name, then its attention and its contribution."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.explain.explanation import Element, EvidenceLevel
from workbench.figures.icons import PICTURE_KINDS, SCREEN_PIXELS, pixels_of
from workbench.figures.style import (
    FLAT_GREY,
    SCREEN_BASE,
    SCREEN_SMALL,
    Theme,
    ThemeName,
    colour_of,
    seen_on,
    theme_named,
)
from workbench.figures.text import FAINT, clean, decimals, initials, shorten, signed_text, weight_text
from workbench.figures.thumbnails import picture_path, uri

ICON: Final = 34
LONGEST: Final = 40
MARK: Final = 76
"""Pixels of the room for one mark."""
AROUND: Final = 16
"""Characters of a text on both sides of a word."""


@dataclass(frozen=True)
class Scale:
    """What the marks of a list of rows are drawn against, the same for every row.

    Attributes:
        attention: the largest weight; ``contribution`` the largest size of a share; 0 where there are none.
    """

    attention: float
    contribution: float

    @classmethod
    def of(cls, elements: Sequence[Element]) -> Scale:
        """The scale of some elements."""
        shares = [abs(e.contribution) for e in elements if e.contribution is not None]
        return cls(max((e.attention or 0.0 for e in elements), default=0.0), max([FAINT, *shares]) if shares else 0.0)


def head_html(level: EvidenceLevel, scale: Scale, *, theme: ThemeName = "light") -> str:
    """What the marks of the rows below are; nothing where there are none."""
    colours = theme_named(theme)
    flat = "<br>no preference" if level.is_flat else ""
    words = [f"attention{flat}"] if scale.attention else []
    words += ["contribution"] if scale.contribution else []
    cells = "".join(f'<div style="flex:0 0 {MARK}px;text-align:center">{word}</div>' for word in words)
    style = f"display:flex;justify-content:flex-end;gap:10px;color:{colours.muted};font-size:{SCREEN_SMALL}px"
    return f'<div class="evidence-head" style="{style}">{cells}</div>' if cells else ""


def excerpt(text: str, span: tuple[int, int]) -> str:
    """The words around one of a text, which stands at ``text[start:end]``."""
    start, end = max(span[0] - AROUND, 0), span[1] + AROUND
    return f"{'…' if start else ''}{text[start:end].strip()}{'…' if end < len(text) else ''}"


def row_html(
    element: Element,
    level: EvidenceLevel,
    scale: Scale,
    root: Path | None,
    *,
    note: str = "",
    gone: bool = False,
    theme: ThemeName = "light",
) -> str:
    """An element without script; every character of the data is escaped.

    Args:
        element: of the ``level``.
        level: says the hue.
        scale: of the list the row is part of.
        root: folder of the dataset, None to draw neutral tiles with ids.
        note: a few words behind the name.
        gone: whether it is left out: then its name is struck through.
        theme: light or dark.
    """
    colours = theme_named(theme)
    number = element.id if level.kind == "topic" and isinstance(element.id, int) else 0
    hue = FLAT_GREY if level.is_flat else seen_on(colour_of(level.name, level.kind, number), colours)
    name = html.escape(shorten(element.label, LONGEST))
    name = f"<s>{name}</s>" if gone else name
    beside = f'<span style="color:{colours.muted}"> · {html.escape(shorten(note, LONGEST))}</span>' if note else ""
    words = f'<div style="flex:1 1 5rem;min-width:0;overflow-wrap:anywhere">{name}{beside}</div>'
    marks = _attention(element, scale, hue, colours) + _contribution(element, scale, hue, colours)
    style = (
        f"display:flex;align-items:center;gap:10px;color:{colours.text};font-size:{SCREEN_BASE + 1}px;"
        f"min-height:{ICON + 2}px;{'opacity:.6;' if gone else ''}"
    )
    return f'<div class="evidence-row" style="{style}">{_icon(element, root, hue, colours)}{words}{marks}</div>'


def _icon(element: Element, root: Path | None, hue: str, theme: Theme) -> str:
    """A person's chip, a picture or its part, or for words and the rest a swatch of the hue."""
    box = f"width:{ICON}px;height:{ICON}px;flex:none;"
    centred = f"{box}display:flex;align-items:center;justify-content:center;font-size:{SCREEN_SMALL}px;"
    tile = f"background:{theme.tile};border:1px solid {theme.muted};"
    if element.kind == "person":
        return f'<div style="{centred}{tile}border-radius:50%">{html.escape(initials(element.label))}</div>'
    if element.kind not in PICTURE_KINDS:
        return f'<div style="width:10px;height:{ICON - 12}px;flex:none;background:{hue};border-radius:2px"></div>'
    path = picture_path(root, element.image)
    if path is None:
        return f'<div style="{centred}{tile}">{html.escape(clean(element.id)[:5])}</div>'
    edge = f"border:2px solid {hue};" if element.box is not None else ""
    source = uri(pixels_of(element, path, SCREEN_PIXELS // 2))
    return f'<img src="{source}" alt="" style="{box}object-fit:cover;{edge}">'


def _attention(element: Element, scale: Scale, hue: str, theme: Theme) -> str:
    """A filled bar from the left."""
    if not scale.attention:
        return ""
    share = (element.attention or 0.0) / scale.attention
    bar = f'<div style="width:{share:.1%};height:10px;background:{hue}"></div>'
    return _marked(bar, weight_text(element.attention), "attention", theme)


def _contribution(element: Element, scale: Scale, hue: str, theme: Theme) -> str:
    """A lollipop from the middle: full head to the right for plus, hollow head to the left for minus."""
    if not scale.contribution:
        return ""
    value = element.contribution or 0.0
    length = 42 * abs(value) / scale.contribution
    start = 50.0 if value >= 0 else 50 - length
    head = 50 + (length if value >= 0 else -length)
    fill = hue if value >= 0 else theme.background
    mark = (
        '<div style="position:relative;height:14px">'
        f'<div style="position:absolute;left:50%;top:0;width:1px;height:14px;background:{theme.line}"></div>'
        f'<div style="position:absolute;left:{start:.1f}%;top:6px;width:{length:.1f}%;height:2px;background:{hue}">'
        f'</div><div style="position:absolute;left:calc({head:.1f}% - 5px);top:2px;width:10px;height:10px;'
        f'box-sizing:border-box;border:2px solid {hue};border-radius:50%;background:{fill}"></div></div>'
    )
    return _marked(mark, signed_text(element.contribution, decimals([scale.contribution])), "contribution", theme)


def _marked(mark: str, number: str, what: str, theme: Theme) -> str:
    """A mark with its number under it."""
    align = "left" if what == "attention" else "center"
    style = f"font-size:{SCREEN_SMALL}px;line-height:1.2;text-align:{align};color:{theme.muted}"
    return f'<div style="flex:0 0 {MARK}px" title="{what}">{mark}<div style="{style}">{html.escape(number)}</div></div>'
