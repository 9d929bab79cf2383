"""The parts of an explanation as blocks of a page: its aspects, and each level in the form that suits what it holds."""

from __future__ import annotations

from pathlib import Path

from workbench.explain.explanation import EvidenceLevel, Explanation
from workbench.figures.attributes import is_boxed, sheet_of
from workbench.figures.balance import Balance
from workbench.figures.ego import Ego
from workbench.figures.heat import Heat
from workbench.figures.levels import LevelView, view_aspects, view_details
from workbench.figures.looks import Look, Pixels, pixels_at
from workbench.figures.nested import nested
from workbench.figures.page import Block
from workbench.figures.panels import Panels
from workbench.figures.strip import Strip
from workbench.figures.style import Theme, colour_of
from workbench.figures.words import Words
from workbench.layers.evidence import ASPECTS


def parts(
    explanation: Explanation, root: Path | None, pixels: Pixels | None, theme: Theme, aspects: int, top: int
) -> list[Block]:
    """What the score is made of, then the strongest ``aspects`` with ``top`` elements each.

    Args:
        explanation: what is shown.
        root: folder of the dataset, None to draw without pictures.
        pixels: the explained picture where it is in no dataset.
        theme: colours of the page.
        aspects: how many of them are opened.
        top: elements of each.
    """
    shown = pixels_at(root, explanation.image, theme, pixels)
    blocks: list[Block] = [_aspects(explanation, root)]
    levels = {level.name: level for level in explanation.levels}
    for view in view_details(explanation, aspects, top):
        level = levels[view.name]
        blocks.append(_detail(view, level, explanation, root, shown))
        inner = [other for other in explanation.levels if other.within == view.name and other.kind == "region"]
        blocks += [nested(other, level, root, theme) for other in inner if _weighs(other)]
    return blocks


def modalities(explanation: Explanation) -> EvidenceLevel | None:
    """The level of aspects where it is a balance: popularity, with a weight for every modality."""
    first = explanation.levels[0] if explanation.levels else None
    if explanation.task != "popularity" or first is None or first.name != ASPECTS or not _weighs(first):
        return None
    return first


def _aspects(explanation: Explanation, root: Path | None) -> Block:
    level = modalities(explanation)
    return (
        Panels(view_aspects(explanation), root, colour_of("own")) if level is None else Balance("Image or text?", level)
    )


def _weighs(level: EvidenceLevel) -> bool:
    return bool(level.elements) and all(element.attention is not None for element in level.elements)


def _detail(
    view: LevelView, level: EvidenceLevel, explanation: Explanation, root: Path | None, pixels: Pixels
) -> Block:
    colour = colour_of(view.name, view.kind)
    if is_boxed(level):
        return sheet_of(level, explanation, pixels, view)
    if view.kind == "region" and (_weighs(level) or all(e.removal is not None for e in level.elements)):
        return Heat.of(level, pixels, view.heading, Look() if _weighs(level) else Look(by="removal"))
    if view.kind == "word" and explanation.text is not None:
        return Words(view.heading, explanation.text, level)
    if view.kind == "image":
        return Strip(view, root, colour)
    if view.kind == "person" and len(view.elements) > 2:
        return Ego(view, explanation.user_label, colour)
    return Panels(view, root, colour)
