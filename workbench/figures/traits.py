"""The attributes of an image as pictures show them: in which order, in which hue, and where their numbers stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from workbench.explain.explanation import FLAT, By, Element, EvidenceLevel, flatness
from workbench.explain.heat import area
from workbench.figures.style import FLAT_GREY, colour_of
from workbench.figures.text import removal_text

if TYPE_CHECKING:
    from workbench.explain.attribute_reading import AttributeReading
    from workbench.explain.regions import PlantedBox

Order = Literal["contribution", "attention", "removal", "liking"]
Box = tuple[float, float, float, float]
Place = tuple[float, float]

WHOLE: Final = 0.9
"""From this share of the picture on, a box is said to cover nearly all of it."""
SAME: Final = 0.03
"""Boxes whose corners differ by no more (fractions of the picture) are the same place and stand inside each other."""
INSET: Final = 0.016
"""By how much of the shorter side each further box at the same place is drawn smaller."""
ROOM: Final = 0.25
"""Insets take no more than this share of a side of a box."""
THIN, THICK = 1.2, 3.4
"""Points of the outline of an attribute without attention and of the one attended most."""
FAINT: Final = 0.75
"""Opacity of the outline of an attribute without attention."""


@dataclass(frozen=True)
class Trait:
    """One attribute of an image.

    Attributes:
        element: its label, box, confidence and the three numbers.
        liking: how the user takes to it, 0..1; None where that is not known.
    """

    element: Element
    liking: float | None = None

    @property
    def name(self) -> str:
        """What kind of attribute it is; empty where its label does not say."""
        name, colon, _ = self.element.label.partition(": ")
        return name if colon else ""

    @property
    def value(self) -> str:
        """Which value it has."""
        return self.element.label.removeprefix(f"{self.name}: ") if self.name else self.element.label

    @property
    def is_whole(self) -> bool:
        """Whether its box covers nearly all of the picture, and so says little of where."""
        return self.element.box is not None and area(self.element.box) >= WHOLE

    @property
    def sure(self) -> str:
        """How sure the network is of the value."""
        return "" if self.element.confidence is None else f"sure {self.element.confidence:.2f}"

    def strength(self, by: Order) -> float:
        """What orders attributes: the strongest first."""
        value = self.liking if by == "liking" else getattr(self.element, by)
        if value is None:
            return float("-inf")
        return abs(value) if by == "contribution" else -value if by == "removal" else float(value)


@dataclass(frozen=True)
class Person:
    """The attributes of one image as read for one user.

    Attributes:
        label: the user; ``rank`` of the image for her with every attribute present.
        traits: in the order shown.
        is_flat: whether the attention shows no preference.
        causes: planted boxes; ``planted`` labels of the attributes insisted on.
    """

    label: str
    rank: int | None
    traits: tuple[Trait, ...]
    is_flat: bool = False
    causes: tuple[PlantedBox, ...] = ()
    planted: frozenset[str] = frozenset()

    @property
    def colour(self) -> str:
        """Hue of her marks."""
        return FLAT_GREY if self.is_flat else colour_of("attributes")

    @property
    def removals(self) -> list[str]:
        """What happens without each attribute."""
        return [removal_text(trait.element, self.rank) for trait in self.traits]

    def share(self, trait: Trait) -> float:
        """Attention of an attribute beside that of the one attended most, 0..1."""
        most = max((one.element.attention or 0.0 for one in self.traits), default=0.0)
        return (trait.element.attention or 0.0) / most if most > 0 else 0.0

    def line(self, trait: Trait) -> tuple[float, float]:
        """Width in points and opacity of the outline of an attribute."""
        share = self.share(trait)
        return THIN + (THICK - THIN) * share, FAINT + (1 - FAINT) * share


def people(readings: Sequence[AttributeReading], by: Order = "contribution") -> tuple[Person, ...]:
    """Users in the order given, their attributes in the order of the first one's numbers.

    Raises:
        ValueError: there is none, or more than two, or they are of different images or attributes.
    """
    if not 1 <= len(readings) <= 2:
        raise ValueError(f"{len(readings)} readings of attributes: give one, or two to compare users")
    names = [[view.attribute for view in reading.attributes] for reading in readings]
    if any(sorted(other) != sorted(names[0]) for other in names) or len({r.item for r in readings}) > 1:
        raise ValueError("two users are compared over one image and its attributes: give readings of the same image")
    order = sorted((_trait(readings[0], i) for i in range(len(names[0]))), key=lambda one: -one.strength(by))
    ids = [trait.element.id for trait in order]
    found = []
    for reading in readings:
        traits = {view.attribute: _trait(reading, i) for i, view in enumerate(reading.attributes)}
        shown = tuple(traits[str(name)] for name in ids)
        spread = flatness([view.attention for view in reading.attributes])
        flat = spread is not None and spread >= FLAT
        planted = frozenset(reading.causes)
        found.append(Person(reading.user_label, reading.rank, shown, flat, _named(reading), planted))
    return tuple(found)


def _named(reading: AttributeReading) -> tuple[PlantedBox, ...]:
    """The planted boxes with the attribute values insisted on in their labels."""
    return tuple(
        cause.model_copy(update={"label": " · ".join(part for part in (cause.label, *reading.causes) if part)})
        for cause in reading.boxes
    )


def person_of(level: EvidenceLevel, label: str, rank: int | None, top: int, by: By) -> Person:
    """One user's view of a level of attributes, the ``top`` strongest; an explanation alone knows no likings."""
    return Person(label, rank, tuple(Trait(element) for element in level.top(top, by)), level.is_flat)


def _trait(reading: AttributeReading, row: int) -> Trait:
    view = reading.attributes[row]
    element = Element(
        kind="attribute",
        id=view.attribute,
        label=f"{view.attribute}: {view.value}",
        image=reading.image,
        attention=view.attention,
        contribution=view.contribution,
        removal=view.removal,
        rank_without=view.rank_without,
        box=view.box,
        confidence=view.confidence,
    )
    return Trait(element, view.liking)


def apart(boxes: Sequence[Box]) -> list[Box]:
    """The boxes, those at the same place each a little smaller than the one before."""
    found: list[Box] = []
    for i, box in enumerate(boxes):
        before = sum(max(abs(a - b) for a, b in zip(box, other, strict=True)) <= SAME for other in boxes[:i])
        x0, y0, x1, y1 = box
        across, down = (min(before * INSET, ROOM * side) for side in (x1 - x0, y1 - y0))
        found.append((x0 + across, y0 + down, x1 - across, y1 - down))
    return found


def tags(boxes: Sequence[Box], tag: Place) -> list[Place]:
    """Left upper corners of the boxes' numbers, each at the edge of its box and none over another.

    Args:
        boxes: as drawn.
        tag: width and height of a number; like the boxes in fractions of the picture's sides.
    """
    found: list[Place] = []
    for box in boxes:
        free = (at for at in _along(box, tag) if all(_clear(at, other, tag) for other in found))
        found.append(next(free, (box[0], box[1])))
    return found


def _along(box: Box, tag: Place) -> list[Place]:
    """Places at the edge of a box: along its top, its left, right and lower edge, then around its corner."""
    (x0, y0, x1, y1), (wide, tall) = box, tag
    right, low = max(x1 - wide, x0), max(y1 - tall, y0)
    across = [x0 + i * wide for i in range(int((x1 - x0) / wide + 1e-9))] or [x0]
    down = [y0 + i * tall for i in range(int((y1 - y0) / tall + 1e-9))] or [y0]
    edges = [(x, y0) for x in across] + [(x0, y) for y in down]
    edges += [(right, y) for y in down] + [(x, low) for x in across]
    near = [(x0 + i * wide, y0 + j * tall) for i in range(-3, 4) for j in range(-3, 4)]
    near.sort(key=lambda at: abs(at[0] - x0) / wide + abs(at[1] - y0) / tall)
    return [at for at in edges + near if 0 <= at[0] <= 1 - wide + 1e-9 and 0 <= at[1] <= 1 - tall + 1e-9]


def _clear(at: Place, other: Place, tag: Place) -> bool:
    return any(abs(a - b) >= size - 1e-9 for a, b, size in zip(at, other, tag, strict=True))
