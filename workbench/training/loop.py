"""The one training loop."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from lightning.fabric.strategies.ddp import DDPStrategy
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.models import model_class
from workbench.models.base import ERRORS, ModelConfig, Recommender
from workbench.models.sequence import SequenceModel
from workbench.training.memory import freed_memory_kept
from workbench.training.negatives import PairSampler
from workbench.training.posts import PostSampler
from workbench.training.run import CARD, Epoch, Run, RunCard
from workbench.training.seeds import mix
from workbench.training.sequences import SequenceSampler

Sampler = PairSampler | PostSampler | SequenceSampler
Validate = Callable[[Recommender, Dataset], dict[str, float]]


@dataclass(frozen=True)
class Progress:
    """Where a training stands after an epoch.

    Attributes:
        remaining: estimated seconds of training until the last epoch, without early stopping.
        best: whether this epoch is the best so far on the monitored metric.
    """

    epoch: Epoch
    epochs: int
    remaining: float
    best: bool


@dataclass(frozen=True)
class Training:
    """What to train, on what, into which folder.

    Attributes:
        device: auto, cpu or cuda.
        devices: processes, one on each device.
        precision: ``32-true``, or ``bf16-mixed`` where the device is fast in it.
        resume: go on from the last checkpoint of ``out`` to the result an uninterrupted training would have had.
    """

    model: str
    data: Path
    out: Path
    config: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: str = "auto"
    devices: int = 1
    precision: str = "32-true"
    resume: bool = False


class TrainingError(RuntimeError):
    """A training that cannot start or go on, in one sentence with the remedy."""


class LossError(TrainingError):
    """A loss that is not finite."""


def train(training: Training, validate: Validate, report: Callable[[Progress], None] | None = None) -> Run:
    """Train a model and return its run.

    Raises:
        TrainingError: the folder is taken, the device is missing, there is nothing to resume, or the loss is infinite.
        DataError: the dataset cannot be read or lacks what the model needs.
        ValueError: unknown model or hyperparameter.
    """
    config = _check(training)
    several = training.devices > 1
    strategy = DDPStrategy(start_method="popen" if _under_torchrun() else "spawn", find_unused_parameters=config.staged)
    fabric = Fabric(
        accelerator=training.device,
        devices=training.devices,
        strategy=strategy if several else "auto",
        precision=training.precision,  # type: ignore[arg-type]
    )
    if several:
        # The epochs end in another process, so they are read back from the run folder.
        with _watching(training, report):
            fabric.launch(partial(_fit, training=training, validate=validate, report=None))
    else:
        fabric.launch(partial(_fit, training=training, validate=validate, report=report))
    return Run.open(training.out)


@contextmanager
def _watching(training: Training, report: Callable[[Progress], None] | None) -> Iterator[None]:
    """Report the epochs that appear in the run folder while the block runs."""
    done = threading.Event()

    def watch() -> None:
        told = 0
        while True:
            last = done.wait(0.5)
            run = Run.open(training.out) if (training.out / CARD).is_file() else None
            history = run.card.history if run else ()
            epochs = run.config().epochs if run else 0
            for number in range(told, len(history)):
                if report:
                    report(_progress(history[: number + 1], epochs, run.card.best_epoch if run else 0))
            told = len(history)
            if last:
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _progress(history: Sequence[Epoch], epochs: int, best_epoch: int) -> Progress:
    """Where a training stands after the last of ``history``."""
    last = history[-1]
    spent = sum(epoch.seconds for epoch in history)
    return Progress(last, epochs, spent / len(history) * (epochs - last.epoch), best_epoch == last.epoch)


def _under_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


def _check(training: Training) -> ModelConfig:
    """Refuse what cannot work before any process starts; the configuration to train with."""
    if training.device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device 'cuda' was asked for but no CUDA device is visible: use --device cpu")
    config = model_class(training.model).Config(**training.config)
    card = training.out / CARD
    if training.resume and not card.is_file():
        raise TrainingError(f"{training.out} holds no run to resume: leave --resume out to start one")
    if not training.resume and card.is_file():
        raise TrainingError(f"{training.out} holds a run already: choose another --out, or go on with --resume")
    return config if not training.resume else Run.open(training.out).config()


@freed_memory_kept()
def _fit(fabric: Fabric, *, training: Training, validate: Validate, report: Callable[[Progress], None] | None) -> None:
    """The training of one process; process 0 alone writes and reports."""
    dataset = Dataset.open(training.data)
    run = _resumed(training, dataset) if training.resume else None
    if run is not None and run.card.finished:
        return
    kind = model_class(training.model)
    config = kind.Config(**training.config) if run is None else run.config()
    _check_tables(kind, dataset)
    fabric.seed_everything(training.seed, verbose=False)
    model = kind(config, dataset)
    # Only now, so that a model that cannot be built leaves no run behind.
    run = run or _new_run(fabric, training, config, dataset)
    if model.at_once:
        _fit_at_once(fabric, model, dataset, run, validate, report)
        return
    optimizer = torch.optim.Adam(
        [p for p in model.parameters() if p.requires_grad], lr=config.learning_rate, fused=True
    )
    state: dict[str, Any] = {"epoch": 0, "best": -math.inf, "best_epoch": 0, "stale": 0}
    if training.resume:
        state = run.load_checkpoint(model, optimizer) or state
        # An interruption may fall between the checkpoint and the card; the checkpoint is what counts.
        run.card = run.card.model_copy(update={"history": tuple(Epoch(**e) for e in state.pop("history", ()))})
    module, optimizer = fabric.setup(model, optimizer)
    sampler = _sampler(fabric, model, config, dataset)
    for number in range(state["epoch"] + 1, config.epochs + 1):
        if state["stale"] >= config.patience:
            break
        model.train()
        # What is left out at random depends on the epoch alone, so that a resumed training leaves out the same.
        torch.manual_seed(mix(training.seed, number, -2 - fabric.global_rank))
        model.start_epoch(number)
        epoch = _epoch(fabric, module, optimizer, sampler, training, number)
        if model.ready and (number % config.evaluate_every == 0 or number == config.epochs):
            epoch = epoch.model_copy(update={"validation": _validated(fabric, validate, model, dataset)})
        better = _advance(state, epoch, config.monitor)
        if fabric.is_global_zero:
            _keep(run, model, optimizer, state, epoch, better)
            if report:
                report(_progress(run.card.history, config.epochs, run.card.best_epoch))
        fabric.barrier()
    if fabric.is_global_zero:
        best = next((e.validation for e in run.card.history if e.epoch == state["best_epoch"]), {})
        run.save_card(finished=True, metrics=best)
        run.drop_checkpoint()
    fabric.barrier()


def _sampler(fabric: Fabric, model: Recommender, config: ModelConfig, dataset: Dataset) -> Sampler:
    """The batches this process learns from."""
    shard = (fabric.global_rank, fabric.world_size)
    if isinstance(model, SequenceModel):
        return SequenceSampler(dataset, config.batch, fabric.device, shard)
    if model.task == "popularity":
        return PostSampler(dataset, config.batch, config.steps, fabric.device, shard)
    return PairSampler(dataset, config.batch, config.negatives, fabric.device, shard)


def _fit_at_once(
    fabric: Fabric,
    model: Recommender,
    dataset: Dataset,
    run: Run,
    validate: Validate,
    report: Callable[[Progress], None] | None,
) -> None:
    """The training of a model without gradients: one fit, on process 0, that counts as the only epoch."""
    if fabric.is_global_zero:
        began = time.perf_counter()
        model.fit(dataset)
        epoch = Epoch(epoch=1, seconds=time.perf_counter() - began)
        epoch = epoch.model_copy(update={"validation": validate(model.eval(), dataset)})
        run.save_weights(model)
        run.save_card(history=(epoch,), best_epoch=1, finished=True, metrics=epoch.validation)
        if report:
            report(_progress(run.card.history, 1, 1))
    fabric.barrier()


def _check_tables(kind: type[Recommender], dataset: Dataset) -> None:
    """Refuse a dataset that lacks a table the model learns from."""
    for table in ("likes", "posts"):
        if table in kind.needs and not dataset.has(table):
            raise TrainingError(f"{kind.name} learns from the table {table}, which {dataset.root} has not: add it")


def _resumed(training: Training, dataset: Dataset) -> Run:
    """The run to go on with."""
    run = Run.open(training.out)
    if run.card.fingerprint != dataset.fingerprint:
        raise TrainingError(f"{training.out} was trained on other data ({run.card.dataset}): resume it with that data")
    return run


def _new_run(fabric: Fabric, training: Training, config: ModelConfig, dataset: Dataset) -> Run:
    """A new run folder."""
    card = RunCard(
        model=training.model,
        config=config.model_dump(mode="json"),
        dataset=dataset.name,
        path=os.path.relpath(dataset.root.resolve(), training.out.resolve()),
        fingerprint=dataset.fingerprint,
        device=str(fabric.device),
        seed=training.seed,
    )
    run = Run(training.out, card)
    if fabric.is_global_zero:
        training.out.mkdir(parents=True, exist_ok=True)
        run.save_card()
    fabric.barrier()
    return run


def _epoch(fabric: Fabric, module: Any, optimizer: Any, sampler: Sampler, training: Training, number: int) -> Epoch:
    """One pass over the training data."""
    began = time.perf_counter()
    total = torch.zeros((), device=fabric.device)
    for batch in sampler.epoch(training.seed, number):
        optimizer.zero_grad(set_to_none=True)
        loss: Tensor = module(batch)
        fabric.backward(loss)
        optimizer.step()
        total += loss.detach()
    shared = fabric.all_reduce(total / max(sampler.steps, 1), reduce_op="mean")
    mean = float(torch.as_tensor(shared))
    if not math.isfinite(mean):
        raise LossError(
            f"the loss of {training.model} is {mean} in epoch {number}: train into another folder with a lower rate, "
            f"for instance --set learning_rate={training.config.get('learning_rate', 0.005) / 10:g}"
        )
    return Epoch(epoch=number, loss=mean, seconds=time.perf_counter() - began)


def _validated(fabric: Fabric, validate: Validate, model: Recommender, dataset: Dataset) -> dict[str, float]:
    """Validation metrics, computed by process 0 and told to the others."""
    model.eval()
    metrics = validate(model, dataset) if fabric.is_global_zero else {}
    told: dict[str, float] = fabric.broadcast(metrics)
    return told


def _advance(state: dict[str, Any], epoch: Epoch, monitor: str) -> bool:
    """Update the early-stopping state with an epoch; whether it is the best so far."""
    state["epoch"] = epoch.epoch
    if not epoch.validation:
        return False
    if monitor not in epoch.validation:
        raise TrainingError(f"monitor '{monitor}' is not among the validation metrics {', '.join(epoch.validation)}")
    value = -epoch.validation[monitor] if monitor in ERRORS else epoch.validation[monitor]
    better: bool = value > state["best"]
    if better:
        state.update(best=value, best_epoch=epoch.epoch, stale=0)
    else:
        state["stale"] += 1
    return better


def _keep(run: Run, model: Recommender, optimizer: Any, state: dict[str, Any], epoch: Epoch, better: bool) -> None:
    """Write the epoch down: weights if they are the best, then the checkpoint, then the learning curve."""
    if better or not state["best_epoch"]:
        run.save_weights(model)
    history = (*run.card.history, epoch)
    run.save_checkpoint(model, optimizer, {**state, "history": [e.model_dump() for e in history]})
    run.save_card(history=history, best_epoch=state["best_epoch"] or epoch.epoch)
