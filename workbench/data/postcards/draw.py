"""Scenes turned into pictures, and reels: a few scenes that tell a small story."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.data.postcards.canvas import Canvas, Image
from workbench.data.postcards.objects import DRAWINGS, extents
from workbench.data.postcards.palette import dress
from workbench.data.postcards.scene import FLOATING, SIZES, Scene, Thing, overlap, place, settle, span
from workbench.data.postcards.settings import CATALOGUE, backdrop

Floats = NDArray[np.float32]

_FINER = 3
_LOOKS_RIGHT = frozenset({"dog", "bird", "fish", "turtle", "boat", "car", "bicycle", "train", "plane", "cat", "cup"})


def render(scene: Scene, size: int = 224) -> Image:
    """Draw a scene, (size, size, 3) uint8 RGB; the same scene always gives the same pixels."""
    picture = _filmed(backdrop(scene.setting, scene.seed, size), scene)
    order = {"air": 0, "water": 1, "ground": 2}
    for thing in sorted(scene.things, key=lambda thing: (order[place(thing.label, scene.setting)], thing.box[3])):
        _anchor(picture, thing, scene.setting)
        sprite, (x, y) = _sprite(thing, size)
        window = picture[y : y + sprite.shape[0], x : x + sprite.shape[1]]
        transparency = cv2.cvtColor(255 - sprite[..., 3], cv2.COLOR_GRAY2RGB)
        behind = cv2.multiply(window, transparency, scale=1 / 255)
        cv2.add(behind, cv2.cvtColor(sprite, cv2.COLOR_RGBA2RGB), window)
    return picture


def silhouette(thing: Thing, size: int = 224) -> Image:
    """The opacity (size, size) uint8 of a thing alone, where ``render`` draws it."""
    mask = np.zeros((size, size), np.uint8)
    sprite, (x, y) = _sprite(thing, size)
    mask[y : y + sprite.shape[0], x : x + sprite.shape[1]] = sprite[..., 3]
    return mask


def _sprite(thing: Thing, size: int) -> tuple[Image, tuple[int, int]]:
    """A thing with premultiplied opacity (height, width, 4), and the pixel (x, y) of its corner."""
    box = np.array(thing.box) * size
    x0, y0 = np.floor(box[:2]).astype(int)
    x1, y1 = np.minimum(np.ceil(box[2:]).astype(int), size)
    left, top, right, bottom = extents(thing.label)
    scale_x = (box[2] - box[0]) / (right - left) * _FINER
    scale_y = (box[3] - box[1]) / (bottom - top) * _FINER
    origin_x, origin_y = (box[0] - x0) * _FINER - left * scale_x, (box[1] - y0) * _FINER - top * scale_y
    if thing.label in _LOOKS_RIGHT and box[0] + box[2] > size:
        origin_x, scale_x = (box[2] - x0) * _FINER + left * scale_x, -scale_x
    fine = np.zeros(((y1 - y0) * _FINER, (x1 - x0) * _FINER, 4), np.uint8)
    canvas = Canvas(fine, (origin_x, origin_y), (scale_x, scale_y), dress(thing.colour, thing.pattern))
    DRAWINGS[thing.label](canvas)
    sprite = cv2.resize(fine, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return np.asarray(sprite, np.uint8), (int(x0), int(y0))


def _filmed(picture: Image, scene: Scene) -> Image:
    """The background as the scene's camera sees it; the horizon stays where it is, so things keep their footing."""
    x, zoom = scene.camera
    if zoom == 1.0:
        return picture
    size = picture.shape[0]
    left = min(max(x - 0.5 / zoom, 0.0), 1 - 1 / zoom) * size
    top = CATALOGUE[scene.setting].horizon * (1 - 1 / zoom) * size
    matrix = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]])
    return np.asarray(cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_CUBIC), np.uint8)


def _anchor(picture: Image, thing: Thing, setting: str) -> None:
    """What ties a thing to its place: a shadow, ripples on water (a puddle on land), a thread from the ceiling."""
    size = picture.shape[0]
    x0, y0, x1, y1 = (value * size for value in thing.box)
    kind = place(thing.label, setting)
    if kind == "ground" and thing.label in FLOATING:
        _blot(picture, ((x0 + x1) / 2, y1), ((x1 - x0) * 0.62, (x1 - x0) * 0.11 + 2), (112, 182, 222), 0.95)
    elif kind == "ground":
        _blot(picture, ((x0 + x1) / 2, y1 - 0.008 * size), ((x1 - x0) * 0.56, (x1 - x0) * 0.07 + 2), (46, 34, 62), 0.5)
    elif kind == "water":
        _blot(picture, ((x0 + x1) / 2, y1), ((x1 - x0) * 0.62, (x1 - x0) * 0.1 + 2), (240, 250, 252), 0.75)
    elif not CATALOGUE[setting].outdoors:
        middle = round((x0 + x1) / 2)
        cv2.line(picture, (middle, 0), (middle, round(y0 + 0.1 * (y1 - y0))), (120, 108, 112), 1, cv2.LINE_AA)


def _blot(
    picture: Image, centre: tuple[float, float], radii: tuple[float, float], colour: tuple[int, int, int], share: float
) -> None:
    """A soft-edged ellipse mixed into the picture in place."""
    x0, y0, x1, y1 = (
        int(np.clip(value, 0, picture.shape[0]))
        for value in (centre[0] - radii[0], centre[1] - radii[1], centre[0] + radii[0] + 1, centre[1] + radii[1] + 1)
    )
    dx = (np.arange(x0, x1, dtype=np.float32) - centre[0]) / radii[0]
    dy = (np.arange(y0, y1, dtype=np.float32) - centre[1]) / radii[1]
    weight = share * np.clip(1.4 * (1 - dx[None] ** 2 - dy[:, None] ** 2), 0, 1)[..., None]
    window = picture[y0:y1, x0:x1]
    window[:] = np.rint(window + (np.array(colour, np.float32) - window) * weight).astype(np.uint8)


def reel(scene: Scene, frames: int, generator: np.random.Generator) -> list[Scene]:
    """A small story in ``frames`` scenes.

    It opens and, where there is room, closes on the whole scene. In between the camera goes to each thing in turn,
    which grows to the largest size while whatever stands in its way leaves.

    Args:
        scene: what the reel is about.
        frames: at least one more than the scene has things.
        generator: source of all chance.

    Raises:
        ValueError: too few frames.
    """
    count = len(scene.things)
    if frames <= count:
        raise ValueError(f"A reel of a scene with {count} things needs at least {count + 1} frames; got {frames}.")
    closing = 1 if frames > count + 2 else 0
    acts = np.array_split(np.arange(frames - 1 - closing), count)
    story = [scene]
    for index, act in zip(generator.permutation(count), acts, strict=True):
        drift = generator.uniform(0.01, 0.12)
        for step in range(len(act)):
            progress = (step + 1) / len(act)
            story.append(_close_up(scene, int(index), progress, drift * progress))
    return story + [scene] * closing


def _close_up(scene: Scene, index: int, progress: float, drift: float) -> Scene:
    """The scene with one thing grown by ``progress`` (0..1) towards the largest size and moved to the middle.

    It stays ``drift`` on its own side of the middle, since a thing that crosses it would turn round.
    """
    thing = scene.things[index]
    x0, y0, x1, y1 = thing.box
    now = float(np.sqrt((x1 - x0) * (y1 - y0)))
    extent = now + (0.58 - now) * (0.35 + 0.65 * progress)
    width, height = span(thing.label, extent)
    middle = (x0 + x1) / 2
    aim = 0.5 + (drift if middle > 0.5 else -drift)
    middle += (aim - middle) * (0.3 + 0.7 * progress)
    left = min(max(middle - width / 2, 0.02), 0.98 - width)
    grown = replace(
        thing, size=_nearest(extent), box=settle(thing.label, scene.setting, (left, left + width), height, 0.6)
    )
    things = tuple(
        grown if k == index else other
        for k, other in enumerate(scene.things)
        if k == index or overlap(other.box, grown.box) <= 0.05
    )
    return replace(scene, things=things, camera=(middle, 1.0 + 0.35 * progress))


def _nearest(extent: float) -> str:
    return SIZES[int(extent > 0.305) + int(extent > 0.43)]
