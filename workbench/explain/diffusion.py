"""How far influence travels: the people who reach a user along those she follows, ring by ring."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch

from workbench.data.errors import DataError
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import FLAT, Element, Explanation, Frozen, Id, Verdict, flatness
from workbench.explain.sentences import LEAST
from workbench.models.base import Recommender
from workbench.models.diffusion import Diffusing, Hop

KEEP = 60
"""People of a ring that are told apart, the strongest."""


class Reached(Frozen):
    """A person whose vector reaches the user.

    Attributes:
        id: the dataset's own id; ``label`` the name people read.
        share: weight with which her own vector enters the user's state at this hop.
        contribution: exact share of the score, or None where the model is not additive.
        through: id of the person of the ring before, among those told apart, over whom most of the share comes;
            ``through_label`` her name. None in the first ring, and where nobody of those leads to her.
        removal: in the first ring, change of the score without following her, with all that comes over her.
        rank_without: rank of the image then.
    """

    id: Id
    label: str
    share: float
    contribution: float | None = None
    through: Id | None = None
    through_label: str | None = None
    removal: float | None = None
    rank_without: int | None = None


class Ring(Frozen):
    """The people one hop further out.

    Attributes:
        hop: steps along the people followed, from 1 on.
        people: those told apart: with exact shares by the size of their contribution, else by share, the strongest
            first.
        total: how many people the hop reaches.
        share: what the shares of all of them add up to; ``contribution`` what they add to the score, or None.
        flat: whether the shares show no preference (entropy within 5% of uniform).
    """

    hop: int
    people: tuple[Reached, ...]
    total: int
    share: float
    contribution: float | None
    flat: bool

    @property
    def hidden(self) -> int:
        """How many people are not told apart."""
        return self.total - len(self.people)

    @property
    def hidden_share(self) -> float:
        """Their share."""
        return max(self.share - sum(person.share for person in self.people), 0.0) if self.hidden else 0.0

    @property
    def hidden_contribution(self) -> float | None:
        """What they add to the score."""
        if self.contribution is None:
            return None
        return self.contribution - sum(person.contribution or 0.0 for person in self.people) if self.hidden else 0.0

    def strongest(self, count: int) -> Ring:
        """The ring with the first ``count`` of its people told apart."""
        return self.model_copy(update={"people": self.people[:count]})


class Ego(Frozen):
    """A user with the rings of people who reach her, for one image.

    Attributes:
        run: name of the run folder; ``dataset`` its dataset's name; ``fingerprint`` that dataset's fingerprint.
        score: score of the image; ``rank`` its rank, ``verdict`` that on its explanation.
        rings: hop 1 to K; empty rings included.
        sentence: who influences this, in plain words.
    """

    model: str
    run: str
    dataset: str
    fingerprint: str
    user: Id
    user_label: str
    item: Id
    item_label: str
    image: str | None
    score: float
    rank: int | None
    rings: tuple[Ring, ...]
    sentence: str
    verdict: Verdict

    @property
    def people(self) -> int:
        """How many people the first ring has; without any, nobody reaches the user."""
        return self.rings[0].total if self.rings else 0

    def rows(self) -> list[dict[str, object]]:
        """One row for each person told apart, with the ring she stands in."""
        return [
            {"model": self.model, "run": self.run, "user": self.user, "item": self.item, "hop": ring.hop}
            | person.model_dump()
            for ring in self.rings
            for person in ring.people
        ]


@torch.inference_mode()
def ego(explainer: Explainer, user: int, item: int, keep: int = KEEP, explanation: Explanation | None = None) -> Ego:
    """The rings round a user (code) for an image (code).

    Args:
        explainer: of a model that diffuses over a social graph.
        user: code; ``item`` that of the image.
        item: see above.
        keep: people of each ring that are told apart.
        explanation: that of the pair, where it is at hand.

    Raises:
        DataError: the model does not diffuse.
    """
    model = diffusing(explainer)
    explanation = explanation or explainer.explain(user, item)
    users, items = (torch.tensor([code], device=explainer.device) for code in (user, item))
    hops = model.diffusion(users, items)
    friends = _friends(explainer, explanation)
    rings: list[Ring] = []
    before: list[int] = []
    for number, hop in enumerate(hops, 1):
        known = friends if number == 1 else {}
        kept = _strongest(hop, known, keep)
        codes = hop.people.values[kept].tolist()
        over = _over(explainer, model, before, codes, item, hops[number - 2]) if number > 1 else {}
        rings.append(_ring(explainer, number, hop, kept, known, over))
        before = codes
    about = {name: getattr(explanation, name) for name in Explanation.model_fields if name in Ego.model_fields}
    sentence = ego_sentence(explanation.user_label, explanation.rank, rings)
    return Ego(**about | {"rings": tuple(rings), "sentence": sentence})


def diffusing(explainer: Explainer) -> Diffusing:
    """The model of an explainer.

    Raises:
        DataError: it does not diffuse over a social graph.
    """
    model: Recommender = explainer.model
    if not isinstance(model, Diffusing):
        raise DataError(f"{model.name} carries nothing along the people followed: choose a run of diffnet or diffnetpp")
    return cast("Diffusing", model)


def ego_sentence(label: str, rank: int | None, rings: list[Ring]) -> str:
    """Who influences a recommendation and from how far, in one or two sentences.

    With exact shares the numbers in brackets are contributions to the score; without, they are changes of the score
    when the user does not follow a person.

    Args:
        label: name of the user.
        rank: rank of the image.
        rings: hop 1 to K.
    """
    if not rings:
        return "This run makes no hop: nothing is carried along the people followed."
    first = rings[0]
    if not first.total:
        return f"{label} follows nobody, so nobody reaches her: the score rests on what she and others like."
    costly = min(first.people, key=lambda person: person.removal or 0.0)
    needs = " Without any one of those she follows the score hardly falls."
    if (costly.removal or 0.0) <= -LEAST:
        needs = f" Without following {costly.label} {_fall(costly, rank)}."
    if any(ring.contribution is None for ring in rings):
        reach = f"{first.total:,} followed {'person' if first.total == 1 else 'people'}"
        reach += "".join(f", {ring.total:,} {ring.hop} steps away" for ring in rings[1:] if ring.total)
        return f"{label} is reached by {reach}. This model has no exact shares: what counts is what changes.{needs}"
    parts = [f"those {label} follows {first.contribution:+.2f}"]
    parts += [f"{ring.hop} steps away {ring.contribution:+.2f}" for ring in rings[1:] if ring.total]
    summed = sum(ring.contribution or 0.0 for ring in rings)
    verb = "speak for" if summed > 0 else "speak against"
    return f"People who reach {label} {verb} this image ({summed:+.2f}): {', '.join(parts)}.{needs}"


def _fall(person: Reached, rank: int | None) -> str:
    moved = rank is not None and person.rank_without is not None and person.rank_without != rank
    return f"rank {rank:,} becomes {person.rank_without:,}" if moved else f"the score changes by {person.removal:+.2f}"


def _friends(explainer: Explainer, explanation: Explanation) -> dict[int, Element]:
    """The people followed as the explanation tells them, by code."""
    groups = [group.name for group in explainer.groups.values() if group.table == "follows" and group.kind == "person"]
    found = [e for level in explanation.levels if level.name in groups for e in level.elements]
    codes = explainer.dataset.users.codes([e.id for e in found]).tolist() if found else []
    return dict(zip(codes, found, strict=True))


def _strongest(hop: Hop, friends: dict[int, Element], keep: int) -> list[int]:
    """Places of the strongest people of one row; among equals those whose removal costs most come first."""
    size = (hop.share if hop.contribution is None else hop.contribution.abs()).cpu().numpy().round(9)
    removals = [friends[code].removal if code in friends else None for code in hop.people.values.tolist()]
    costs = np.array([removal or 0.0 for removal in removals])
    return [int(i) for i in np.lexsort((costs, -size))[:keep]]


def _ring(
    explainer: Explainer, number: int, hop: Hop, kept: list[int], friends: dict[int, Element], over: dict[int, int]
) -> Ring:
    """One hop of one row in the dataset's own ids and words."""
    shares = hop.share.tolist()
    added = None if hop.contribution is None else hop.contribution.tolist()
    people = []
    for place in kept:
        code = int(hop.people.values[place])
        person, friend = explainer.names.element("person", code), friends.get(code)
        via = explainer.names.element("person", over[code]) if code in over else None
        people.append(
            Reached(
                id=person.id,
                label=person.label,
                share=shares[place],
                contribution=None if added is None else added[place],
                through=None if via is None else via.id,
                through_label=None if via is None else via.label,
                removal=None if friend is None else friend.removal,
                rank_without=None if friend is None else friend.rank_without,
            )
        )
    spread = flatness(shares)
    return Ring(
        hop=number,
        people=tuple(people),
        total=len(shares),
        share=sum(shares),
        contribution=None if added is None else sum(added),
        flat=spread is not None and spread >= FLAT,
    )


def _over(
    explainer: Explainer, model: Diffusing, before: list[int], kept: list[int], item: int, hop: Hop
) -> dict[int, int]:
    """For the ``kept`` people of a ring, who of those ``before`` brings most of their share: share times first hop."""
    if not before or not kept:
        return {}
    users = torch.tensor(before, device=explainer.device)
    step = model.diffusion(users, torch.full_like(users, item))[0]
    place = {code: at for at, code in enumerate(hop.people.values.tolist())}
    held = hop.share[torch.tensor([place[code] for code in before], device=explainer.device)]
    flow = (held[step.people.rows] * step.share).cpu().numpy()
    reached, rows = step.people.values.cpu().numpy(), step.people.rows.cpu().numpy()
    best = np.argsort(-flow, kind="stable")
    best = best[flow[best] > 0]
    found, first = np.unique(reached[best], return_index=True)
    parents = dict(zip(found.tolist(), rows[best[first]].tolist(), strict=True))
    return {code: before[parents[code]] for code in kept if code in parents}
