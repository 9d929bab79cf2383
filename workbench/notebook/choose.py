"""Menus over a figure that follows them.

The sheet below the menus is written, not captured: it shows the first choice also where nobody looks while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipywidgets import HTML, VBox

    from workbench.explain.explainer import Explainer

BEST, MOST = 10, 300
"""Images of a ranking and users that are offered."""


def choose(
    explainers: Explainer | Mapping[str, Explainer], draw: Callable[[Explainer, int, int], object], *, user: int = 0
) -> VBox:
    """Menus for run, user and one of her best images, over what ``draw`` makes of them.

    Args:
        explainers: of one ranking model, or of several by the name of their run.
        draw: given an explainer and the codes of user and image, returns a figure or any object the package shows.
        user: code of the first one chosen.

    Raises:
        ValueError: there is no explainer, or ``draw`` returns something that has no look.
    """
    from ipywidgets import HTML, Dropdown, HBox, VBox

    from workbench.explain.explainer import Explainer

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
        _write(sheet, draw(runs[run.value], person.value, image.value))

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


def follow(draw: Callable[..., object], /, **menus: Sequence[tuple[str, object]] | range) -> VBox:
    """Menus of your own over what ``draw`` makes of the chosen values.

    Args:
        draw: called with the chosen value of every menu by its name; returns what ``choose`` takes.
        menus: (what a person reads, value) for a list, the first one chosen; whole numbers for a slider, at its end.

    Raises:
        ValueError: ``draw`` returns something that has no look.
    """
    from ipywidgets import HTML, Dropdown, HBox, SelectionSlider, VBox

    sheet = HTML()
    made = {
        name: SelectionSlider(options=list(menu), value=menu[-1], description=name, continuous_update=False)
        if isinstance(menu, range)
        else Dropdown(options=list(menu), description=name)
        for name, menu in menus.items()
    }

    def show(_: object = None) -> None:
        values: dict[str, Any] = {name: menu.value for name, menu in made.items()}
        _write(sheet, draw(**values))

    show()
    for menu in made.values():
        menu.observe(show, "value")
    return VBox([HBox(list(made.values())), sheet])


def _write(sheet: HTML, drawn: object) -> None:
    from workbench.notebook.display import html

    looks = html(drawn)
    if looks is None:
        raise ValueError("the drawing function returns nothing to show: return a figure or an object of the package")
    sheet.value = looks


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
