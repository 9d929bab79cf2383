"""Things of the home and things to play with, each drawn in a design square of 100 units."""

from __future__ import annotations

import numpy as np

from workbench.data.postcards.canvas import Canvas, Points, arc, darker, lighter, rounded, smooth
from workbench.data.postcards.palette import CREAM, GOLD, ICING, INK, ROSE, STEEL, WOOD


def guitar(canvas: Canvas) -> None:
    """An acoustic guitar standing upright."""
    canvas.fill([(45.5, 14), (54.5, 14), (55, 60), (45, 60)], darker(WOOD, 0.35))
    canvas.fill(smooth([(43, 2), (57, 2), (58, 10), (55, 16), (45, 16), (42, 10)]), WOOD)
    for y in (5, 11):
        canvas.disc(40.5, y, 2, GOLD, 0.8)
        canvas.disc(59.5, y, 2, GOLD, 0.8)
    outline = [
        (50, 46),
        (60, 43),
        (69, 49),
        (68, 59),
        (65, 64),
        (72, 72),
        (76, 84),
        (68, 95),
        (50, 98),
        (32, 95),
        (24, 84),
        (28, 72),
        (35, 64),
        (32, 59),
        (31, 49),
        (40, 43),
    ]
    canvas.body(smooth(outline), shade=5)
    canvas.fill([(46, 42), (54, 42), (54, 60), (46, 60)], darker(WOOD, 0.35), 1)
    canvas.disc(50, 65, 8.6, CREAM, 1)
    canvas.disc(50, 65, 6.6, INK, 0)
    canvas.fill(rounded(39, 83, 61, 88, 1.5), darker(WOOD, 0.4))
    for x in (47.6, 50, 52.4):
        canvas.line([(x, 10), (x, 85)], (244, 234, 214), 0.6)
    for y in (22, 29, 36):
        canvas.line([(45.6, y), (54.4, y)], STEEL, 0.9)


def clock(canvas: Canvas) -> None:
    """An alarm clock with two bells."""
    for side in (-1, 1):
        canvas.line([(50 + 22 * side, 82), (50 + 31 * side, 96)], INK, 6)
        canvas.fill(arc((50 + 25 * side, 18), (17, 12), 180, 360, turn=32 * side), canvas.dress.accent)
    canvas.line([(38, 14), (50, 6), (62, 14)], INK, 3)
    canvas.body(arc((50, 54), (39, 39)), shade=6)
    canvas.disc(50, 54, 29.5, (255, 252, 244), 1.5)
    for hour in range(12):
        x, y = np.sin(np.pi * hour / 6), -np.cos(np.pi * hour / 6)
        inner = 22 if hour % 3 == 0 else 24
        canvas.line(
            [(50 + inner * x, 54 + inner * y), (50 + 26.5 * x, 54 + 26.5 * y)], INK, 2.2 if hour % 3 == 0 else 1.2
        )
    canvas.line([(50, 54), (38, 43)], INK, 4)
    canvas.line([(50, 54), (63, 38)], INK, 2.8)
    canvas.disc(50, 54, 3.4, (216, 68, 62))


def book(canvas: Canvas) -> None:
    """A closed book leaning back, its pages showing."""
    canvas.fill([(14, 80), (78, 88), (88, 92), (88, 97), (24, 97), (12, 90)], darker(canvas.dress.base, 0.35))
    canvas.fill([(78, 10), (88, 16), (88, 94), (78, 90)], CREAM)
    for x in (81, 84.5):
        canvas.line([(x, 14), (x, 91)], darker(CREAM, 0.3), 0.8)
    canvas.fill([(16, 88), (80, 88), (88, 94), (24, 94)], darker(CREAM, 0.08))
    canvas.body([(12, 8), (78, 8), (78, 90), (12, 90)], shade=4)
    canvas.fill([(12, 8), (21, 8), (21, 90), (12, 90)], darker(canvas.dress.base, 0.3), 1.2)
    canvas.fill(rounded(29, 20, 70, 44, 3), CREAM, 1.2)
    for y, end in ((28, 64), (35, 58)):
        canvas.line([(35, y), (end, y)], darker(canvas.dress.base, 0.3), 2.2)
    canvas.disc(49.5, 66, 9, canvas.dress.accent, 1.2)
    canvas.fill(_star(49.5, 66, 6.4), CREAM, 0)
    canvas.fill([(60, 90), (68, 90), (68, 100), (64, 97), (60, 100)], canvas.dress.accent)


def lamp(canvas: Canvas) -> None:
    """A table lamp, lit."""
    canvas.disc(50, 94, 21, darker(WOOD, 0.1), 1.4, 4.6)
    canvas.fill(
        smooth([(47, 50), (53, 50), (54, 64), (61, 78), (56, 92), (44, 92), (39, 78), (46, 64)]), canvas.dress.accent
    )
    canvas.gleam(smooth([(43, 78), (47, 68), (47, 84)]))
    canvas.disc(50, 53, 24, (255, 236, 160), 1, 5)
    canvas.body(
        np.concatenate(
            [
                smooth([(33, 6), (50, 4), (67, 6)], closed=False),
                smooth([(67, 6), (78, 30), (90, 52)], closed=False),
                smooth([(90, 52), (50, 57), (10, 52)], closed=False),
                smooth([(10, 52), (22, 30), (33, 6)], closed=False),
            ]
        ),
        shade=6,
    )
    canvas.gleam(smooth([(26, 48), (36, 12), (44, 10), (40, 48)]))
    canvas.line([(66, 55), (66, 68)], GOLD, 1.2)
    canvas.disc(66, 70, 2.6, GOLD)


def umbrella(canvas: Canvas) -> None:
    """An open umbrella with a hooked handle."""
    handle = smooth([(50, 46), (50, 84), (53, 94), (61, 95), (66, 86)], closed=False)
    canvas.line(handle, darker(WOOD, 0.5), 5.4)
    canvas.line(handle, WOOD, 3.2)
    canvas.line([(50, 10), (50, 2)], darker(WOOD, 0.4), 3)
    scallops: list[Points] = [arc((50, 52), (47, 45), 180, 360)]
    scallops.extend(arc((x, 52), (11.75, 6), 0, -180) for x in (85.25, 61.75, 38.25, 14.75))
    canvas.body(np.concatenate(scallops), shade=6)
    edge = darker(canvas.dress.base, 0.4)
    canvas.line(smooth([(50, 8), (30, 26), (26.5, 51)], closed=False), edge, 1.2)
    canvas.line([(50, 8), (50, 51)], edge, 1.2)
    canvas.line(smooth([(50, 8), (70, 26), (73.5, 51)], closed=False), edge, 1.2)
    canvas.gleam(smooth([(12, 40), (20, 24), (36, 12), (24, 26), (17, 42)]))


def kite(canvas: Canvas) -> None:
    """A diamond kite with a ribboned tail."""
    tail = smooth([(46, 62), (34, 72), (46, 82), (32, 90), (18, 98)], closed=False)
    canvas.line(tail, INK, 1.3)
    for x, y in ((38, 70), (43, 82), (28, 92)):
        canvas.fill([(x, y), (x - 7, y - 4), (x - 6, y + 5)], canvas.dress.accent, 0.9)
        canvas.fill([(x, y), (x + 7, y - 4), (x + 6, y + 5)], canvas.dress.accent, 0.9)
    canvas.body([(74, 2), (88, 36), (46, 64), (36, 16)], shade=4)
    canvas.gloom([(74, 2), (88, 36), (46, 64)])
    canvas.line([(74, 2), (46, 64)], darker(canvas.dress.base, 0.5), 1.5)
    canvas.line([(36, 16), (88, 36)], darker(canvas.dress.base, 0.5), 1.5)


def hat(canvas: Canvas) -> None:
    """A wide-brimmed sun hat with a ribbon and a flower."""
    canvas.body(arc((50, 76), (48, 15)), shade=3)
    canvas.gloom(arc((50, 74), (31, 7)))
    canvas.body(smooth([(21, 72), (23, 46), (32, 26), (50, 20), (68, 26), (77, 46), (79, 72), (50, 79)]), shade=7)
    ribbon = np.concatenate(
        [smooth([(21.5, 62), (50, 69), (78.5, 62)], closed=False), smooth([(79, 73), (50, 80), (21, 73)], closed=False)]
    )
    canvas.fill(ribbon, canvas.dress.accent)
    for angle in range(18, 378, 72):
        dx, dy = 5.4 * np.cos(np.radians(angle)), 5.4 * np.sin(np.radians(angle))
        canvas.disc(70 + dx, 66 + dy, 4.6, (255, 248, 244), 0.8)
    canvas.disc(70, 66, 3.6, GOLD, 0.8)
    canvas.gleam(smooth([(28, 50), (34, 32), (44, 26), (37, 38), (33, 54)]))


def ball(canvas: Canvas) -> None:
    """A beach ball."""
    canvas.body(arc((50, 50), (46, 46)), shade=9)
    for angle in (80, 200, 320):
        x, y = 46 * np.cos(np.radians(angle)), 46 * np.sin(np.radians(angle))
        u, v = 46 * np.cos(np.radians(angle + 48)), 46 * np.sin(np.radians(angle + 48))
        rim = arc((50, 50), (46, 46), angle, angle + 48)
        side = smooth([(50 + u, 50 + v), (46 + u * 0.45, 46 + v * 0.62), (44, 42)], closed=False)
        back = smooth([(44, 42), (46 + x * 0.45, 46 + y * 0.62), (50 + x, 50 + y)], closed=False)
        canvas.fill(np.concatenate([rim, side, back]), ICING, 1)
    canvas.disc(44, 42, 7, canvas.dress.accent, 1)
    canvas.gleam(smooth([(14, 44), (20, 26), (34, 14), (27, 28), (21, 44)]))


def gift(canvas: Canvas) -> None:
    """A wrapped present with a bow."""
    accent = canvas.dress.accent
    canvas.body([(12, 48), (88, 48), (88, 97), (12, 97)], shade=6)
    canvas.body(rounded(6, 32, 94, 50, 3), shade=4)
    canvas.gloom([(12, 50), (88, 50), (88, 55), (12, 55)])
    canvas.fill([(43, 32), (57, 32), (57, 97), (43, 97)], accent, 1.2)
    for side in (-1, 1):
        canvas.fill(
            smooth([(50 + s * side, y) for s, y in ((2, 30), (10, 12), (26, 5), (32, 16), (24, 28))]), accent, 1.4
        )
        canvas.fill(
            smooth([(50 + s * side, y) for s, y in ((9, 24), (14, 15), (24, 12), (22, 21))]), darker(accent, 0.3), 0
        )
    canvas.fill(rounded(43, 22, 57, 34, 4), lighter(accent, 0.25))


def star(canvas: Canvas) -> None:
    """A plump five-pointed star with a face."""
    canvas.body(smooth(_star(50, 52, 50), steps=4), shade=7)
    for side in (-1, 1):
        canvas.disc(50 + 10 * side, 49, 3.4, INK, 0, 4.4)
        canvas.disc(50 + 11 * side, 47.4, 1.2, (255, 255, 255), 0)
        canvas.disc(50 + 17 * side, 57, 4, ROSE, 0, 2.8)
    canvas.line(arc((50, 55), (6, 6), 20, 160), INK, 2)


def _star(x: float, y: float, radius: float) -> Points:
    angles = np.radians(np.arange(-90, 270, 36))
    reach = np.where(np.arange(10) % 2 == 0, radius, radius * 0.52)
    return np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], axis=1)
