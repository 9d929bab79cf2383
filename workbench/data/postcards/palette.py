"""The colours of the demo world: one muted family, each with a second tone for patterns and an accent for details."""

from __future__ import annotations

from workbench.data.postcards.canvas import Colour, Dress

INK: Colour = (52, 44, 66)
CREAM: Colour = (252, 244, 226)
WOOD: Colour = (158, 108, 74)
STEEL: Colour = (150, 160, 176)
GLASS: Colour = (190, 226, 240)
LEAF: Colour = (88, 158, 92)
GOLD: Colour = (246, 200, 84)
ICING: Colour = (255, 246, 236)
ROSE: Colour = (236, 128, 134)

_TONES: dict[str, tuple[Colour, Colour, Colour]] = {
    "red": ((216, 68, 62), (250, 196, 178), (250, 214, 120)),
    "orange": ((242, 140, 58), (253, 222, 172), (70, 124, 160)),
    "yellow": ((248, 204, 72), (226, 146, 44), (90, 128, 186)),
    "green": ((84, 160, 92), (196, 226, 150), (244, 178, 84)),
    "blue": ((62, 122, 196), (176, 214, 242), (250, 196, 92)),
    "purple": ((134, 92, 178), (214, 190, 238), (250, 206, 110)),
    "pink": ((240, 134, 166), (253, 218, 224), (122, 108, 184)),
    "brown": ((150, 100, 66), (222, 184, 140), (240, 196, 110)),
    "white": ((250, 246, 238), (168, 188, 214), (226, 100, 90)),
    "black": ((64, 62, 78), (150, 152, 172), (240, 186, 84)),
}

COLOURS: tuple[str, ...] = tuple(_TONES)
PATTERNS: tuple[str, ...] = ("plain", "striped", "dotted", "checked")


def dress(colour: str, pattern: str) -> Dress:
    """The paint of a thing of the named ``colour`` and ``pattern``."""
    base, second, accent = _TONES[colour]
    return Dress(base, second, accent, pattern)
