"""What can be chosen before a training: hyperparameters as fields of a form, and the commands that follow from them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import ValidationError

from workbench.data.dataset import Dataset
from workbench.demo import FEATURES
from workbench.models.base import ModelConfig, Recommender

Kind = Literal["switch", "whole", "number", "text", "choice", "choices"]
_KINDS: Final[Mapping[Any, Kind]] = {bool: "switch", int: "whole", float: "number", str: "text"}
FIRST: Final = ("epochs", "learning_rate", "batch", "dim", "regularisation", "patience")
"""The hyperparameters that are changed most, in this order."""
ROUNDS: Final = ("epochs", "negatives", "patience", "evaluate_every", "monitor", "steps")
"""The hyperparameters that mean nothing to a model fitted at once."""
WORDS: Final[Mapping[str, str]] = {
    "likes": "likes (a table of who liked what)",
    "posts": "posts with their popularity (a table posts)",
    "follows": "people who follow each other (a table follows)",
    "frames": "frames of reels (a table frames)",
    "likes.time": "times of likes (a column time of the likes)",
    "items.image": "images (a column image of the items)",
    "items.text": "texts of images (a column text of the items)",
    "items.creator": "creators of images (a column creator of the items)",
}


@dataclass(frozen=True)
class Field:
    """A hyperparameter as a field of a form.

    Attributes:
        name: its name; ``kind`` what is entered.
        default: the value it has unless another one is chosen; several choices as a tuple.
        options: what can be chosen.
        optional: whether it may be left open.
        help: what it means, in a sentence; "" where that is not said.
    """

    name: str
    kind: Kind
    default: Any
    options: tuple[Any, ...] = ()
    optional: bool = False
    help: str = ""


def fields(model: type[Recommender]) -> list[Field]:
    """The hyperparameters of a model, those that are changed most first; of one fitted at once those it reads."""
    said = _said(model.Config)
    names = [name for name in model.Config.model_fields if not (model.at_once and name in ROUNDS)]
    found = [_field(name, model.Config, said.get(name, "")) for name in names]
    order = {name: place for place, name in enumerate(FIRST)}
    return sorted(found, key=lambda field: order.get(field.name, len(order)))


def _field(name: str, kind: type[ModelConfig], words: str) -> Field:
    described = kind.model_fields[name]
    default = described.get_default(call_default_factory=True)
    annotation, optional = described.annotation, False
    if get_origin(annotation) in (Union, UnionType):
        inner = [part for part in get_args(annotation) if part is not NoneType]
        annotation, optional = inner[0], True
    if get_origin(annotation) is Literal:
        return Field(name, "choice", default, get_args(annotation), optional, words)
    if get_origin(annotation) is tuple:
        one = get_args(annotation)[0]
        if get_origin(one) is Literal:
            return Field(name, "choices", default, get_args(one), optional, words)
        return Field(name, "text", ",".join(map(str, default)), (), optional, words)
    return Field(name, _KINDS[annotation], default, (), optional, words)


def _said(kind: type[ModelConfig]) -> dict[str, str]:
    """What the docstrings of a configuration and of those it extends say of each hyperparameter."""
    said: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found = re.search(r"^Attributes:\n(.*)", inspect.cleandoc(base.__doc__ or ""), re.MULTILINE | re.DOTALL)
        entries = re.split(r"^ {4}(\w+): ", found.group(1) if found else "", flags=re.MULTILINE)[1:]
        said |= {name: " ".join(text.split()) for name, text in zip(entries[::2], entries[1::2], strict=True)}
    return said


def changed(model: type[Recommender], values: Mapping[str, Any]) -> dict[str, str]:
    """The values that differ from the defaults, as ``--set`` takes them.

    Raises:
        ValueError: a value is wrong, in one sentence.
    """
    texts = {field.name: _text(values[field.name]) for field in fields(model) if field.name in values}
    defaults = {field.name: _text(field.default) for field in fields(model)}
    told = {name: text for name, text in texts.items() if text != defaults[name]}
    chosen: dict[str, Any] = {name: _parts(values[name]) if _is_list(model, name) else values[name] for name in told}
    try:
        model.Config(**chosen)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = f"{first['loc'][0]}: " if first["loc"] else ""
        raise ValueError(f"{where}{first['msg'].removeprefix('Value error, ')}: choose another value.") from None
    return told


def _is_list(model: type[Recommender], name: str) -> bool:
    return get_origin(model.Config.model_fields[name].annotation) is tuple


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        return value.split(",") if value else []
    return list(value)


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def lacks(model: type[Recommender], dataset: Dataset) -> str | None:
    """What a model needs that a dataset has not, in a sentence; None where it has all of it."""
    missing = [WORDS.get(need, need) for need in model.needs if not _has(dataset, need)]
    return f"{model.name} needs {' and '.join(missing)}, which {dataset.name} has not." if missing else None


def _has(dataset: Dataset, need: str) -> bool:
    table, _, column = need.partition(".")
    if not dataset.has(table):
        return False
    frame = dataset.table(table)
    return len(frame) > 0 and (not column or (column in frame and bool(frame[column].notna().any())))


def preparations(model: type[Recommender], values: Mapping[str, Any], dataset: Dataset) -> list[list[str]]:
    """The commands that make what a model reads beside the tables and the dataset lacks: features and topics."""
    config = {field.name: values.get(field.name, field.default) for field in fields(model)}
    commands = []
    for name in dict.fromkeys(value for value in config.values() if isinstance(value, str) and value in FEATURES):
        encoder, of, _ = FEATURES[name]
        pictured = _has(dataset, "frames" if of == "frames" else "items.image")
        if pictured and not (dataset.root / "features" / name / "card.json").is_file():
            commands.append(["features", str(dataset.root), "--encoder", encoder, "--of", of, "--name", name])
    wanted = config.get("topics")
    has_topics = isinstance(wanted, str) and (dataset.root / "topics" / wanted / "card.json").is_file()
    if isinstance(wanted, str) and not has_topics and _has(dataset, "items.text"):
        commands.append(["topics", str(dataset.root), "--name", wanted])
    return commands


def training(model: str, data: Path, run: Path, told: Mapping[str, str], device: str, seed: int) -> list[str]:
    """The command that trains a model into a new run folder."""
    settings = [part for name, text in told.items() for part in ("--set", f"{name}={text}")]
    command = ["train", model, "--data", str(data), "--out", str(run), "--device", device, "--seed", str(seed)]
    return command + settings


def resuming(model: str, data: Path, run: Path, device: str) -> list[str]:
    """The command that goes on with a run."""
    return ["train", model, "--data", str(data), "--out", str(run), "--device", device, "--resume"]


def remaining(commands: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """The commands of a job that never got to its training, without those whose work is done."""
    return [command for command in commands if not _is_done(command)]


def _is_done(command: Sequence[str]) -> bool:
    if command[0] == "train":
        return False
    return (Path(command[1]) / command[0] / command[-1] / "card.json").is_file()
