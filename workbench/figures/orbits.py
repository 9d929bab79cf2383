"""Where the people of an ego network stand: rings round the user, everybody outward of whom she is reached through.

A ring never holds more people than it has room for; those left out stand together at its end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from workbench.explain.diffusion import Ego, Reached, Ring
from workbench.explain.explanation import Id

FIRST = 0.72
"""Radius of the first ring, in distances between rings: nothing is written inside it."""
BESIDE = 2.15
"""Distance of two chips along a ring, in radii of a chip."""
INNER = 0.7
"""Part of the circle that a ring with others outside it may fill, so that those find room beside their parents."""
STEPS = 12
"""Pieces a bent line is drawn in."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Spot:
    """One chip.

    Attributes:
        ring: place of its ring among those of the ego network, from 0 on.
        person: who stands there; None for all of a ring that are not told apart.
        angle: from the right, clockwise as y grows downwards.
        parent: index of the spot it hangs on, None for the user.
    """

    ring: int
    person: Reached | None
    angle: float
    parent: int | None

    @property
    def turn(self) -> float:
        """Clockwise degrees by which words that run outward are turned to stay upright."""
        degrees = math.degrees(self.angle) % 360
        return degrees - 180 if 90 < degrees < 270 else degrees - 360 * (degrees >= 270)

    @property
    def side(self) -> Literal["left", "right"]:
        """Which end of the words is at the chip."""
        return "right" if 90 < math.degrees(self.angle) % 360 < 270 else "left"


@dataclass(frozen=True)
class Sizes:
    """Lengths in the unit of the page.

    Attributes:
        radii: of the rings.
        chips: radius of the chips of each ring; ``lines`` least distance of two along the ring.
        names: room for a name outside the last ring.
    """

    radii: tuple[float, ...]
    chips: tuple[float, ...]
    lines: tuple[float, ...]
    names: float

    @classmethod
    def within(cls, half: float, names: float, chip: float, letter: float, counts: list[int]) -> Sizes:
        """Rings in a square of twice ``half``.

        Args:
            half: half a side of the square.
            names: room for a name outside the last ring.
            chip: largest radius of a chip.
            letter: height of a line of words.
            counts: chips of each ring.
        """
        gap = (half - names - 2 * chip) / (len(counts) - 1 + FIRST)
        radii = tuple(gap * (FIRST + place) for place in range(len(counts)))
        chips = []
        for place, (radius, count) in enumerate(zip(radii, counts, strict=True)):
            most = chip if place == 0 else 0.75 * chip
            chips.append(max(min(most, math.tau * radius / max(count, 1) / BESIDE), 0.4 * chip))
        return cls(radii, tuple(chips), tuple(max(letter, BESIDE * radius) for radius in chips), names)


@dataclass(frozen=True)
class Plan:
    """An ego network with as many people as there is room for, and where each stands round (0, 0)."""

    ego: Ego
    spots: tuple[Spot, ...]
    sizes: Sizes

    @classmethod
    def of(cls, ego: Ego, sizes: Sizes, top: int) -> Plan:
        """The plan with at most ``top`` people of a ring told apart."""
        rings = []
        for ring, radius, line in zip(ego.rings, sizes.radii, sizes.lines, strict=True):
            circle = math.tau * (INNER if any(further.total for further in ego.rings[ring.hop :]) else 1.0)
            rings.append(ring.strongest(max(min(top, int(circle * radius / line) - 1), 1)))
        while sum(node.need for node in _tree(rings, sizes)) > math.tau:
            last = max((place for place, ring in enumerate(rings) if len(ring.people) > 1), default=None)
            if last is None:
                break
            rings[last] = rings[last].strongest(len(rings[last].people) - 1)
        roots, spots = _tree(rings, sizes), list[Spot]()
        if roots:
            scale = math.tau / sum(node.need for node in roots)
            _place(roots, -math.pi / 2 - roots[0].need * scale / 2, scale, None, spots)
        return cls(ego.model_copy(update={"rings": tuple(rings)}), tuple(spots), sizes)

    def at(self, spot: Spot, away: float = 0.0) -> Point:
        """Where a chip stands, or the point so far outward of its middle."""
        radius = self.sizes.radii[spot.ring] + away
        return radius * math.cos(spot.angle), radius * math.sin(spot.angle)

    def path(self, spot: Spot) -> list[Point]:
        """From whom somebody is reached through to her: straight from the user, bent between rings."""
        if spot.parent is None:
            return [(0.0, 0.0), self.at(spot)] if spot.ring == 0 else [self.at(spot)]
        start = self.spots[spot.parent]
        inner, outer = self.sizes.radii[start.ring], self.sizes.radii[spot.ring]
        points = []
        for step in range(STEPS + 1):
            share = step / STEPS
            # Turned early, so that the line is away from the name beside the chip it comes from.
            angle = start.angle + (spot.angle - start.angle) * (1 - (1 - share) ** 3)
            radius = inner + (outer - inner) * share
            points.append((radius * math.cos(angle), radius * math.sin(angle)))
        return points

    def room(self, spot: Spot) -> float:
        """Room for the words of a chip: to the next ring, or outside the last one."""
        if not any(other.ring > spot.ring for other in self.spots):
            return self.sizes.names
        near, far = spot.ring, spot.ring + 1
        between = self.sizes.radii[far] - self.sizes.radii[near]
        return between - self.sizes.chips[near] - self.sizes.chips[far] - 0.1 * self.sizes.names


@dataclass
class _Node:
    ring: int
    person: Reached | None
    own: float
    children: list[_Node] = field(default_factory=list)

    @property
    def need(self) -> float:
        """Angle it takes, with all that hangs on it."""
        return max(self.own, sum(child.need for child in self.children))


def _tree(rings: list[Ring], sizes: Sizes) -> list[_Node]:
    """The people of the first ring with all that hangs on them; last, where there are any, those not told apart."""
    angles = [line / radius for line, radius in zip(sizes.lines, sizes.radii, strict=True)]
    roots: list[_Node] = []
    above: dict[Id, _Node] = {}
    rest: _Node | None = None
    for place, ring in enumerate(rings):
        nodes = {person.id: _Node(place, person, angles[place]) for person in ring.people}
        left = _Node(place, None, angles[place] if ring.hidden else 0.0)
        if rest is None:
            roots += [*nodes.values(), left]
        else:
            for person in ring.people:
                parent = rest if person.through is None else above.get(person.through, rest)
                parent.children.append(nodes[person.id])
            rest.children.append(left)
        above, rest = nodes, left
    return [node for node in roots if node.need > 0]


def _place(nodes: list[_Node], start: float, scale: float, parent: int | None, spots: list[Spot]) -> None:
    for node in nodes:
        width = node.need * scale
        at: int | None = None
        if node.own > 0:
            at = len(spots)
            spots.append(Spot(node.ring, node.person, start + width / 2, parent))
        inner = sum(child.need for child in node.children)
        if inner > 0:
            _place(node.children, start, width / inner, at, spots)
        start += width
