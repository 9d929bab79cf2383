"""Draw the gallery: one picture of every kind from the demo, through the package's own export.

    python docs/gallery/draw.py [NAME ...]

writes NAME.png beside this file, all of them by default; index.md shows them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import workbench
from workbench import demo
from workbench.data.dataset import Dataset
from workbench.data.sequences import Sequences
from workbench.evaluation.tables import TABLES
from workbench.explain import topics
from workbench.explain.activation import activations, values_of
from workbench.explain.attribute_reading import attribute_reading, liked_value
from workbench.explain.attributes import attribute_profiles
from workbench.explain.audit.result import Audit
from workbench.explain.audit.run import Plan, audit
from workbench.explain.beside import beside
from workbench.explain.diffusion import Ego, ego
from workbench.explain.drift import drift
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Element, Explanation
from workbench.explain.frames import key_frames, liked_for_a_frame, reel_of
from workbench.explain.popularity import Forecast, forecast, image_shares
from workbench.explain.regions import planted_boxes, region_map
from workbench.explain.whatif import smallest_change, what_if
from workbench.figures.activation import activation_figure
from workbench.figures.aspects import aspects_figure
from workbench.figures.attributes import attributes_figure
from workbench.figures.audit import (
    agreement_figure,
    curves_figure,
    methods_figure,
    planted_figure,
    randomisation_figure,
    runs_figure,
)
from workbench.figures.balance import balance_figure, balances_figure
from workbench.figures.beside import beside_figure
from workbench.figures.card import card_figure
from workbench.figures.changes import changes_figure
from workbench.figures.dial import dial_figure
from workbench.figures.drift import drift_figure
from workbench.figures.ego import ego_figure
from workbench.figures.elements import elements_figure
from workbench.figures.export import save
from workbench.figures.frames import film_figure, key_frames_figure
from workbench.figures.heat import heat_figure
from workbench.figures.matrix import matrix_figure
from workbench.figures.nested import nested_figure
from workbench.figures.population import population_figure
from workbench.figures.recent import recent_figure
from workbench.figures.reproduction import reproduction_figure
from workbench.figures.rings import rings_figure
from workbench.figures.river import river_figure
from workbench.figures.strip import strip_figure
from workbench.figures.study import study_figure
from workbench.figures.tastes import tastes_figure
from workbench.figures.topicwords import topic_words_figure
from workbench.figures.week import week_figure
from workbench.figures.whatif import what_if_figure
from workbench.figures.wordmap import wordmap_figure
from workbench.figures.words import words_figure
from workbench.reproduce import reproduce
from workbench.study.make import Settings, make
from workbench.study.questions import QUESTIONS, Place
from workbench.study.results import results
from workbench.training.run import Run

HERE = Path(__file__).parent
WIDTH, COLOURS = 1100, 256
"""Pixels of a picture on the page, and how many colours it keeps: enough to read, and light."""

AUDITED = ("hasc", "acf", "uhan", "diffnetpp")


@cache
def world() -> Dataset:
    """The demo."""
    return demo.ensure(demo.home() / "demo")


@cache
def explainer(run: str) -> Explainer:
    """Of a run of the demo."""
    return workbench.explainer(world().root / demo.RUNS / run)


@cache
def sociable() -> int:
    """The first user with uploads who follows some people and has liked enough."""
    data = world()
    sets = (data.uploads, data.follows, data.history)
    return next(user for user in range(len(data.users)) if all(len(one.row(user)) > 4 for one in sets))


@cache
def best(run: str, place: int = 1) -> Explanation:
    """Why the image at a place of her ranking, by a run."""
    user = sociable()
    return explainer(run).explain(user, item_of(run, place))


def item_of(run: str, place: int = 1) -> int:
    """The image at a place of her ranking."""
    return world().items.code(explainer(run).recommend(sociable(), k=place)[-1].item)


@cache
def post() -> Forecast:
    """A held-out post whose popularity has a planted cause."""
    users, items, _ = world().posts("test")
    pairs = zip(users.tolist(), items.tolist(), strict=True)
    return forecast(explainer("uhan"), *next(pair for pair in pairs if planted_boxes(world(), *pair, "post")))


@cache
def reader() -> int:
    """The user with the most likes in time."""
    return int(Sequences.of(world()).learned.argmax())


@cache
def moment() -> Explanation:
    """Why her best image now."""
    ante = explainer("anternn")
    return ante.explain(reader(), world().items.code(ante.recommend(reader(), 1)[0].item))


@cache
def reached(run: str) -> Ego:
    """Who reaches the user, and what each adds."""
    return ego(explainer(run), sociable(), item_of("diffnet"))


@cache
def audited(run: str) -> Audit:
    """The audit of a run; it is kept beside the run."""
    return audit(explainer(run), world().root / demo.RUNS / run, Plan(pairs=40))


def _maps() -> Figure:
    users, items, _ = world().posts("test")
    pairs = zip(users.tolist(), items.tolist(), strict=True)
    shown = [pair for pair in pairs if planted_boxes(world(), *pair, "post")][:3]
    names = ("uhan", "dualatt")
    maps = [[region_map(explainer(name), *pair) for name in names] for pair in shown]
    rows = [Element(kind="image", id=row[0].item, label=row[0].item_label, image=row[0].image) for row in maps]
    columns = [Element(kind="model", id=name, label=name) for name in names]
    return matrix_figure(maps, rows, columns, world().root, heading="Where the models look")


def _word_map() -> Figure:
    matched = topics.word_map(explainer("anternn"), world().items.code(moment().item))
    return wordmap_figure(
        matched, world().root, word=max(range(len(matched.words)), key=lambda n: len(matched.words[n]))
    )


def _topic_words() -> Figure:
    shown, ante = moment(), explainer("anternn")
    words = topics.topic_words(ante, shown.level("topics"), shown.text)
    return topic_words_figure(shown.text, words, dict(enumerate(topics.topics_of(ante).names)))


def _what_if() -> Figure:
    _, edits = smallest_change(explainer("hasc"), sociable(), item_of("hasc"))
    return what_if_figure(what_if(explainer("hasc"), sociable(), edits, item=item_of("hasc")), world().root)


def _attributes() -> Figure:
    other = next(
        user for user in range(len(world().users)) if user != sociable() and len(world().history.row(user)) > 7
    )
    item = item_of("saers")
    return attributes_figure(
        [attribute_reading(explainer("saers"), one, item) for one in (sociable(), other)], world().root
    )


def _activation() -> Figure:
    item = item_of("saers")
    attribute = attribute_reading(explainer("saers"), sociable(), item).attributes[0].attribute
    other = values_of(explainer("saers"), item, attribute)[1]
    return activation_figure(activations(explainer("saers"), item, attribute, other=other), world().root)


def _reel() -> tuple[int, int, list[int]]:
    data = world()
    user = next(user for user in range(len(data.users)) if liked_for_a_frame(data, user))
    item = min(liked_for_a_frame(data, user))
    return user, item, [one for one in range(len(data.users)) if item in data.known.row(one)][:6]


def _key_frames() -> Figure:
    user, item, fans = _reel()
    both = (user, next(one for one in fans if one != user))
    return key_frames_figure([key_frames(explainer("jifr"), one, item) for one in both], world().root)


def _film() -> Figure:
    _, item, fans = _reel()
    return film_figure(reel_of(explainer("jifr"), fans, item).readings, world().root)


def _study() -> Figure:
    """Three raters who choose by lot, so that nothing is claimed of the two runs."""
    runs = [Run.open(world().root / demo.RUNS / name) for name in ("hasc", "svdpp")]
    lot = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder), Settings("gallery"), *((run, explainer(run.path.name)) for run in runs))
        for rater in ("one", "two", "three"):
            while (case := made.next(rater)) is not None:
                sides: list[Place | None] = [(None, "left", "right")[lot.integers(3)] for _ in QUESTIONS]
                made.rate(rater, case[0], dict(zip(QUESTIONS, sides, strict=True)))
        return study_figure(results(made))


def _reproduction() -> Figure:
    found = reproduce("uhan", world().root, rows=["hisave", "svr-text", "svr-image", "svr"])
    return reproduction_figure(found, TABLES["uhan"].metrics[:2])


def _shares() -> Figure:
    chosen = next(one for one in post().explanation.level("aspects").elements if one.id == "regions")
    return balances_figure(image_shares(explainer("uhan")), chosen=chosen.attention)


DRAWN: dict[str, Callable[[], Figure]] = {
    "card": lambda: card_figure(best("hasc"), world().root),
    "reasons": lambda: card_figure(best("hasc-plus"), world().root),
    "aspects": lambda: aspects_figure(best("hasc")),
    "strip": lambda: strip_figure(best("hasc").level("uploads"), best("hasc").rank, world().root, heading="Uploads"),
    "ego": lambda: ego_figure(best("hasc").level("follows"), best("hasc").rank, best("hasc").user_label),
    "elements": lambda: elements_figure(
        best("acf").level("history"), best("acf").rank, world().root, heading="Liked before"
    ),
    "beside": lambda: beside_figure(
        beside(best("hasc"), explainer("svdpp").explain(sociable(), item_of("hasc"))), world().root
    ),
    "population": lambda: population_figure(explainer("hasc").population(), best("hasc").user, measure="contribution"),
    "what-if": _what_if,
    "nested": lambda: nested_figure(best("acf").level("regions"), best("acf").level("history"), world().root),
    "heat": lambda: heat_figure(post().map, world().root),
    "matrix": _maps,
    "dial": lambda: dial_figure(post()),
    "words": lambda: words_figure(post().explanation.text, post().explanation.level("words")),
    "balance": lambda: balance_figure(post().explanation.level("aspects")),
    "balances": _shares,
    "changes": lambda: changes_figure(post().explanation),
    "recent": lambda: recent_figure(moment(), world().root),
    "river": lambda: river_figure(topics.topic_river(explainer("anternn"), reader())),
    "week": lambda: week_figure(topics.attended_hours(moment())),
    "topic-words": _topic_words,
    "word-map": _word_map,
    "rings": lambda: rings_figure(reached("diffnetpp")),
    "drift": lambda: drift_figure(drift(explainer("diffnet"), sociable(), item_of("diffnet")), world().root),
    "attributes": _attributes,
    "tastes": lambda: tastes_figure(
        attribute_profiles(explainer("saers"), [sociable()]), planted=liked_value(world(), sociable())
    ),
    "activation": _activation,
    "key-frames": _key_frames,
    "film": _film,
    "methods": lambda: methods_figure(audited("hasc")),
    "curves": lambda: curves_figure(audited("hasc")),
    "agreement": lambda: agreement_figure(audited("acf")),
    "planted": lambda: planted_figure(audited("hasc")),
    "randomisation": lambda: randomisation_figure(audited("uhan")),
    "runs": lambda: runs_figure([audited(run) for run in AUDITED]),
    "study": _study,
    "reproduction": _reproduction,
}
"""What is drawn, by the name of its file."""


def write(name: str) -> None:
    """Export one picture, and keep it small and in few colours."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = save(DRAWN[name](), Path(folder) / name, ["png"], title=name, origin="demo")
        with Image.open(path) as drawn:
            small = drawn.convert("RGB")
    small.thumbnail((WIDTH, 4 * WIDTH), Image.Resampling.LANCZOS)
    # Of few colours a small mark must keep its own, which the mean of a region would take from it.
    few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.FLOYDSTEINBERG)
    few.save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or DRAWN:
        write(name)
