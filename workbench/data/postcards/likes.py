"""Who likes which picture when, and why. Formulas in docs/postcards.md."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from workbench.data.postcards.pictures import Bags, Codes, Gallery, Weights, draw_rows
from workbench.data.postcards.society import ASPECTS, HOURS, WEEKS, Society

NOISE = len(ASPECTS)
"""Code of the aspect of a like without a cause."""
NOISE_SHARE = 0.05
DAYTIME = 1.0
FAVOURITE_SHARE = 0.8
INSISTS = 0.4
ROUNDS = 12

OWN, UPLOADS, FOLLOWS, CREATOR = range(len(ASPECTS))


@dataclass(frozen=True)
class Likes:
    """Likes as codes, ordered by user and time; n likes.

    Attributes:
        user: (n,) user code.
        picture: (n,) picture code.
        seconds: (n,) since the first Monday at midnight.
        hour: (n,) hour of the week.
        aspect: (n,) index in ``ASPECTS``, or ``NOISE``.
        element: (n,) what it was: theme code (own), picture code (uploads), user code (follows, creator), -1 (noise).
        thing: (n,) the thing in the picture that was looked for, -1 where none was (creator, noise).
        value: (n,) code of the attribute value that was insisted on, -1 where none was.
    """

    user: Codes
    picture: Codes
    seconds: Codes
    hour: Codes
    aspect: Codes
    element: Codes
    thing: Codes
    value: Codes

    def take(self, rows: Codes | NDArray[np.bool_]) -> Likes:
        """The likes of the given rows."""
        return Likes(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def draw_likes(gallery: Gallery, society: Society, fewest: int, most: int, generator: np.random.Generator) -> Likes:
    """Draw the likes of everybody.

    Every user visits between ``fewest`` and ``most`` times. At each visit an aspect, an element of it and a picture are
    drawn; a picture of her own or one she liked already is refused and the visit draws again from the aspect on, up to
    ``ROUNDS`` times, after which it ends without a like.
    """
    n_users, n_pictures = len(society.aspect), len(gallery.ids)
    user = np.repeat(np.arange(n_users), generator.integers(fewest, most + 1, n_users))
    hour = Bags.of(
        np.repeat(np.arange(n_users), HOURS), np.tile(np.arange(HOURS), n_users), society.visits.ravel(), n_users
    ).draw(user, generator)
    week = generator.integers(WEEKS, size=len(user))
    seconds = (week * HOURS + hour) * 3600 + generator.integers(3600, size=len(user))
    order = np.lexsort((seconds, user))
    visits = _Visits(gallery, society, user[order], week[order], hour[order])
    found = {name: np.full(len(user), -1) for name in ("picture", "aspect", "element", "thing", "value")}
    taken = np.zeros(0, np.int64)
    waiting = np.arange(len(user))
    for _ in range(ROUNDS):
        drawn = visits.draw(waiting, generator)
        owner = visits.user[waiting]
        key = owner * n_pictures + drawn["picture"]
        first = np.zeros(len(key), bool)
        first[np.unique(key, return_index=True)[1]] = True
        good = first & (drawn["picture"] >= 0) & (society.creator[drawn["picture"]] != owner) & ~_within(key, taken)
        for name, values in found.items():
            values[waiting[good]] = drawn[name][good]
        taken = np.sort(np.concatenate([taken, key[good]]), kind="stable")
        waiting = waiting[~good]
    return Likes(user=visits.user, seconds=seconds[order], hour=visits.hour, **found).take(found["picture"] >= 0)


def _within(keys: Codes, ascending: Codes) -> NDArray[np.bool_]:
    """Which of the ``keys`` (n,) occur in ``ascending`` (m,); far faster than ``np.isin`` on millions."""
    return np.searchsorted(ascending, keys, side="left") < np.searchsorted(ascending, keys, side="right")


class _Visits:
    """Everything a visit draws from."""

    def __init__(self, gallery: Gallery, society: Society, user: Codes, week: Codes, hour: Codes) -> None:
        self.gallery, self.society = gallery, society
        self.user, self.week, self.hour = user, week, hour
        n_themes = len(gallery.themes)
        n_pictures = len(gallery.ids)
        self.daytime: Weights = np.exp(
            DAYTIME * np.cos(2 * np.pi * (np.arange(HOURS)[:, None] / 24 - np.arange(n_themes)[None, :] / n_themes))
        )
        kinds = np.bincount(gallery.label, minlength=len(gallery.labels)).astype(np.float64)
        self.kinds = Bags.of(gallery.theme_of, np.arange(len(gallery.labels)), kinds, n_themes)
        self.by_creator = Bags.of(society.creator, np.arange(n_pictures), np.ones(n_pictures), len(society.aspect))

    def draw(self, rows: Codes, generator: np.random.Generator) -> dict[str, Codes]:
        """Aspect, element, thing, value and picture of the visits in ``rows``; picture -1 where none was found."""
        gallery, society, user = self.gallery, self.society, self.user[rows]
        aspect = draw_rows(society.theta[user], generator)
        aspect[generator.random(len(rows)) < NOISE_SHARE] = NOISE
        element, kind = np.full(len(rows), -1), np.full(len(rows), -1)
        own, upload, follow, admire = (np.flatnonzero(aspect == code) for code in (OWN, UPLOADS, FOLLOWS, CREATOR))
        element[own] = self._theme(rows[own], generator)
        kind[own] = self._own_kind(user[own], element[own], generator)
        element[upload] = society.uploads.draw(user[upload], generator)
        kind[upload] = gallery.main[element[upload]]
        element[follow] = society.follows.draw(user[follow], generator)
        kind[follow] = society.favourite[element[follow], 0]
        element[admire] = society.admires.draw(user[admire], generator)
        thing, value = self._thing(user, kind, generator)
        picture = np.where(thing >= 0, gallery.item[thing], -1)
        picture[admire] = self.by_creator.draw(element[admire], generator)
        noise = aspect == NOISE
        picture[noise] = generator.integers(len(gallery.ids), size=int(noise.sum()))
        return {"aspect": aspect, "element": element, "thing": thing, "value": value, "picture": picture}

    def _theme(self, rows: Codes, generator: np.random.Generator) -> Codes:
        taste = self.society.taste[self.user[rows], self.week[rows]]
        return draw_rows(taste * self.daytime[self.hour[rows]], generator)

    def _own_kind(self, user: Codes, theme: Codes, generator: np.random.Generator) -> Codes:
        kind = self.kinds.draw(theme, generator)
        for favourite in self.society.favourite[user].T:
            fits = (self.gallery.theme_of[favourite] == theme) & (generator.random(len(user)) < FAVOURITE_SHARE)
            kind = np.where(fits, favourite, kind)
        return kind

    def _thing(self, user: Codes, kind: Codes, generator: np.random.Generator) -> tuple[Codes, Codes]:
        """A thing of the kind, with probability ``INSISTS`` one that bears the user's liked attribute value, if any."""
        gallery = self.gallery
        thing = np.full(len(kind), -1)
        known = np.flatnonzero(kind >= 0)
        thing[known] = gallery.by_label.draw(kind[known], generator)
        value = np.full(len(kind), -1)
        if gallery.values:
            picky = known[generator.random(len(known)) < INSISTS]
            liked = self.society.liked_value[user[picky]]
            found = gallery.by_value.draw(kind[picky] * len(gallery.values) + liked, generator)
            thing[picky[found >= 0]] = found[found >= 0]
            value[picky[found >= 0]] = liked[found >= 0]
        return thing, value
