"""Colours, sizes and fonts: the one visual language of app, notebooks and exported figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from matplotlib import font_manager
from matplotlib.colors import to_hex, to_rgb

ThemeName = Literal["light", "dark"]

COLUMN_WIDTH: Final = 3.35
FULL_WIDTH: Final = 6.9
"""Widths in inches of one column and of the whole page of a paper."""

TITLE, HEADING, BASE, SMALL = 10.0, 8.0, 7.0, 6.0
"""Sizes of type in points on paper."""

SCREEN_TITLE, SCREEN_HEADING, SCREEN_BASE, SCREEN_SMALL = 20, 15, 13, 11
"""Sizes of type in pixels on the screen."""

FLAT_GREY: Final = "#9A9A9A"
POSITIVE: Final = "#3B82C4"
NEGATIVE: Final = "#D6604D"
LIKES_SCALE: Final = "cividis"
HEAT_SCALE: Final = "inferno"

GROUP_COLOURS: Final[Mapping[str, str]] = {
    "own": "#7F7F7F",
    "uploads": "#0072B2",
    "follows": "#E69F00",
    "creator": "#CC79A7",
    "admired": "#CC79A7",
    "followers": "#88419D",
    "history": "#009E73",
    "regions": "#D55E00",
    "words": "#56B4E9",
    "attributes": "#8C6D31",
    "frames": "#5E4FA2",
    "hours": "#4D4D4D",
}
"""Hue of each evidence group, the same in light and dark."""

KIND_GROUPS: Final[Mapping[str, str]] = {
    "image": "history",
    "person": "follows",
    "hop": "follows",
    "region": "regions",
    "word": "words",
    "attribute": "attributes",
    "frame": "frames",
    "hour": "hours",
}
"""Group whose hue an element kind takes when its own group has none."""

TOPIC_COLOURS: Final = (
    "#332288",
    "#88CCEE",
    "#44AA99",
    "#117733",
    "#999933",
    "#DDCC77",
    "#CC6677",
    "#882255",
    "#AA4499",
)
"""Fixed qualitative set by topic number (Tol's muted scheme)."""

BADGES: Final[Mapping[str, tuple[str, str]]] = {
    "supported": ("✓", "#1B7F4B"),
    "partly": ("≈", "#9A6700"),
    "not supported": ("✗", "#B83227"),
    "cannot be judged": ("○", "#6B6B6B"),
}
"""Sign and fill of each verdict; the text on it is white."""

FALLBACK_FONTS: Final = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Zen Hei",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
)
SCREEN_FONTS: Final = "'Source Sans', 'Source Sans Pro', 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Theme:
    """What differs between light and dark: everything but the hues of the evidence."""

    name: ThemeName
    background: str
    text: str
    muted: str
    line: str
    tile: str


THEMES: Final[Mapping[str, Theme]] = {
    "light": Theme("light", "#FFFFFF", "#1F2328", "#5F6670", "#C9CED6", "#ECEEF2"),
    "dark": Theme("dark", "#0E1117", "#F0F2F6", "#A9B1BD", "#4A515C", "#262B35"),
}


def theme_named(name: ThemeName) -> Theme:
    """The theme called ``name``.

    Raises:
        ValueError: no such theme.
    """
    if name not in THEMES:
        raise ValueError(f"There is no theme '{name}': choose {' or '.join(THEMES)}.")
    return THEMES[name]


def colour_of(group: str, kind: str = "", number: int = 0) -> str:
    """Hue of an evidence group, else of the kind of its elements; topics take theirs by ``number``."""
    if group == "topics" or kind == "topic":
        return TOPIC_COLOURS[number % len(TOPIC_COLOURS)]
    return GROUP_COLOURS[group if group in GROUP_COLOURS else KIND_GROUPS.get(kind, "own")]


def mix(colour: str, background: str, share: float) -> str:
    """A colour that covers ``share`` (0..1) of a background."""
    pairs = zip(to_rgb(colour), to_rgb(background), strict=True)
    red, green, blue = (c * share + b * (1 - share) for c, b in pairs)
    return to_hex((red, green, blue))


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white), as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2)."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(background: str) -> str:
    """Black or white, whichever can be read better; its contrast is never below 4.5."""
    return max(("#000000", "#FFFFFF"), key=lambda ink: contrast(ink, background))


def seen_on(colour: str, theme: Theme, least: float = 3.0) -> str:
    """A colour mixed with that of the letters as far as its contrast with the page needs it."""
    shares = (step / 10 for step in range(10, 0, -1))
    mixed = (mix(colour, theme.text, share) for share in shares)
    return next((one for one in mixed if contrast(one, theme.background) >= least), theme.text)


@cache
def font_families() -> tuple[str, ...]:
    """DejaVu Sans, then the installed fonts that carry scripts it lacks."""
    installed = set(font_manager.get_font_names())
    return ("DejaVu Sans", *(name for name in FALLBACK_FONTS if name in installed))
