"""Animals, each drawn in a design square of 100 units."""

from __future__ import annotations

from workbench.data.postcards.canvas import Canvas, arc, darker, lighter, mix, smooth
from workbench.data.postcards.palette import CREAM, GOLD, INK, ROSE


def _eye(canvas: Canvas, x: float, y: float, radius: float = 3.0) -> None:
    canvas.disc(x, y, radius, INK, 0, radius * 1.15)
    canvas.disc(x + radius * 0.35, y - radius * 0.4, radius * 0.38, (255, 255, 255), 0)


def _cheek(canvas: Canvas, x: float, y: float) -> None:
    canvas.disc(x, y, 3.4, mix(ROSE, canvas.dress.base, 0.25), 0, 2.2)


def cat(canvas: Canvas) -> None:
    """A cat sitting, its tail curled up beside it."""
    base = canvas.dress.base
    tail = smooth([(66, 88), (82, 90), (91, 78), (87, 62), (92, 52)], closed=False)
    canvas.line(tail, darker(base, 0.45), 11.5)
    canvas.line(tail, base, 9)
    canvas.line(tail[-6:], lighter(base, 0.6), 9)
    canvas.body(smooth([(38, 48), (62, 48), (72, 68), (76, 90), (66, 97), (34, 97), (24, 90), (28, 68)]))
    canvas.fill(smooth([(43, 52), (57, 52), (60, 70), (50, 80), (40, 70)]), lighter(base, 0.7), 0)
    for x in (40, 60):
        canvas.fill(smooth([(x - 7, 88), (x, 84), (x + 7, 88), (x + 7, 97), (x - 7, 97)]), lighter(base, 0.7))
    for side in (-1, 1):
        x = 50 + 19 * side
        canvas.body([(50 + 27 * side, 30), (x + 9 * side, 2), (50 + 4 * side, 14)], shade=0)
        canvas.fill([(50 + 23 * side, 22), (x + 5.5 * side, 9), (50 + 10 * side, 15)], ROSE, 0)
    canvas.body(smooth([(50, 11), (70, 15), (79, 32), (72, 48), (50, 54), (28, 48), (21, 32), (30, 15)]))
    canvas.fill(smooth([(50, 35), (60, 42), (57, 50), (50, 52), (43, 50), (40, 42)]), lighter(base, 0.75), 0)
    for side in (-1, 1):
        _eye(canvas, 50 + 12 * side, 31, 4.2)
        _cheek(canvas, 50 + 20 * side, 40)
        canvas.line(smooth([(50, 42), (50 + 3 * side, 46), (50 + 7 * side, 44.5)], closed=False), INK, 1.2)
        canvas.line([(50 + 14 * side, 42), (50 + 32 * side, 39)], darker(base, 0.4), 0.8)
        canvas.line([(50 + 14 * side, 45), (50 + 31 * side, 47)], darker(base, 0.4), 0.8)
    canvas.fill([(46.5, 38.5), (53.5, 38.5), (50, 42.5)], ROSE, 0.8)
    canvas.fill(smooth([(36, 53), (50, 57), (64, 53), (63, 57.5), (50, 61), (37, 57.5)]), canvas.dress.accent)
    canvas.disc(50, 62, 3.4, GOLD)


def dog(canvas: Canvas) -> None:
    """A dog standing in profile, looking right."""
    base, accent = canvas.dress.base, canvas.dress.accent
    tail = smooth([(16, 52), (7, 42), (6, 26)], closed=False)
    canvas.line(tail, darker(base, 0.45), 9.5)
    canvas.line(tail, base, 7)
    for x in (26, 62):
        canvas.fill(smooth([(x, 66), (x + 11, 66), (x + 10, 92), (x, 92)]), darker(base, 0.28))
    canvas.body(
        smooth([(15, 50), (38, 46), (58, 46), (68, 42), (78, 60), (72, 74), (46, 75), (22, 76), (13, 64)]), shade=6
    )
    for x in (15, 60):
        canvas.fill(smooth([(x, 64), (x + 14, 64), (x + 12.5, 95), (x - 1 + 2, 95)]), base)
        canvas.fill(smooth([(x + 1, 90), (x + 14, 90), (x + 15, 96), (x + 1, 96)]), lighter(base, 0.6))
    canvas.body(smooth([(56, 20), (68, 11), (80, 15), (84, 26), (95, 30), (96, 39), (84, 45), (66, 46), (56, 36)]))
    canvas.fill(smooth([(80, 31), (94, 30), (96, 38), (86, 44), (76, 42)]), lighter(base, 0.65), 0)
    canvas.disc(94, 31, 4.4, INK, 0, 3.6)
    canvas.line(smooth([(94, 35), (88, 40), (80, 39)], closed=False), INK, 1.2)
    canvas.fill(smooth([(84, 41), (89, 40.5), (88.5, 48), (84.5, 48)]), ROSE, 0.8)
    _eye(canvas, 77, 25, 3.4)
    canvas.fill(smooth([(57, 15), (67, 15), (68, 30), (62, 47), (53, 44), (52, 26)]), darker(base, 0.35))
    canvas.fill([(61, 44), (76, 47), (75, 53), (59, 50)], accent)
    canvas.disc(70, 55, 3.6, GOLD)


def bird(canvas: Canvas) -> None:
    """A bird in flight towards the right, wings raised."""
    base, accent = canvas.dress.base, canvas.dress.accent
    canvas.fill(
        smooth([(52, 50), (50, 26), (60, 6), (68, 12), (74, 30), (70, 50)], steps=10), darker(lighter(base, 0.2), 0.2)
    )
    canvas.fill([(26, 56), (2, 46), (8, 56), (1, 60), (9, 64), (4, 71), (28, 66)], darker(base, 0.25))
    canvas.body(smooth([(20, 60), (38, 49), (58, 46), (70, 38), (84, 39), (88, 50), (80, 64), (60, 75), (38, 72)]))
    canvas.fill(smooth([(86, 52), (80, 64), (60, 74), (46, 73), (62, 64), (76, 52)]), lighter(base, 0.72), 0)
    canvas.fill([(86, 44), (100, 50), (86, 53)], GOLD if base != GOLD else accent)
    canvas.line([(86, 48.8), (97, 50)], darker(GOLD), 0.8)
    _eye(canvas, 79, 46, 3.2)
    _cheek(canvas, 76, 53)
    wing = smooth([(64, 54), (54, 58), (36, 50), (20, 28), (16, 8), (32, 14), (50, 26), (62, 42)])
    canvas.body(wing, shade=3)
    for x, y in ((20, 12), (23, 24), (31, 37)):
        canvas.line(smooth([(x, y), (x + 13, y + 6), (x + 24, y + 14)], closed=False), darker(base, 0.35), 1.0)


def fish(canvas: Canvas) -> None:
    """A fish swimming to the right."""
    base, accent = canvas.dress.base, canvas.dress.accent
    canvas.fill(smooth([(30, 32), (40, 12), (62, 14), (70, 28)]), accent)
    canvas.fill(smooth([(40, 70), (46, 88), (60, 86), (58, 70)]), accent)
    canvas.fill(smooth([(24, 50), (4, 26), (2, 38), (8, 50), (2, 62), (4, 76)]), accent)
    for y in (36, 50, 64):
        canvas.line([(18, 50 + (y - 50) * 0.4), (6, y)], darker(accent, 0.3), 1.0)
    canvas.body(smooth([(20, 50), (36, 30), (62, 24), (86, 34), (97, 50), (86, 66), (62, 76), (36, 70)]), shade=7)
    canvas.fill(smooth([(78, 29), (90, 37), (97, 50), (90, 63), (78, 71), (73, 50)]), lighter(base, 0.55), 0)
    canvas.line(smooth([(77, 29), (72, 50), (77, 71)], closed=False), darker(base, 0.4), 1.4)
    canvas.line(smooth([(96, 55), (91, 58), (86, 57)], closed=False), darker(base, 0.5), 1.4)
    canvas.disc(84, 43, 6, (255, 255, 255), 1)
    _eye(canvas, 85, 43, 3.6)
    canvas.fill(smooth([(64, 50), (48, 46), (44, 56), (50, 64), (62, 58)]), mix(accent, lighter(accent), 0.4))
    canvas.gleam(smooth([(34, 38), (52, 30), (68, 29), (52, 35)]))


def butterfly(canvas: Canvas) -> None:
    """A butterfly seen from above, wings spread."""
    accent = canvas.dress.accent
    for side in (-1, 1):

        def across(points: list[tuple[float, float]], side: int = side) -> list[tuple[float, float]]:
            return [(50 + side * x, y) for x, y in points]

        canvas.body(smooth(across([(3, 54), (16, 54), (36, 62), (38, 80), (24, 92), (10, 82)])), shade=3)
        canvas.fill(smooth(across([(20, 68), (30, 68), (31, 78), (23, 83)])), accent, 0.8)
        canvas.body(smooth(across([(3, 50), (10, 28), (30, 8), (47, 12), (46, 36), (32, 54), (14, 57)])), shade=3)
        canvas.fill(smooth(across([(24, 26), (38, 18), (41, 30), (30, 44), (20, 40)])), accent, 0.8)
        canvas.disc(50 + side * 32, 27, 3.4, CREAM, 0)
        canvas.line(smooth(across([(1, 26), (6, 14), (15, 8)]), closed=False), INK, 1.3)
        canvas.disc(50 + side * 15, 8, 2.2, INK, 0)
    canvas.fill(smooth([(50, 32), (54, 44), (53, 74), (50, 84), (47, 74), (46, 44)]), INK, 0)
    canvas.disc(50, 30, 5, INK, 0)
    canvas.line([(47.5, 50), (52.5, 50)], GOLD, 1.2)
    canvas.line([(47.5, 60), (52.5, 60)], GOLD, 1.2)


def rabbit(canvas: Canvas) -> None:
    """A rabbit sitting up, ears high."""
    base = canvas.dress.base
    canvas.disc(77, 82, 9, lighter(base, 0.8))
    canvas.body(smooth([(40, 52), (60, 52), (72, 70), (76, 88), (64, 97), (36, 97), (24, 88), (28, 70)]))
    canvas.fill(smooth([(50, 62), (61, 72), (60, 90), (50, 94), (40, 90), (39, 72)]), lighter(base, 0.75), 0)
    for side in (-1, 1):
        canvas.fill(arc((50 + 16 * side, 95), (12, 5)), lighter(base, 0.55))
        canvas.body(smooth([(50 + s * side, y) for s, y in ((4, 28), (6, 10), (13, 0), (20, 6), (20, 30))]), shade=2)
        canvas.fill(
            smooth([(50 + s * side, y) for s, y in ((9, 26), (10, 12), (13.5, 6), (16, 12), (16, 27))]), ROSE, 0
        )
    canvas.body(smooth([(50, 23), (66, 26), (74, 40), (68, 54), (50, 60), (32, 54), (26, 40), (34, 26)]))
    for side in (-1, 1):
        _eye(canvas, 50 + 11 * side, 39, 3.8)
        _cheek(canvas, 50 + 18 * side, 47)
        canvas.disc(50 + 4.5 * side, 51, 5.4, lighter(base, 0.8), 0, 4.4)
        canvas.line([(50 + 9 * side, 50), (50 + 26 * side, 47)], darker(base, 0.35), 0.8)
        canvas.fill(
            smooth([(50 + s * side, y) for s, y in ((2, 62), (15, 57), (16, 70), (2, 64))]), canvas.dress.accent
        )
    canvas.fill(arc((50, 46.5), (3.6, 2.6)), ROSE, 0.8)
    canvas.fill([(47.5, 54), (52.5, 54), (52.5, 58.5), (47.5, 58.5)], (255, 255, 255), 0.7)
    canvas.disc(50, 63, 3.4, darker(canvas.dress.accent, 0.2))


def owl(canvas: Canvas) -> None:
    """An owl on a tree stump, seen from the front."""
    base, accent = canvas.dress.base, canvas.dress.accent
    canvas.fill(smooth([(30, 88), (70, 88), (71, 94), (79, 100), (21, 100), (29, 94)], steps=4), (150, 106, 76))
    canvas.disc(50, 88, 20, (222, 182, 140), 1.2, 4)
    canvas.body(
        smooth([(22, 8), (36, 15), (64, 15), (78, 8), (82, 34), (80, 70), (64, 90), (36, 90), (20, 70), (18, 34)])
    )
    canvas.fill(smooth([(50, 46), (66, 54), (66, 74), (50, 86), (34, 74), (34, 54)]), lighter(base, 0.72), 0)
    for row, y in enumerate((58, 66, 74)):
        for x in range(-2 + row % 2, 3):
            centre = (50 + x * 9 + (4.5 if row % 2 == 0 else 0) - 2.2, y)
            canvas.line(arc(centre, (3, 2.6), 10, 170), darker(lighter(base), 0.2), 1.2)
    for side in (-1, 1):
        canvas.fill(
            smooth([(50 + s * side, y) for s, y in ((31, 42), (34, 60), (26, 82), (20, 66))]), darker(base, 0.25)
        )
        canvas.disc(50 + 14 * side, 33, 14.5, lighter(base, 0.8))
        canvas.disc(50 + 13 * side, 33, 9, accent, 1)
        _eye(canvas, 50 + 12.5 * side, 33, 5.6)
        for toe in (8, 12.5, 17):
            canvas.disc(50 + toe * side, 88.5, 2.6, GOLD, 0.8, 4)
    canvas.fill(smooth([(45, 40), (55, 40), (50, 51)]), GOLD)


def turtle(canvas: Canvas) -> None:
    """A turtle walking to the right under a patterned shell."""
    skin = mix(canvas.dress.second, (150, 190, 120), 0.65)
    canvas.fill(smooth([(8, 72), (1, 80), (14, 80)]), skin)
    for x in (18, 54):
        canvas.fill(smooth([(x, 70), (x + 16, 70), (x + 15, 90), (x - 2, 90)]), skin)
    canvas.fill(smooth([(66, 72), (72, 52), (80, 40), (92, 40), (98, 50), (92, 59), (84, 62), (80, 78)]), skin)
    _eye(canvas, 88, 48, 3.2)
    _cheek(canvas, 84, 55)
    canvas.line(smooth([(97, 53), (93, 56), (89, 55)], closed=False), darker(skin, 0.5), 1.2)
    canvas.body([*smooth([(4, 76), (10, 48), (26, 30), (44, 26), (62, 32), (74, 50), (78, 76)], closed=False)], shade=7)
    edge = darker(canvas.dress.base, 0.4)
    canvas.line([(24, 74), (30, 52), (50, 50), (58, 74)], edge, 1.6)
    canvas.line([(30, 52), (22, 36)], edge, 1.6)
    canvas.line([(50, 50), (58, 32)], edge, 1.6)
    canvas.gleam(smooth([(16, 50), (28, 36), (42, 31), (30, 40), (20, 54)]))
    canvas.fill(smooth([(1, 74), (40, 77), (81, 74), (82, 80), (40, 83), (1, 80)]), lighter(canvas.dress.base, 0.35))


def penguin(canvas: Canvas) -> None:
    """A penguin in a scarf, seen from the front."""
    base, accent = canvas.dress.base, canvas.dress.accent
    for side in (-1, 1):
        canvas.fill(arc((50 + 13 * side, 95), (12, 4.6)), GOLD)
        canvas.fill(
            smooth([(50 + s * side, y) for s, y in ((24, 44), (40, 60), (42, 74), (28, 66))]), darker(base, 0.2)
        )
    canvas.body(
        smooth(
            [
                (50, 3),
                (68, 10),
                (73, 30),
                (79, 56),
                (76, 82),
                (62, 95),
                (38, 95),
                (24, 82),
                (21, 56),
                (27, 30),
                (32, 10),
            ]
        )
    )
    canvas.fill(smooth([(50, 42), (64, 50), (67, 72), (58, 90), (42, 90), (33, 72), (36, 50)]), (254, 250, 242), 0)
    canvas.fill(
        smooth([(50, 21), (60, 16), (66, 26), (61, 38), (50, 42), (39, 38), (34, 26), (40, 16)]), (254, 250, 242), 0
    )
    for side in (-1, 1):
        _eye(canvas, 50 + 8 * side, 25, 3.4)
        _cheek(canvas, 50 + 12 * side, 33)
    canvas.fill(smooth([(44, 29), (56, 29), (50, 37)]), GOLD)
    canvas.fill(smooth([(59, 46), (68, 46), (71, 66), (61, 67)]), accent)
    canvas.fill(smooth([(26, 40), (50, 45), (74, 40), (74, 47), (50, 53), (26, 47)]), accent)
    canvas.line([(62, 62), (70, 61)], darker(accent), 1.2)
