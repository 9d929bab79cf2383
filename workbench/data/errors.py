"""What can be wrong with a dataset, said so that a person can repair it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault of a dataset.

    Attributes:
        file: name of the file, relative to the folder of the dataset.
        row: number of the row, counted from 1 without the header; None where the fault is not in one row.
        column: name of the column; None where the fault is not in one column.
        message: what is wrong and what to do about it.
    """

    file: str
    row: int | None
    column: str | None
    message: str

    def __str__(self) -> str:
        row = "" if self.row is None else f", row {self.row}"
        column = "" if self.column is None else f", column {self.column}"
        return f"{self.file}{row}{column}: {self.message}"


class DataError(ValueError):
    """A dataset, or a question to it, that cannot be used.

    Attributes:
        faults: every fault found, where the error comes from a check.
    """

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> DataError:
        """The error that lists ``faults``, one in a line."""
        faults = tuple(faults)
        return cls("\n".join(str(fault) for fault in faults), faults)
