"""The demo: a world without any download, and the models shown on it, made on first use."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.evaluation.tables import ACF_SMALL, HASC_SMALL, UHAN_SMALL
from workbench.features.store import Features
from workbench.features.topics import Topics, fit_topics
from workbench.training.run import Run, RunError

if TYPE_CHECKING:
    from workbench.features.extraction import Of
    from workbench.training.loop import Progress

Size = Literal["tiny", "demo", "large"]
Report = Callable[[str, float], None]
"""Told what is being done, in a few words, and how much of the whole demo is done, 0..1."""

DRAWN, ENCODED, LEARNED = 0.15, 0.55, 0.57
"""Shares of the whole demo that are done when the world is drawn, its images encoded and its topics learned."""

RUNS = "runs"
"""Folder of a dataset that holds its runs unless others are named."""

_RELEASED: dict[str, Any] = {"form": "code", "project": "before", "exclude_target": False, "regularisation": 0.05}
_SEQUENCE: dict[str, Any] = {"dropout": 0.4, "learning_rate": 0.003, "patience": 5, "repeats": True}
_READING: dict[str, Any] = {"words": "embedding", "align_temperature": 6.0, "identity": True, "tied": True}
_READING |= {"output": "content", "regularisation": 0.0003}
_PAIRS: dict[str, Any] = {"batch": 1024, "learning_rate": 0.01, "epochs": 60, "evaluate_every": 3, "monitor": "AUC"}
_PAIRS |= {"regularisation": 0.02}
_FRAMES: dict[str, Any] = {**_PAIRS, "visual_regularisation": 0.02, "projection_regularisation": 0.01}
_GRAPH: dict[str, Any] = {"dim": 32, "learning_rate": 0.005, "std": 0.01}
SHOWN: dict[str, tuple[str, Mapping[str, Any]]] = {
    "bpr": ("bpr", ACF_SMALL["bpr"]),
    "svdpp": ("svdpp", ACF_SMALL["svdpp"]),
    "hasc": ("hasc", ACF_SMALL["hasc"]),
    "hasc-plus": ("hasc-plus", HASC_SMALL["hasc-plus"]),
    "acf": ("acf", {**ACF_SMALL["acf"], "regularisation": 0.005}),
    "acf-released": ("acf", {**ACF_SMALL["acf"], **_RELEASED}),
    "gru": ("gru", {**_SEQUENCE, "dim": 64, "epochs": 40}),
    "sasrec": ("sasrec", {**_SEQUENCE, "dim": 32, "epochs": 40}),
    "anternn": (
        "anternn",
        {**_SEQUENCE, **_READING, "dim": 32, "epochs": 30, "patience": 10, "dropout": 0.3, "learning_rate": 0.005},
    ),
    "diffnet": ("diffnet", {**_GRAPH, "epochs": 100, "batch": 2048, "regularisation": 0.003, "negatives": 4}),
    "diffnetpp": ("diffnetpp", {**_GRAPH, "epochs": 40, "batch": 4096, "regularisation": 0.01}),
    "saers": ("saers", {**_PAIRS, "projection_regularisation": 0.003}),
    "jifr": ("jifr", {**_FRAMES, "temperature": 0.3}),
    "jifr-na": ("jifr", {**_FRAMES, "attention": False}),
    "uhan": ("uhan", {**UHAN_SMALL["uhan"], "author_start": 0.6}),
    "dualatt": ("dualatt", UHAN_SMALL["dualatt"]),
}
"""The runs of the demo: the model of each, with the settings that suit so small a world."""

FEATURES: dict[str, tuple[str, Of, float]] = {
    "descriptor": ("descriptor", "images", 0.03),
    "convnet": ("convnet", "images", 0.43),
    "convnet-14": ("convnet-14", "images", 0.06),
    "convnet-frames": ("convnet", "frames", 0.06),
    "attributes": ("attributes", "images", 0.42),
}
"""The features of the demo: encoder, what of, share of the time; the first of each network also trains it."""

TOPICS: Mapping[str, Any] = {"topics": 12, "common": 0.1, "sweeps": 50}
"""How the topics of the demo are learned; words of more than a tenth of its captions are those of every caption."""


def home() -> Path:
    """Folder of datasets made on this machine: the environment variable WORKBENCH_HOME, else ``~/.workbench``."""
    return Path(os.environ.get("WORKBENCH_HOME") or Path.home() / ".workbench")


def datasets() -> list[Path]:
    """The dataset folders at home, by name."""
    return sorted(card.parent for card in home().glob("*/dataset.json"))


def is_ready(folder: Path) -> bool:
    """Whether the world in ``folder`` and all of its shown models are complete."""
    if not (folder / "dataset.json").is_file():
        return False
    if _missing(folder, tuple(SHOWN)) or not all(_has_features(folder, name) for name in FEATURES):
        return False
    return _has_topics(folder)


def ensure(
    folder: Path,
    size: Size = "demo",
    seed: int = 7,
    report: Report | None = None,
    models: Sequence[str] = tuple(SHOWN),
) -> Dataset:
    """Make what is missing of the demo in ``folder``: world, features, topics, the ``models``. What is there is kept.

    The large world has tables alone, for tests of scale: nothing is drawn, described or trained.

    Raises:
        DataError: the folder holds something else.
        TrainingError: a model cannot be trained.
    """
    from workbench.data.postcards.world import build_world

    tell = report or (lambda _message, _share: None)
    if not (folder / "dataset.json").is_file():
        build_world(folder, size, seed, lambda message, share: tell(message, DRAWN * share))
    dataset = Dataset.open(folder)
    if size == "large":
        return dataset
    _encode(dataset, tell)
    if not _has_topics(folder):
        fit_topics(dataset, **TOPICS, report=partial(_within, tell, ENCODED, LEARNED - ENCODED))
    missing = _missing(folder, models)
    for number, name in enumerate(missing):
        _train(folder, name, partial(_part, tell, f"training {name}", number, len(missing)))
    tell("ready", 1.0)
    return dataset


def _encode(dataset: Dataset, tell: Report) -> None:
    """Make the features that are missing."""
    from workbench.features.encoders import encoder_named
    from workbench.features.extraction import extract

    start = DRAWN
    for name, (encoder, of, share) in FEATURES.items():
        length = share * (ENCODED - DRAWN)
        if not _has_features(dataset.root, name):
            # Half of the first features' share goes into the training of their encoder; the others find it trained.
            learning = partial(_within, tell, start, length / 2)
            extracting = partial(_within, tell, start + length / 2, length / 2)
            extract(dataset, encoder_named(encoder, dataset, report=learning), name, of=of, report=extracting)
        start += length


def _within(tell: Report, start: float, length: float, share: float, message: str) -> None:
    tell(message, start + length * share)


def _part(tell: Report, message: str, number: int, parts: int, share: float) -> None:
    """Training comes last, ``parts`` models of equal length."""
    tell(message, LEARNED + (1 - LEARNED) * (number + share) / parts)


def _train(folder: Path, name: str, report: Callable[[float], None]) -> None:
    # Training imports much that an app with a finished demo never needs.
    from workbench import api

    out = folder / RUNS / name

    def tell(progress: Progress) -> None:
        report(progress.epoch.epoch / progress.epochs)

    model, settings = SHOWN[name]
    api.train(
        model,
        folder,
        out,
        device="cpu",
        resume=(out / "card.json").is_file(),
        report=tell,
        **settings,
    )


def _missing(folder: Path, models: Sequence[str]) -> list[str]:
    """Those of ``models`` without a finished run."""
    missing = []
    for name in models:
        try:
            finished = Run.open(folder / RUNS / name).card.finished
        except RunError:
            finished = False
        if not finished:
            missing.append(name)
    return missing


def _has_features(folder: Path, name: str) -> bool:
    try:
        Features.open(folder, name)
    except DataError:
        return False
    return True


def _has_topics(folder: Path) -> bool:
    try:
        Topics.open(folder)
    except DataError:
        return False
    return True
