"""The people of the demo world: what they like, upload, whom they follow and admire. Formulas in docs/postcards.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.data.postcards.pictures import Bags, Codes, Gallery, Weights, draw_rows, ranks_within

WEEKS = 12
HOURS = 168
ASPECTS = ("own", "uploads", "follows", "creator")

TASTE_CONCENTRATION = 1.5
COMMUNITY_PULL = 4.0
DRIFT_SD = 0.3
TASTE_FLOOR = 0.01
OWN_THEMES = 2

UPLOADERS = 0.7
UPLOAD_TAIL = 1.2
MOST_UPLOADS = 20
UPLOAD_FOCUS = 0.75
REPRESENTATIVE = 0.85

FEWEST_FOLLOWEES, MOST_FOLLOWEES = 3, 25
HOMOPHILY = 0.6
FAME_TAIL = 1.0
INFLUENCE_OF_FAME, INFLUENCE_CHANCE = 2.0, 0.5

MOST_ADMIRED = 4
ADMIRED_UPLOADS = 4

MAIN = 0.7
LURKERS = ("follows", "creator")
"""Main aspects of people who live off what others make: those who upload nothing come first for them."""
FEWEST_MAIN_UPLOADS = 3


@dataclass(frozen=True)
class Society:
    """People as codes; U users, T themes, C kinds of things.

    Attributes:
        community: (U,) code.
        taste: (U, WEEKS, T) share of each theme in the own taste of a week.
        own_themes: (U, T) whether a theme is one of the user's own.
        favourite: (U, OWN_THEMES) label codes of the favourite kinds, one of each of her own themes.
        visits: (U, HOURS) share of each hour of the week, hour 0 on Monday at midnight.
        creator: (pictures,) user code of the uploader.
        uploads: bags user -> pictures she uploaded, weighted by salience, which adds up to 1.
        follows: bags follower -> followees, weighted by influence, which adds up to 1, or 0 without an influencer.
        admires: bags user -> admired creators, weighted by admiration, which adds up to 1.
        liked_value: (U,) code of the attribute value she likes, -1 where pictures have no attributes.
        aspect: (U,) index of her main aspect in ``ASPECTS``.
        theta: (U, 4) share of each aspect.
    """

    community: Codes
    taste: Weights
    own_themes: Weights
    favourite: Codes
    visits: Weights
    creator: Codes
    uploads: Bags
    follows: Bags
    admires: Bags
    liked_value: Codes
    aspect: Codes
    theta: Weights


def gather(gallery: Gallery, n_users: int, likes: int, generator: np.random.Generator) -> Society:
    """Make ``n_users`` people around the pictures.

    Args:
        gallery: the pictures.
        n_users: how many people.
        likes: how many likes a person gives on average; a creator's fan needs enough pictures in reach.
        generator: source of every draw.
    """
    n_communities = max(2, len(gallery.themes) // 2)
    community = generator.integers(n_communities, size=n_users)
    taste = _taste(community, n_communities, len(gallery.themes), generator)
    order = np.argsort(-taste.mean(axis=1), axis=1, kind="stable")
    own = np.zeros((n_users, len(gallery.themes)))
    np.put_along_axis(own, order[:, :OWN_THEMES], 1.0, axis=1)
    favourite = _favourites(gallery, order[:, :OWN_THEMES], generator)
    creator = _creators(gallery, own, generator)
    uploads = _salience(gallery, creator, own, generator)
    fame = 1 + generator.pareto(FAME_TAIL, n_users)
    follows = _follows(gallery, community, fame, own, favourite, uploads, generator)
    admires = _admires(gallery, creator, follows, own, generator)
    aspect, theta = _aspects(uploads, follows, admires, likes, generator)
    n_values = len(gallery.values)
    return Society(
        community=community,
        taste=taste,
        own_themes=own,
        favourite=favourite,
        visits=_visits(n_users, generator),
        creator=creator,
        uploads=uploads,
        follows=follows,
        admires=admires,
        liked_value=generator.integers(n_values, size=n_users) if n_values else np.full(n_users, -1),
        aspect=aspect,
        theta=theta,
    )


def _taste(community: Codes, n_communities: int, n_themes: int, generator: np.random.Generator) -> Weights:
    """(U, WEEKS, T) shares: Dirichlet around the community's themes, then a random walk of the logits."""
    base = np.ones((n_communities, n_themes))
    base[np.arange(n_themes) % n_communities, generator.permutation(n_themes)] = COMMUNITY_PULL
    base *= TASTE_CONCENTRATION / base.sum(axis=1, keepdims=True)
    start = generator.standard_gamma(base[community])
    start /= start.sum(axis=1, keepdims=True)
    steps = DRIFT_SD * generator.standard_normal((len(community), WEEKS, n_themes))
    steps[:, 0] = np.log(start + TASTE_FLOOR)
    shares: Weights = np.exp(np.cumsum(steps, axis=1))
    shares /= shares.sum(axis=2, keepdims=True)
    return shares


def _favourites(gallery: Gallery, themes: Codes, generator: np.random.Generator) -> Codes:
    """(U, OWN_THEMES) one kind out of each of the user's own themes, every kind of a theme being as likely."""
    kinds = Bags.of(gallery.theme_of, np.arange(len(gallery.labels)), np.ones(len(gallery.labels)), len(gallery.themes))
    return np.stack([kinds.draw(themes[:, place], generator) for place in range(themes.shape[1])], axis=1)


def _visits(n_users: int, generator: np.random.Generator) -> Weights:
    """(U, HOURS) two daily bumps (von Mises, width about two hours) and the user's own weight of the weekend."""
    peaks = generator.uniform(6, 24, (n_users, 2, 1))
    share = generator.uniform(0.3, 0.7, (n_users, 1))
    day = np.exp(4 * (np.cos(2 * np.pi * (np.arange(24) + 0.5 - peaks) / 24) - 1))
    hours = share * day[:, 0] + (1 - share) * day[:, 1] + 0.01
    weekend = np.where(np.arange(7) >= 5, np.exp(generator.normal(0, 0.7, (n_users, 1))), 1.0)
    week = (weekend[:, :, None] * hours[:, None, :]).reshape(n_users, HOURS)
    shares: Weights = week / week.sum(axis=1, keepdims=True)
    return shares


def _creators(gallery: Gallery, own: Weights, generator: np.random.Generator) -> Codes:
    """(pictures,) the uploader of each picture.

    Heavy-tailed numbers of uploads; of her slots, ``UPLOAD_FOCUS`` ask for her upload theme, which is none of her own
    themes, the others for any; slots and pictures of a theme are matched at random, what is left over likewise.
    """
    n_pictures, n_users = len(gallery.ids), len(own)
    uploaders = np.sort(generator.permutation(n_users)[: max(1, round(UPLOADERS * n_users))])
    counts = _upload_counts(n_pictures, len(uploaders), generator)
    supply = np.bincount(gallery.main_theme[gallery.main >= 0], minlength=len(gallery.themes)).astype(np.float64)
    focus = draw_rows((1 - own[uploaders]) * (supply + 1), generator)
    slots = np.repeat(np.arange(len(uploaders)), counts)
    anything = draw_rows(np.broadcast_to(supply + 1, (n_pictures, len(supply))), generator)
    wish = np.where(generator.random(n_pictures) < UPLOAD_FOCUS, focus[slots], anything)
    shuffled_slots, shuffled_pictures = generator.permutation(n_pictures), generator.permutation(n_pictures)
    wish, theme = wish[shuffled_slots], gallery.main_theme[shuffled_pictures]
    by_wish = wish * n_pictures + ranks_within(wish)
    by_theme = np.where(theme >= 0, theme * n_pictures + ranks_within(theme), -1)
    _, slot_at, picture_at = np.intersect1d(by_wish, by_theme, assume_unique=False, return_indices=True)
    slot_of = np.full(n_pictures, -1)
    slot_of[picture_at] = slot_at
    slot_of[slot_of < 0] = np.setdiff1d(np.arange(n_pictures), slot_at)
    creator = np.empty(n_pictures, np.int64)
    creator[shuffled_pictures] = uploaders[slots[shuffled_slots[slot_of]]]
    return creator


def _upload_counts(n_pictures: int, n_uploaders: int, generator: np.random.Generator) -> Codes:
    """(uploaders,) numbers that add up to the pictures: Pareto shares, at least 1, at most 20 while that suffices."""
    most = max(MOST_UPLOADS, -(-2 * n_pictures // n_uploaders))
    share = 1 + generator.pareto(UPLOAD_TAIL, n_uploaders)
    counts = (np.arange(n_uploaders) < n_pictures).astype(np.int64)
    while (left := n_pictures - counts.sum()) > 0:
        open_share = np.where(counts < most, share, 0.0)
        counts = np.minimum(counts + generator.multinomial(left, open_share / open_share.sum()), most)
    return counts


def _salience(gallery: Gallery, creator: Codes, own: Weights, generator: np.random.Generator) -> Bags:
    """Weights of the uploads: one or two representative ones share ``REPRESENTATIVE``, the others share the rest.

    Representative are, in this order, uploads outside the own themes, of a kind she uploaded once, at random.
    """
    n_users, n_labels = len(own), len(gallery.labels)
    kind = np.where(gallery.main >= 0, gallery.main, n_labels)
    pair = creator * (n_labels + 1) + kind
    once = np.bincount(pair, minlength=n_users * (n_labels + 1))[pair] == 1
    outside = (gallery.main >= 0) & (own[creator, gallery.main_theme] == 0)
    order = np.lexsort((generator.random(len(creator)), ~once, ~outside, creator))
    rank = np.empty(len(creator), np.int64)
    rank[order] = ranks_within(creator[order])
    count = np.bincount(creator, minlength=n_users)[creator]
    representatives = np.where(count <= 3, 1, 2)
    shares = np.where(representatives == 1, REPRESENTATIVE, REPRESENTATIVE * np.where(rank == 0, 0.6, 0.4))
    rest = (1 - REPRESENTATIVE) / np.maximum(count - representatives, 1)
    weight = np.where(rank < representatives, shares, rest) * (gallery.main >= 0)
    return _normalised(Bags.of(creator, np.arange(len(creator)), weight, n_users))


def _follows(
    gallery: Gallery,
    community: Codes,
    fame: Weights,
    own: Weights,
    favourite: Codes,
    uploads: Bags,
    generator: np.random.Generator,
) -> Bags:
    """Followees drawn by fame, from the own community with probability ``HOMOPHILY``; influence by fame and chance.

    Influence is 0 where the followee's first favourite kind is of the follower's own themes, or the main kind of one of
    her representative uploads, or the favourite of a more influential followee of hers: such influence could not be
    told from another aspect.
    """
    n_users = len(fame)
    everyone = Bags.of(np.zeros(n_users, np.int64), np.arange(n_users), fame, 1)
    neighbours = Bags.of(community, np.arange(n_users), fame, int(community.max()) + 1)
    wanted = np.exp(generator.normal(np.log(9), 0.5, n_users)).round().astype(np.int64)
    wanted = wanted.clip(FEWEST_FOLLOWEES, min(MOST_FOLLOWEES, max(FEWEST_FOLLOWEES, n_users // 3)))
    follower = np.repeat(np.arange(n_users), 3 * wanted)
    at_home = generator.random(len(follower)) < HOMOPHILY
    followee = everyone.draw(np.zeros(len(follower), np.int64), generator)
    followee[at_home] = neighbours.draw(community[follower[at_home]], generator)
    follower, followee = _first_distinct(follower, followee, wanted, n_users)
    influence = fame[followee] ** INFLUENCE_OF_FAME * generator.standard_exponential(len(followee)) ** INFLUENCE_CHANCE
    kind = favourite[followee, 0]
    foreign = own[follower, gallery.theme_of[kind]] == 0
    salient = uploads.weights > 0.2
    shown = set((uploads.owners[salient] * len(gallery.labels) + gallery.main[uploads.values[salient]]).tolist())
    shown_too = np.array([key in shown for key in (follower * len(gallery.labels) + kind).tolist()], bool)
    order = np.lexsort((-influence, follower))
    strongest = np.empty(len(follower), bool)
    strongest[order] = ranks_within(follower[order] * len(gallery.labels) + kind[order]) == 0
    return _normalised(Bags.of(follower, followee, influence * (foreign & ~shown_too & strongest), n_users))


def _admires(gallery: Gallery, creator: Codes, follows: Bags, own: Weights, generator: np.random.Generator) -> Bags:
    """Up to ``MOST_ADMIRED`` creators of at least ``ADMIRED_UPLOADS`` pictures, drawn by the square of that number.

    About half of the users admire that many, the others one to three. She does not follow them, and the theme they
    upload most is none of her own.
    """
    n_users, n_themes = own.shape
    shown = gallery.main >= 0
    count = np.bincount(creator, minlength=n_users).astype(np.float64)
    themes = np.bincount(creator[shown] * n_themes + gallery.main_theme[shown], minlength=n_users * n_themes)
    usual = themes.reshape(n_users, n_themes).argmax(axis=1)
    candidates = np.where(count >= min(ADMIRED_UPLOADS, count.max()), count**2, 0.0)
    pool = Bags.of(np.zeros(n_users, np.int64), np.arange(n_users), candidates, 1)
    wanted = generator.integers(1, 2 * MOST_ADMIRED, n_users).clip(max=MOST_ADMIRED)
    fan = np.repeat(np.arange(n_users), 8 * MOST_ADMIRED)
    admired = pool.draw(np.zeros(len(fan), np.int64), generator)
    followed = np.isin(fan * n_users + admired, follows.owners * n_users + follows.values)
    fits = ~followed & (own[fan, usual[admired]] == 0)
    fan, admired = _first_distinct(fan[fits], admired[fits], wanted, n_users)
    weight = count[admired] * generator.uniform(0.5, 1.5, len(admired))
    return _normalised(Bags.of(fan, admired, weight, n_users))


def _aspects(
    uploads: Bags, follows: Bags, admires: Bags, likes: int, generator: np.random.Generator
) -> tuple[Codes, Weights]:
    """The main aspect of every user, as even over the aspects as is possible for them, and her mix theta."""
    n_users = len(follows.offsets) - 1
    n_uploads = np.diff(uploads.offsets)
    reach = np.bincount(admires.owners, weights=n_uploads[admires.values].astype(np.float64), minlength=n_users)
    possible = np.stack([np.ones(n_users), uploads.totals > 0, follows.totals > 0, admires.totals > 0], axis=1)
    strong = possible.astype(bool)
    strong[:, 1] &= n_uploads >= FEWEST_MAIN_UPLOADS
    strong[:, 3] &= reach >= MAIN * likes
    aspect = np.full(n_users, -1)
    quota = -(-n_users // len(ASPECTS))
    for rarest in np.argsort(strong.sum(axis=0), kind="stable"):
        free = generator.permutation(np.flatnonzero((aspect < 0) & strong[:, rarest]))
        if ASPECTS[rarest] in LURKERS:
            free = free[np.argsort(n_uploads[free] > 0, kind="stable")]
        aspect[free[:quota]] = rarest
    aspect[aspect < 0] = 0
    theta = generator.standard_gamma(1.0, (n_users, len(ASPECTS))) * possible
    theta[np.arange(n_users), aspect] = 0.0
    others = theta.sum(axis=1, keepdims=True)
    theta = (1 - MAIN) * theta / np.where(others > 0, others, 1.0)
    theta[np.arange(n_users), aspect] = 1 - theta.sum(axis=1)
    return aspect, theta


def _first_distinct(rows: Codes, values: Codes, wanted: Codes, n_users: int) -> tuple[Codes, Codes]:
    """Of the pairs of users, in order and without repetition or oneself, the first ``wanted`` of each row."""
    _, first = np.unique(rows * n_users + values, return_index=True)
    kept = np.sort(first)
    kept = kept[rows[kept] != values[kept]]
    kept = kept[ranks_within(rows[kept]) < wanted[rows[kept]]]
    return rows[kept], values[kept]


def _normalised(bags: Bags) -> Bags:
    totals = bags.totals[bags.owners]
    return Bags(bags.offsets, bags.values, np.divide(bags.weights, totals, out=np.zeros_like(totals), where=totals > 0))
