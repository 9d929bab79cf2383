"""Plants and buildings, each drawn in a design square of 100 units."""

from __future__ import annotations

import numpy as np

from workbench.data.postcards.canvas import Canvas, Colour, arc, darker, lighter, rounded, smooth
from workbench.data.postcards.palette import CREAM, GLASS, GOLD, INK, LEAF, WOOD

_WALL: Colour = (250, 236, 212)
_STONE: Colour = (206, 200, 204)
_LATTICE: Colour = (176, 148, 124)


def _window(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    canvas.fill([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], GLASS, 1.6)
    canvas.fill([(x, y + height), (x, y + height * 0.4), (x + width * 0.6, y)], (228, 244, 250), 0)
    canvas.line([(x + width / 2, y), (x + width / 2, y + height)], (255, 255, 255), 1.4)
    canvas.line([(x, y + height / 2), (x + width, y + height / 2)], (255, 255, 255), 1.4)


def flower(canvas: Canvas) -> None:
    """A single large flower with two leaves."""
    stem = smooth([(50, 40), (52, 68), (49, 98)], closed=False)
    canvas.line(stem, darker(LEAF, 0.5), 5.6)
    canvas.line(stem, LEAF, 3.6)
    canvas.fill(smooth([(50, 84), (58, 68), (78, 60), (76, 76), (62, 86)]), LEAF)
    canvas.fill(smooth([(50, 94), (42, 80), (24, 72), (25, 86), (38, 95)]), lighter(LEAF, 0.2))
    canvas.line([(51, 84), (70, 68)], darker(LEAF), 1)
    canvas.line([(49, 93), (31, 79)], darker(LEAF), 1)
    for angle in range(30, 390, 60):
        x, y = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        canvas.body(arc((50 + 19 * x, 32 + 19 * y), (15, 11.5), turn=angle), shade=2.5)
    canvas.disc(50, 32, 11.5, GOLD if canvas.dress.base[2] > 80 else (150, 96, 60))
    for dx, dy in ((-4, -3), (3, -4), (0, 2), (5, 3), (-5, 4)):
        canvas.disc(50 + dx, 32 + dy, 1.3, darker(GOLD, 0.4), 0)


def tree(canvas: Canvas) -> None:
    """A round-crowned tree."""
    canvas.fill([(44, 97), (46, 60), (54, 60), (57, 97)], WOOD)
    canvas.line([(50, 74), (36, 58)], darker(WOOD, 0.4), 4)
    canvas.line([(51, 70), (64, 56)], darker(WOOD, 0.4), 4)
    canvas.body(
        smooth(
            [
                (50, 2),
                (66, 8),
                (78, 22),
                (88, 38),
                (82, 56),
                (66, 66),
                (48, 64),
                (30, 67),
                (15, 56),
                (13, 38),
                (22, 22),
                (34, 8),
            ]
        ),
        shade=8,
    )
    canvas.gleam(smooth([(24, 34), (30, 22), (44, 12), (38, 24), (30, 36)]))
    for x, y in ((36, 46), (64, 40), (52, 26), (70, 54)):
        canvas.line(arc((x, y), (5, 4), 200, 340), darker(canvas.dress.base, 0.3), 1.4)
    for x, y in ((44, 36), (60, 54), (28, 54), (68, 28)):
        canvas.disc(x, y, 3.4, canvas.dress.accent, 1)


def mushroom(canvas: Canvas) -> None:
    """A toadstool with a wide cap."""
    canvas.fill(smooth([(40, 48), (60, 48), (62, 76), (68, 94), (50, 98), (32, 94), (38, 76)]), CREAM)
    canvas.fill(smooth([(54, 52), (60, 52), (61, 76), (66, 93), (56, 96), (56, 76)]), darker(CREAM, 0.15), 0)
    canvas.fill(smooth([(36, 56), (50, 60), (64, 56), (68, 64), (50, 69), (32, 64)]), lighter(CREAM, 0.5))
    canvas.body(
        smooth([(4, 50), (10, 26), (30, 7), (50, 3), (70, 7), (90, 26), (96, 50), (76, 57), (50, 59), (24, 57)]),
        shade=7,
    )
    canvas.fill(smooth([(8, 50), (50, 48), (92, 50), (76, 57), (50, 59), (24, 57)]), darker(CREAM, 0.2), 0)
    for x in range(18, 90, 8):
        canvas.line([(x, 50 + 5.5 * (1 - abs(x - 50) / 40)), (50 + (x - 50) * 0.75, 57)], darker(CREAM, 0.4), 0.8)
    canvas.gleam(smooth([(16, 34), (24, 20), (40, 11), (30, 22), (22, 36)]))
    if canvas.dress.pattern == "plain":
        for x, y, radius in ((48, 18, 7), (26, 34, 6), (72, 26, 6.5), (54, 38, 5), (84, 42, 4)):
            canvas.disc(x, y, radius, lighter(canvas.dress.second, 0.6), 1, radius * 0.85)


def cactus(canvas: Canvas) -> None:
    """A cactus in a patterned pot."""
    green: Colour = (92, 166, 112)
    for points in (
        [(38, 60), (20, 58), (14, 46), (15, 32), (24, 32), (26, 46), (38, 48)],
        [(60, 52), (76, 50), (78, 40), (77, 24), (86, 24), (88, 42), (82, 58), (60, 63)],
        [(36, 76), (35, 30), (40, 10), (50, 4), (60, 10), (65, 30), (64, 76)],
    ):
        canvas.fill(smooth(points), green, 1.6)
    canvas.fill(smooth([(55, 10), (62, 30), (61, 74), (55, 74)]), darker(green, 0.2), 0)
    for spine, low in ((43, 14), (50, 10), (57, 14)):
        for top in range(low, 72, 9):
            canvas.line([(spine, top), (spine, top + 3.5)], lighter(green, 0.75), 1.1)
    for x, y in ((50.0, 5.0), (19.5, 31.0), (81.5, 23.0)):
        for dx, dy in arc((0, 0), (4, 4), 18, 306)[::9]:
            canvas.disc(x + dx, y + dy, 3.2, (244, 140, 160), 0.7)
        canvas.disc(x, y, 2.4, GOLD, 0)
    canvas.body([(26, 76), (74, 76), (68, 98), (32, 98)], shade=6)
    canvas.body(rounded(22, 69, 78, 79, 2), shade=2)


def house(canvas: Canvas) -> None:
    """A cottage with a gabled roof and a chimney."""
    canvas.fill([(68, 10), (79, 10), (79, 40), (68, 40)], (190, 110, 92))
    canvas.fill([(66, 7), (81, 7), (81, 12), (66, 12)], (160, 88, 76))
    canvas.fill([(14, 46), (86, 46), (86, 97), (14, 97)], _WALL, 1.6)
    canvas.fill([(76, 46), (86, 46), (86, 97), (76, 97)], darker(_WALL, 0.12), 0)
    canvas.gloom([(14, 47), (86, 47), (86, 54), (14, 54)])
    canvas.body([(50, 6), (98, 48), (94, 53), (6, 53), (2, 48)], shade=5)
    _window(canvas, 21, 61, 17, 17)
    _window(canvas, 65, 61, 17, 17)
    canvas.fill([(20, 79), (39, 79), (39, 84), (20, 84)], WOOD)
    for x in (23, 29.5, 36):
        canvas.disc(x, 78, 2.8, (240, 130, 150), 0.6)
    canvas.fill([*arc((51.5, 68), (8.5, 8), 180, 360), (60, 97), (43, 97)], canvas.dress.accent, 1.5)
    canvas.disc(56.5, 82, 1.6, GOLD, 0.6)
    canvas.disc(50, 36, 7, GLASS, 1.8)
    canvas.line([(50, 29), (50, 43)], (255, 255, 255), 1.2)
    canvas.line([(43, 36), (57, 36)], (255, 255, 255), 1.2)


def castle(canvas: Canvas) -> None:
    """A castle: patterned roofs on two towers and a keep."""
    base = canvas.dress.base

    def battlement(x0: float, x1: float, y: float) -> None:
        step = (x1 - x0) / 5
        for k in (0, 2, 4):
            canvas.fill(
                [(x0 + k * step, y - 6), (x0 + (k + 1) * step, y - 6), (x0 + (k + 1) * step, y), (x0 + k * step, y)],
                _STONE,
            )

    canvas.fill([(32, 34), (68, 34), (68, 90), (32, 90)], darker(_STONE, 0.08), 1.6)
    battlement(32, 68, 35)
    canvas.line([(50, 24), (50, 3)], INK, 1.4)
    canvas.fill([(50, 3), (70, 8), (50, 14)], canvas.dress.accent)
    canvas.fill([(40, 24), (60, 24), (60, 34), (40, 34)], _STONE, 1.4)
    canvas.fill([(20, 62), (80, 62), (80, 97), (20, 97)], _STONE, 1.6)
    battlement(26, 74, 62)
    for x in (4, 74):
        canvas.fill([(x + 1, 44), (x + 21, 44), (x + 21, 97), (x + 1, 97)], lighter(_STONE, 0.25), 1.6)
        canvas.fill([(x + 14, 44), (x + 21, 44), (x + 21, 97), (x + 14, 97)], _STONE, 0)
        canvas.body([(x - 3, 46), (x + 11, 14), (x + 25, 46)], shade=4)
        canvas.fill([*arc((x + 11, 58), (3.4, 4), 180, 360), (x + 14.4, 68), (x + 7.6, 68)], INK, 0)
        canvas.line([(x + 4, 78), (x + 9, 78)], darker(_STONE, 0.3), 1.2)
        canvas.line([(x + 12, 86), (x + 17, 86)], darker(_STONE, 0.3), 1.2)
    canvas.fill([*arc((50, 80), (10.5, 11), 180, 360), (60.5, 97), (39.5, 97)], darker(WOOD, 0.2), 1.8)
    canvas.line([(50, 70), (50, 97)], darker(WOOD, 0.5), 1.2)
    for x in (42, 58):
        canvas.fill([*arc((x, 46), (3, 3.6), 180, 360), (x + 3, 54), (x - 3, 54)], lighter(base, 0.2), 1.2)


def lighthouse(canvas: Canvas) -> None:
    """A lighthouse tower with a lit lantern room."""
    canvas.fill(smooth([(20, 97), (24, 89), (36, 88), (50, 86), (66, 88), (78, 90), (81, 97)]), (150, 140, 148))
    canvas.body([(38, 32), (62, 32), (69, 90), (31, 90)], shade=6)
    canvas.gleam([(41, 33), (45, 33), (41, 89), (35, 89)])
    canvas.fill([(32, 27), (68, 27), (68, 33), (32, 33)], (246, 242, 236), 1.5)
    canvas.fill([(40, 13), (60, 13), (60, 27), (40, 27)], (255, 232, 140), 1.5)
    canvas.disc(50, 20, 4.6, (255, 250, 220), 0)
    for x in (45, 55):
        canvas.line([(x, 13), (x, 27)], INK, 1.2)
    canvas.fill([*arc((50, 14), (13, 11), 180, 360)], darker(canvas.dress.accent, 0.1), 1.5)
    canvas.line([(50, 3), (50, 1)], INK, 1.5)
    canvas.fill([*arc((50, 80), (5.4, 6), 180, 360), (55.4, 90), (44.6, 90)], darker(WOOD, 0.2))
    for x, y in ((50, 62), (51, 44)):
        canvas.fill([*arc((x, y - 2), (3, 3.4), 180, 360), (x + 3, y + 4), (x - 3, y + 4)], GLASS)


def windmill(canvas: Canvas) -> None:
    """A windmill with four lattice sails."""
    canvas.body([(36, 44), (64, 44), (74, 97), (26, 97)], shade=6)
    canvas.fill([*arc((50, 45), (17, 17), 180, 360)], darker(canvas.dress.accent, 0.1), 1.5)
    canvas.fill([*arc((50, 84), (6, 6), 180, 360), (56, 97), (44, 97)], darker(WOOD, 0.2))
    canvas.fill([*arc((50, 64), (3.6, 4), 180, 360), (53.6, 71), (46.4, 71)], GLASS)
    hub = np.array([50.0, 38.0])
    for angle in (35, 125, 215, 305):
        along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        side = np.array([-along[1], along[0]])
        blade = [hub + along * a + side * s for a, s in ((10, 0), (44, 0), (44, 12), (10, 9))]
        canvas.fill(np.array(blade), (252, 248, 238), 1.2)
        for reach in (18, 26, 34):
            canvas.line(np.array([hub + along * reach, hub + along * reach + side * 10.5]), _LATTICE, 0.9)
        canvas.line(np.array([hub, hub + along * 46]), darker(WOOD, 0.3), 2.4)
    canvas.disc(50, 38, 4.4, darker(WOOD, 0.2))


def tent(canvas: Canvas) -> None:
    """A ridge tent with an open door and a pennant."""
    canvas.line([(50, 22), (50, 4)], darker(WOOD, 0.3), 2.2)
    canvas.fill([(50, 4), (67, 9), (50, 15)], canvas.dress.accent)
    canvas.body(
        np.concatenate(
            [
                smooth([(50, 16), (68, 56), (97, 92)], closed=False),
                [(3, 92)],
                smooth([(3, 92), (32, 56), (50, 16)], closed=False),
            ]
        ),
        shade=8,
    )
    canvas.fill(
        np.concatenate(
            [
                smooth([(50, 34), (60, 66), (70, 92)], closed=False),
                [(30, 92)],
                smooth([(30, 92), (40, 66), (50, 34)], closed=False),
            ]
        ),
        (74, 56, 74),
        1.4,
    )
    canvas.fill(smooth([(50, 36), (37, 68), (29, 92), (40, 92), (46, 70)]), lighter(canvas.dress.base, 0.5))
    canvas.fill(smooth([(50, 36), (63, 68), (71, 92), (60, 92), (54, 70)]), lighter(canvas.dress.base, 0.3))
