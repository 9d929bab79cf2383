"""The design of a study: which people, which two runs, and everything raters see of them, frozen when it is made."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, StringConstraints

import workbench
from workbench.data.errors import DataError
from workbench.explain.explanation import Explanation, Frozen, Id

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset
    from workbench.explain.explainer import Explainer

Pick = Literal["active", "random"]
LIKED: Final = 8
"""Images the person liked that a rater sees, the latest."""
NAME: Final = r"^[a-z0-9][a-z0-9-]{0,39}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]


class Picture(Frozen):
    """An image as raters see it.

    Attributes:
        image: path of its file relative to the dataset folder, where it has one.
        text: its caption.
    """

    id: Id
    label: str
    image: str | None = None
    text: str = ""


class Side(Frozen):
    """What one run has to say for one person.

    Attributes:
        images: its best ones, the best first.
        explanation: of the first of them; its model and run are left empty, so that nothing can tell them.
    """

    images: tuple[Picture, ...]
    explanation: Explanation


class Case(Frozen):
    """One person to compare two sides for.

    Attributes:
        number: 0, 1, ...
        liked: what the person liked before, the latest first.
    """

    number: int
    user: Id
    user_label: str
    liked: tuple[Picture, ...]
    first: Side
    second: Side


class Contender(Frozen):
    """One of the two runs.

    Attributes:
        run: name of its folder; ``model`` what it is of; ``path`` where it lies; ``seed`` that of its training.
    """

    run: str
    model: str
    path: str
    seed: int


class Design(Frozen):
    """What a study is about.

    Attributes:
        name: how commands and addresses call it; tells nothing of the runs.
        seed: of all that is drawn: persons, the order of cases and of sides of every rater.
        version: of the workbench that made it.
        dataset: name of the data; ``fingerprint`` its fingerprint; ``root`` its folder, for the pictures.
        raters: how many people rate each case.
        verdicts: whether the badge of an explanation is shown, as everywhere else in the workbench.
    """

    schema_version: Literal[1] = 1
    name: Name
    seed: int
    version: str = workbench.__version__
    dataset: str
    fingerprint: str
    root: str
    first: Contender
    second: Contender
    raters: int = Field(default=3, ge=1, le=99)
    verdicts: bool = True


def cases(
    first: Explainer, second: Explainer, count: int, k: int, pick: Pick, seed: int,
    tell: Callable[[float], None] = lambda _share: None,
) -> tuple[Case, ...]:  # fmt: skip
    """What raters will see.

    Args:
        first: explainer of the first run; ``second`` of the second, over the same data.
        second: see above.
        count: how many persons.
        k: images each run recommends.
        pick: the most active persons, as in the paper, or any.
        seed: of the draw.
        tell: told how much is done, 0..1.

    Raises:
        DataError: the runs are of different data or predict popularity, or there are too few persons.
    """
    data = first.dataset
    if data.fingerprint != second.dataset.fingerprint:
        raise DataError("The two runs were trained on different data: choose two runs of one dataset")
    if first.run == second.run:
        raise DataError(f"A study compares two runs, and {first.run} was named twice: choose another one")
    made = []
    for number, user in enumerate(_users(data, count, pick, seed)):
        sides = [_side(explainer, user, k) for explainer in (first, second)]
        case = Case(
            number=number, user=data.users.id(user), user_label=data.user_label(user), liked=_liked(data, user),
            first=sides[0], second=sides[1],
        )  # fmt: skip
        _check_blind(case, [first.run, second.run, first.model.name, second.model.name])
        made.append(case)
        tell((number + 1) / count)
    return tuple(made)


def order(design: Design, rater: str, count: int) -> list[int]:
    """Numbers of ``count`` cases in the order a rater gets them, the same whenever she comes back."""
    numbers = list(range(count))
    random.Random(f"{design.seed} {rater} cases").shuffle(numbers)  # noqa: S311
    return numbers


def first_is_left(design: Design, rater: str, case: int) -> bool:
    """Whether a rater sees the first run of a case (number) on the left."""
    return random.Random(f"{design.seed} {rater} {case} sides").random() < 0.5  # noqa: S311


def check_name(name: str, told: Sequence[str]) -> None:
    """Refuse a name of a study that cannot be an address, or that tells which runs it compares.

    Args:
        name: of the study.
        told: names of its runs and models.

    Raises:
        DataError: one sentence with the remedy.
    """
    if re.fullmatch(NAME, name) is None:
        raise DataError(f"'{name}' cannot name a study: use up to 40 small letters, digits and hyphens, as in spring-1")
    if (word := _names(name, told)) is not None:
        raise DataError(f"The name '{name}' tells raters of {word}: choose one that names no run or model")


def _users(data: Dataset, count: int, pick: Pick, seed: int) -> list[int]:
    """Codes of the persons: those with the most likes, or any with at least one."""
    likes = data.history.lengths.tolist()
    known = [code for code, number in enumerate(likes) if number]
    if count > len(known):
        raise DataError(f"{data.name} has {len(known)} users with likes, and {count} were asked for: ask for fewer")
    if pick == "active":
        return sorted(known, key=lambda code: -likes[code])[:count]
    return random.Random(f"{seed} persons").sample(known, count)  # noqa: S311


def _side(explainer: Explainer, user: int, k: int) -> Side:
    items = explainer.dataset.items
    best = [items.code(found.item) for found in explainer.recommend(user, k)]
    explanation = explainer.explain(user, best[0]).model_copy(update={"model": "", "run": ""})
    return Side(images=tuple(_picture(explainer.dataset, code) for code in best), explanation=explanation)


def _liked(data: Dataset, user: int) -> tuple[Picture, ...]:
    table = data.table("likes")
    mine = table[(table["user"] == data.users.id(user)) & (table["split"] == "train")]
    if "time" in mine:
        mine = mine.sort_values("time", kind="stable")
    return tuple(_picture(data, data.items.code(item)) for item in mine["item"].tolist()[: -LIKED - 1 : -1])


def _picture(data: Dataset, code: int) -> Picture:
    return Picture(
        id=data.items.id(code), label=data.item_label(code), image=data.image_relative(code), text=data.texts[code]
    )


def _check_blind(case: Case, told: Sequence[str]) -> None:
    """Refuse an explanation whose own words tell which model it is of."""
    for side in (case.first, case.second):
        words = " ".join([side.explanation.sentence, side.explanation.verdict.reason, side.explanation.own_label])
        # What the dataset itself says is the same on both sides.
        mine = {e.label.casefold() for level in side.explanation.levels for e in level.elements}
        if (word := _names(words, [name for name in told if name.casefold() not in mine])) is not None:
            raise DataError(f"The explanation “{words}” tells raters of {word}: give the run another name")


def _names(text: str, told: Sequence[str]) -> str | None:
    """The first of some names that a text holds as a word."""
    alone = r"(?<![^\W_]){}(?![^\W_])"
    return next((name for name in told if re.search(alone.format(re.escape(name)), text, re.IGNORECASE)), None)
