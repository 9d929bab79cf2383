"""What a user's own records say of an image: sums over likes, follows, followers and uploads, element by element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import Gates
from workbench.layers.recorded import RecordedSets
from workbench.models.neighbours import Similarities, find, spread

REACHES = (4.0, 16.0)
"""Uploads of one person that lie between two of her images are counted in these units."""
SEASONS = (0.016, 0.1)
"""Shares of all images, in the order of their time, within which two images are of one season."""
COLUMNS: dict[str, tuple[int, ...]] = {
    "nearby": (0, 1),
    "maker": (2,),
    "similar": (3,),
    "season": (4, 5),
    "followed": (6,),
    "endorsed": (7,),
    "circle": (8,),
    "follower": (9,),
    "returned": (10,),
    "coherent": (11,),
}
"""By reason, the columns of its sums."""
WIDTH = 12
OF_LIKES, OF_FOLLOWS = ("nearby", "maker", "similar", "season"), ("followed", "endorsed", "circle")
OF_UPLOADS = ("returned", "coherent")


@dataclass(frozen=True)
class Told:
    """What the elements of one group say of R pairs.

    Attributes:
        group: its name.
        sets: the elements, as codes.
        gate: (elements,) their presence.
        sums: (elements, WIDTH) what each adds to the sums of its pair, gates included.
        parent: for a group inside another one, the place of the element each belongs to.
    """

    group: str
    sets: Ragged
    gate: Tensor
    sums: Tensor
    parent: Tensor | None = None


class Reasons(nn.Module):
    """Sums over what is recorded of a user u, for an image i of the creator c; nothing of them knows whether u likes i.

    - ``nearby``: over liked images j of c, ``exp(-n / reach)`` for the n-th upload of c before or after i;
    - ``maker``: liked images of c;
    - ``similar``: over liked images, the weight B_ji of a regression of i on all other images;
    - ``season``: liked images whose time is near that of i;
    - ``followed``: 1 if u follows c; ``endorsed`` people followed who like i; ``circle`` their likes of images of c;
    - ``follower``: 1 if c follows u;
    - ``returned``: uploads of u that c likes;
    - ``coherent``: over uploads j of u, the weight B_ji.

    A person's own images have no creator here: she is not a reason for herself.

    Args:
        dataset: what is recorded.
        neighbours: weights of the regression for each image on average.
    """

    creator: Tensor
    moment: Tensor
    rank: Tensor
    likers: Tensor
    made: Tensor
    keys: Tensor
    tied: Tensor
    ties: Tensor
    work: Tensor
    place: Tensor

    def __init__(self, dataset: Dataset, neighbours: int) -> None:
        super().__init__()
        self.n_users, self.n_items = len(dataset.users), len(dataset.items)
        history, creator = dataset.history, dataset.creator
        self.near = Similarities(self.n_items, neighbours)
        self.likes, self.follows = RecordedSets(history), RecordedSets(dataset.follows)
        follows = dataset.follows
        self.followers = RecordedSets(Ragged.from_pairs(follows.values, follows.rows, self.n_users))
        self.uploads = RecordedSets(dataset.uploads)
        self.audience = RecordedSets(Ragged.from_pairs(history.values, history.rows, self.n_items))
        signed = creator[history.values] >= 0
        self.history = RecordedSets(Ragged.from_pairs(history.rows[~signed], history.values[~signed], self.n_users))
        rows, work = history.rows[signed], history.values[signed]
        tie, order = (rows * self.n_users + creator[work]).sort(stable=True)
        tied, which, ties = torch.unique_consecutive(tie, return_inverse=True, return_counts=True)
        self.admired = RecordedSets(Ragged.from_pairs(tied // self.n_users, tied % self.n_users, self.n_users))
        counts = torch.bincount(rows, minlength=self.n_users)
        self.works = RecordedSets(Ragged.from_lengths(counts, torch.arange(len(work))))
        moment, rank = _in_time(dataset)
        for name, codes in {
            "creator": creator,
            "moment": moment,
            "rank": rank,
            "likers": torch.bincount(history.values, minlength=self.n_items),
            "made": dataset.uploads.lengths,
            "keys": history.rows * self.n_items + history.values,
            "tied": tied,
            "ties": ties.float(),
            "work": work[order],
            "place": which - self.admired.offsets[rows[order]],
        }.items():
            self.register_buffer(name, codes, persistent=False)
        timed = int((moment >= 0).sum())
        self.windows = tuple(max(1, round(share * timed)) for share in SEASONS)

    def recorded(self) -> dict[str, tuple[bool, tuple[str, ...]]]:
        """By evidence group, whether anything of it is recorded at all, and the reasons that rest on it."""
        signed = bool(len(self.admired.values))
        return {
            "admired": (signed, OF_LIKES),
            "works": (signed, OF_LIKES),
            "history": (bool(len(self.history.values)), ("similar", "season")),
            "follows": (bool(len(self.follows.values)), OF_FOLLOWS),
            "followers": (bool(len(self.followers.values)), ("follower",)),
            "uploads": (bool(len(self.uploads.values)), OF_UPLOADS),
        }

    def elements(self, group: str, users: Tensor) -> Ragged:
        """The elements of a group for ``users`` (R,)."""
        sets: Ragged = getattr(self, group)(users)
        return Ragged(sets.offsets, self.work[sets.values]) if group == "works" else sets

    def _parents(self, users: Tensor) -> Tensor:
        """(works,) which of the admired creators of R users, laid end to end, made each of the works they like."""
        sets: Ragged = self.works(users)
        first: Tensor = self.admired(users).offsets.index_select(0, sets.rows)
        return self.place.index_select(0, sets.values) + first

    def gate(self, group: str, users: Tensor, gates: Gates) -> tuple[Ragged, Tensor]:
        """The elements of a group and their presence; a work of somebody who is left out is left out with her."""
        sets = self.elements(group, users)
        gate = gates.on(group, sets)
        gate = self.near.weights.new_ones(len(sets.values)) if gate is None else gate
        if group == "works" and ("admired" in gates.elements or "admired" in gates.aspects):
            _, above = self.gate("admired", users, gates)
            gate = gate * above[self._parents(users)]
        return sets, gate

    def offsets(self, users: Tensor, items: Tensor) -> Tensor:
        """(2, ...) log1p of how many others like each of ``items``, and of the uploads of its creator.

        Args:
            users: codes that broadcast against ``items``.
            items: codes.
        """
        return self._offsets(users, items, find(self.keys, users * self.n_items + items)[1])

    def all_offsets(self, users: Tensor) -> Tensor:
        """(2, R, images) the same of ``users`` (R,) for every image."""
        items, known = torch.arange(self.n_items, device=users.device), self.likes(users)
        liked = torch.zeros(len(users), self.n_items, dtype=torch.bool, device=users.device)
        liked[known.rows, known.values] = True
        return self._offsets(users.unsqueeze(1), items, liked)

    def _offsets(self, users: Tensor, items: Tensor, liked: Tensor) -> Tensor:
        creator = self._makers(users, items)
        uploads = self.made[creator.clamp_min(0)] * (creator >= 0)
        return torch.stack([self.likers[items] - liked.long(), uploads.expand(liked.shape)]).float().log1p()

    def _makers(self, users: Tensor, items: Tensor) -> Tensor:
        """Creators of ``items``, -1 where unknown or the user herself."""
        creator = self.creator[items]
        return torch.where(creator == users, -1, creator)

    def pairs(self, users: Tensor, items: Tensor, gates: Gates) -> Iterator[Told]:
        """What every element says of the pairs ``users`` (R,) x ``items`` (R,)."""
        maker = self._makers(users, items)
        for group, (there, _) in self.recorded().items():
            if not there or group == "admired":
                continue
            sets, gate = self.gate(group, users, gates)
            rows, codes = sets.rows, sets.values
            item, creator = items[rows], maker[rows]
            said = self.near.weights.new_zeros(len(codes), WIDTH)
            if group in {"works", "history"}:
                self._of_likes(said, codes, item, creator)
            elif group == "follows":
                said[:, 6] = codes == creator
                said[:, 7] = find(self.keys, codes * self.n_items + item)[1]
                at, tied = find(self.tied, codes * self.n_users + creator) if len(self.tied) else (codes, codes < 0)
                said[:, 8] = torch.where(tied & (creator >= 0), self.ties[at], 0) if len(self.tied) else 0
            elif group == "followers":
                said[:, 9] = codes == creator
            else:
                said[:, 10] = find(self.keys, creator * self.n_items + codes)[1] & (creator >= 0)
                said[:, 11] = self.near.between(codes, item)
            parent = self._parents(users) if group == "works" else None
            yield Told(group, sets, gate, said * gate.unsqueeze(1), parent)

    def _of_likes(self, said: Tensor, liked: Tensor, items: Tensor, creator: Tensor) -> None:
        """Fill in what ``liked`` (n,) images say of ``items`` (n,) by ``creator`` (n,)."""
        other = liked != items
        same = other & (creator >= 0) & (self.creator[liked] == creator)
        timed = (self.moment[liked] >= 0) & (self.moment[items] >= 0) & other
        between = (self.rank[liked] - self.rank[items]).abs()
        for column, reach in zip(COLUMNS["nearby"], REACHES, strict=True):
            said[:, column] = torch.where(same & timed, (-between / reach).exp(), 0)
        said[:, 2] = same
        said[:, 3] = self.near.between(liked, items)
        apart = (self.moment[liked] - self.moment[items]).abs()
        for column, window in zip(COLUMNS["season"], self.windows, strict=True):
            said[:, column] = timed & (apart <= window)

    def everything(self, users: Tensor, gates: Gates) -> Tensor:
        """(WIDTH, R, images) the sums of ``users`` (R,) for every image."""
        shape = len(users), self.n_items
        parts = [self.gate(group, users, gates) for group in ("works", "history")]
        rows = torch.cat([sets.rows for sets, _ in parts])
        liked, gate = torch.cat([sets.values for sets, _ in parts]), torch.cat([gate for _, gate in parts])
        present = spread(rows, liked, gate, shape)
        similar = self._similar(rows, liked, gate, shape)
        uploads, upload = self.gate("uploads", users, gates)
        nearby = self._nearby(users, rows, liked, gate)
        people = self._people(users, rows, liked, gate, gates)
        # The image itself is among the likes of its maker where the user likes it.
        signed = (self._makers(users.unsqueeze(1), torch.arange(self.n_items, device=users.device)) >= 0).float()
        maker = people["maker"] - present * signed
        follows, follow = self.gate("follows", users, gates)
        theirs = self.likes(follows.values)
        endorsed = spread(follows.rows[theirs.rows], theirs.values, follow[theirs.rows], shape)
        return torch.stack(
            [
                *nearby,
                maker,
                similar,
                *self._season(present),
                people["followed"],
                endorsed,
                people["circle"],
                people["follower"],
                people["returned"],
                self._similar(uploads.rows, uploads.values, upload, shape),
            ]
        )

    def _similar(self, rows: Tensor, images: Tensor, gate: Tensor, shape: tuple[int, int]) -> Tensor:
        """``shape`` (R, images), what ``images`` (n,) of ``rows`` (n,) say by the regression."""
        near, weight = self.near(images)
        by = near.rows
        return spread(rows[by], near.values, weight * gate[by], shape)

    def _nearby(self, users: Tensor, rows: Tensor, liked: Tensor, gate: Tensor) -> list[Tensor]:
        """(R, images) for each reach: every liked image speaks for the uploads of its creator around it."""
        known = (self._makers(users[rows], liked) >= 0) & (self.moment[liked] >= 0)
        rows, liked, gate = rows[known], liked[known], gate[known]
        others = self.uploads(self.creator[liked])
        by, item = others.rows, others.values
        between = (self.rank[item] - self.rank[liked[by]]).abs()
        kept = (item != liked[by]) & (self.moment[item] >= 0)
        by, item, between = by[kept], item[kept], between[kept]
        return [
            spread(rows[by], item, (-between / reach).exp() * gate[by], (len(users), self.n_items)) for reach in REACHES
        ]

    def _season(self, present: Tensor) -> list[Tensor]:
        """(R, images) for each window: how much is ``present`` (R, images) around the time of an image, less itself."""
        timed = torch.nonzero(self.moment >= 0).flatten()
        order = timed[self.moment[timed].argsort()]
        total = torch.nn.functional.pad(present[:, order].cumsum(1), (1, 0))
        found, known = [], (self.moment >= 0).float()
        for window in self.windows:
            low, high = (self.moment - window).clamp_min(0), (self.moment + window + 1).clamp(0, len(order))
            found.append((total[:, high] - total[:, low] - present) * known)
        return found

    def _people(self, users: Tensor, rows: Tensor, liked: Tensor, gate: Tensor, gates: Gates) -> dict[str, Tensor]:
        """(R, images) what is summed by the creator of an image."""
        shape = len(users), self.n_users
        signed = self.creator[liked] >= 0
        tables = {"maker": spread(rows[signed], self.creator[liked[signed]], gate[signed], shape)}
        follows, follow = self.gate("follows", users, gates)
        tables["followed"] = spread(follows.rows, follows.values, follow, shape)
        theirs: Ragged = self.admired(follows.values)
        by = theirs.rows
        at, _ = find(self.tied, follows.values[by] * self.n_users + theirs.values) if len(by) else (by, by)
        tables["circle"] = spread(follows.rows[by], theirs.values, self.ties[at] * follow[by], shape)
        followers, follower = self.gate("followers", users, gates)
        tables["follower"] = spread(followers.rows, followers.values, follower, shape)
        uploads, upload = self.gate("uploads", users, gates)
        fans: Ragged = self.audience(uploads.values)
        tables["returned"] = spread(uploads.rows[fans.rows], fans.values, upload[fans.rows], shape)
        own, column = users.unsqueeze(1), torch.where(self.creator < 0, self.n_users, self.creator)
        return {
            name: nn.functional.pad(table.scatter(1, own, 0.0), (0, 1)).index_select(1, column)
            for name, table in tables.items()
        }


def _in_time(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """(images,) place of every image in time, and among those of its creator; -1 where no time is known."""
    times = dataset.uploaded
    order = torch.nonzero(~times.isnan()).flatten()
    order = order[times[order].argsort(stable=True)]
    moment, rank = torch.full_like(dataset.creator, -1), torch.full_like(dataset.creator, -1)
    moment[order] = torch.arange(len(order))
    by_creator = order[dataset.creator[order].argsort(stable=True)]
    creator = dataset.creator[by_creator]
    if len(by_creator):
        first = torch.searchsorted(creator, creator)
        rank[by_creator] = torch.arange(len(by_creator)) - first
    return moment, rank
