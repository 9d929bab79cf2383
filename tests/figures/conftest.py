"""Hand-made explanations and pictures that every figure is drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from workbench.explain.audit.result import (
    Audit,
    Calibrated,
    Cascade,
    Curve,
    Interval,
    Planted,
    Randomisation,
    Weighing,
    Within,
)
from workbench.explain.diffusion import Ego, Reached, Ring
from workbench.explain.drift import Drift, Place, Step
from workbench.explain.explanation import Element, EvidenceLevel, Explanation, Verdict
from workbench.explain.popularity import Forecast
from workbench.explain.regions import PlantedBox, RegionMap
from workbench.explain.timeline import TopicRiver, TopicWord, WeekGrid, WordMap
from workbench.features.store import grid_boxes
from workbench.features.words import tokens
from workbench.figures import page

NASTY = "<script>alert('x')</script> $x$ & \"quotes\" <b>bold</b>"
NAMES = ("Bea", "Chen Li", "Dov", "Esra Yıldız", "Femi", "Gita Ray", "Hanna-Marie Gräfin von Oberstein", "Ivo")


@pytest.fixture(autouse=True)
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plotly looks over what is handed to it."""
    monkeypatch.setattr(page, "CHECKED", True)


def draw_pictures(root: Path, count: int) -> None:
    """``count`` pictures of different shapes, with a circle that must stay round."""
    (root / "images").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    for number in range(count):
        height, width = [(240, 320), (320, 240), (256, 256)][number % 3]
        canvas = np.full((height, width, 3), rng.integers(120, 250, 3), np.uint8)
        colour = tuple(int(c) for c in rng.integers(0, 200, 3))
        cv2.circle(canvas, (width // 2, height // 2), 80, colour, -1, cv2.LINE_AA)
        cv2.imwrite(str(root / "images" / f"{number}.png"), canvas)


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


NOON = 1_709_640_300
"""Tuesday, 5 March 2024, 12:05 UTC."""
MONDAY = 1_704_067_200
"""1 January 2024, midnight UTC, in seconds since 1970."""
FACTORS = ("what it is", "Tue 14:00", "3 h before")
TOPICS = ("storm, sea", "boats, lake", "cats", "food, table, bread", "city at night", "snow, mountain", "old cars")


def make_recent(count: int = 12, *, window: int = 6, flat: bool = False, label: str = "") -> Explanation:
    """A history of ``count`` images, of which the last ``window`` have weights; each weight of three factors."""
    rng = np.random.default_rng(4)
    inside = min(window, count)
    weights = np.full(inside, 1 / max(inside, 1)) if flat else rng.dirichlet(np.full(inside, 0.8)) if inside else []
    images = tuple(
        Element(
            kind="image",
            id=500 + number,
            label=label or f"image {500 + number}",
            image=f"images/{number % 6}.png",
            attention=float(weights[number - count + inside]) if number >= count - inside else 0.0,
            rank_without=1 + number % 5,
            time=NOON - (count - number) * 100_000,
        )
        for number in range(count)
    )
    factors = tuple(
        Element(kind="hour", id=f"{image.id} {place}", label=label or name, attention=float(share), of=image.id)
        for image in images[-8:]
        if image.attention
        for place, (name, share) in enumerate(zip(FACTORS, rng.dirichlet((2, 2, 2)), strict=True))
    )
    levels = (
        EvidenceLevel(name="history", kind="image", label="liked before", elements=images),
        EvidenceLevel(name="factors", kind="hour", label="made of", within="history", elements=factors),
    )
    return make_explanation(0).model_copy(update={"model": "anternn", "levels": levels})


def make_river(weeks: int = 30, topics: int = 5, *, name: str = "", marked: bool = True) -> TopicRiver:
    """Topics that come and go, smoothly."""
    rng = np.random.default_rng(5)
    steps = rng.normal(0, 0.35, (weeks, topics + 1)).cumsum(axis=0) + np.linspace(1, 0, topics + 1)
    shares = np.exp(steps) / np.exp(steps).sum(axis=1, keepdims=True) if weeks else steps
    order = np.argsort(-shares[:, :topics].mean(axis=0)) if weeks else np.arange(topics)
    starts = tuple(MONDAY + 604_800 * week for week in range(weeks))
    return TopicRiver(
        user_label=name or "Mina",
        weeks=starts,
        topics=tuple(7 * number + 5 for number in range(topics)),
        names=tuple(name or TOPICS[number % len(TOPICS)] for number in range(topics)),
        shares=tuple(tuple(float(row[i]) for i in order) for row in shares),
        rest=tuple(float(row[-1]) for row in shares),
        moment=starts[2 * weeks // 3] + 310_000 if weeks and marked else None,
    )


def make_week(
    title: str = "All users", unit: str = "likes", *, scale: float = 9, marked: Sequence[int] = (38,)
) -> WeekGrid:
    """Evenings and the weekend are busier."""
    hours = np.arange(168)
    rate = scale * np.exp(-(((hours % 24 - 19) / 4) ** 2)) * (1 + (hours >= 120)) / 2
    counts = np.random.default_rng(6).poisson(rate).astype(float)
    values = counts if unit == "likes" else counts / counts.sum()
    return WeekGrid(title=title, unit=unit, values=tuple(float(v) for v in values), marked=tuple(marked))


def make_wordmap(grid: int = 7, words: Sequence[str] | None = None, *, text: str | None = None) -> WordMap:
    """A grid of regions by the words of a caption; some regions match none of them."""
    rng = np.random.default_rng(7)
    known = ["small", "red", "boat", "lake", "noon"] if words is None else list(words)
    regions = grid**2
    weights = rng.dirichlet(np.full(len(known), 0.35), regions) if known else np.zeros((regions, 0))
    written = " ".join(known) if text is None else text
    starts = np.cumsum([0, *(len(word) + 1 for word in known)])
    return WordMap(
        item=482,
        item_label="image 482",
        image="images/0.png",
        text=written,
        boxes=tuple(tuple(float(edge) for edge in box) for box in grid_boxes(grid, grid)),
        words=tuple(known),
        spans=tuple((int(start), int(start) + len(word)) for start, word in zip(starts, known, strict=False)),
        weights=tuple(tuple(float(weight) for weight in row) for row in weights),
        relevance=tuple(float(value) for value in rng.uniform(-0.4, 0.8, regions)),
    )


def make_topic_words(text: str = CAPTION, topics: Sequence[int] = (12, 3)) -> tuple[TopicWord, ...]:
    """Every second word of a text speaks of a topic."""
    read = tokens(text)[::2]
    return tuple(
        TopicWord(
            word=word.word, start=word.start, end=word.end, topic=topics[i % len(topics)], strength=1 / (1 + i % 4)
        )
        for i, word in enumerate(read)
    )


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    draw_pictures(folder, 6)
    return folder


def make_ego(
    counts: Sequence[int] = (9, 60),
    *,
    keep: int = 60,
    exact: bool = True,
    flat: bool = False,
    name: str = "Mina",
    label: str = "",
) -> Ego:
    """Rings of ``counts`` people, everybody further out reached through somebody before; a circle leads back."""
    rng = np.random.default_rng(8)
    rings: list[Ring] = []
    for hop, count in enumerate(counts, 1):
        shares = np.full(count, 1 / max(count, 1)) if flat else rng.dirichlet(np.full(count, 0.8)) if count else []
        added = [float(share * rng.normal(0.5, 1)) for share in shares]
        parents = rings[-1].people if rings else ()
        order = sorted(range(count), key=lambda i: -abs(added[i]) if exact else -shares[i])[:keep]
        people = []
        for i in order:
            # Smaller numbers lead to more people, as hubs do.
            parent = parents[int(len(parents) * rng.beta(1, 2))] if parents and i % 7 else None
            number = int(rng.integers(1, 9)) if hop == 1 and i % 3 else None
            people.append(
                Reached(
                    id="u12" if hop == 2 and i == order[0] else f"p{hop}-{i}",
                    label=label or (NAMES[i] if i < len(NAMES) and hop == 1 else f"user {100 * hop + i}"),
                    share=float(shares[i]),
                    contribution=added[i] if exact else None,
                    through=None if parent is None else parent.id,
                    through_label=None if parent is None else parent.label,
                    removal=-added[i] if hop == 1 else None,
                    rank_without=number,
                )
            )
        total = sum(added) if exact else None
        rings.append(
            Ring(hop=hop, people=tuple(people), total=count, share=min(count, 1), contribution=total, flat=flat)
        )
    return Ego(
        **{name: getattr(make_explanation(0), name) for name in Explanation.model_fields if name in Ego.model_fields}
        | {
            "model": "diffnet",
            "run": "diffnet",
            "user_label": name,
            "rings": tuple(rings),
            "sentence": "Two reach her.",
        }
    )


def make_drift(hops: int = 2, *, others: int = 300, liked: int = 6, exact: bool = True, name: str = "Mina") -> Drift:
    """A path towards the middle of others; ``liked`` images on the way."""
    rng = np.random.default_rng(9)
    away = [1 / (1 + hop) for hop in range(hops + 1)]
    return Drift(
        **{name: getattr(make_explanation(0), name) for name in Explanation.model_fields if name in Drift.model_fields}
        | {
            "model": "diffnet",
            "run": "diffnet",
            "user_label": name,
            "steps": tuple(
                Step(
                    hop=hop,
                    cosine=1 - 0.4 * (share - away[-1]),
                    own=share,
                    norm=share + 0.2,
                    score=1.83 - 0.4 * share if exact or hop == hops else None,
                    x=0.7 * share,
                    y=0.1 + 0.4 * share**2,
                )
                for hop, share in enumerate(away)
            ),
            "others": tuple(
                Place(id=f"o{i}", label=f"user {i}", x=float(x), y=float(y))
                for i, (x, y) in enumerate(rng.normal(0, 0.3, (others, 2)))
            ),
            "total": 12_000,
            "liked": tuple(
                Place(id=i, label=f"image {i}", image=f"images/{i % 6}.png", x=float(x), y=float(y))
                for i, (x, y) in enumerate(rng.normal(0.25, 0.1, (liked, 2)))
            ),
            "target": Place(id=482, label="image 482", image="images/0.png", x=0.3, y=0.2),
            "explained": (0.31, 0.12),
        }
    )


METHODS = ("attention", "contribution", "integrated_gradients", "gradient_x_gate", "leave_one_out", "shapley")
SHARES = tuple(round(0.1 * step, 1) for step in range(1, 10))


def make_audit(
    run: str = "hasc", *, weighs: bool = True, planted: bool = True, seed: int = 0, badges: Sequence[str] = ()
) -> Audit:
    """An audit of a model that weighs, or of one that does not and has no contributions either."""
    rng = np.random.default_rng(seed)
    names = [*(METHODS if weighs else METHODS[2:]), "random", "uniform"]
    gains = {name: float(rng.normal(0.3, 0.3)) for name in names if name != "random"}
    measures = ("comprehensiveness", "sufficiency", "deletion_auc", "insertion_auc", "infidelity", "sparsity")
    parts = ("head", "outs", "matrices", "a_part_with_quite_a_long_name")
    found = {
        name: Planted(pairs=40, precision_at_1=float(p), auc=float(a), pointing=0.4)
        for name, p, a in zip(names, rng.uniform(size=len(names)), rng.uniform(size=len(names)), strict=True)
    }
    return Audit(
        model="hasc",
        run=run,
        dataset="postcards-demo",
        fingerprint="3f9a1c0b77de4521",
        parameters="9b1f",
        seed=0,
        pairs=200,
        excluded=3,
        k=10,
        unit="standard deviations of the user's scores over all images",
        controls=("random", "uniform"),
        methods={name: {one: float(rng.normal(0.2, 0.4)) for one in measures} for name in names},
        intervals={
            name: {"comprehensiveness": Interval(mean=gain, low=gain - 0.1, high=gain + 0.1)}
            for name, gain in gains.items()
        },
        within={
            level: Within(
                pairs=pairs,
                methods={name: {"comprehensiveness": float(rng.normal(0.2, 0.2))} for name in names},
                intervals={
                    name: {"comprehensiveness": Interval(mean=gain / 2, low=gain / 2 - 0.1, high=gain / 2 + 0.1)}
                    for name, gain in gains.items()
                },
            )
            for level, pairs in (("follows", 160), ("uploads", 1_090))
        },
        shares=SHARES,
        curves={
            name: Curve(deletion=tuple(map(float, rng.normal(size=9))), insertion=tuple(map(float, rng.normal(size=9))))
            for name in names
        },
        agreement={
            name: {other: 1.0 if name == other else float(rng.uniform(-1, 1)) for other in names} for name in names
        },
        flatness=0.7 if weighs else None,
        weights={"follows": Weighing(pairs=10, flatness=0.7, permuted=0.1, divergence=0.5)} if weighs else {},
        randomisation=Randomisation(
            pairs=40,
            cascade=tuple(Cascade(step=step, agreement=float(rng.uniform(-1, 1))) for step in parts),
            alone={step: float(rng.uniform(-1, 1)) for step in parts},
            comprehensiveness=0.02,
        )
        if weighs
        else None,
        planted=found if planted else {},
        levels={"follows": found} if planted else {},
        verdicts={badge: Calibrated(pairs=12, right=0.7, low=0.4, high=0.9, chance=0.1) for badge in badges},
        separation=Interval(mean=0.2, low=0.1, high=0.3) if badges else None,
        verdict="What hasc attends to is what its scores need more than chance would have it.",
        seconds=12.0,
    )
