"""Words in pictures: escaping of data text, shortening, wrapping, and numbers as people read them."""

from __future__ import annotations

import html
import math
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from workbench.explain.explanation import Element
from workbench.figures.style import font_families

_UNPRINTABLE: Final = {"Cc", "Cs", "Cn"}
_RULER: Final = TextToPath()
_POINTS_PER_INCH: Final = 72.0
FAINT: Final = 0.001
"""No scale of contributions spans less, or rounding errors would look like evidence."""


def clean(text: object) -> str:
    """Data text on one line, without characters that no figure format can hold."""
    spaced = " ".join(str(text).split())
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _UNPRINTABLE else c for c in spaced)


def plain(text: object) -> str:
    """Data text for matplotlib: a dollar sign is a dollar sign, never the start of mathematics."""
    return clean(text).replace("$", r"\$")


def markup(text: object) -> str:
    """Data text for plotly, which reads tags, entities and, where MathJax is loaded, dollar signs."""
    return html.escape(clean(text), quote=False).replace("$", "&#36;")


def shorten(text: object, length: int) -> str:
    """At most ``length`` characters, the last an ellipsis where something was cut."""
    line = clean(text)
    return line if len(line) <= length else line[: max(length - 1, 0)].rstrip() + "…"


@lru_cache(maxsize=20_000)
def text_width(text: str, size: float, weight: Literal["normal", "bold"] = "normal") -> float:
    """Width in inches of ``text`` set in ``size`` points."""
    font = FontProperties(family=list(font_families()), size=size, weight=weight)
    width, _, _ = _RULER.get_text_width_height_descent(text, font, False)
    return float(width) / _POINTS_PER_INCH


def fit(text: object, width: float, size: float, weight: Literal["normal", "bold"] = "normal") -> str:
    """``text`` shortened to ``width`` inches in ``size`` points."""
    line = clean(text)
    length = len(line)
    while length > 1 and text_width(shorten(line, length), size, weight) > width:
        length -= 1
    return shorten(line, length)


def wrap(text: object, width: float, size: float, lines: int) -> list[str]:
    """``text`` broken into at most ``lines`` lines of ``width`` inches in ``size`` points."""
    wrapped: list[str] = []
    words = clean(text).split(" ")
    while words and len(wrapped) < lines - 1:
        count = 1
        while count < len(words) and text_width(" ".join(words[: count + 1]), size) <= width:
            count += 1
        wrapped.append(fit(" ".join(words[:count]), width, size))
        words = words[count:]
    return wrapped + ([fit(" ".join(words), width, size)] if words else [])


def wrap_markup(text: object, length: int, lines: int) -> tuple[str, int]:
    """``text`` for plotly in lines of ``length`` characters, and how many lines it took."""
    wrapped = textwrap.wrap(clean(text), length, max_lines=lines, placeholder=" …")
    return "<br>".join(markup(line) for line in wrapped), len(wrapped)


def initials(label: str) -> str:
    """One or two letters or digits for a round chip: ``"Mina Ray"`` MR, ``"user 12"`` 12."""
    words = ["".join(c for c in word if c.isalnum()) for word in clean(label).split(" ")]
    words = [word for word in words if word]
    if not words:
        return "?"
    if words[-1].isdigit():
        return words[-1][-3:]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def told_apart(labels: Sequence[str]) -> list[str]:
    """Short names of a few people: initials, where those are alike the first letters, where those are, too, numbers."""
    for short in (list(map(initials, labels)), [clean(label)[:3] for label in labels]):
        if len(set(short)) == len(labels):
            return short
    return [str(number) for number, _ in enumerate(labels, 1)]


def decimals(values: Iterable[float | None]) -> int:
    """Decimal places that show the largest of ``values`` with two digits: 2 to 4."""
    largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    return 2 if largest == 0 else min(4, max(2, 1 - math.floor(math.log10(largest))))


def weight_text(value: float | None) -> str:
    """An attention weight: 0.31, <0.01, or nothing where there is none."""
    if value is None:
        return ""
    return "<0.01" if 0 < value < 0.005 else f"{value:.2f}"


def signed_text(value: float | None, places: int = 2) -> str:
    """A contribution with its sign: +0.31, −0.05, ≈0 where rounding leaves nothing, exactly 0, or no words for none."""
    if value is None:
        return ""
    if round(value, places) == 0:
        return "≈0" if value else "0"
    return f"{value:+.{places}f}".replace("-", "−")


def removal_text(element: Element, rank: int | None) -> str:
    """What happens without the element: ``rank 1 → 4``, else the change of the score, else nothing."""
    if rank is not None and element.rank_without is not None:
        return f"rank {rank:,} → {element.rank_without:,}"
    if element.removal is not None:
        return f"score {signed_text(element.removal, decimals([element.removal]))}"
    return ""


def hover_text(element: Element, rank: int | None) -> str:
    """Everything known of an element, as plotly shows it under the pointer."""
    lines = [f"<b>{markup(element.label)}</b>"]
    if element.attention is not None:
        lines.append(f"attention {weight_text(element.attention)}")
    if element.contribution is not None:
        lines.append(f"contribution {signed_text(element.contribution, decimals([element.contribution]))}")
    if element.confidence is not None:
        lines.append(f"confidence {element.confidence:.2f}")
    if removal := removal_text(element, rank):
        lines.append(f"without it: {removal}")
    lines += [
        f"{markup(method)} {signed_text(value, decimals([value]))}" for method, value in element.attributions.items()
    ]
    return "<br>".join(lines)
