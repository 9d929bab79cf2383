"""What is kept of audits: their keys tell weights, data and settings apart, so that none is taken for another."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pydantic import ValidationError
from safetensors.torch import load_file
from torch import Tensor

import workbench
from workbench.explain.audit.result import Audit
from workbench.explain.explainer import Explainer
from workbench.explain.held import RemovalKind
from workbench.training.run import WEIGHTS

FOLDER, RESULT = "audit", "audit.json"


def digest(state: Mapping[str, Tensor]) -> str:
    """Tells parameters apart, whatever their order."""
    found = hashlib.sha256()
    for name in sorted(state):
        found.update(name.encode() + state[name].cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


def parameters_of(run: Path) -> str:
    """The digest of a run's parameters, without opening its model."""
    return digest(load_file(run / WEIGHTS))


def key(explainer: Explainer, plan: object) -> str:
    """Tells audits of other weights, data, plans and versions apart."""
    version = f"{workbench.__version__} {Audit.model_fields['schema_version'].default}"
    told = f"{version} {explainer.dataset.fingerprint} {plan} {digest(explainer.model.state_dict())}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def newest(folder: Path, parameters: str, fingerprint: str, removal: RemovalKind = "deleted") -> Audit | None:
    """The latest finished audit in a folder that is of these parameters over this data; None without any.

    Args:
        folder: of a run.
        parameters: their digest, see ``digest``.
        fingerprint: of the data.
        removal: what stood in the place of what was removed.
    """
    for path in sorted(folder.glob(f"{FOLDER}/*/{RESULT}"), key=os.path.getmtime, reverse=True):
        try:
            found = Audit.model_validate_json(path.read_text(encoding="utf-8"))
        except ValidationError:
            # An audit of another version of the workbench has other fields.
            continue
        if (found.parameters, found.fingerprint, found.removal) == (parameters, fingerprint, removal):
            return found
    return None


def write_part(path: Path, table: pd.DataFrame) -> None:
    """Write a part of an audit whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    table.to_parquet(temporary)
    temporary.replace(path)
