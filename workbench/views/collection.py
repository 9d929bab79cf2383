"""Collections: views that a person has pinned, with notes, in an order of her own; kept as a plain file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from workbench.training.run import write_text
from workbench.views.view import View

FOLDER: Final = "collections"
"""Folder at home that holds them."""
LONGEST_NAME, LONGEST_NOTE, MOST = 60, 2000, 200
"""Characters of a name and of a note, and pins of a collection."""


class CollectionError(ValueError):
    """A collection that cannot be kept or read, in one sentence with the remedy."""


class Pin(BaseModel):
    """A pinned view, as text, and what a person wrote about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: str
    note: str = Field("", max_length=LONGEST_NOTE)

    @field_validator("view")
    @classmethod
    def _is_view(cls, text: str) -> str:
        return str(View.parse(text))

    @property
    def opened(self) -> View:
        """The view."""
        return View.parse(self.view)


class Collection(BaseModel):
    """Pins in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    pins: tuple[Pin, ...] = Field((), max_length=MOST)

    @property
    def views(self) -> list[View]:
        """The views, in order."""
        return [pin.opened for pin in self.pins]

    @property
    def notes(self) -> list[str]:
        """The notes, in order."""
        return [pin.note for pin in self.pins]

    def pinned(self, view: View, note: str = "") -> Collection:
        """With one more view at the end; one that is there stays where it is."""
        text = str(view)
        if text in {pin.view for pin in self.pins}:
            return self
        if len(self.pins) >= MOST:
            raise CollectionError(f"The collection {self.name!r} is full ({MOST} views): begin another one.")
        return self.model_copy(update={"pins": (*self.pins, Pin(view=text, note=note))})

    def without(self, number: int) -> Collection:
        """Without the pin at a place."""
        return self._with([pin for place, pin in enumerate(self.pins) if place != number])

    def noted(self, number: int, note: str) -> Collection:
        """With another note at a place."""
        pins = list(self.pins)
        pins[number] = Pin(view=pins[number].view, note=note[:LONGEST_NOTE])
        return self._with(pins)

    def moved(self, number: int, by: int) -> Collection:
        """With the pin at a place so many places further down (up where ``by`` is negative), as far as there are."""
        pins = list(self.pins)
        pin = pins.pop(number)
        pins.insert(min(max(number + by, 0), len(pins)), pin)
        return self._with(pins)

    def _with(self, pins: Sequence[Pin]) -> Collection:
        return self.model_copy(update={"pins": tuple(pins)})


class Shelf:
    """The collections at home; every change reads what is there, so that two windows lose nothing of each other."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    def names(self) -> list[str]:
        """Names of the collections."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def read(self, name: str) -> Collection:
        """A collection; an empty one where there is none of this name.

        Raises:
            CollectionError: the name cannot be one, or its file is damaged.
        """
        path = self._path(name)
        try:
            return Collection.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Collection(name=name, pins=())
        except (OSError, ValidationError, ValueError) as fault:
            reason = str(fault).splitlines()[0]
            raise CollectionError(f"{path} cannot be read ({reason}): mend it, or delete it to begin anew.") from None

    def change(self, name: str, how: Callable[[Collection], Collection]) -> Collection:
        """Change a collection, making it where it is missing.

        Raises:
            CollectionError: the name cannot be one, its file is damaged, or it is full.
        """
        path = self._path(name)
        with self._alone():
            changed = how(self.read(name))
            write_text(path, changed.model_dump_json(indent=1) + "\n")
        return changed

    def rename(self, name: str, other: str) -> None:
        """Call a collection otherwise.

        Raises:
            CollectionError: there is none, or one of the other name, or a name cannot be one.
        """
        path, target = self._path(name), self._path(other)
        with self._alone():
            if not path.is_file():
                raise CollectionError(f"There is no collection {name!r}: choose one of {', '.join(self.names())}.")
            if target.exists():
                raise CollectionError(f"There is a collection {other!r} already: choose another name.")
            write_text(target, self.read(name).model_copy(update={"name": other}).model_dump_json(indent=1) + "\n")
            path.unlink()

    def delete(self, name: str) -> None:
        """Forget a collection."""
        with self._alone():
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not re.fullmatch(rf"[^\W_][\w .-]{{0,{LONGEST_NAME - 1}}}", name) or name != name.strip():
            raise CollectionError(
                f"{name!r} cannot name a collection: use up to {LONGEST_NAME} letters, digits, spaces, dots and dashes."
            )
        return self.folder / f"{name}.json"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else changes a collection meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock"):
            yield
