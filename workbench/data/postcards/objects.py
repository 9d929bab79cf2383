"""All drawable classes, and the extents of each drawing in design units."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from workbench.data.postcards import objects_animals as animals
from workbench.data.postcards import objects_food as food
from workbench.data.postcards import objects_places as places
from workbench.data.postcards import objects_things as things
from workbench.data.postcards import objects_vehicles as vehicles
from workbench.data.postcards.canvas import Canvas

DRAWINGS: dict[str, Callable[[Canvas], None]] = {
    drawing.__name__: drawing
    for drawing in (
        *(animals.cat, animals.dog, animals.bird, animals.fish, animals.butterfly, animals.rabbit, animals.owl),
        *(animals.turtle, animals.penguin, places.flower, places.tree, places.mushroom, places.cactus),
        *(places.house, places.castle, places.lighthouse, places.windmill, places.tent),
        *(vehicles.boat, vehicles.car, vehicles.bicycle, vehicles.train, vehicles.balloon, vehicles.plane),
        *(vehicles.rocket, food.cup, food.cake, food.icecream, food.apple, food.donut),
        *(things.guitar, things.clock, things.book, things.lamp),
        *(things.umbrella, things.kite, things.hat, things.ball, things.gift, things.star),
    )
}


@cache
def extents(label: str) -> tuple[float, float, float, float]:
    """The tight box (x0, y0, x1, y1) of a class's drawing in design units."""
    scale, margin = 4, 20
    image = np.zeros(((100 + 2 * margin) * scale, (100 + 2 * margin) * scale, 4), np.uint8)
    DRAWINGS[label](Canvas(image, (margin * scale, margin * scale), (scale, scale)))
    x, y, width, height = cv2.boundingRect((image[..., 3] > 127).astype(np.uint8))
    x0, y0, x1, y1 = (value / scale - margin for value in (x, y, x + width, y + height))
    return x0, y0, x1, y1
