"""What notebooks, the app and the commands call: train, evaluate and explain in one line each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.data.dataset import Dataset
from workbench.evaluation.evaluate import evaluate as _evaluate
from workbench.evaluation.frames import FRAMES, evaluate_frames
from workbench.evaluation.next_item import NEXT, NEXT_NEW, evaluate_next
from workbench.evaluation.popularity import POSTS, evaluate_posts, metrics, predictions
from workbench.evaluation.protocols import FULL, sampled
from workbench.evaluation.protocols import protocol as _protocol
from workbench.evaluation.result import Evaluation
from workbench.explain.explainer import Explainer
from workbench.models.base import Recommender
from workbench.models.moments import MomentModel
from workbench.training.loop import Progress, Training
from workbench.training.loop import train as _train
from workbench.training.run import Run

VALIDATION_METRICS = ("HR@5", "NDCG@5", "HR@10", "NDCG@10", "AUC")
NEXT_METRICS = ("Recall@20", "NDCG@20", "MRR")


def validate(model: Recommender, dataset: Dataset) -> dict[str, float]:
    """Validation metrics for early stopping.

    Of a ranking: the held-out like among 1,000 unrated images, the same ones every time. Of a model of sequences: each
    validation like as the next one. Of a popularity model: its errors on the validation posts.
    """
    if model.task == "popularity":
        return metrics(predictions(model, dataset, "validation"))
    if isinstance(model, MomentModel):
        following = evaluate_next(model, dataset, split="validation", metrics=NEXT_METRICS, ks=(), groups=0)
        return {name: estimate.mean for name, estimate in following.metrics.items()}
    result = _evaluate(model, dataset, sampled(1000), split="validation", metrics=VALIDATION_METRICS, ks=(), groups=0)
    return {name: estimate.mean for name, estimate in result.metrics.items()}


def train(
    model: str,
    data: str | Path,
    out: str | Path,
    *,
    seed: int = 0,
    device: str = "auto",
    devices: int = 1,
    precision: str = "32-true",
    resume: bool = False,
    report: Callable[[Progress], None] | None = None,
    **config: Any,
) -> Run:
    """Train a model on a dataset folder into a run folder; further keywords are hyperparameters of the model.

    Raises:
        TrainingError: the run folder is taken, the device is missing, or the loss is not finite.
        DataError: the dataset is broken or lacks what the model needs.
        ValueError: there is no such model or hyperparameter.
    """
    training = Training(model, Path(data), Path(out), config, seed, device, devices, precision, resume)
    return _train(training, validate, report)


def evaluate(
    run: str | Path | Run, protocol: str | None = None, *, data: str | Path | None = None, **options: Any
) -> Evaluation:
    """Test metrics of a run.

    Args:
        run: a run or its folder.
        protocol: full, sampled, paper, next, next-new or, of the frames of items instead, frames for a ranking; posts,
            the only one, for a popularity model. If left out: next for a model of sequences, full for any other
            ranking.
        data: the dataset folder, if it is no longer where the run was trained.
        options: as for `workbench.evaluation.evaluate.evaluate`, `workbench.evaluation.next_item.evaluate_next`,
            `workbench.evaluation.frames.evaluate_frames` or `workbench.evaluation.popularity.evaluate_posts`.

    Raises:
        RunError: there is no such run, or its dataset has moved or changed.
        ValueError: there is no such protocol or metric.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    dataset = run.open_dataset() if data is None else Dataset.open(data)
    model = run.model(dataset)
    if model.task == "ranking":
        protocol = protocol or (NEXT if isinstance(model, MomentModel) else FULL.name)
        if protocol in (NEXT, NEXT_NEW):
            return evaluate_next(model, dataset, protocol, **options)
        if protocol == FRAMES:
            return evaluate_frames(model, dataset, **options)
        return _evaluate(model, dataset, _protocol(protocol, model), **options)
    if protocol not in (None, POSTS):
        raise ValueError(
            f"{model.name} predicts popularity and ranks nothing: leave the protocol {protocol!r} out, every post is "
            "predicted"
        )
    return evaluate_posts(model, dataset, **options)


def explainer(run: str | Path | Run, data: str | Path | None = None) -> Explainer:
    """The explainer of a run, over the dataset it was trained on or the folder ``data`` where that has moved to.

    Raises:
        RunError: there is no such run, or its dataset has moved or changed.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    return Explainer.open(run, None if data is None else Dataset.open(data))
