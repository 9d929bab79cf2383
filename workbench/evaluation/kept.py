"""Evaluations kept beside their run, so that runs are compared without computing anything twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

import workbench
from workbench.evaluation.result import Evaluation, FrameSplit
from workbench.training.run import WEIGHTS, write_text

FOLDER: Final = "evaluations"
USER: Final = "user"
"""Column of the codes of users, beside one for each metric."""


class Label(BaseModel):
    """What an evaluation is of: weights, data and version.

    Attributes:
        parameters: digest of the file of weights.
        fingerprint: of the data.
        version: of the workbench.
    """

    model_config = ConfigDict(frozen=True)

    parameters: str
    fingerprint: str
    version: str = workbench.__version__

    @classmethod
    def of(cls, run: Path, fingerprint: str) -> Label:
        """The label of a run as it is now.

        Raises:
            OSError: it has no weights.
        """
        with (run / WEIGHTS).open("rb") as file:
            return cls(parameters=hashlib.file_digest(file, "sha256").hexdigest()[:16], fingerprint=fingerprint)


def keep(run: Path, found: Evaluation, fingerprint: str) -> None:
    """Write an evaluation beside its run, in place of an older one of the same protocol and split.

    Args:
        run: folder of the run.
        found: what was found.
        fingerprint: of the data.

    Raises:
        OSError: the run has no weights, or the folder cannot be written.
    """
    stem = _stem(run, found.protocol, found.split)
    stem.parent.mkdir(exist_ok=True)
    label = Label.of(run, fingerprint)
    table = pd.DataFrame({USER: found.user_codes} | dict(found.per_user))
    # The values first: a label is never found without those it stands for.
    json_file, values = stem.with_suffix(".json"), stem.with_suffix(".parquet")
    json_file.unlink(missing_ok=True)
    temporary = values.with_name(f".{values.name}.part")
    table.to_parquet(temporary, index=False)
    temporary.replace(values)
    told = {"label": label.model_dump(), "evaluation": found.model_dump(mode="json")}
    write_text(json_file, json.dumps(told, indent=1))


def kept(run: Path, protocol: str, split: FrameSplit, fingerprint: str) -> Evaluation | None:
    """The evaluation of a run's present weights over this data; None where there is none.

    Args:
        run: folder of the run.
        protocol: its name.
        split: whose likes or posts were held out.
        fingerprint: of the data.
    """
    stem = _stem(run, protocol, split)
    try:
        told = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
        if Label.model_validate(told["label"]) != Label.of(run, fingerprint):
            return None
        table = pd.read_parquet(stem.with_suffix(".parquet"))
        values = {name: table[name].to_numpy("float64") for name in table.columns if name != USER}
        codes = table[USER].to_numpy("int64")
        return Evaluation.model_validate(told["evaluation"] | {"user_codes": codes, "per_user": values})
    except (OSError, ValueError, KeyError, ValidationError, pa.ArrowException):
        # Without weights, or of another version of the workbench: it is evaluated anew.
        return None


def _stem(run: Path, protocol: str, split: str) -> Path:
    return run / FOLDER / f"{protocol}-{split}"
