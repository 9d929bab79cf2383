"""How often the pictures are viewed, and because of what. Formulas in docs/postcards.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.data.postcards.pictures import Codes, Gallery, Weights
from workbench.data.postcards.society import Society

DAYS = 30
BASE = 6.0
AUDIENCE_SD = 1.0
KIND_SD = 0.8
COMMUNITY_SD = 0.8
NAMED = 1.0
NOISE_SD = 0.3
HIGHEST = 20.0


@dataclass(frozen=True)
class Posts:
    """One post of each picture by its creator, as codes.

    Attributes:
        views: (pictures,) in ``DAYS`` days.
        popularity: (pictures,) log2(views per day + 1).
        thing: (pictures,) the thing that moves the popularity most, -1 without things.
        effect: (pictures,) by how much it moves it.
    """

    views: Codes
    popularity: Weights
    thing: Codes
    effect: Weights


def draw_posts(gallery: Gallery, society: Society, generator: np.random.Generator) -> Posts:
    """Draw the views of every picture.

    A thing k in a picture of user u moves the logarithm of the views by
    ``affinity_k * (kind[c_k] + taste[community_u, c_k]) * (1 + NAMED * [the caption names k])``.
    """
    n_pictures, n_users = len(gallery.ids), len(society.aspect)
    audience = BASE + AUDIENCE_SD * generator.standard_normal(n_users)
    kind = KIND_SD * generator.standard_normal(len(gallery.labels))
    community = COMMUNITY_SD * generator.standard_normal((int(society.community.max()) + 1, len(gallery.labels)))
    reach = kind[gallery.label] + community[society.community[society.creator[gallery.item]], gallery.label]
    effect = gallery.affinity * reach * (1 + NAMED * (gallery.words != ""))
    expected = audience[society.creator] + np.bincount(gallery.item, weights=effect, minlength=n_pictures)
    expected += NOISE_SD * generator.standard_normal(n_pictures)
    views = generator.poisson(DAYS * np.maximum(2.0 ** expected.clip(0, HIGHEST) - 1, 0))
    thing = np.full(n_pictures, -1)
    weakest_first = np.argsort(np.abs(effect), kind="stable")
    thing[gallery.item[weakest_first]] = weakest_first
    return Posts(
        views=views,
        popularity=np.log2(views / DAYS + 1),
        thing=thing,
        effect=np.where(thing >= 0, effect[thing], 0.0),
    )
