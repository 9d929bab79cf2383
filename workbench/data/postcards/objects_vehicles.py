"""Vehicles, each drawn in a design square of 100 units."""

from __future__ import annotations

import numpy as np

from workbench.data.postcards.canvas import Canvas, Colour, arc, darker, lighter, rounded, smooth
from workbench.data.postcards.palette import CREAM, GLASS, GOLD, INK, STEEL, WOOD


def _wheel(canvas: Canvas, x: float, y: float, radius: float) -> None:
    canvas.disc(x, y, radius, INK, 0)
    canvas.disc(x, y, radius * 0.58, STEEL, 0)
    canvas.disc(x, y, radius * 0.24, (240, 240, 244), 0)


def _pane(canvas: Canvas, points: list[tuple[float, float]]) -> None:
    canvas.fill(points, GLASS, 1.4)
    x0, y0 = points[0]
    x1, y1 = points[1]
    x2, y2 = points[-1]
    canvas.fill([(x0, y0), (x0 + (x1 - x0) * 0.5, y0 + (y1 - y0) * 0.5), (x2, y2)], (230, 246, 252), 0)


def boat(canvas: Canvas) -> None:
    """A sailing boat heading right."""
    accent = canvas.dress.accent
    canvas.line([(48, 4), (48, 72)], darker(WOOD, 0.4), 3)
    canvas.fill([(48, 2), (32, 6), (48, 11)], accent)
    canvas.fill(smooth([(44, 12), (44, 40), (44, 62), (26, 62), (8, 62), (22, 44), (36, 26)], steps=4), CREAM)
    canvas.body(
        np.concatenate(
            [
                smooth([(52, 8), (68, 22), (82, 44), (90, 64)], closed=False),
                smooth([(90, 64), (70, 61), (52, 65)], closed=False),
            ]
        ),
        shade=4,
    )
    canvas.fill(
        np.concatenate(
            [
                smooth([(2, 70), (50, 73), (98, 67)], closed=False),
                smooth([(98, 67), (90, 84), (80, 95)], closed=False),
                smooth([(80, 95), (50, 97), (20, 95)], closed=False),
                smooth([(20, 95), (8, 84), (2, 70)], closed=False),
            ]
        ),
        darker(canvas.dress.base, 0.1),
        1.5,
    )
    canvas.line(smooth([(4.5, 77), (50, 80), (94, 75)], closed=False), CREAM, 3.2)
    for x in (32, 50, 68):
        canvas.disc(x, 88, 3.4, GLASS)


def car(canvas: Canvas) -> None:
    """A small round car driving right."""
    canvas.body(
        smooth(
            [
                (3, 66),
                (5, 54),
                (20, 49),
                (32, 32),
                (52, 29),
                (68, 34),
                (79, 50),
                (94, 55),
                (98, 66),
                (95, 76),
                (50, 78),
                (5, 76),
            ]
        ),
        shade=6,
    )
    _pane(canvas, [(28, 49), (37, 36), (49, 35), (49, 50)])
    _pane(canvas, [(53, 35), (64, 38), (73, 51), (53, 50)])
    canvas.line([(51, 52), (51, 75)], darker(canvas.dress.base, 0.45), 1.2)
    canvas.line([(55, 57), (61, 57)], darker(canvas.dress.base, 0.6), 1.8)
    canvas.disc(93, 62, 4, (255, 240, 170))
    canvas.fill(rounded(2, 60, 7, 68, 2), (240, 110, 90))
    canvas.fill(rounded(1, 73, 99, 78, 2.4), STEEL)
    for x in (24, 76):
        canvas.fill([*arc((x, 76), (14, 14), 180, 360)], darker(canvas.dress.base, 0.6), 0)
        _wheel(canvas, x, 78, 11)


def bicycle(canvas: Canvas) -> None:
    """A bicycle with a basket, facing right."""
    base = canvas.dress.base
    for x in (23, 77):
        canvas.line(arc((x, 71), (20, 20)), INK, 4, closed=True)
        canvas.line(arc((x, 71), (17, 17)), (226, 222, 226), 1.2, closed=True)
        for angle in range(0, 180, 30):
            dx, dy = 16 * np.cos(np.radians(angle)), 16 * np.sin(np.radians(angle))
            canvas.line([(x - dx, 71 - dy), (x + dx, 71 + dy)], (170, 170, 184), 0.7)
        canvas.disc(x, 71, 3, STEEL)
    frame = [[(23, 71), (36, 44), (66, 42), (48, 71), (23, 71)], [(34, 38), (48, 71)], [(77, 71), (63, 28)]]
    for colour, width in ((darker(base, 0.5), 6.0), (base, 4.0)):
        for tube in frame:
            canvas.line(tube, colour, width)
    canvas.line(smooth([(63, 28), (60, 21), (52, 20)], closed=False), INK, 3)
    canvas.fill(smooth([(22, 34), (34, 34), (46, 34), (40, 40), (28, 40)]), darker(WOOD, 0.3))
    canvas.disc(48, 71, 5.5, STEEL)
    canvas.line([(48, 71), (53, 80)], INK, 2.4)
    canvas.line([(49, 81), (58, 81)], INK, 3)
    canvas.body([(66, 24), (94, 24), (90, 45), (70, 45)], shade=4)
    canvas.line([(64, 24), (96, 24)], darker(base, 0.5), 3)
    for x, colour in ((74, (240, 130, 150)), (81, (250, 206, 90)), (88, (244, 244, 250))):
        canvas.line([(x, 23), (x, 16)], (88, 158, 92), 1.6)
        canvas.disc(x, 14, 4.6, colour, 0.8)


def train(canvas: Canvas) -> None:
    """A steam engine pulling to the right."""
    accent = canvas.dress.accent
    for x, y, radius in ((66, 12, 6), (56, 7, 5), (48, 10, 3.6)):
        canvas.disc(x, y, radius, (244, 244, 248), 0.8)
    canvas.fill([(71, 22), (83, 22), (80, 42), (74, 42)], darker(canvas.dress.base, 0.5))
    canvas.fill(rounded(68, 18, 86, 24, 2), INK, 0)
    canvas.disc(55, 41, 6, GOLD)
    canvas.body(rounded(36, 40, 92, 72, 9), shade=7)
    canvas.gleam([(42, 44), (86, 44), (88, 49), (42, 49)])
    for x in (52, 68, 84):
        canvas.line([(x, 40.5), (x, 71.5)], GOLD, 1.8)
    canvas.body([(7, 24), (41, 24), (41, 72), (7, 72)], shade=5)
    canvas.fill(rounded(3, 18, 46, 26, 2.4), darker(accent, 0.15))
    _pane(canvas, [(14, 31), (34, 31), (34, 47), (14, 47)])
    canvas.fill([(2, 70), (95, 70), (95, 77), (2, 77)], darker(canvas.dress.base, 0.55))
    canvas.fill([(90, 72), (100, 90), (84, 90)], darker(accent, 0.2))
    canvas.disc(92, 55, 4.4, (255, 240, 170))
    _wheel(canvas, 22, 81, 14)
    for x in (50, 72):
        _wheel(canvas, x, 85, 10)
    canvas.line([(22, 83), (72, 86)], (232, 228, 232), 2.6)


def balloon(canvas: Canvas) -> None:
    """A hot-air balloon with a wicker basket."""
    for x, low in ((36, 43), (64, 57), (46, 47), (54, 53)):
        canvas.line([(x, 66), (low, 84)], darker(WOOD, 0.4), 1)
    canvas.body(
        smooth(
            [(50, 1), (70, 6), (84, 22), (85, 40), (76, 55), (62, 69), (38, 69), (24, 55), (15, 40), (16, 22), (30, 6)]
        ),
        shade=7,
    )
    edge = darker(canvas.dress.base, 0.35)
    for reach in (-20, -7, 7, 20):
        canvas.line(
            smooth([(50 + reach * 0.2, 1.5), (50 + reach * 1.3, 30), (50 + reach * 0.55, 69)], closed=False), edge, 1.0
        )
    canvas.gleam(smooth([(23, 32), (27, 18), (38, 9), (32, 22), (29, 36)]))
    canvas.fill(smooth([(37, 67), (50, 69), (63, 67), (60, 73), (50, 75), (40, 73)]), canvas.dress.accent)
    canvas.fill([(41, 84), (59, 84), (57, 98), (43, 98)], (196, 142, 90), 1.4)
    for y in (88, 93):
        canvas.line([(42, y), (58, y)], darker(WOOD, 0.3), 1)
    canvas.fill(rounded(39.5, 82, 60.5, 86, 1.6), WOOD)


def plane(canvas: Canvas) -> None:
    """A small propeller plane flying right."""
    base, accent = canvas.dress.base, canvas.dress.accent
    canvas.fill([(8, 44), (2, 18), (14, 18), (28, 42)], accent)
    canvas.fill(smooth([(44, 46), (58, 36), (66, 36), (62, 46)], steps=3), darker(base, 0.4))
    canvas.body(
        smooth([(4, 46), (20, 43), (50, 38), (78, 37), (92, 44), (94, 52), (88, 61), (64, 66), (36, 62), (12, 54)]),
        shade=5,
    )
    canvas.fill(smooth([(50, 39), (55, 29), (68, 28), (75, 38)]), GLASS)
    canvas.fill([(6, 48), (2, 56), (16, 60), (24, 53)], darker(accent, 0.15))
    canvas.fill(smooth([(66, 52), (44, 52), (26, 76), (32, 81), (46, 76)], steps=4), accent)
    canvas.fill(smooth([(83, 39), (94, 44), (95, 53), (87, 61), (84, 50)]), lighter(base, 0.55))
    canvas.fill(arc((97, 34), (1.9, 13)), (214, 206, 206), 1)
    canvas.fill(arc((97, 62), (1.9, 13)), (214, 206, 206), 1)
    canvas.disc(96, 48, 3.6, GOLD)
    canvas.line([(62, 64), (62, 74)], INK, 2.4)
    canvas.disc(62, 77, 5.4, INK, 0)
    canvas.disc(62, 77, 2.4, STEEL, 0)


def rocket(canvas: Canvas) -> None:
    """A toy rocket pointing up, its flame lit."""
    flame: Colour = (252, 176, 64)
    canvas.fill(smooth([(41, 78), (59, 78), (57, 90), (50, 99), (43, 90)]), flame)
    canvas.fill(smooth([(45, 78), (55, 78), (53, 86), (50, 92), (47, 86)]), (255, 240, 170), 0)
    for side in (-1, 1):
        canvas.fill(
            smooth([(50 + s * side, y) for s, y in ((16, 50), (32, 66), (33, 86), (15, 75))]), canvas.dress.accent
        )
    canvas.body(
        smooth([(50, 1), (62, 14), (69, 36), (68, 60), (61, 79), (39, 79), (32, 60), (31, 36), (38, 14)]), shade=6
    )
    canvas.fill(smooth([(50, 1), (60, 11), (65, 23), (50, 27), (35, 23), (40, 11)]), canvas.dress.accent)
    canvas.disc(50, 42, 10.5, (246, 244, 246))
    canvas.disc(50, 42, 7.4, (120, 186, 222), 1)
    canvas.fill(arc((47.5, 39.5), (3.4, 2.2), turn=-40), (232, 246, 252), 0)
    canvas.fill([(38, 76), (62, 76), (60, 82), (40, 82)], STEEL)
    canvas.fill(smooth([(48, 62), (52, 62), (52.5, 86), (50, 90), (47.5, 86)]), darker(canvas.dress.accent, 0.15))
