"""Food, each drawn in a design square of 100 units."""

from __future__ import annotations

import numpy as np

from workbench.data.postcards.canvas import Canvas, Colour, arc, darker, lighter, rounded, smooth
from workbench.data.postcards.palette import GOLD, ICING, LEAF, ROSE, WOOD

_CAKE: Colour = (238, 196, 132)


def cup(canvas: Canvas) -> None:
    """A steaming cup on a saucer."""
    for x in (36, 50, 64):
        canvas.line(smooth([(x, 26), (x - 4, 19), (x + 4, 11), (x, 4)], closed=False), (250, 250, 252), 3)
    canvas.disc(46, 90, 43, (250, 246, 240), 1.4, 7.5)
    canvas.disc(46, 89, 26, (224, 216, 218), 0, 3.5)
    canvas.line(arc((76, 54), (14, 14), -100, 110), darker(canvas.dress.base, 0.45), 9)
    canvas.line(arc((76, 54), (14, 14), -100, 110), canvas.dress.base, 6)
    canvas.body(
        np.concatenate(
            [
                [(12, 34), (80, 34)],
                smooth([(80, 34), (78, 62), (66, 84), (46, 90), (26, 84), (14, 62), (12, 34)], closed=False),
            ]
        ),
        shade=8,
    )
    canvas.disc(46, 35, 34, lighter(canvas.dress.base, 0.7), 1.4, 6.5)
    canvas.disc(46, 36, 29, (126, 80, 56), 0.8, 4.4)
    canvas.gleam(smooth([(17, 46), (22, 46), (26, 68), (22, 66)]))


def cake(canvas: Canvas) -> None:
    """A two-tier birthday cake with candles."""
    canvas.disc(50, 92, 47, (246, 240, 240), 1.4, 6)
    for x, colour in ((38, ROSE), (50, GOLD), (62, (120, 186, 222))):
        canvas.fill([(x - 2, 14), (x + 2, 14), (x + 2, 30), (x - 2, 30)], colour, 1)
        canvas.fill(smooth([(x, 2), (x + 3.2, 9), (x, 13), (x - 3.2, 9)]), (255, 196, 70), 0.8)
    canvas.body(rounded(10, 58, 90, 92, 5), shade=7)
    canvas.body(rounded(26, 29, 74, 60, 5), shade=6)
    for x0, x1, y in ((10.0, 90.0, 58.0), (26.0, 74.0, 29.0)):
        drips = [(x0, y + 1), (x1, y + 1), (x1, y + 9)]
        count = 2 * round((x1 - x0) / 20) + 1
        drips.extend((x0 + (x1 - x0) * k / count, y + (13 if k % 2 else 7)) for k in range(count, -1, -1))
        canvas.fill(smooth(drips, steps=6), ICING)
    for x in (20, 35, 50, 65, 80):
        canvas.disc(x, 56, 4, canvas.dress.accent, 1)


def icecream(canvas: Canvas) -> None:
    """Two scoops in a wafer cone, a cherry on top."""
    canvas.fill([(29, 50), (71, 50), (50, 99)], (230, 172, 100), 1.5)
    for k in (0.25, 0.5, 0.75):
        canvas.line([(29 + 42 * k, 50), (50 + 21 * k, 99 - 49 * k)], (186, 124, 70), 1.2)
        canvas.line([(71 - 42 * k, 50), (50 - 21 * k, 99 - 49 * k)], (186, 124, 70), 1.2)
    canvas.line(smooth([(52, 12), (55, 5), (62, 2)], closed=False), LEAF, 1.8)
    scoop = [
        *arc((50, 40), (25, 22), 180, 360),
        (77, 48),
        (72, 54),
        (65, 50),
        (57, 57),
        (49, 51),
        (41, 56),
        (34, 50),
        (27, 54),
        (23, 47),
    ]
    canvas.body(smooth(scoop, steps=3), shade=6)
    canvas.fill(
        smooth(
            [*arc((50, 27), (19, 16), 185, 355), (70, 33), (62, 36), (55, 33), (47, 37), (38, 33), (31, 35)], steps=3
        ),
        ICING,
        1.4,
    )
    for x, y, colour in ((40, 22, ROSE), (50, 19, (120, 186, 222)), (59, 25, GOLD), (45, 29, LEAF), (55, 30, ROSE)):
        canvas.line([(x - 1.5, y - 1), (x + 1.5, y + 1)], colour, 1.6)
    canvas.disc(51, 12, 5.6, (214, 58, 70))
    canvas.disc(49.4, 10, 1.5, (255, 220, 220), 0)


def apple(canvas: Canvas) -> None:
    """An apple with a leaf."""
    stem = smooth([(50, 26), (50, 14), (55, 4)], closed=False)
    canvas.body(
        smooth(
            [
                (50, 22),
                (64, 15),
                (82, 20),
                (92, 40),
                (88, 66),
                (74, 90),
                (60, 97),
                (50, 94),
                (40, 97),
                (26, 90),
                (12, 66),
                (8, 40),
                (18, 20),
                (36, 15),
            ]
        ),
        shade=9,
    )
    canvas.gloom(smooth([(38, 20), (50, 25), (62, 20), (50, 29)]))
    canvas.line(stem, darker(WOOD, 0.4), 4.4)
    canvas.fill(smooth([(54, 16), (62, 5), (78, 2), (74, 13), (64, 19)]), LEAF)
    canvas.line([(56, 16), (71, 7)], darker(LEAF), 1)
    canvas.gleam(smooth([(17, 48), (18, 34), (28, 25), (27, 36), (24, 50)]))


def donut(canvas: Canvas) -> None:
    """A ring doughnut with icing, seen a little from above."""
    canvas.fill(arc((50, 54), (48, 38)), _CAKE, 1.5)
    canvas.gloom(arc((50, 60), (45, 31), 5, 175))
    wave = [
        (50 + (43 + 3 * (k % 2)) * np.cos(a), 47 + (31 + 4 * (k % 2)) * np.sin(a))
        for k, a in enumerate(np.linspace(0, 2 * np.pi, 18, endpoint=False))
    ]
    canvas.body(smooth(wave, steps=5), shade=4)
    generator = np.random.default_rng(7)
    for k, angle in enumerate(np.linspace(0, 2 * np.pi, 22, endpoint=False)):
        reach = 0.58 + 0.28 * (k % 3) / 2
        x, y, turn = 50 + 43 * reach * np.cos(angle), 46 + 31 * reach * np.sin(angle), generator.uniform(0, np.pi)
        colour = (ICING, GOLD, canvas.dress.accent, (120, 200, 190))[k % 4]
        dx, dy = 2.2 * np.cos(turn), 1.8 * np.sin(turn)
        canvas.line([(x - dx, y - dy), (x + dx, y + dy)], colour, 2)
    canvas.disc(50, 47, 15, darker(_CAKE, 0.25), 1.5, 10)
    canvas.disc(50, 50, 12, darker(_CAKE, 0.6), 0, 6.5)
    canvas.gleam(smooth([(12, 44), (20, 29), (36, 20), (26, 31), (18, 46)]))
