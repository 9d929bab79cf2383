"""From a trained model and its dataset to recommendations and explanations in the dataset's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.explain.blurred import Pictures
from workbench.explain.explanation import EvidenceLevel, Explanation, Frozen, Id
from workbench.explain.held import RemovalKind
from workbench.explain.kept import Kept
from workbench.explain.naming import Names
from workbench.explain.population import Population
from workbench.explain.removal import Subject, removals
from workbench.explain.sentences import forecast_sentence, has_shares, removal_sentence, sentence
from workbench.explain.shown import Shown
from workbench.explain.typical import averaged
from workbench.explain.units import Units
from workbench.explain.verdict import judge
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.models.base import Level, Reading, Recommender
from workbench.models.moments import MomentModel
from workbench.training.run import Run


class Recommendation(Frozen):
    """One image of a ranking: rank 1 is the best."""

    item: Id
    rank: int
    score: float


POSTS, COVERED = 256, 0.8
"""Posts predicted at a time, and the share of them whose error the interval of a forecast covers."""


class Explainer:
    """Answers "why this image, for this user?" for one model.

    Args:
        model: a trained model.
        dataset: the dataset it was trained on.
        run: name of its run, written into every explanation.
        kept: holds what several images of a user have in common; for a model that is not trained any more.

    Attributes:
        of_dataset: whether the images are those of the dataset.
    """

    of_dataset = True

    def __init__(self, model: Recommender, dataset: Dataset, run: str = "", kept: Kept | None = None) -> None:
        self.model, self.dataset, self.run, self._kept = model.eval(), dataset, run, kept
        self.device, self.names = model.device, Names(model, dataset)
        history, uploads = dataset.history, dataset.uploads
        rows, items = torch.cat([history.rows, uploads.rows]), torch.cat([history.values, uploads.values])
        self.known = Ragged.from_pairs(rows, items, len(history))
        self.groups: dict[str, EvidenceGroup] = {group.name: group for group in model.active_evidence}

    @classmethod
    def open(cls, run: Run, dataset: Dataset | None = None, device: str = "cpu", kept: Kept | None = None) -> Explainer:
        """The explainer of a run, over the dataset its card names unless one is given."""
        dataset = dataset or run.open_dataset()
        return cls(run.model(dataset, device), dataset, run.name, kept)

    def recommend(self, user: int, k: int = 10, moment: int | None = None) -> list[Recommendation]:
        """The ``k`` best images for a user code, without those she liked in training or made herself.

        Args:
            user: code.
            k: how many.
            moment: for a model of sequences, how many likes of the user have happened, those of the train split if left
                out; images liked after that are recommended, too.

        Raises:
            DataError: ``k`` is below 1, no image is left to recommend, the model predicts popularity, or knows no
                moments.
        """
        if self.model.task != "ranking":
            raise DataError(f"{self.model.name} predicts popularity and ranks nothing: choose a run of a ranking model")
        known = self._seen(user, moment)
        left = len(self.dataset.items) - len(known)
        if k < 1 or left < 1:
            raise DataError(
                f"user {self.dataset.users.id(user)}: asked for {k} images of {left} new to her; ask for 1 to {left}"
            )
        with torch.inference_mode():
            all_scores = self._scores(user, moment)
        scores, items = all_scores.index_fill(0, known, -torch.inf).topk(min(k, left))
        pairs = zip(items.tolist(), scores.tolist(), strict=True)
        ids = self.dataset.items
        return [Recommendation(item=ids.id(i), rank=n, score=s) for n, (i, s) in enumerate(pairs, 1)]

    def explain(
        self,
        user: int,
        item: int,
        moment: int | None = None,
        methods: Sequence[str] = (),
        removal: RemovalKind = "deleted",
    ) -> Explanation:
        """The explanation of one image for one user, both given as codes.

        Of parts inside other elements (the regions of liked images) it shows those of the ``DEEP`` elements with the
        highest attention, of the likes of a sequence the latest 100.

        Args:
            user: code; ``item`` that of the image.
            item: see above.
            moment: for a model of sequences, how many likes of the user have happened.
            methods: of attribution, see ``workbench.explain.attribution.METHODS``, to tell beside the rest.
            removal: what stands in the place of a removed element: deleted, zeroed, mean or blurred, see
                ``workbench.explain.held``. Attributions always delete.

        Raises:
            DataError: the model knows no moments, the user has fewer likes, there is no such method or removal, weights
                are to be held and the model has no exact shares, or a picture cannot be blurred.
        """
        values: Mapping[str, Mapping[str, Tensor]] = {}
        if methods:
            # Captum takes longer to import than an explanation without it to make.
            from workbench.explain.attribution import by_level

            values = by_level(self.model, user, item, moment, methods)
        with torch.inference_mode():
            return self._explain(user, item, moment, values, removal)

    def _explain(
        self, user: int, item: int, moment: int | None, values: Mapping[str, Mapping[str, Tensor]], removal: RemovalKind
    ) -> Explanation:
        reading = self.model.read(self._codes(user), self._codes(item), self.at(moment))
        subject = self._subject(user, item, reading, moment)
        telling = Shown(self.names, self.groups, reading.levels, self._times(user, moment))
        shown = {level.name: telling.chosen(level) for level in reading.levels}
        chosen = {name: shown[name] for name in self.groups}
        pictures = self.pictures if removal == "blurred" else None
        worth = removals(self.model, self.groups, subject, chosen, removal, pictures)
        levels = tuple(
            telling.level(level, shown[level.name], worth[level.name], values.get(level.name, {}))
            for level in reading.levels
        )
        own, score = float(reading.own[0]), float(reading.scores[0])
        return Explanation(
            model=self.model.name,
            run=self.run,
            dataset=self.dataset.name,
            fingerprint=self.dataset.fingerprint,
            user=self.dataset.users.id(user),
            user_label=self.dataset.user_label(user),
            **self.pictured(item),
            moment=moment,
            removal=removal,
            text=None if self.model.texts is None else self.model.texts.texts[item],
            task=self.model.task,
            score=score,
            rank=None if subject.scores is None else _rank(subject.scores, subject.scores[item]),
            candidates=0 if subject.scores is None else int(subject.scores.isfinite().sum()),
            own=own,
            own_label=self.model.own_label,
            levels=levels,
            sentence=self._sentence(own, score, levels),
            verdict=judge(own, levels, predicts=self.model.task == "popularity", own_label=self.model.own_label),
        )

    @cached_property
    def pictures(self) -> Pictures:
        """The pictures whose regions the model reads, to blur.

        Raises:
            DataError: it reads none, or none that can be blurred.
        """
        return Pictures(self.model, self.dataset)

    def units(
        self,
        user: int,
        item: int,
        until: int | None = None,
        within: str | None = None,
        removal: RemovalKind = "deleted",
    ) -> Units:
        """The evidence of a pair (codes) as one vector of gates, see ``Units.of``."""
        pictures = self.pictures if removal == "blurred" else None
        return Units.of(self.model, user, item, until, within, removal, pictures)

    def _sentence(self, own: float, score: float, levels: Sequence[EvidenceLevel]) -> str:
        if self.model.task == "popularity":
            return forecast_sentence(score, levels, self.groups)
        # A model of sequences has no exact shares for what its states are made of, an encoder of words for its words.
        if isinstance(self.model, MomentModel) or not has_shares(levels):
            return removal_sentence(levels, self.groups)
        return sentence(own, levels, self.groups, self.model.own_label, self.model.silent)

    def look(self, user: int, item: int) -> Level | None:
        """Attention over the regions of an image for a user (codes); None for a model that looks into no image."""
        with torch.inference_mode():
            return self.model.region_map(self._codes(user), self._codes(item))

    def score(self, user: int, item: int) -> float:
        """The score of one pair of codes."""
        with torch.inference_mode():
            return float(self.model.score_pairs(self._codes(user), self._codes(item))[0])

    @cached_property
    def usual_error(self) -> float:
        """For a popularity model, the absolute error that 80% of the validation posts stay within.

        Raises:
            DataError: the dataset has no validation posts.
        """
        users, items, popularity = self.dataset.posts("validation")
        if not len(users):
            raise DataError(f"{self.dataset.name} has no validation posts, which would tell how far off a forecast is")
        with torch.inference_mode():
            pairs = zip(torch.split(users, POSTS), torch.split(items, POSTS), strict=True)
            parts = [self.model.score_pairs(u.to(self.device), i.to(self.device)).cpu() for u, i in pairs]
        return float(torch.quantile((torch.cat(parts) - popularity).abs(), COVERED))

    def population(self) -> Population:
        """Aspect importance of every user, averaged over her ten best images.

        Raises:
            DataError: the model has no level of aspects, or to some user no image is new.
        """
        return averaged(self)

    def _codes(self, code: int, repeat: int = 1) -> Tensor:
        return torch.full((repeat,), code, device=self.device)

    def at(self, moment: int | None) -> Gates:
        """The gates of a moment, for one row."""
        if moment is None:
            return OPEN
        if not isinstance(self.model, MomentModel):
            raise DataError(f"{self.model.name} does not read likes in the order of time: ask without a moment")
        return Gates(until=self._codes(moment))

    def _seen(self, user: int, moment: int | None) -> Tensor:
        """Codes of the images that are not new to a user at a moment."""
        codes: Tensor = self.known.row(user)
        if moment is None or not isinstance(self.model, MomentModel):
            return _distinct(codes.to(self.device))
        likes = self.model.sequences.likes.sets.row(user)
        if not 1 <= moment <= len(likes):
            who = self.dataset.users.id(user)
            raise DataError(f"user {who} has {len(likes)} likes: choose a moment from 1 to {len(likes)}")
        codes = torch.cat([likes[:moment], self.dataset.uploads.row(user).to(self.device)])
        return _distinct(codes)

    def _times(self, user: int, moment: int | None) -> list[int]:
        """When the likes happened that a model of sequences read; empty for any other."""
        if not isinstance(self.model, MomentModel):
            return []
        places = self.model.likes(self._codes(user), self.at(moment)).values
        return [int(time) for time in self.model.sequences.times[places]]

    def _ranked(self, seen: Tensor, item: int, scores: Tensor) -> Tensor:
        """``scores`` (n, images) with the images ``seen`` out of the race, but for this one."""
        return scores.index_fill(1, seen[seen != item], -torch.inf)

    def unseen(self, user: int) -> int:
        """How many images are new to a user (code)."""
        return len(self.dataset.items) - len(self._seen(user, None))

    def race(self, user: int, item: int, moment: int | None = None) -> Callable[[Tensor], Tensor] | None:
        """Takes out of scores (n, images) what is not in the race with an image; None where nothing is ranked."""
        if self.model.task != "ranking":
            return None
        seen = self._seen(user, moment)
        return lambda scores: self._ranked(seen, item, scores)

    def _subject(self, user: int, item: int, reading: Reading, moment: int | None) -> Subject:
        """The pair to take apart; popularity is predicted for the pair alone, tastes rank it among all images."""
        scores, score, seen = None, reading.scores[0], self._seen(user, moment)
        if self.model.task == "ranking":
            scores = self._ranked(seen, item, self._scores(user, moment).unsqueeze(0))[0]
            score = scores[item]
        return Subject(user, item, score, scores, partial(self._ranked, seen, item), reading, moment, self._kept)

    def _scores(self, user: int, moment: int | None) -> Tensor:
        """(images,) scores of all images for a user at a moment."""
        gates = self.at(moment)
        if self._kept is None:
            return self.model.score_items(self._codes(user), gates)[0]
        return self._kept.of((user, moment), lambda: self.model.score_items(self._codes(user), gates))[0]

    def pictured(self, item: int) -> dict[str, Any]:
        """How an explanation names the image of a code."""
        data = self.dataset
        return {"item": data.items.id(item), "item_label": data.item_label(item), "image": data.image_relative(item)}


def _rank(scores: Tensor, score: Tensor) -> int:
    return 1 + int((scores > score).sum())


def _distinct(codes: Tensor) -> Tensor:
    found: Tensor = torch.unique(codes)
    return found
