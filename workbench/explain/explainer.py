"""From a trained model and its dataset to recommendations and explanations in the dataset's own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.evaluation.evaluate import top_k
from workbench.explain.explanation import Element, EvidenceLevel, Explanation, Frozen, Id
from workbench.explain.population import Population
from workbench.explain.removal import Removal, Subject, removals
from workbench.explain.sentences import forecast_sentence, sentence
from workbench.explain.verdict import judge
from workbench.layers.evidence import EvidenceGroup
from workbench.models.base import Level, Reading, Recommender
from workbench.training.run import Run

TYPICAL = 10
"""How many of a user's best images the population view averages over."""


class Recommendation(Frozen):
    """One image of a ranking: rank 1 is the best."""

    item: Id
    rank: int
    score: float


POSTS, COVERED = 256, 0.8
"""Posts predicted at a time, and the share of them whose error the interval of a forecast covers."""
DEEP = 5
"""Of how many elements, those with the highest attention, an explanation shows the parts."""


class Explainer:
    """Answers "why this image, for this user?" for one model.

    Args:
        model: a trained model.
        dataset: the dataset it was trained on.
        run: name of its run, written into every explanation.

    Attributes:
        of_dataset: whether the images are those of the dataset.
    """

    of_dataset = True

    def __init__(self, model: Recommender, dataset: Dataset, run: str = "") -> None:
        self.model, self.dataset, self.run = model.eval(), dataset, run
        self.device = model.device
        history, uploads = dataset.history, dataset.uploads
        rows, items = torch.cat([history.rows, uploads.rows]), torch.cat([history.values, uploads.values])
        self.known = Ragged.from_pairs(rows, items, len(history))
        self.groups: dict[str, EvidenceGroup] = {group.name: group for group in model.active_evidence}

    @classmethod
    def open(cls, run: Run, dataset: Dataset | None = None, device: str = "cpu") -> Explainer:
        """The explainer of a run, over the dataset its card names unless one is given."""
        dataset = dataset or run.open_dataset()
        return cls(run.model(dataset, device), dataset, run.name)

    def recommend(self, user: int, k: int = 10) -> list[Recommendation]:
        """The ``k`` best images for a user code, without those she liked in training or made herself.

        Raises:
            DataError: ``k`` is below 1, no image is left to recommend, or the model predicts popularity.
        """
        if self.model.task != "ranking":
            raise DataError(f"{self.model.name} predicts popularity and ranks nothing: choose a run of a ranking model")
        left = len(self.dataset.items) - len(torch.unique(self.known.row(user)))
        if k < 1 or left < 1:
            raise DataError(
                f"user {self.dataset.users.id(user)}: asked for {k} images of {left} new to her; ask for 1 to {left}"
            )
        items, scores = top_k(self.model, self._codes(user), min(k, left), exclude=self.known)
        pairs = zip(items[0].tolist(), scores[0].tolist(), strict=True)
        ids = self.dataset.items
        return [Recommendation(item=ids.id(i), rank=n, score=s) for n, (i, s) in enumerate(pairs, 1)]

    @torch.inference_mode()
    def explain(self, user: int, item: int) -> Explanation:
        """The explanation of one image for one user, both given as codes.

        Of parts inside other elements (the regions of liked images) it shows those of the ``DEEP`` elements with the
        highest attention.
        """
        reading = self.model.read(self._codes(user), self._codes(item))
        subject = self._subject(user, item, reading.scores[0])
        shown = {level.name: _shown(level, reading.levels) for level in reading.levels}
        worth = removals(self.model, self.groups, subject, {name: shown[name] for name in self.groups})
        levels = tuple(self._level(level, shown[level.name], worth[level.name], reading) for level in reading.levels)
        own, score = float(reading.own[0]), float(reading.scores[0])
        ranked = subject.scores is not None
        return Explanation(
            model=self.model.name,
            run=self.run,
            dataset=self.dataset.name,
            fingerprint=self.dataset.fingerprint,
            user=self.dataset.users.id(user),
            user_label=self.dataset.user_label(user),
            **self.pictured(item),
            text=None if self.model.texts is None else self.model.texts.texts[item],
            task=self.model.task,
            score=score,
            rank=None if subject.scores is None else _rank(subject.scores, subject.scores[item]),
            candidates=0 if subject.scores is None else int(subject.scores.isfinite().sum()),
            own=own,
            levels=levels,
            sentence=sentence(own, levels, self.groups) if ranked else forecast_sentence(score, levels, self.groups),
            verdict=judge(own, levels, predicts=not ranked),
        )

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

    def read_best(self) -> Iterator[tuple[tuple[int, int, int], Level, Tensor]]:
        """What the model reads in each user's ten best images, in blocks of users.

        Yields:
            (users, images of each, aspects), the level of aspects of these pairs laid end to end, and their own part.

        Raises:
            DataError: the model has no level of aspects, or to some user no image is new.
        """
        if len(self.model.aspects) < 2 or self.model.task != "ranking":
            raise DataError(
                f"{self.model.name} weighs no aspects against each other: choose a run with several evidence groups"
            )
        n = len(self.dataset.users)
        k = min(TYPICAL, len(self.dataset.items) - int(self.known.lengths.max()))
        if k < 1:
            raise DataError(f"{self.dataset.root} has a user to whom no image is new, so there is nothing to average")
        for start in range(0, n, 512):
            users = torch.arange(start, min(start + 512, n), device=self.device)
            items, _ = top_k(self.model, users, k, exclude=self.known)
            reading = self.model.read(users.repeat_interleave(k), items.flatten().to(self.device))
            yield (len(users), k, len(self.groups)), reading.levels[0], reading.own

    @torch.inference_mode()
    def population(self) -> Population:
        """Aspect importance of every user, averaged over her ten best images.

        Raises:
            DataError: the model has no level of aspects, or to some user no image is new.
        """
        data, n = self.dataset, len(self.dataset.users)
        attention, contribution = [], []
        for shape, level, _ in self.read_best():
            assert level.attention is not None and level.contribution is not None
            attention.append(level.attention.view(shape).mean(1))
            contribution.append(level.contribution.abs().view(shape).mean(1))
        return Population(
            users=tuple(data.users.id(code) for code in range(n)),
            labels=tuple(data.user_label(code) for code in range(n)),
            aspects=tuple(self.groups),
            aspect_labels=tuple(group.label for group in self.groups.values()),
            attention=torch.cat(attention).cpu().numpy(),
            contribution=torch.cat(contribution).cpu().numpy(),
            likes=data.history.lengths.numpy(),
        )

    def _codes(self, code: int, repeat: int = 1) -> Tensor:
        return torch.full((repeat,), code, device=self.device)

    def _ranked(self, user: int, item: int, scores: Tensor) -> Tensor:
        """``scores`` (n, images) with the images that are not new to the user out of the race, but for this one."""
        seen = self.known.row(user).to(self.device)
        return scores.index_fill(1, seen[seen != item], -torch.inf)

    def _subject(self, user: int, item: int, score: Tensor) -> Subject:
        """The pair to take apart; popularity is predicted for the pair alone, tastes rank it among all images."""
        scores = None
        if self.model.task == "ranking":
            scores = self._ranked(user, item, self.model.score_items(self._codes(user)))[0]
            score = scores[item]
        return Subject(user, item, score, scores, lambda changed: self._ranked(user, item, changed))

    def pictured(self, item: int) -> dict[str, Any]:
        """How an explanation names the image of a code."""
        data = self.dataset
        return {"item": data.items.id(item), "item_label": data.item_label(item), "image": data.image_relative(item)}

    def _level(self, level: Level, shown: Tensor, removal: Removal, reading: Reading) -> EvidenceLevel:
        """A level of the model's reading in the dataset's own ids and words."""
        group = self.groups.get(level.name)
        kind = "aspect" if group is None else group.kind
        parents = None
        if group is not None and group.within is not None and level.parent is not None:
            above = next(other for other in reading.levels if other.name == group.within)
            parents = above.elements.values[level.parent]
        elements = []
        for row, k in enumerate(shown.tolist()):
            numbers: dict[str, Any] = {
                "attention": None if level.attention is None else float(level.attention[k]),
                "contribution": None if level.contribution is None else float(level.contribution[k]),
                "removal": float(removal.change[row]),
                "rank_without": None if removal.rank is None else int(removal.rank[row]),
            }
            if parents is not None:
                numbers["of"] = self.named(self.groups[str(group.within)].kind, int(parents[k])).id  # type: ignore[union-attr]
            elements.append(self.named(kind, int(level.elements.values[k])).model_copy(update=numbers))
        return EvidenceLevel(
            name=level.name,
            kind=kind,
            label=None if group is None else group.label,
            within=None if group is None else group.within,
            elements=tuple(elements),
        )

    @cached_property
    def _frames(self) -> dict[tuple[int, int | str], str]:
        """Pictures of the frames of reels, by image code and frame."""
        if not self.dataset.has("frames"):
            return {}
        table = self.dataset.table("frames")
        codes = self.dataset.items.codes(table["item"])
        return dict(zip(zip(codes.tolist(), table["frame"].tolist(), strict=True), table["image"], strict=True))

    def named(self, kind: str, code: int) -> Element:
        """An element without numbers yet."""
        data = self.dataset
        if kind == "image":
            picture = data.image_relative(code)
            return Element(kind=kind, id=data.items.id(code), label=data.item_label(code), image=picture)
        if kind == "person":
            return Element(kind=kind, id=data.users.id(code), label=data.user_label(code))
        if kind == "region" and self.model.features is not None:
            number = self.model.features.region_ids[code]
            x0, y0, x1, y1 = (float(edge) for edge in self.model.features.boxes[code])
            box = (x0, y0, x1, y1)
            if self.model.features.card.of == "frames":
                picture = self._frames.get((self.model.features.image_of(code), number))
                return Element(kind="frame", id=number, label=f"frame {number}", image=picture, box=box)
            return Element(kind=kind, id=number, label=f"region {int(number) + 1}", box=box)
        if kind == "word" and self.model.texts is not None:
            place, token = self.model.texts.token(code)
            return Element(kind=kind, id=place, label=token.word, span=(token.start, token.end))
        group = self.model.evidence[code]
        return Element(kind=kind, id=group.name, label=group.label)


def _rank(scores: Tensor, score: Tensor) -> int:
    return 1 + int((scores > score).sum())


def _shown(level: Level, levels: Sequence[Level]) -> Tensor:
    """Positions of the elements of a level that an explanation shows."""
    everything = torch.arange(len(level.elements.values), device=level.elements.values.device)
    if level.parent is None:
        return everything
    above = levels[[other.name for other in levels].index(level.name) - 1]
    if above.attention is None:
        return everything
    return everything[torch.isin(level.parent, above.attention.topk(min(DEEP, len(above.attention))).indices)]
