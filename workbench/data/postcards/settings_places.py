"""Backgrounds among people: city, a village at night, and a room."""

from __future__ import annotations

import numpy as np

from workbench.data.postcards.canvas import Canvas, Colour, arc, darker, lighter, mix, rounded
from workbench.data.postcards.sky import Sky, crest_height, glow, gradient, paint_sky, ridge, stars


def _block(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def city(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """A skyline, a row of houses, a street with trees."""
    paint_sky(canvas, sky, 64, generator)
    far = mix((142, 164, 200), sky.stops[-1], 0.45)
    x = -3.0
    while x < 102:
        width = float(generator.uniform(6, 11))
        canvas.fill(_block(x, generator.uniform(20, 44), x + width, 76), far, 0)
        x += width * 0.92
    walls: tuple[Colour, ...] = ((226, 164, 140), (236, 206, 160), (168, 190, 186), (206, 176, 196), (178, 194, 220))
    x, k = -4.0, int(generator.integers(5))
    while x < 102:
        width, top = float(generator.uniform(13, 19)), float(generator.uniform(40, 54))
        wall = walls[k % len(walls)]
        canvas.fill(_block(x, top, x + width, 78), wall, 0)
        canvas.fill(_block(x + width * 0.82, top, x + width, 78), darker(wall, 0.1), 0)
        canvas.fill(_block(x - 0.5, top - 1.6, x + width + 0.5, top + 0.6), darker(wall, 0.3), 0)
        for row in np.arange(top + 3.5, 66, 6.4):
            for column in np.linspace(x + 2, x + width - 5, 3):
                lit = generator.random() < 0.35
                canvas.fill(
                    _block(column, row, column + 2.8, row + 3.8), (255, 236, 168) if lit else (236, 244, 248), 0
                )
                canvas.fill(_block(column, row + 3.4, column + 2.8, row + 4.2), darker(wall, 0.25), 0)
        canvas.fill(_block(x, 69, x + width, 71), lighter(wall, 0.5), 0)
        x, k = x + width, k + 1
    canvas.fill(_block(-2, 76, 102, 102), (206, 200, 202), 0)
    canvas.fill(_block(-2, 84, 102, 102), (134, 132, 148), 0)
    canvas.fill(_block(-2, 83, 102, 85), (232, 226, 222), 0)
    for start in range(-4, 104, 17):
        canvas.fill([(start, 91), (start + 9, 91), (start + 8, 93), (start - 1, 93)], (244, 238, 226), 0)
    for tx in (generator.uniform(4, 12), generator.uniform(88, 96)):
        canvas.fill(_block(tx - 0.7, 66, tx + 0.7, 80), (122, 90, 72), 0)
        canvas.disc(tx, 63, 5.6, (92, 160, 106), 0, 6.6)
        canvas.disc(tx - 1.4, 61.4, 3.6, (120, 184, 120), 0, 4.2)


def night(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """Moon and stars over a sleeping village."""
    gradient(canvas, sky.stops, 0, 72)
    stars(canvas, generator, 90, 56)
    x, y = float(generator.choice([20, 80])) + generator.uniform(-6, 6), float(generator.uniform(13, 20))
    glow(canvas, x, y, 26, sky.disc, 0.5)
    canvas.dot(x, y, 8, sky.disc)
    for dx, dy, radius in ((-2.5, -2, 1.7), (2.6, 1.4, 1.3), (-1.2, 3.4, 1.0), (3, -3.6, 0.8)):
        canvas.dot(x + dx, y + dy, radius, darker(sky.disc, 0.12))
    canvas.fill(ridge(generator, 54, 5), (62, 70, 128), 0)
    hill = ridge(generator, 63, 3)
    canvas.fill(hill, (50, 66, 112), 0)
    for hx in np.sort(generator.uniform(4, 96, 7)):
        hy = crest_height(hill, hx) + 1.5
        canvas.fill(_block(hx - 2.6, hy - 4, hx + 2.6, hy + 1), (88, 84, 136), 0)
        canvas.fill([(hx - 3.4, hy - 4), (hx, hy - 7.4), (hx + 3.4, hy - 4)], (44, 42, 84), 0)
        glow(canvas, hx, hy - 1.8, 4.5, (255, 214, 120), 0.7)
        canvas.fill(_block(hx - 0.9, hy - 3, hx + 0.9, hy - 0.6), (255, 226, 140), 0)
    canvas.fill(ridge(generator, 71, 2), (58, 92, 116), 0)
    canvas.fill(ridge(generator, 86, 2), (50, 82, 106), 0)
    for gx, gy in generator.uniform((2, 76), (98, 98), (9, 2)):
        glow(canvas, gx, gy, 2.6, (236, 244, 150), 0.9)
        canvas.dot(gx, gy, 0.4, (250, 252, 200))


def room(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """A papered wall with a window and a picture, a boarded floor and a rug."""
    papers: tuple[Colour, ...] = ((186, 214, 206), (238, 212, 190), (206, 206, 228), (226, 220, 184))
    wall = papers[int(generator.integers(len(papers)))]
    canvas.fill(_block(-2, -2, 102, 72), wall, 0)
    for x in range(-2, 104, 8):
        canvas.fill(_block(x, -2, x + 3.4, 72), lighter(wall, 0.22), 0)
    side = int(generator.choice([0, 1]))
    left = 8.0 + 46 * side
    canvas.fill(_block(left - 2, 8, left + 40, 50), (250, 246, 238), 0.6)
    corner, frame = _pixels(canvas, left, 10), _pixels(canvas, left + 38, 48)
    view = Canvas(canvas.image[corner[1] : frame[1], corner[0] : frame[0]], (0, 0), (canvas.image.shape[0] / 264,) * 2)
    _window_view(view, sky, generator)
    canvas.line([(left + 19, 9), (left + 19, 49)], (250, 246, 238), 1.6)
    canvas.line([(left, 30), (left + 38, 30)], (250, 246, 238), 1.6)
    canvas.fill(_block(left - 4, 49, left + 42, 52), (244, 236, 224), 0.5)
    curtain: Colour = ((222, 120, 112), (110, 140, 186), (226, 170, 92))[int(generator.integers(3))]
    for x0, x1 in ((left - 6, left + 4), (left + 34, left + 44)):
        canvas.fill(_block(x0, 6, x1, 54), curtain, 0.5)
        for fold in (0.3, 0.65):
            canvas.line([(x0 + (x1 - x0) * fold, 7), (x0 + (x1 - x0) * fold, 54)], darker(curtain, 0.2), 0.6)
    canvas.line([(left - 8, 6), (left + 46, 6)], (140, 98, 72), 1.4)
    px = 76.0 - 66 * side
    canvas.fill(_block(px, 18, px + 18, 42), (168, 118, 82), 0.5)
    canvas.fill(_block(px + 1.8, 19.8, px + 16.2, 40.2), (238, 240, 226), 0)
    canvas.dot(px + 9, 27, 3.4, (240, 150, 110))
    canvas.fill([(px + 1.8, 40.2), (px + 7, 31), (px + 11, 36), (px + 13, 33), (px + 16.2, 40.2)], (120, 168, 150), 0)
    canvas.fill(_block(-2, 68, 102, 72), (250, 246, 238), 0.4)
    gradient(canvas, ((198, 146, 104), (176, 122, 84)), 72, 100)
    for y in (76, 81.5, 88):
        canvas.line([(-2, y), (102, y)], (152, 104, 74), 0.4)
        for x in generator.uniform(0, 100, 4):
            canvas.line([(x, y), (x, y + 6)], (152, 104, 74), 0.4)
    rug = mix(curtain, wall, 0.45)
    canvas.fill(arc((50, 89), (42, 9)), rug, 0.4)
    canvas.line(arc((50, 89), (38, 7.6)), lighter(rug, 0.5), 0.7, closed=True)


def _pixels(canvas: Canvas, x: float, y: float) -> tuple[int, int]:
    unit = canvas.image.shape[0] / 100
    return round(x * unit), round(y * unit)


def _window_view(view: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """What is seen through the window: sky, sun or moon, hills."""
    gradient(view, sky.stops, 0, 100)
    glow(view, 66, 34, 40, sky.disc, 0.5)
    view.disc(66, 34, 11, sky.disc, 0)
    view.fill(rounded(14, 20, 44, 29, 4.4), sky.cloud, 0)
    view.fill(ridge(generator, 70, 6), mix((110, 170, 120), sky.stops[0], 0.4), 0)
    view.fill(ridge(generator, 84, 4), mix((110, 170, 104), sky.stops[0], 0.2), 0)
