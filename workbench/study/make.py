"""From two runs to a study on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from workbench.data.errors import DataError
from workbench.study.design import Contender, Design, Pick, cases, check_name
from workbench.study.store import Study, StudyError, names

if TYPE_CHECKING:
    from workbench.explain.explainer import Explainer
    from workbench.training.run import Run


class Settings(NamedTuple):
    """What a person decides about a study besides its runs.

    Attributes:
        name: how it is called, without telling its runs.
        persons: how many users are compared for, 100 in the paper; ``pick`` which.
        images: how many each run recommends.
        raters: how many people rate each case, three in the paper.
        seed: of all that is drawn.
        verdicts: whether the badge of an explanation is shown.
    """

    name: str
    persons: int = 20
    images: int = 5
    raters: int = 3
    pick: Pick = "active"
    seed: int = 0
    verdicts: bool = True


def make(
    folder: Path, settings: Settings, first: tuple[Run, Explainer], second: tuple[Run, Explainer],
    tell: Callable[[float], None] = lambda _share: None,
) -> Study:  # fmt: skip
    """Ask two runs what they recommend and why, and keep it as a study.

    Args:
        folder: that holds the studies.
        settings: see there.
        first: a run and its explainer; ``second`` the other one.
        second: see above.
        tell: told how much is done, 0..1.

    Raises:
        DataError: the runs are not of one dataset, predict popularity, or the name tells them.
        StudyError: there is a study of this name, or fewer than one rater or image is asked for.
    """
    if not 1 <= settings.raters <= 99 or settings.images < 1 or settings.persons < 1:
        raise StudyError("A study needs 1 to 99 raters, and one person and image or more: ask for as many")
    if settings.name in names(folder):
        raise StudyError(f"There is a study '{settings.name}' already: choose another name")
    told = [part for run, _ in (first, second) for part in (run.name, run.card.model)]
    check_name(settings.name, told)
    data = first[1].dataset
    shown = cases(first[1], second[1], settings.persons, settings.images, settings.pick, settings.seed, tell)
    one, other = (_contender(run) for run, _ in (first, second))
    design = Design(
        name=settings.name, seed=settings.seed, dataset=data.name, fingerprint=data.fingerprint,
        root=str(data.root.resolve()), first=one, second=other, raters=settings.raters, verdicts=settings.verdicts,
    )  # fmt: skip
    return Study.new(folder, design, shown)


def pictures(study: Study) -> Path:
    """Folder the pictures of a study lie in.

    Raises:
        DataError: it is no longer there.
    """
    root = Path(study.design.root)
    if not root.is_dir():
        raise DataError(f"The pictures of the study '{study.design.name}' lay in {root}, which is gone: put it back")
    return root


def _contender(run: Run) -> Contender:
    return Contender(run=run.name, model=run.card.model, path=str(run.path.resolve()), seed=run.card.seed)
