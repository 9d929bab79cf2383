"""What notebooks, the app and the commands call: train, evaluate, compare and explain in one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.data.dataset import Dataset
from workbench.evaluation.comparison import RunComparison, common_metrics, compare_runs, learned_from
from workbench.evaluation.evaluate import evaluate as _evaluate
from workbench.evaluation.frames import FRAMES, evaluate_frames
from workbench.evaluation.kept import keep, kept
from workbench.evaluation.next_item import NEXT, NEXT_NEW, evaluate_next
from workbench.evaluation.popularity import POSTS, evaluate_posts, metrics, predictions
from workbench.evaluation.protocols import FULL, sampled
from workbench.evaluation.protocols import protocol as _protocol
from workbench.evaluation.result import Evaluation
from workbench.explain.explainer import Explainer
from workbench.models import model_class
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
        protocol = protocol or _usual(type(model))
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


def compare(
    runs: Sequence[str | Path | Run],
    protocol: str | None = None,
    *,
    metric: str | None = None,
    data: str | Path | None = None,
    report: Callable[[float, str], None] | None = None,
) -> RunComparison:
    """Test metrics of runs beside each other, with paired tests over the same users, moments or posts.

    Evaluations are kept beside their runs, where the app finds them, and found there.

    Args:
        runs: runs of one dataset, or their folders.
        protocol: as for `evaluate`; the usual one of the first run if left out.
        metric: the main one, which the tests are of; NDCG@10, NDCG@20 or MSE if left out.
        data: the dataset folder, if it is no longer where the runs were trained.
        report: told how much is done, 0..1, and what is being done.

    Raises:
        RunError: there is no such run, or its dataset has moved or changed.
        ValueError: there is no such protocol or metric, two runs have one name, or they cannot be compared.
    """
    opened = [run if isinstance(run, Run) else Run.open(run) for run in runs]
    named = {run.name: run for run in opened}
    if not opened or len(named) < len(opened):
        raise ValueError("Runs are told apart by the names of their folders: give one or more, each with its own name.")
    dataset = opened[0].open_dataset() if data is None else Dataset.open(data)
    protocol = protocol or _usual(model_class(opened[0].card.model))
    found: dict[str, Evaluation] = {}
    for place, (name, run) in enumerate(named.items()):
        if report is not None:
            report(place / len(named), f"evaluating {name}")
        one = kept(run.path, protocol, "test", dataset.fingerprint)
        if one is None:
            one = evaluate(run, protocol, data=dataset.root)
            keep(run.path, one, dataset.fingerprint)
        if metric is not None and metric not in one.per_user and protocol != POSTS:
            one = evaluate(run, protocol, data=dataset.root, metrics=(metric,), ks=())
        found[name] = one
    counts = learned_from(dataset, "posts" if protocol == POSTS else "likes")
    configs = {name: run.card.config for name, run in named.items()}
    return compare_runs(found, configs, counts, metric or common_metrics(found)[0])


def _usual(kind: type[Recommender]) -> str:
    """The protocol of a kind of model where none is chosen."""
    if kind.task == "popularity":
        return POSTS
    return NEXT if issubclass(kind, MomentModel) else FULL.name


def explainer(run: str | Path | Run, data: str | Path | None = None) -> Explainer:
    """The explainer of a run, over the dataset it was trained on or the folder ``data`` where that has moved to.

    Raises:
        RunError: there is no such run, or its dataset has moved or changed.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    return Explainer.open(run, None if data is None else Dataset.open(data))
