"""What a user never wants to be recommended because of: lasting edits of her evidence, kept beside a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Literal

from pydantic import Field, ValidationError

from workbench.data.errors import DataError
from workbench.explain.edits import Edit
from workbench.explain.explanation import Frozen, Id
from workbench.training.run import write_text

FILE = "preferences.json"
_LOCK = Lock()


class Preferences(Frozen):
    """The preferences of the users of a dataset.

    Attributes:
        users: edits as text, by the id of the user as text.
    """

    schema_version: Literal[1] = 1
    users: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def of(self, user: Id) -> tuple[Edit, ...]:
        """The edits kept for a user; none where nothing is kept."""
        return tuple(map(Edit.parse, self.users.get(str(user), ())))


def load(root: Path) -> Preferences:
    """The preferences kept in a dataset folder; those of nobody where there is no such file.

    Raises:
        DataError: the file cannot be read.
    """
    path = root / FILE
    try:
        found = Preferences.model_validate_json(path.read_text(encoding="utf-8"))
        for user in found.users:
            found.of(user)
    except FileNotFoundError:
        return Preferences()
    except (OSError, ValueError) as fault:
        # What pydantic says fills several lines.
        reason = fault.errors(include_url=False)[0]["msg"] if isinstance(fault, ValidationError) else fault
        raise DataError(f"{path} cannot be read ({reason}): mend or remove it") from None
    return found


def keep(root: Path, user: Id, edits: Sequence[Edit]) -> Preferences:
    """Keep edits for a user (id) from now on, in place of earlier ones of the same elements; all that is kept.

    Raises:
        DataError: the file cannot be read.
        OSError: it cannot be written.
    """
    return _changed(root, user, edits, edits)


def forget(root: Path, user: Id, edits: Sequence[Edit] | None = None) -> Preferences:
    """Forget what is kept of the elements of some edits, or all that is kept, for a user (id); what is left.

    Raises:
        DataError: the file cannot be read.
        OSError: it cannot be written.
    """
    return _changed(root, user, edits, ())


def _changed(root: Path, user: Id, gone: Sequence[Edit] | None, new: Sequence[Edit]) -> Preferences:
    with _LOCK:
        before = load(root)
        places = None if gone is None else {edit.place for edit in gone}
        kept = [edit for edit in before.of(user) if places is not None and edit.place not in places]
        # Of two edits of one place the later one counts.
        latest = {edit.place: edit for edit in [*kept, *new]}
        users = {name: edits for name, edits in before.users.items() if name != str(user)}
        if latest:
            users[str(user)] = tuple(map(str, latest.values()))
        after = Preferences(users=dict(sorted(users.items())))
        write_text(root / FILE, after.model_dump_json(indent=1) + "\n")
        return after
