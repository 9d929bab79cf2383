"""A trained model as a folder: parameters, a card that says how they came to be, the learning curve."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from safetensors.torch import load_file, save_file
from torch import Tensor

import workbench
from workbench.data.dataset import Dataset
from workbench.models import model_class
from workbench.models.base import ModelConfig, Recommender

CARD, WEIGHTS, CHECKPOINT = "card.json", "weights.safetensors", "checkpoint"


class RunError(ValueError):
    """A run folder that cannot be used, in one sentence with the remedy."""


class Epoch(BaseModel):
    """One line of the learning curve.

    Attributes:
        loss: mean training loss; None for a model that is fitted at once.
        validation: metrics on the validation likes, empty in epochs without a validation.
        seconds: time of the epoch's training steps alone.
    """

    model_config = ConfigDict(frozen=True)

    epoch: int
    loss: float | None = None
    validation: dict[str, float] = {}
    seconds: float


class RunCard(BaseModel):
    """How a run came to be.

    Attributes:
        dataset: name, ``path`` and ``fingerprint`` of the data it was trained on.
        best_epoch: the epoch whose parameters were kept.
        finished: False while training goes on or after it was interrupted.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    config: dict[str, Any]
    dataset: str
    path: str
    fingerprint: str
    version: str = workbench.__version__
    torch: str = torch.__version__
    device: str = "cpu"
    seed: int
    best_epoch: int = 0
    metrics: dict[str, float] = {}
    history: tuple[Epoch, ...] = ()
    finished: bool = False


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to a safetensors file whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, temporary)
    temporary.replace(path)


def run_folders(folder: str | Path) -> dict[str, Path]:
    """The run folders under a folder by name, whether or not they can be opened; hidden ones are none."""
    return {card.parent.name: card.parent for card in sorted(Path(folder).glob(f"[!.]*/{CARD}"))}


class Run:
    """A run folder that was opened.

    Attributes:
        path: the folder.
        card: how it came to be.
    """

    def __init__(self, path: Path, card: RunCard) -> None:
        self.path, self.card = path, card

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open a run folder.

        Raises:
            RunError: there is no run there, or its card cannot be read.
        """
        path = Path(path)
        try:
            return cls(path, RunCard.model_validate_json((path / CARD).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise RunError(
                f"{path} holds no run (no {CARD}): make one with 'workbench train MODEL --data DATA --out {path}'"
            ) from None
        except ValueError as fault:
            raise RunError(
                f"{path / CARD} cannot be read ({str(fault).splitlines()[0]}): train the run again"
            ) from None

    @classmethod
    def all(cls, folder: str | Path) -> Iterator[Run]:
        """The finished runs under a folder, by name."""
        for path in run_folders(folder).values():
            run = cls.open(path)
            if run.card.finished:
                yield run

    def open_dataset(self) -> Dataset:
        """The dataset it was trained on.

        Raises:
            RunError: it is no longer where the card says.
        """
        path = (self.path / self.card.path).resolve()
        if not path.is_dir():
            raise RunError(
                f"{self.path} was trained on '{self.card.dataset}', which is no longer at {path}: name it with --data"
            )
        return Dataset.open(path)

    def model(self, dataset: Dataset, device: str = "cpu") -> Recommender:
        """The trained model over ``dataset``, in evaluation mode.

        Raises:
            RunError: the dataset is not the one it was trained on, or the weights are missing.
        """
        if dataset.fingerprint != self.card.fingerprint:
            raise RunError(
                f"{self.path} was trained on '{self.card.dataset}' with fingerprint {self.card.fingerprint}, but "
                f"{dataset.root} has {dataset.fingerprint}: name the right data with --data, or train again"
            )
        if not (self.path / WEIGHTS).is_file():
            raise RunError(
                f"{self.path} has no {WEIGHTS}: finish it with 'workbench train {self.card.model} "
                f"--out {self.path} --resume'"
            )
        kind = model_class(self.card.model)
        model = kind(kind.Config(**self.card.config), dataset)
        model.load_state_dict(load_file(self.path / WEIGHTS))
        return model.to(device).eval()

    def save_card(self, **changes: Any) -> None:
        """Replace fields of the card, on disk as well."""
        self.card = self.card.model_copy(update=changes)
        write_text(self.path / CARD, self.card.model_dump_json(indent=1))

    def save_weights(self, model: Recommender) -> None:
        """Keep the parameters of ``model``."""
        write_tensors(self.path / WEIGHTS, model.state_dict())

    def save_checkpoint(self, model: Recommender, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
        """Keep all that is needed to go on after this epoch exactly as if nothing had happened."""
        folder = self.path / CHECKPOINT
        folder.mkdir(exist_ok=True)
        moments = optimizer.state_dict()["state"]
        tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        tensors |= {f"optimizer.{i}.{name}": value for i, entry in moments.items() for name, value in entry.items()}
        name = f"epoch-{state['epoch']}.safetensors"
        write_tensors(folder / name, tensors)
        write_text(folder / "state.json", json.dumps({**state, "file": name}))
        for old in folder.glob("epoch-*.safetensors"):
            if old.name != name:
                old.unlink()

    def drop_checkpoint(self) -> None:
        """Forget the checkpoint of a training that is complete."""
        shutil.rmtree(self.path / CHECKPOINT, ignore_errors=True)

    def load_checkpoint(self, model: Recommender, optimizer: torch.optim.Optimizer) -> dict[str, Any] | None:
        """Restore the last checkpoint into ``model`` and ``optimizer``; its state, or None if there is none."""
        folder = self.path / CHECKPOINT
        if not (folder / "state.json").is_file():
            return None
        state: dict[str, Any] = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / state["file"])
        model.load_state_dict({n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")})
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, index, field = name.split(".", 2)
                moments.setdefault(int(index), {})[field] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        return state

    def config(self) -> ModelConfig:
        """The typed configuration of the run's model."""
        return model_class(self.card.model).Config(**self.card.config)
