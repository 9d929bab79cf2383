"""One postcard at a time: composed, captioned, drawn, encoded. Light to import, for the processes that draw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.data.postcards.captions import caption, title
from workbench.data.postcards.draw import reel, render
from workbench.data.postcards.scene import CATEGORIES, CLASSES, Scene, compose

QUALITY = 92
THINGS = (0.3, 0.4, 0.3)
SAME_THEME = 0.5


@dataclass(frozen=True)
class Frame:
    """One picture of a reel.

    Attributes:
        scene: what it shows.
        jpeg: the file.
        seconds: since the beginning of the reel.
        label: the kind of the thing that has grown most since the first frame, None where none has.
        prominence: share of the frame this thing's box covers.
    """

    scene: Scene
    jpeg: bytes
    seconds: float
    label: str | None
    prominence: float


@dataclass(frozen=True)
class Postcard:
    """A picture with its words; ``jpeg`` is None where it was not drawn, ``frames`` is empty where it is no reel."""

    scene: Scene
    text: str
    title: str
    jpeg: bytes | None = None
    frames: tuple[Frame, ...] = ()

    def reworded(self, generator: np.random.Generator) -> Postcard:
        """The same scene with a new caption and title."""
        return replace(self, text=caption(self.scene, generator), title=title(self.scene, generator))


def postcard(seed: int, number: int, kinds: tuple[str, ...], size: int | None, frames: int) -> Postcard:
    """Make the postcard with the given number in the world of the given seed; it depends on the arguments alone.

    Args:
        seed: seed of the world.
        number: number of the postcard.
        kinds: the classes it may show.
        size: width and height in pixels, None to leave it undrawn.
        frames: how many frames its reel has, 0 for none.
    """
    generator = np.random.default_rng([seed, number])
    scene = compose(generator, _labels(kinds, generator))
    text, name = caption(scene, generator), title(scene, generator)
    if size is None:
        return Postcard(scene, text, name)
    shots: tuple[Frame, ...] = ()
    if frames:
        seconds = np.concatenate([[0.0], np.cumsum(generator.uniform(0.8, 2.0, frames - 1))]).round(1)
        shots = tuple(
            Frame(shot, _jpeg(render(shot, size)), float(second), *_featured(shot, scene))
            for shot, second in zip(reel(scene, frames, generator), seconds, strict=True)
        )
    return Postcard(scene, text, name, _jpeg(render(scene, size)), shots)


def _labels(kinds: tuple[str, ...], generator: np.random.Generator) -> list[str]:
    """One to three different kinds; a further one is of the first one's theme with probability ``SAME_THEME``."""
    count = int(generator.choice([1, 2, 3], p=THINGS))
    labels = [kinds[generator.integers(len(kinds))]]
    while len(labels) < count:
        akin = [kind for kind in kinds if CATEGORIES[kind] == CATEGORIES[labels[0]] and kind not in labels]
        others = [kind for kind in kinds if kind not in labels]
        choice = akin if akin and generator.random() < SAME_THEME else others
        labels.append(choice[generator.integers(len(choice))])
    return labels


def some_kinds(per_theme: int) -> tuple[str, ...]:
    """The first ``per_theme`` classes of every theme."""
    themes = dict.fromkeys(CATEGORIES.values())
    return tuple(k for theme in themes for k in [c for c in CLASSES if CATEGORIES[c] == theme][:per_theme])


def _featured(shot: Scene, opening: Scene) -> tuple[str | None, float]:
    before = {thing.label: _area(thing.box) for thing in opening.things}
    growth = {thing.label: _area(thing.box) / before[thing.label] for thing in shot.things}
    label = max(growth, key=growth.__getitem__)
    if growth[label] <= 1.01:
        return None, 0.0
    return label, growth[label] * before[label]


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()
