"""The numbers behind each picture of audits, to take away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workbench.explain.audit.result import Audit, Calibrated, Interval, Planted
from workbench.explain.explanation import Frozen

Value = str | int | float | bool | None


class Table(Frozen):
    """Rows that all have the same columns.

    Attributes:
        about: what they are of.
        records: the rows.
    """

    about: str
    records: tuple[dict[str, Value], ...]

    def rows(self) -> list[dict[str, object]]:
        """The rows, to write as csv."""
        return [dict(record) for record in self.records]


def methods_table(audit: Audit) -> Table:
    """Every measure of every method, over all evidence and within levels, and its gain over random orders."""
    parts: list[tuple[str | None, Mapping[str, dict[str, float]], Mapping[str, dict[str, Interval]]]]
    parts = [(None, audit.methods, audit.intervals)]
    parts += [(level, one.methods, one.intervals) for level, one in audit.within.items()]
    records: list[dict[str, Value]] = []
    for level, methods, intervals in parts:
        names = list(dict.fromkeys(name for values in methods.values() for name in values))
        for method, values in methods.items():
            for name in names:
                gain = intervals.get(method, {}).get(name)
                records.append(
                    _head(audit)
                    | {"method": method, "control": method in audit.controls, "level": level, "measure": name}
                    | {"value": values.get(name)}
                    | {edge: getattr(gain, field, None) for edge, field in _EDGES.items()}
                )
    return Table(about="measures", records=tuple(records))


def curves_table(audit: Audit) -> Table:
    """The height of every curve at every share of the evidence."""
    records = (
        _head(audit) | {"method": method, "share": share, "deletion": gone, "insertion": come}
        for method, curve in audit.curves.items()
        for share, gone, come in zip(audit.shares, curve.deletion, curve.insertion, strict=True)
    )
    return Table(about="curves", records=tuple(records))


def agreement_table(audit: Audit) -> Table:
    """Mean Kendall tau of every two methods."""
    records = (
        _head(audit) | {"method": method, "other": other, "tau": tau}
        for method, taus in audit.agreement.items()
        for other, tau in taus.items()
    )
    return Table(about="agreement", records=tuple(records))


def randomisation_table(audit: Audit) -> Table:
    """What is left of the attention as parts of the model become random; nothing where nothing is weighed."""
    found = audit.randomisation
    records = (
        _head(audit) | {"part": one.step, "with those before": one.agreement, "alone": found.alone.get(one.step)}
        for one in (found.cascade if found else ())
        if found
    )
    return Table(about="randomisation", records=tuple(records))


def planted_table(audit: Audit) -> Table:
    """How well each method, and each verdict, tells the planted causes."""
    blank: dict[str, Value] = dict.fromkeys(("pairs", "precision_at_1", "low", "high", "auc", "pointing", "chance"))
    whole: list[tuple[str | None, Mapping[str, Planted]]] = [(None, audit.planted), *audit.levels.items()]
    methods = (
        _head(audit) | {"kind": "method", "name": name, "level": level} | blank | one.model_dump()
        for level, found in whole
        for name, one in found.items()
    )
    verdicts = (
        _head(audit) | {"kind": "verdict", "name": badge, "level": None} | blank | _told(one)
        for badge, one in audit.verdicts.items()
    )
    return Table(about="planted causes", records=(*methods, *verdicts))


def calibration_table(audits: Sequence[Audit]) -> Table:
    """How often explanations are right about the planted cause, by run and verdict."""
    records = (
        _head(audit) | {"verdict": badge} | _told(one) for audit in audits for badge, one in audit.verdicts.items()
    )
    return Table(about="verdicts", records=tuple(records))


def _told(one: Calibrated) -> dict[str, Value]:
    return {"pairs": one.pairs, "precision_at_1": one.right, "low": one.low, "high": one.high, "chance": one.chance}


def runs_table(audits: Sequence[Audit]) -> Table:
    """Precision at 1 and comprehensiveness above random orders of every method of several runs."""
    return Table(about="runs", records=tuple(_of_runs(audits)))


def _of_runs(audits: Iterable[Audit]) -> Iterable[dict[str, Value]]:
    for audit in audits:
        for method in audit.methods:
            gain, found = audit.intervals.get(method, {}).get("comprehensiveness"), audit.planted.get(method)
            yield (
                _head(audit)
                | {"method": method, "precision_at_1": found.precision_at_1 if found else None}
                | {edge: getattr(gain, field, None) for edge, field in _EDGES.items()}
            )


_EDGES = {"gain": "mean", "low": "low", "high": "high"}


def _head(audit: Audit) -> dict[str, Value]:
    return {"model": audit.model, "run": audit.run}
