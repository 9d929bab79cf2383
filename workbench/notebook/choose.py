"""Menus for run, user and image over a figure that follows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipywidgets import VBox

    from workbench.explain.explainer import Explainer

BEST, MOST = 10, 300
"""Images of a ranking and users that are offered."""


def choose(
    explainers: Explainer | Mapping[str, Explainer], draw: Callable[[Explainer, int, int], object], *, user: int = 0
) -> VBox:
    """Menus for run, user and one of her best images, over what ``draw`` makes of them.

    The sheet below the menus is written, not captured, so that a notebook nobody looks at shows the first choice, too.

    Args:
        explainers: of one ranking model, or of several by the name of their run.
        draw: given an explainer and the codes of user and image, returns a figure or any object the package shows.
        user: code of the first one chosen.

    Raises:
        ValueError: there is no explainer, or ``draw`` returns something that has no look.
    """
    from ipywidgets import HTML, Dropdown, HBox, VBox

    from workbench.explain.explainer import Explainer
    from workbench.notebook.display import html

    runs = {explainers.run: explainers} if isinstance(explainers, Explainer) else dict(explainers)
    if not runs:
        raise ValueError("there is no run to choose: give at least one explainer")
    first = next(iter(runs.values()))
    run = Dropdown(options=list(runs), description="run")
    person = Dropdown(options=_people(first, user), value=user, description="user")
    image = Dropdown(options=_images(first, user), description="image")
    sheet = HTML()

    def show(_: object = None) -> None:
        if image.disabled:
            return
        looks = html(draw(runs[run.value], person.value, image.value))
        if looks is None:
            raise ValueError(
                "the drawing function returns nothing to show: return a figure or an object of the package"
            )
        sheet.value = looks

    def rank(_: object = None) -> None:
        # Disabled meanwhile, so that the figure is drawn once.
        image.disabled = True
        image.options = _images(runs[run.value], person.value)
        image.disabled = False
        show()

    show()
    for menu, change in ((run, rank), (person, rank), (image, show)):
        menu.observe(change, "value")
    return VBox([HBox([run, person, image]), sheet])


def _people(explainer: Explainer, first: int) -> list[tuple[str, int]]:
    data = explainer.dataset
    codes = dict.fromkeys([first, *range(min(MOST, len(data.users)))])
    return [(data.user_label(code), code) for code in codes]


def _images(explainer: Explainer, user: int) -> list[tuple[str, int]]:
    data = explainer.dataset
    best = explainer.recommend(user, k=BEST)
    return [
        (f"rank {one.rank}: {data.item_label(data.items.code(one.item))}", data.items.code(one.item)) for one in best
    ]
