"""Sentences about a scene from a small grammar."""

from __future__ import annotations

import numpy as np

from workbench.data.postcards.scene import Scene, Thing
from workbench.data.postcards.settings import CATALOGUE, hour


def caption(scene: Scene, generator: np.random.Generator) -> str:
    """One sentence that names every thing with some of its attributes, the setting and sometimes the hour."""
    where, when = CATALOGUE[scene.setting].phrase, hour(scene.setting, scene.seed)
    group = _group(scene.things, generator)
    tail = f"{where} {when}" if generator.random() < 0.6 else where
    forms = [
        f"{group} {tail}",
        f"{tail}, {group}",
        f"a postcard of {group} {tail}",
        f"there is {group} {tail}",
    ]
    if len(scene.things) == 1:
        forms.append(f"{group}, all alone {tail}")
    return _sentence(str(generator.choice(forms)))


def title(scene: Scene, generator: np.random.Generator) -> str:
    """A few words for the picture: its largest thing, or its things, and a hint of where or when."""
    largest = max(scene.things, key=lambda thing: (thing.box[2] - thing.box[0]) * (thing.box[3] - thing.box[1]))
    where, when = CATALOGUE[scene.setting].phrase, hour(scene.setting, scene.seed)
    forms = [
        f"{largest.colour} {largest.label} {where}",
        f"the {_adjectives(largest, generator, 1)}{largest.label} {when}",
        f"{largest.label} {where}, {when}",
    ]
    if len(scene.things) > 1:
        other = next(thing for thing in scene.things if thing is not largest)
        forms.append(f"{largest.label} and {other.label} {where}")
    chosen = str(generator.choice(forms))
    return chosen[0].upper() + chosen[1:]


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."


def _adjectives(thing: Thing, generator: np.random.Generator, most: int = 3) -> str:
    """Up to ``most`` attributes in the usual order of English (size, pattern, colour), each followed by a space.

    The colour is nearly always named, a plain pattern and a medium size never.
    """
    size = thing.size if thing.size != "medium" and generator.random() < 0.6 else ""
    pattern = thing.pattern if thing.pattern != "plain" and generator.random() < 0.7 else ""
    colour = thing.colour if generator.random() < 0.85 or not (size or pattern) else ""
    named = [word for word in (size, pattern, colour) if word]
    return "".join(f"{word} " for word in named[-most:])


def _named(thing: Thing, generator: np.random.Generator) -> str:
    words = f"{_adjectives(thing, generator)}{thing.label}"
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _group(things: tuple[Thing, ...], generator: np.random.Generator) -> str:
    names = [_named(thing, generator) for thing in things]
    if len(names) == 1:
        return names[0]
    relation = _relation(things[0], things[1], generator)
    if len(names) == 2:
        return f"{names[0]} {relation} {names[1]}"
    return str(
        generator.choice(
            [f"{names[0]}, {names[1]} and {names[2]}", f"{names[0]} {relation} {names[1]}, with {names[2]} nearby"]
        )
    )


def _relation(first: Thing, second: Thing, generator: np.random.Generator) -> str:
    """How the first thing lies to the second, read off their boxes."""
    dx = (first.box[0] + first.box[2] - second.box[0] - second.box[2]) / 2
    if first.box[3] < second.box[1] + 0.1:
        return "above"
    if second.box[3] < first.box[1] + 0.1:
        return "below"
    side = "to the left of" if dx < 0 else "to the right of"
    return str(generator.choice([side, "next to", "and"]))
