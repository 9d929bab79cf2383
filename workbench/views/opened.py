"""What a view names, opened: the dataset, the run, the user, the image, and what stands beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.demo import RUNS
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Explanation
from workbench.models.moments import MomentModel
from workbench.training.run import Run, run_folders
from workbench.views.view import View


class ViewError(ValueError):
    """A view that cannot be opened, in one sentence with the remedy."""


@dataclass(frozen=True)
class Opened:
    """An opened view.

    Attributes:
        view: what was opened.
        explainer: of its ``run``.
        user: code of its user; ``item`` that of its image.
        moment: how many likes have happened, for a model of sequences; None for those of the train split.
    """

    view: View
    explainer: Explainer
    user: int
    item: int
    moment: int | None
    run: Run

    @property
    def seed(self) -> int:
        """The seed of the training of its run."""
        return self.run.card.seed

    @property
    def dataset(self) -> Dataset:
        """Its dataset."""
        return self.explainer.dataset

    @property
    def root(self) -> Path:
        """Folder of its dataset."""
        return self.explainer.dataset.root

    def explain(self) -> Explanation:
        """Why this image, for this user."""
        return self.explainer.explain(self.user, self.item, self.moment)


Open = Callable[[Path, Path], Explainer]
"""Opens a run folder over a dataset folder."""


def runs_of(folder: Path) -> dict[str, Path]:
    """The run folders of a dataset, by name."""
    return run_folders(folder / RUNS)


class Opener:
    """Opens views; datasets and runs that were opened are used again."""

    def __init__(
        self,
        folders: Mapping[str, Path],
        opens: Open | None = None,
        runs: Callable[[Path], Mapping[str, Path]] = runs_of,
    ) -> None:
        """Take what views may name.

        Args:
            folders: the dataset folders by name.
            opens: gives the explainer of a run; opened here, and kept, if left out.
            runs: the run folders of a dataset folder, by name.
        """
        self.folders, self._runs = dict(folders), runs
        self._opens = opens or self._open
        self._datasets: dict[Path, Dataset] = {}
        self._explainers: dict[Path, Explainer] = {}

    def _open(self, folder: Path, run: Path) -> Explainer:
        if folder not in self._datasets:
            self._datasets[folder] = Dataset.open(folder)
        if run not in self._explainers:
            self._explainers[run] = Explainer.open(Run.open(run), self._datasets[folder])
        return self._explainers[run]

    def folder(self, view: View) -> Path:
        """The dataset folder that a view names.

        Raises:
            ViewError: it names none, or one that is not here.
        """
        if view.dataset is None:
            raise ViewError(f"The view {view} names no dataset: add dataset=NAME.")
        if view.dataset not in self.folders:
            known = ", ".join(self.folders) or "none"
            raise ViewError(f"The view names the dataset {view.dataset!r}, which is not here: there is {known}.")
        return self.folders[view.dataset]

    def run(self, view: View, name: str | None) -> Path:
        """The folder of a run of a view's dataset.

        Raises:
            ViewError: no run is named, or there is none of this name.
        """
        folder = self.folder(view)
        known = self._runs(folder)
        if name is None or name not in known:
            what = "names no run" if name is None else f"names the run {name!r}, which is not there"
            raise ViewError(f"The view {what}: choose one of {', '.join(known) or 'none'} of {folder}.")
        return known[name]

    def open(self, view: View) -> Opened:
        """Open a view; the image that is left open is the best for the user, or her latest post.

        Raises:
            ViewError: it names no dataset, run or user, or one that is not here.
            DataError: the dataset is broken or has no such user, image or moment.
        """
        return self._opened(view, view.run, view.user, None)

    def second(self, opened: Opened) -> Opened | None:
        """The same image by the second run, for the second user, or both; None where the view has neither."""
        view = opened.view
        if not view.compare and not view.against:
            return None
        return self._opened(view, view.compare or view.run, view.against or view.user, opened.item)

    def _opened(self, view: View, run: str | None, user: str | None, item: int | None) -> Opened:
        folder = self.run(view, run)
        explainer = self._opens(self.folder(view), folder)
        data = explainer.dataset
        if user is None:
            raise ViewError(f"The view {view} names no user: add user=ID.")
        code = data.users.parse(user)
        timed = isinstance(explainer.model, MomentModel) and user == view.user
        moment = int(view.moment) if view.moment and timed else None
        if item is None:
            item = data.items.parse(view.item) if view.item is not None else first_image(explainer, code, moment)
        return Opened(view, explainer, code, item, moment, Run.open(folder))


def first_image(explainer: Explainer, user: int, moment: int | None = None) -> int:
    """Code of the image that is shown first: the best for a user (code), of a model of popularity her latest post.

    Raises:
        DataError: no image is new to her, or she has posted none.
    """
    data = explainer.dataset
    if explainer.model.task == "ranking":
        return data.items.code(explainer.recommend(user, 1, moment)[0].item)
    mine = posts(data, user)
    if not mine:
        raise DataError(f"{data.user_label(user)} has not posted: name an image with item=ID")
    return mine[0]


def posts(data: Dataset, user: int) -> list[int]:
    """Codes of the images a user (code) has posted, the latest first; none without such a table."""
    if not data.has("posts"):
        return []
    table = data.table("posts")
    mine = table[table["user"] == data.users.id(user)].sort_values("time", ascending=False, kind="stable")
    return [data.items.code(item) for item in mine["item"].drop_duplicates()]
