"""Backgrounds out of doors: beach, meadow, lake, mountain, desert, snow and forest."""

from __future__ import annotations

import numpy as np

from workbench.data.postcards.canvas import Canvas, Colour, arc, darker, lighter, mix, smooth
from workbench.data.postcards.sky import Sky, crest_height, gradient, paint_sky, ridge


def _fir(canvas: Canvas, x: float, y: float, height: float, colour: Colour, cap: Colour | None = None) -> None:
    """A fir tree whose foot stands at (x, y)."""
    canvas.fill([(x - 0.06 * height, y), (x + 0.06 * height, y), (x, y - height * 0.3)], (112, 82, 68), 0)
    for k, half in enumerate((0.27, 0.22, 0.16)):
        low, high = y - height * (0.12 + 0.24 * k), y - height * (0.52 + 0.24 * k)
        canvas.fill([(x - half * height, low), (x, high), (x + half * height, low)], colour, 0)
        canvas.fill([(x, high), (x + half * height, low), (x + 0.02 * height, low)], darker(colour, 0.14), 0)
        if cap is not None:
            reach = half * height * 0.5
            middle = (low + high) / 2
            canvas.fill([(x - reach, middle), (x, high), (x + reach, middle), (x, middle - height * 0.05)], cap, 0)


def _tufts(canvas: Canvas, generator: np.random.Generator, colour: Colour, top: float, count: int) -> None:
    for x, y in generator.uniform((2, top), (98, 99), (count, 2)):
        for lean in (-1.1, 0, 1.1):
            canvas.line([(x, y), (x + lean, y - 2.2)], colour, 0.45)


def _blossoms(canvas: Canvas, generator: np.random.Generator, top: float, count: int) -> None:
    colours: tuple[Colour, ...] = ((255, 250, 240), (250, 214, 110), (240, 150, 168), (190, 150, 220))
    for k, (x, y) in enumerate(generator.uniform((2, top), (98, 99), (count, 2))):
        near = 0.6 + 0.9 * (y - top) / (100 - top)
        for angle in range(0, 360, 72):
            dx, dy = near * np.cos(np.radians(angle)), near * np.sin(np.radians(angle))
            canvas.dot(x + dx, y + dy, 0.62 * near, colours[k % 4])
        canvas.dot(x, y, 0.5 * near, (246, 196, 90))


def _waves(
    canvas: Canvas, generator: np.random.Generator, top: float, bottom: float, colour: Colour, count: int
) -> None:
    for x, share in generator.uniform((0, 0), (100, 1), (count, 2)):
        y = top + (bottom - top) * share
        half = 1.6 + 4.0 * share
        wave = smooth(
            [(x - half, y), (x - half / 2, y - 0.5), (x, y), (x + half / 2, y - 0.5), (x + half, y)], False, 4
        )
        canvas.line(wave, colour, 0.35 + 0.35 * share)


def beach(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """Sea to the horizon, a palm leaning over the sand."""
    x = paint_sky(canvas, sky, 46, generator)
    gradient(canvas, (mix((44, 138, 190), sky.stops[-1], 0.3), (56, 168, 202), (128, 212, 214)), 46, 76)
    for k in range(7):
        half = 1.5 + 1.1 * k
        canvas.line([(x - half, 48 + 2.6 * k), (x + half, 48 + 2.6 * k)], mix(sky.disc, (120, 200, 210), 0.25), 0.6)
    _waves(canvas, generator, 49, 70, (214, 240, 240), 22)
    shore = ridge(generator, 74, 1.4, 7)
    canvas.fill(np.subtract(shore, (0, 2.2)), (238, 250, 246), 0)
    canvas.fill(shore, (214, 184, 140), 0)
    canvas.fill(np.add(shore, (0, 2.0)), (244, 220, 172), 0)
    for sx, sy in generator.uniform((2, 81), (98, 99), (36, 2)):
        canvas.dot(sx, sy, 0.4, (216, 184, 136))
    _palm(canvas, generator, 1 if x < 50 else -1)


def _palm(canvas: Canvas, generator: np.random.Generator, side: int) -> None:
    foot, top = 50 + side * 45, 50 + side * (33 + generator.uniform(0, 5))
    trunk = smooth([(foot, 82), (foot - side * 2, 60), (top + side * 2, 38), (top, 26)], closed=False)
    canvas.line(trunk, (120, 82, 62), 3.4)
    canvas.line(trunk, (172, 124, 88), 2.3)
    for angle in (-172, -142, -96, -44, -8, 20, 160):
        dx, dy = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        tip = (top + 16 * dx, 26 + 10 * dy + 5)
        middle = (top + 9 * dx, 26 + 9 * dy - 2.5)
        canvas.fill(
            smooth([(top, 26), middle, tip, (middle[0] * 0.98 + top * 0.02, middle[1] + 3.4)]), (74, 150, 96), 0.4
        )
    for dx in (-1.4, 1.4):
        canvas.dot(top + dx, 27.4, 1.5, (134, 92, 66))


def meadow(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """Rolling hills, a fence and flowers in the grass."""
    paint_sky(canvas, sky, 56, generator)
    canvas.fill(ridge(generator, 52, 4), mix((120, 184, 160), sky.stops[-1], 0.35), 0)
    near = ridge(generator, 60, 3.5)
    canvas.fill(near, (146, 200, 118), 0)
    for x in generator.uniform(4, 96, 6):
        y, radius = crest_height(near, x), generator.uniform(2.2, 4)
        canvas.fill([(x - 0.5, y + 2), (x + 0.5, y + 2), (x + 0.5, y - 3), (x - 0.5, y - 3)], (124, 90, 70), 0)
        canvas.dot(x, y - 3.5, radius, (92, 164, 104))
        canvas.dot(x - 0.8, y - 4.3, radius * 0.66, (116, 184, 116))
    canvas.fill(ridge(generator, 69, 2), (126, 190, 100), 0)
    for x in range(-2, 104, 9):
        canvas.fill([(x, 66), (x + 1, 65), (x + 2, 66), (x + 2, 75), (x, 75)], (250, 244, 232), 0.3)
    for y in (68, 71.5):
        canvas.line([(-2, y), (102, y)], (250, 244, 232), 1.1)
    front = ridge(generator, 76, 1.4)
    canvas.fill(front, (108, 176, 92), 0)
    canvas.fill(ridge(generator, 92, 2), (96, 164, 86), 0)
    _tufts(canvas, generator, (82, 148, 78), 80, 26)
    _blossoms(canvas, generator, 78, 26)


def lake(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """A lake between wooded hills, reeds along the near bank."""
    x = paint_sky(canvas, sky, 44, generator)
    far: Colour = mix((112, 150, 184), sky.stops[-1], 0.3)
    canvas.fill(ridge(generator, 33, 5, 7), far, 0)
    hills = ridge(generator, 40, 2.5, 8)
    canvas.fill(hills, (104, 164, 128), 0)
    for fx in np.sort(generator.uniform(0, 100, 20)):
        _fir(canvas, fx, 45, generator.uniform(6, 10), (70, 134, 108))
    gradient(canvas, (mix((96, 168, 180), sky.stops[-1], 0.35), (84, 164, 204), (60, 134, 186)), 45, 84)
    canvas.fill(arc((50, 45), (70, 3.4), 0, 180), (82, 144, 140), 0)
    for k in range(8):
        half = 1.5 + 0.8 * k
        canvas.line([(x - half, 50 + 3 * k), (x + half, 50 + 3 * k)], mix(sky.disc, (100, 170, 200), 0.3), 0.6)
    _waves(canvas, generator, 52, 80, (196, 228, 238), 24)
    bank = ridge(generator, 83, 1.2, 7)
    canvas.fill(np.subtract(bank, (0, 1.2)), (206, 190, 146), 0)
    canvas.fill(np.add(bank, (0, 0.8)), (126, 184, 98), 0)
    for side in (0, 1):
        for rx in generator.uniform(1, 13, 9):
            px = rx if side == 0 else 100 - rx
            top = generator.uniform(66, 76)
            canvas.line(smooth([(px, 88), (px + 0.3, 80), (px + 1.2, top)], closed=False), (92, 148, 84), 0.7)
            canvas.line([(px + 1.1, top + 1), (px + 1.3, top - 2.6)], (140, 94, 66), 1.3)
    _tufts(canvas, generator, (96, 156, 82), 87, 18)


def mountain(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """Snow-capped peaks behind firs and an alpine meadow."""
    paint_sky(canvas, sky, 60, generator, clouds=2)
    haze = sky.stops[-1]
    for shift, low, tone in ((0.0, 62, mix((130, 150, 192), haze, 0.4)), (17.0, 66, mix((112, 124, 166), haze, 0.12))):
        for k in range(-1, 4):
            x, top = 34 * k + shift + generator.uniform(-5, 5), generator.uniform(18, 32) + (4 if shift else 0)
            half = (low - top) * 0.72
            canvas.fill([(x - half, low), (x, top), (x + half, low)], tone, 0)
            canvas.fill(
                [(x, top), (x + half, low), (x + half * 0.25, low), (x - half * 0.06, top + half * 0.6)],
                darker(tone, 0.16),
                0,
            )
            s = half * 0.34
            drop = s / 0.72
            cap = [(x, top), (x + s, top + drop), (x + s * 0.5, top + drop * 0.8), (x + s * 0.1, top + drop * 1.1)]
            canvas.fill([*cap, (x - s * 0.4, top + drop * 0.75), (x - s, top + drop)], (250, 250, 252), 0)
    hill = ridge(generator, 64, 2.5)
    canvas.fill(hill, (106, 162, 116), 0)
    for x in np.sort(generator.uniform(0, 100, 16)):
        _fir(canvas, x, crest_height(hill, x) + 2, generator.uniform(8, 14), (62, 122, 100))
    canvas.fill(ridge(generator, 73, 2), (130, 184, 108), 0)
    canvas.fill(ridge(generator, 88, 3), (112, 170, 98), 0)
    for x, y in generator.uniform((4, 80), (96, 97), (5, 2)):
        canvas.fill(smooth([(x - 2.4, y), (x - 1, y - 2), (x + 1.4, y - 1.6), (x + 2.6, y)]), (168, 166, 176), 0.3)
    _tufts(canvas, generator, (88, 148, 84), 78, 22)
    _blossoms(canvas, generator, 78, 12)


def desert(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """Mesas and dunes under a large sun."""
    paint_sky(canvas, sky, 58, generator, clouds=1)
    rock: Colour = mix((204, 118, 88), sky.stops[-1], 0.3)
    for x in (generator.uniform(8, 28), generator.uniform(68, 92)):
        top, half = generator.uniform(34, 44), generator.uniform(7, 13)
        canvas.fill(
            [
                (x - half * 1.7, 62),
                (x - half, top + 6),
                (x - half, top),
                (x + half, top),
                (x + half * 1.1, top + 7),
                (x + half * 1.8, 62),
            ],
            rock,
            0,
        )
        canvas.fill(
            [
                (x + half * 0.3, top),
                (x + half, top),
                (x + half * 1.1, top + 7),
                (x + half * 1.8, 62),
                (x + half * 0.6, 62),
            ],
            darker(rock, 0.14),
            0,
        )
        for band in (3, 8):
            canvas.line([(x - half, top + band), (x + half, top + band)], lighter(rock, 0.3), 0.7)
    tones: tuple[Colour, ...] = ((240, 196, 138), (236, 182, 120), (244, 204, 146))
    for level, tone in zip((60, 70, 84), tones, strict=True):
        dune = ridge(generator, level, 3.5, 5)
        canvas.fill(dune, tone, 0)
        for shift in (3.5, 6.5):
            canvas.line(np.add(dune[4:-8], (0, shift)), darker(tone, 0.09), 0.4)
    for x in (generator.uniform(3, 10), generator.uniform(90, 97)):
        y = generator.uniform(72, 78)
        canvas.line([(x, y), (x, y - 12)], (92, 146, 104), 2.6)
        canvas.line([(x - 3.4, y - 9), (x - 3.4, y - 5.5), (x, y - 5)], (92, 146, 104), 1.7)
        canvas.line([(x + 3.4, y - 11), (x + 3.4, y - 7.5), (x, y - 7)], (92, 146, 104), 1.7)


def snow(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """Snowy hills with firs, flakes in the air."""
    paint_sky(canvas, sky, 58, generator, clouds=2)
    canvas.fill(ridge(generator, 50, 5), mix((190, 206, 232), sky.stops[-1], 0.25), 0)
    hill = ridge(generator, 60, 3)
    canvas.fill(hill, (216, 228, 244), 0)
    for x in np.sort(np.concatenate([generator.uniform(0, 34, 5), generator.uniform(66, 100, 5)])):
        _fir(canvas, x, crest_height(hill, x) + 3, generator.uniform(12, 24), (86, 136, 136), (248, 250, 254))
    canvas.fill(ridge(generator, 71, 2.5), (230, 238, 250), 0)
    canvas.fill(ridge(generator, 84, 2.5, 5), (244, 248, 254), 0)
    canvas.fill(ridge(generator, 95, 2, 5), (232, 238, 250), 0)
    for x, y in generator.uniform((0, 0), (100, 92), (46, 2)):
        canvas.dot(x, y, generator.uniform(0.3, 0.8), (255, 255, 255))


def forest(canvas: Canvas, sky: Sky, generator: np.random.Generator) -> None:
    """Trunks fading into the light, ferns on the ground."""
    gradient(canvas, ((226, 240, 190), (206, 230, 178), (176, 212, 156)), 0, 76)
    for depth, (tone, count, width) in enumerate(
        (((170, 204, 158), 9, 2.4), ((132, 172, 130), 7, 3.6), ((100, 130, 100), 4, 5.2))
    ):
        for k in range(count):
            x = (k + generator.uniform(0.15, 0.85)) * 100 / count
            canvas.fill(
                [(x - width * 0.4, -2), (x + width * 0.4, -2), (x + width * 0.62, 80), (x - width * 0.62, 80)], tone, 0
            )
        level = 8 + 5 * (2 - depth)
        leaf = mix((88, 156, 96), (196, 224, 170), 0.6 - 0.3 * depth)
        for k in range(11):
            canvas.disc(k * 10 + generator.uniform(-4, 4), generator.uniform(-6, level), 9, leaf, 0, 7)
        canvas.fill(ridge(generator, 66 + 5 * depth, 2), mix((96, 156, 86), (186, 216, 160), 0.6 - 0.3 * depth), 0)
    for x in (22.0, 48.0, 72.0):
        canvas.gleam([(x, 0), (x + 6, 0), (x - 8, 86), (x - 22, 86)])
    canvas.fill(ridge(generator, 84, 2), (98, 150, 84), 0)
    for x, y in generator.uniform((2, 78), (98, 98), (14, 2)):
        for angle in (-150, -120, -90, -60, -30):
            dx, dy = 3.4 * np.cos(np.radians(angle)), 3.4 * np.sin(np.radians(angle))
            canvas.line(
                smooth([(x, y), (x + dx * 0.6, y + dy * 0.9), (x + dx, y + dy * 0.7)], closed=False), (66, 122, 74), 0.7
            )
    _blossoms(canvas, generator, 82, 8)
