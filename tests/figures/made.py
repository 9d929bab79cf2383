"""Hand-made explanations and forecasts that figures are drawn with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.explain.explanation import Element, EvidenceLevel, Explanation, Verdict
from workbench.explain.popularity import Forecast
from workbench.explain.regions import PlantedBox, RegionMap
from workbench.features.store import grid_boxes
from workbench.features.words import tokens

NASTY = "<script>alert('x')</script> $x$ & \"quotes\" <b>bold</b>"


NAMES = ("Bea", "Chen Li", "Dov", "Esra Yıldız", "Femi", "Gita Ray", "Hanna-Marie Gräfin von Oberstein", "Ivo")


def uploads(count: int, pictures: bool = True, seed: int = 0) -> EvidenceLevel:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(count, 0.4)) if count else np.zeros(0)
    return EvidenceLevel(
        name="uploads",
        kind="image",
        elements=tuple(
            Element(
                kind="image",
                id=400 + number,
                label=f"image {400 + number}",
                image=f"images/{number % 6}.png" if pictures else None,
                attention=float(weight),
                contribution=float(weight * rng.normal(0.6, 0.8)),
                removal=-0.1,
                rank_without=int(rng.integers(1, 60)),
            )
            for number, weight in enumerate(weights)
        ),
    )


def follows(count: int, flat: bool = False, seed: int = 1) -> EvidenceLevel:
    rng = np.random.default_rng(seed)
    weights = (
        np.full(count, 1 / max(count, 1)) if flat else rng.dirichlet(np.full(count, 0.5)) if count else np.zeros(0)
    )
    return EvidenceLevel(
        name="follows",
        kind="person",
        elements=tuple(
            Element(
                kind="person",
                id=f"p{number}",
                label=NAMES[number] if number < len(NAMES) else f"user {number}",
                attention=float(weight),
                contribution=float(weight * rng.normal(0.5, 0.8)),
                rank_without=int(rng.integers(1, 9)) if number % 2 else None,
            )
            for number, weight in enumerate(weights)
        ),
    )


def make_explanation(
    count: int = 14,
    *,
    pictures: bool = True,
    flat: bool = False,
    attention: bool = True,
    contribution: bool = True,
    name: str = "Mina",
    badge: str = "supported",
) -> Explanation:
    """``count`` uploads and followed people, some against the image; ``flat`` weighs all alike."""
    levels = (uploads(count, pictures), follows(count, flat))
    shares = {"uploads": 0.42, "follows": 0.83, "creator": -0.11}
    weights = (
        {"uploads": 1 / 3, "follows": 1 / 3, "creator": 1 / 3}
        if flat
        else {"uploads": 0.3, "follows": 0.58, "creator": 0.12}
    )
    labels = {"uploads": "uploads", "follows": "people followed", "creator": "creator"}
    aspects = EvidenceLevel(
        name="aspects",
        kind="aspect",
        elements=tuple(
            Element(
                kind="aspect",
                id=key,
                label=labels[key],
                attention=weights[key],
                contribution=shares[key],
                removal=-shares[key],
                rank_without=rank,
            )
            for key, rank in (("uploads", 3), ("follows", 41), ("creator", 1))
        ),
    )
    creator = EvidenceLevel(
        name="creator",
        kind="person",
        elements=(
            Element(kind="person", id="c1", label="Olu Adeyemi", attention=1.0, contribution=-0.11, rank_without=1),
        ),
    )
    explanation = Explanation(
        model="hasc",
        run="hasc-demo-7",
        dataset="postcards-demo",
        fingerprint="3f9a1c0b77de4521",
        user="u12",
        user_label=name,
        item=482,
        item_label="image 482",
        image="images/0.png" if pictures else None,
        score=1.83,
        rank=1,
        candidates=1154,
        own=0.69,
        levels=(aspects, *levels, creator),
        sentence="Mostly because people you follow like this kind of image: Bea (0.31) and Chen Li (0.18); "
        "your uploads add to it, and that Olu Adeyemi made it counts against it.",
        verdict=Verdict(
            badge=badge,
            reason="Removing what is shown as strongest lowers the score most: the two orders agree (0.82).",
            numbers={"agreement": 0.82},
        ),  # type: ignore[arg-type]
    )
    return _without(explanation, attention, contribution)


def _without(explanation: Explanation, attention: bool, contribution: bool) -> Explanation:
    gone = ({} if attention else {"attention": None}) | ({} if contribution else {"contribution": None})
    levels = tuple(
        level.model_copy(update={"elements": tuple(e.model_copy(update=gone) for e in level.elements)})
        for level in explanation.levels
    )
    return explanation.model_copy(update={"levels": levels})


CAPTION = "A small red boat by the lake, at noon. It's <b>$5$</b>!"


def make_regions(count: int, seed: int = 0, peak: int = 0, removal: bool = True) -> tuple[Element, ...]:
    """A grid of ``count`` x ``count`` regions, one of them looked at most."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(count**2, 0.3))
    order = np.argsort(-weights)
    weights[[peak, order[0]]] = weights[[order[0], peak]]
    return tuple(
        Element(
            kind="region",
            id=number,
            label=f"region {number + 1}",
            box=tuple(float(edge) for edge in box),
            attention=float(weight),
            removal=float(rng.normal(-weight, 0.02)) if removal else None,
        )
        for number, (box, weight) in enumerate(zip(grid_boxes(count, count), weights, strict=True))
    )


def make_map(
    item: int = 0, user: str = "Mina", *, regions: tuple[Element, ...] | None = None, planted: bool = True
) -> RegionMap:
    return RegionMap(
        model="uhan",
        run="uhan",
        user=user,
        user_label=user,
        item=item,
        item_label=f"image {item}",
        image=f"images/{item % 6}.png",
        regions=regions or make_regions(7, seed=item, peak=24, removal=False),
        grid=(7, 7),
        planted=(PlantedBox(box=(0.3, 0.3, 0.7, 0.8), label="boat"),) if planted else (),
        score=4.25,
    )


def make_words(text: str = CAPTION, *, weights: Sequence[float] | None = None, removal: bool = True) -> EvidenceLevel:
    """Every second word of a text is read."""
    read = tokens(text)[::2]
    shares = np.random.default_rng(2).dirichlet(np.full(len(read), 0.5)) if weights is None else weights
    return EvidenceLevel(
        name="words",
        kind="word",
        label="words",
        elements=tuple(
            Element(
                kind="word",
                id=number,
                label=word.word,
                span=(word.start, word.end),
                attention=float(share),
                removal=0.3 - 0.2 * number if removal else None,
            )
            for number, (word, share) in enumerate(zip(read, shares, strict=True))
        ),
    )


def make_balance(image: float = 0.8) -> EvidenceLevel:
    return EvidenceLevel(
        name="aspects",
        kind="aspect",
        elements=(
            Element(kind="aspect", id="regions", label="image", attention=image, removal=-0.9),
            Element(kind="aspect", id="words", label="text", attention=1 - image, removal=0.2),
        ),
    )


def make_forecast(*, own: bool = False, text: str = CAPTION, known: float | None = 6.4) -> Forecast:
    """A forecast of a post, or of a picture from outside."""
    regions = EvidenceLevel(name="regions", kind="region", label="regions", elements=make_regions(7))
    explanation = make_explanation(0).model_copy(
        update={
            "model": "uhan",
            "task": "popularity",
            "item": "your picture" if own else 482,
            "item_label": "your picture" if own else "image 482",
            "image": None if own else "images/0.png",
            "text": text,
            "score": 7.31,
            "rank": None,
            "candidates": 0,
            "own": 0.0,
            "levels": (make_balance(), regions, make_words(text)),
            "sentence": "Predicted popularity 7.31, about 158 views a day.",
        }
    )
    return Forecast(explanation=explanation, map=make_map(), score=7.31, low=5.6, high=9.0, views=157.7, known=known)


def make_nested(count: int = 8, deep: int = 5) -> Explanation:
    """A history of liked images, into ``deep`` of which the model looks."""
    history = uploads(count).model_copy(update={"name": "history", "label": "liked before"})
    strongest = history.top(deep, "attention")
    parts = tuple(
        region.model_copy(update={"of": image.id})
        for image in strongest
        for region in make_regions(7, seed=int(image.id))
    )
    regions = EvidenceLevel(name="regions", kind="region", label="regions of them", within="history", elements=parts)
    return make_explanation(0).model_copy(update={"model": "acf", "levels": (history, regions)})
