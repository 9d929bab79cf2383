"""Which runs a page can show: each page asks something of the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from workbench.app import loading, sources
from workbench.views.view import Page

if TYPE_CHECKING:
    from workbench.models.base import Recommender


class Need(NamedTuple):
    """What a page asks of a run's model.

    Attributes:
        meets: whether a class of models meets it.
        phrase: what such a model does; ``example`` one of them.
        first: which of them the page shows before others.
    """

    meets: Callable[[type[Recommender]], bool]
    phrase: str
    example: str
    first: Callable[[type[Recommender]], bool]


def _ranks(model: type[Recommender]) -> bool:
    return model.task == "ranking"


def _predicts(model: type[Recommender]) -> bool:
    return model.task == "popularity"


def _looks(model: type[Recommender]) -> bool:
    from workbench.models.base import Recommender

    return model.region_map is not Recommender.region_map


def _in_time(model: type[Recommender]) -> bool:
    from workbench.models.moments import MomentModel

    return issubclass(model, MomentModel)


def _reads(model: type[Recommender]) -> bool:
    return "items.text" in model.needs


def _weighs(model: type[Recommender]) -> bool:
    several = sum(group.within is None for group in model.evidence) > 1
    return _ranks(model) and several and not _in_time(model)


def _diffuses(model: type[Recommender]) -> bool:
    from workbench.models.diffusion import Diffusing

    return issubclass(model, Diffusing)


def _shows(model: type[Recommender]) -> bool:
    return _ranks(model) and any(group.kind == "attribute" for group in model.evidence)


def _frames(model: type[Recommender]) -> bool:
    return hasattr(model, "frame_scores")


def _made_of_frames(model: type[Recommender]) -> bool:
    return any(group.kind == "frame" for group in model.evidence)


NEEDS: Final[dict[Page, Need]] = {
    "why": Need(_ranks, "ranks images", "hasc", _weighs),
    "aspects": Need(_ranks, "ranks images", "hasc", _weighs),
    "regions": Need(_looks, "looks into images", "uhan", _weighs),
    "words": Need(_in_time, "reads likes in the order of time", "anternn", _reads),
    "diffusion": Need(_diffuses, "carries influence along the people followed", "diffnet", _weighs),
    "attributes": Need(_shows, "weighs attributes of images", "saers", _shows),
    "frames": Need(_frames, "scores the frames of reels", "jifr", _made_of_frames),
    "whatif": Need(_ranks, "ranks images", "hasc", _weighs),
    "popularity": Need(_predicts, "predicts popularity", "uhan", _weighs),
}
"""What the pages need; the others show any run."""


def fitting(folder: Path, page: Page) -> list[str]:
    """Names of the runs of a dataset that a page can show; runs that cannot be read are left for the page to judge."""
    from workbench.models import registry

    need = NEEDS.get(page)
    names = []
    for name, path in sources.run_folders(folder).items():
        model = registry().get(model_of(path) or "")
        if need is None or model is None or need.meets(model):
            names.append(name)
    return names


def weighs(model: str) -> bool:
    """Whether a ranking model of this name weighs several aspects against each other."""
    from workbench.models import registry

    kind = registry().get(model)
    return kind is not None and _weighs(kind)


def is_first(model: str, page: Page) -> bool:
    """Whether a page shows runs of a model of this name before others."""
    from workbench.models import registry

    kind = registry().get(model)
    return kind is not None and NEEDS.get(page, NEEDS["why"]).first(kind)


def knows_moments(run: Path) -> bool:
    """Whether a run's model reads likes in the order of time, up to a moment."""
    from workbench.models import registry

    kind = registry().get(model_of(run) or "")
    return kind is not None and _in_time(kind)


def model_of(run: Path) -> str | None:
    """Name of a run's model, None where the run cannot be read."""
    from workbench.training.run import RunError

    try:
        return loading.run(sources.stamp_run(run)).card.model
    except RunError:
        return None


def missing(page: Page) -> str:
    """What is not there where a page has no run to show."""
    return "No run yet." if page not in NEEDS else f"No run of this dataset {NEEDS[page].phrase}."


def remedy(folder: Path, page: Page) -> str:
    """What is not there, and the commands that make it."""
    return f"{missing(page)} Make one with: {commands(folder, page)}"


FEATURES: Final[dict[Page, tuple[str, str]]] = {
    "attributes": ("attributes", "--encoder attributes"),
    "frames": ("convnet-frames", "--encoder convnet --of frames"),
}
"""The features that the example of a page reads, and the options that make them."""


def commands(folder: Path, page: Page) -> str:
    """How a run that shows a page well is made."""
    model, before = NEEDS.get(page, NEEDS["why"]).example, ""
    if page == "words" and not any((folder / "topics").glob("*/card.json")):
        before = f"workbench topics {folder} && "
    name, options = FEATURES.get(page, ("", ""))
    if options and not (folder / "features" / name / "card.json").is_file():
        before = f"workbench features {folder} {options} && "
    return f"{before}workbench train {model} --data {folder} --out {folder / 'runs' / model}"
