"""Where each hop moves a user: her states among those of others, and what each does to the score of an image."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from workbench.explain.diffusion import diffusing
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Frozen, Id

SAMPLE = 1000
"""Users whose states the plane is laid through."""
LIKED = 6
"""Liked images shown, the nearest."""
BLOCK = 4096
"""Users whose states are read at a time."""


class Step(Frozen):
    """The user's state after a hop.

    Attributes:
        hop: 0 is her own vector.
        cosine: with the state after the last hop; ``own`` that with her own vector. None where either is zero.
        norm: length of the state.
        score: score of the image by the hops so far; None where the model has no exact shares.
        x: place in the plane, right; ``y`` up. A state of zero stands at the middle of the plane.
    """

    hop: int
    cosine: float | None
    own: float | None
    norm: float
    score: float | None
    x: float
    y: float


class Place(Frozen):
    """Somebody or something in the plane.

    Attributes:
        id: the dataset's own id; ``label`` the name people read.
        image: path of its picture relative to the dataset folder, where it has one.
        x: place in the plane, right; ``y`` up.
    """

    id: Id
    label: str
    image: str | None = None
    x: float
    y: float


class Drift(Frozen):
    """How the hops move a user among others.

    The plane is that of the two largest principal components of the states of a sample of users after the last hop; the
    user's states are projected into it. States count with length 1, since a longer one ranks images alike. An image
    stands at the mean of the other users who like it, as they are after the last hop.

    Attributes:
        run: name of the run folder; ``dataset`` its dataset's name; ``fingerprint`` that dataset's fingerprint.
        steps: hop 0 to K.
        others: users of the sample after the last hop; ``total`` how many the dataset has.
        liked: liked images, the nearest to the user's last state first.
        target: the explained image; None where nobody else likes it.
        explained: share of the variance each of the two axes shows.
    """

    model: str
    run: str
    dataset: str
    fingerprint: str
    user: Id
    user_label: str
    item: Id
    item_label: str
    steps: tuple[Step, ...]
    others: tuple[Place, ...]
    total: int
    liked: tuple[Place, ...]
    target: Place | None
    explained: tuple[float, float]

    def rows(self) -> list[dict[str, object]]:
        """One row for each hop."""
        head = {"model": self.model, "run": self.run, "user": self.user, "item": self.item}
        return [head | step.model_dump() for step in self.steps]


@torch.inference_mode()
def drift(explainer: Explainer, user: int, item: int, liked: int = LIKED, seed: int = 0) -> Drift:
    """How the hops move a user (code), and what they do to the score of an image (code).

    Args:
        explainer: of a model that diffuses over a social graph.
        user: code; ``item`` that of the image.
        item: see above.
        liked: how many liked images are placed.
        seed: which users the plane is laid through where there are more than 1,000.

    Raises:
        DataError: the model does not diffuse.
    """
    data, model = explainer.dataset, diffusing(explainer)
    sample = _sample(len(data.users), user, seed)
    states = torch.cat(
        [model.hop_states(part.to(explainer.device)).cpu() for part in torch.split(sample, BLOCK)]
    ).double()
    mine, sample, last = states[0], sample[1:], functional.normalize(states[1:, -1], dim=-1)
    # A state of zero has no direction.
    plane = Plane.through(last[last.any(-1)])
    path, dots = plane.places(functional.normalize(mine, dim=-1)), plane.places(last)
    return Drift(
        model=explainer.model.name,
        run=explainer.run,
        dataset=data.name,
        fingerprint=data.fingerprint,
        user=data.users.id(user),
        user_label=data.user_label(user),
        item=data.items.id(item),
        item_label=data.item_label(item),
        steps=_steps(mine, _scores(explainer, user, item), path),
        others=tuple(
            Place(id=data.users.id(code), label=data.user_label(code), x=x, y=y)
            for code, (x, y) in zip(sample.tolist(), dots, strict=True)
        ),
        total=len(data.users),
        liked=tuple(_images(explainer, user, plane, sample, last, mine[-1])[:liked]),
        target=next(iter(_placed(explainer, torch.tensor([item]), plane, sample, last)[1]), None),
        explained=plane.explained,
    )


class Plane:
    """Two principal components.

    Args:
        centre: (D,) what lies at the middle.
        axes: (D, 2) unit vectors, the sign of each such that its largest number is positive.
        explained: share of the variance of each.
    """

    def __init__(self, centre: Tensor, axes: Tensor, explained: tuple[float, float]) -> None:
        self.centre, self.axes, self.explained = centre, axes, explained

    @classmethod
    def through(cls, states: Tensor) -> Plane:
        """The plane of ``states`` (n, D)."""
        centre = states.mean(0)
        _, sizes, vectors = torch.linalg.svd(states - centre, full_matrices=False)
        axes = functional.pad(vectors[:2], (0, 0, 0, 2 - len(vectors[:2]))).T
        largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
        shares = sizes.square() / sizes.square().sum().clamp_min(1e-300)
        first, second = [*shares[:2].tolist(), 0.0, 0.0][:2]
        return cls(centre, axes * torch.where(largest < 0, -1.0, 1.0), (first, second))

    def places(self, states: Tensor) -> list[tuple[float, float]]:
        """Where ``states`` (n, D) lie; a state of zero lies at the middle."""
        found = (states - self.centre) @ self.axes
        found = torch.where((states.norm(dim=-1) > 0).unsqueeze(-1), found, torch.zeros_like(found))
        return [(x, y) for x, y in found.tolist()]


def _sample(users: int, user: int, seed: int) -> Tensor:
    """Codes, the user's first, of up to ``SAMPLE`` users."""
    order = torch.randperm(users, generator=torch.Generator().manual_seed(seed))
    return torch.cat([torch.tensor([user]), order[order != user][:SAMPLE].sort().values])


def _scores(explainer: Explainer, user: int, item: int) -> list[float | None]:
    """Score of the image by hops 0 to k, for each k; None where there are no exact shares.

    A level of hops has them also where the people of a hop have none (dense layers whose states are added up).
    """
    users, items = (torch.tensor([code], device=explainer.device) for code in (user, item))
    hops = diffusing(explainer).diffusion(users, items)
    reading = explainer.model.read(users, items)
    score, added = float(reading.scores[0]), [hop.contribution for hop in hops]
    kinds = {name: group.kind for name, group in explainer.groups.items()}
    level = next((level for level in reading.levels if kinds.get(level.name) == "hop"), None)
    if level is not None and level.contribution is not None:
        told = dict(zip(level.elements.values.tolist(), level.contribution, strict=True))
        added = [told[hop] for hop in range(1, len(hops) + 1)]
    sums = [None if shares is None else float(shares.sum()) for shares in added]
    if None in sums:
        return [*[None] * len(hops), score]
    return [score - sum(share for share in sums[k:] if share is not None) for k in range(len(sums) + 1)]


def _steps(states: Tensor, scores: list[float | None], path: list[tuple[float, float]]) -> tuple[Step, ...]:
    steps = []
    for hop, (state, score, (x, y)) in enumerate(zip(states, scores, path, strict=True)):
        last, own = _cosine(state, states[-1]), _cosine(state, states[0])
        steps.append(Step(hop=hop, cosine=last, own=own, norm=float(state.norm()), score=score, x=x, y=y))
    return tuple(steps)


def _cosine(first: Tensor, second: Tensor) -> float | None:
    length = float(first.norm() * second.norm())
    return float(first @ second) / length if length > 0 else None


def _images(explainer: Explainer, user: int, plane: Plane, sample: Tensor, last: Tensor, state: Tensor) -> list[Place]:
    """The images the user likes, the nearest to her state first."""
    items = explainer.dataset.history.row(user)
    vectors, places = _placed(explainer, items, plane, sample, last)
    near = functional.cosine_similarity(vectors, state.unsqueeze(0), dim=-1)
    return [places[i] for i in near.argsort(descending=True, stable=True).tolist()]


def _placed(
    explainer: Explainer, items: Tensor, plane: Plane, sample: Tensor, last: Tensor
) -> tuple[Tensor, list[Place]]:
    """Vectors (n, D) and places of those ``items`` (codes) that users of the sample like."""
    data = explainer.dataset
    liked = data.history.select(sample)
    known = last.any(-1)
    column = torch.full((len(data.items),), -1)
    column[items] = torch.arange(len(items))
    at = column[liked.values]
    told = (at >= 0) & known[liked.rows]
    rows, at = liked.rows[told], at[told]
    counts = torch.bincount(at, minlength=len(items))
    sums = last.new_zeros(len(items), last.shape[1]).index_add_(0, at, last[rows])
    placed = counts.nonzero().flatten()
    vectors = sums[placed] / counts[placed].unsqueeze(-1)
    codes = items[placed].tolist()
    places = [
        Place(id=data.items.id(code), label=data.item_label(code), image=data.image_relative(code), x=x, y=y)
        for code, (x, y) in zip(codes, plane.places(vectors), strict=True)
    ]
    return vectors, places
