"""Pictures as small JPEG files, made once: square thumbnails, whole images, neutral tiles where a dataset has none."""

from __future__ import annotations

import io
from pathlib import Path

import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from workbench.figures import thumbnails
from workbench.figures.style import POSITIVE, ThemeName, theme_named
from workbench.figures.text import shorten

THUMBNAIL, LARGE = 192, 720
"""Pixels of a side."""
FRAME = 14
"""Pixels of the frame round the chosen thumbnail."""


@st.cache_data(max_entries=2048, show_spinner=False)
def square(path: Path | None, modified: int, name: str, theme: ThemeName, *, framed: bool = False) -> bytes:
    """A thumbnail, or a tile with ``name``; ``modified`` (ns) is part of the key, so that a changed file is read again.

    Raises:
        ValueError: the file is no picture.
    """
    picture = _tile(name, THUMBNAIL, theme) if path is None else Image.fromarray(thumbnails.thumbnail(path, THUMBNAIL))
    if framed:
        edge = (0, 0, THUMBNAIL - 1, THUMBNAIL - 1)
        draw = ImageDraw.Draw(picture)
        draw.rectangle(edge, outline=theme_named(theme).background, width=FRAME)
        draw.rectangle(edge, outline=POSITIVE, width=FRAME - 5)
    return _jpeg(picture)


@st.cache_data(max_entries=256, show_spinner=False)
def whole(path: Path | None, modified: int, name: str, theme: ThemeName) -> bytes:
    """The uncropped picture at most ``LARGE`` pixels wide and high, or a tile with ``name``.

    Raises:
        ValueError: the file is no picture, or too large.
    """
    if path is None:
        return _jpeg(_tile(name, LARGE // 2, theme))
    return _jpeg(Image.fromarray(thumbnails.picture(path, LARGE)))


def modified(path: Path | None) -> int:
    """When a picture was last changed (ns); 0 without a picture or a file."""
    return path.stat().st_mtime_ns if path is not None and path.is_file() else 0


def _tile(name: str, side: int, theme: ThemeName) -> Image.Image:
    colours = theme_named(theme)
    tile = Image.new("RGB", (side, side), colours.tile)
    draw = ImageDraw.Draw(tile)
    draw.rectangle((0, 0, side - 1, side - 1), outline=colours.line, width=2)
    font = ImageFont.load_default(side / 7)
    draw.text((side / 2, side / 2), shorten(name, 11), fill=colours.text, font=font, anchor="mm")
    return tile


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
