"""The pictures of a view: what its page shows, drawn for paper and for the screen, with the numbers behind each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import plotly.graph_objects as go
from matplotlib.figure import Figure

from workbench.data.errors import DataError
from workbench.explain import topics
from workbench.explain.attribute_reading import AttributeReadings, AttributeTastes, attribute_reading
from workbench.explain.attributes import attribute_profiles
from workbench.explain.audit import tables
from workbench.explain.audit.kept import newest, parameters_of
from workbench.explain.beside import beside, shared_levels
from workbench.explain.diffusion import ego
from workbench.explain.drift import drift
from workbench.explain.edits import applicable, parse_all, written
from workbench.explain.explanation import EvidenceLevel, Explanation, Verdict
from workbench.explain.frames import Reel, key_frames
from workbench.explain.popularity import Forecast, forecast
from workbench.explain.regions import RegionMaps, region_map
from workbench.explain.reranked import Question, possible_removals
from workbench.explain.timeline import TopicWords
from workbench.explain.whatif import both, what_if
from workbench.figures import attributes as boxes
from workbench.figures import audit as audits
from workbench.figures import beside as pairs
from workbench.figures import (
    card,
    changes,
    elements,
    frames,
    heat,
    nested,
    recent,
    rings,
    river,
    strip,
    topicwords,
    week,
    whatif,
    whatifbeside,
    wordmap,
    words,
)
from workbench.figures import drift as drifts
from workbench.figures import population as populations
from workbench.figures import tastes as likings
from workbench.figures.export import Numbers
from workbench.figures.levels import view_details
from workbench.layers.evidence import ASPECTS
from workbench.views.opened import Opened, ViewError
from workbench.views.view import DRAWN, Page

DETAILS: Final = 2
"""Levels behind the strongest aspects that a view of a page of reasons is drawn with."""
ELEMENTS: Final = 8
EDITS: Final = "without"
"""The option of a view that holds edits."""
BEST: Final = 10


class Picture(NamedTuple):
    """One picture of a view.

    Attributes:
        name: of its files; ``title`` in words.
        draw: on paper; takes ``width`` (inches) and ``theme``.
        screen: to touch; takes ``theme``. None where there is no such form.
        numbers: what it is drawn from.
    """

    name: str
    title: str
    draw: Callable[..., Figure]
    screen: Callable[..., go.Figure] | None
    numbers: Numbers | Explanation | Forecast


@dataclass(frozen=True)
class Shown:
    """What a view shows.

    Attributes:
        title: the question; ``sentence`` the answer in words, and ``verdict`` whether it can be believed.
        pictures: in the order of the page.
    """

    title: str
    sentence: str
    verdict: Verdict | None
    pictures: tuple[Picture, ...]


Second = Opened | None


def shown(opened: Opened, second: Second = None) -> Shown:
    """What an opened view shows.

    Args:
        opened: the view.
        second: what stands beside it.

    Raises:
        ViewError: its page has no pictures to take away.
        DataError: the run does not have what the page shows.
    """
    if opened.view.page not in PAGES:
        raise ViewError(f"The page {opened.view.page!r} has no pictures of its own: choose one of {', '.join(DRAWN)}.")
    return PAGES[opened.view.page](opened, second)


def _pair(
    name: str, title: str, module: Any, stem: str, numbers: Numbers | Explanation | Forecast, *args: Any, **options: Any
) -> Picture:
    """A picture by the functions ``stem_figure`` and ``stem_plotly`` of a module of figures."""
    draw, screen = (partial(getattr(module, f"{stem}_{kind}"), *args, **options) for kind in ("figure", "plotly"))
    return Picture(name, title, draw, screen, numbers)


def _card(opened: Opened, subject: Explanation | Forecast) -> Picture:
    return _pair("explanation", card.question(card.explained(subject)), card, "card", subject, subject, opened.root)


def _levels(opened: Opened, explanation: Explanation, names: tuple[str, ...]) -> Iterator[Picture]:
    """The elements of levels, each as its page draws them."""
    root, rank = opened.root, explanation.rank
    for name in names:
        level = explanation.level(name)
        if not level.elements:
            continue
        heading = (level.label or name).capitalize()
        picture = partial(_pair, name, heading)
        if level.kind == "region" and level.within is not None:
            yield picture(nested, "nested", explanation, level, explanation.level(level.within), root)
        elif level.kind == "image":
            yield picture(strip, "strip", explanation, level, rank, root, heading=heading, top=ELEMENTS)
        else:
            yield picture(elements, "elements", explanation, level, rank, root, heading=heading, top=ELEMENTS)


def _sides(opened: Opened, second: Second) -> list[tuple[str, Opened]]:
    """What stands there once, or for both sides, with what the names of the second one's files end in."""
    return [("", opened), *([] if second is None else [("-compare", second)])]


def _beside(explanation: Explanation, second: Second, opened: Opened, level: str | None = None) -> Iterator[Picture]:
    """Both explanations on the same axes."""
    if second is None:
        return
    other = second.explain()
    known = shared_levels(explanation, other)
    found = beside(explanation, other, level if level in known else known[0], top=ELEMENTS)
    yield _pair(
        "side-by-side", f"{found.first.name} beside {found.second.name}", pairs, "beside", found, found, opened.root
    )


def _why(opened: Opened, second: Second) -> Shown:
    explanation = opened.explain()
    chosen = opened.view.options.get("aspect")
    strongest = tuple(view.name for view in view_details(explanation, DETAILS, ELEMENTS))
    known = {level.name for level in explanation.levels}
    names = (chosen,) if chosen in known and chosen != ASPECTS and chosen else strongest
    pictures = [_card(opened, explanation), *_levels(opened, explanation, names)]
    pictures += _beside(explanation, second, opened, opened.view.options.get("beside"))
    return _told(explanation, pictures)


def _told(explanation: Explanation, pictures: list[Picture], sentence: str | None = None) -> Shown:
    return Shown(card.question(explanation), sentence or explanation.sentence, explanation.verdict, tuple(pictures))


def _aspects(opened: Opened, second: Second) -> Shown:
    measure = opened.view.option("by", ("attention", "contribution"))
    pictures = []
    for suffix, one in _sides(opened, second):
        found = one.explainer.population()
        user = one.dataset.users.id(one.user)
        name = f"population{suffix}"
        title = f"What {one.explainer.run} draws on, over all users"
        pictures.append(_pair(name, title, populations, "population", found, found, user, measure=measure))
    return Shown("Who and what matters?", pictures[0].title, None, tuple(pictures))


def _regions(opened: Opened, second: Second) -> Shown:
    pictures = []
    for suffix, one in _sides(opened, second):
        found = region_map(one.explainer, one.user, one.item)
        name = f"regions{suffix}"
        title = f"Where {found.run} looks in {found.item_label} for {found.user_label}"
        pictures.append(_pair(name, title, heat, "heat", RegionMaps(maps=(found,)), found, opened.root))
    return Shown("Where in the picture?", pictures[0].title, None, tuple(pictures))


def _words(opened: Opened, second: Second) -> Shown:
    explanation, root = opened.explain(), opened.root
    known = {level.name: level for level in explanation.levels}
    pictures = [_card(opened, explanation)]
    if "history" in known:
        pictures.append(_pair("recent", "What came before", recent, "recent", explanation, explanation, root))
    pictures += _in_time(opened, explanation, known.get("topics"))
    pictures += _beside(explanation, second, opened)
    return _told(explanation, pictures)


def _in_time(opened: Opened, explanation: Explanation, level: EvidenceLevel | None) -> Iterator[Picture]:
    """Topics, hours and words, as far as the run reads them."""
    explainer, text = opened.explainer, opened.dataset.texts[opened.item]
    try:
        flow = topics.topic_river(explainer, opened.user, moment=opened.moment)
        yield _pair("river", "Topics by week", river, "river", flow, flow)
        if level is not None and text.strip():
            found = topics.topic_words(explainer, level, text)
            names = dict(enumerate(topics.topics_of(explainer).names))
            marked = TopicWords(text=text, words=found)
            yield _pair("topic-words", "Words by topic", topicwords, "topic_words", marked, text, found, names)
    except DataError:
        pass  # A run without topics has no such pictures.
    grid = topics.visiting_hours(opened.dataset, opened.user, opened.moment)
    yield _pair("hours", grid.title, week, "week", grid, grid)
    looks = topics.attended_hours(explanation)
    if looks is not None:
        yield _pair("attended-hours", looks.title, week, "week", looks, looks)
    if explainer.model.texts is not None and text.strip():
        try:
            map_ = topics.word_map(explainer, opened.item)
        except DataError:
            return
        yield _pair("word-map", "Regions and words", wordmap, "wordmap", map_, map_, opened.root)


def _diffusion(opened: Opened, second: Second) -> Shown:
    explanation = opened.explain()
    found = ego(opened.explainer, opened.user, opened.item, explanation=explanation)
    pictures = [_pair("rings", "Who reaches the user", rings, "rings", found, found)]
    if found.people:
        moved = drift(opened.explainer, opened.user, opened.item)
        pictures.append(_pair("drift", "Where the hops move the user", drifts, "drift", moved, moved, opened.root))
    pictures += _beside(explanation, second, opened)
    return _told(explanation, pictures, found.sentence)


def _attributes(opened: Opened, second: Second) -> Shown:
    explanation, users = opened.explain(), [opened.user]
    readings = [attribute_reading(opened.explainer, opened.user, opened.item)]
    if second is not None and second.explainer is opened.explainer:
        users.append(second.user)
        readings.append(attribute_reading(opened.explainer, second.user, opened.item))
    sheet = AttributeReadings(readings=tuple(readings))
    pictures = [_pair("attributes", "What the image shows", boxes, "attributes", sheet, readings, opened.root)]
    found = attribute_profiles(opened.explainer, users)
    tastes = AttributeTastes(run=opened.explainer.run, profiles=found)
    pictures.append(_pair("tastes", "Likings in all images", likings, "tastes", tastes, found))
    pictures += _beside(explanation, second, opened)
    return _told(explanation, pictures)


def _frames(opened: Opened, second: Second) -> Shown:
    explanation = opened.explain()
    reading = key_frames(opened.explainer, opened.user, opened.item, explanation=explanation)
    readings, names = [reading], None
    if second is not None:
        readings.append(key_frames(second.explainer, second.user, second.item))
        names = [
            f"{one.user_label}, {opener.explainer.run}" for one, opener in zip(readings, (opened, second), strict=True)
        ]
    reel = Reel(readings=tuple(readings))
    pictures = [
        _pair("frames", "The frames of the reel", frames, "key_frames", reel, readings, opened.root, names=names),
        _pair("film", "The reel", frames, "film", reel, readings, opened.root, names=names),
    ]
    return Shown(card.question(explanation), reading.sentence, reading.verdict, tuple(pictures))


def _popularity(opened: Opened, second: Second) -> Shown:
    found = forecast(opened.explainer, opened.user, opened.item)
    explanation = found.explanation
    pictures = [_card(opened, found)]
    level = next((one for one in explanation.levels if one.kind == "word" and one.elements), None)
    if level is not None and explanation.text is not None:
        pictures.append(_pair("words", "The words", words, "words", explanation, explanation.text, level))
    pictures.append(_pair("changes", "Without one piece", changes, "changes", explanation, explanation))
    pictures += _beside(explanation, second, opened)
    return _told(explanation, pictures)


def _whatif(opened: Opened, second: Second) -> Shown:
    edits = parse_all(opened.view.chosen(EDITS, _Anything()))
    if not edits:
        raise ViewError(
            f"The view {opened.view} changes nothing: add {EDITS}=GROUP:ID, as the page What if? writes it."
        )
    removal = opened.view.option("removal", possible_removals(opened.explainer))
    asked = Question(opened.explainer, opened.user, edits, opened.moment, removal)
    found = what_if(*asked[:3], BEST, opened.moment, opened.item, removal)
    title = f"The images of {found.user_label} without {', '.join(written(edits))}"
    pictures = [_pair("what-if", title, whatif, "what_if", found, found, opened.root)]
    if second is not None:
        # The second run may not read all that the first one does: the page says which, and so do the edits told here.
        fit, _ = applicable(second.explainer, second.user, edits, second.moment)
        theirs = second.view.option("removal", possible_removals(second.explainer))
        two = both(asked, Question(second.explainer, second.user, fit, second.moment, theirs), BEST, opened.item)
        together = f"{two.names[0]} beside {two.names[1]}"
        pictures.append(_pair("what-if-both", together, whatifbeside, "both", two, two, opened.root))
    return Shown("What if?", pictures[0].title, None, tuple(pictures))


class _Anything:
    """Whatever an option holds."""

    def __contains__(self, text: object) -> bool:
        return bool(text)


def _trust(opened: Opened, second: Second) -> Shown:
    explainer, folder = opened.explainer, opened.run.path
    found = newest(folder, parameters_of(folder), explainer.dataset.fingerprint)
    if found is None:
        raise DataError(f"{folder} has no finished audit: make one with 'workbench audit {folder}'")
    parts: dict[str, tuple[str, Numbers]] = {"methods": ("Methods compared", tables.methods_table(found))}
    parts["curves"] = ("What removal does", tables.curves_table(found))
    parts["agreement"] = ("Do methods agree?", tables.agreement_table(found))
    if found.planted:
        parts = {"planted": ("Against known causes", tables.planted_table(found))} | parts
    if found.randomisation is not None:
        parts["randomisation"] = ("With random parameters", tables.randomisation_table(found))
    pictures = [_pair(f"audit-{name}", title, audits, name, table, found) for name, (title, table) in parts.items()]
    return Shown("Can I trust it?", found.verdict, None, tuple(pictures))


PAGES: Final[Mapping[Page, Callable[[Opened, Second], Shown]]] = {
    "why": _why,
    "aspects": _aspects,
    "regions": _regions,
    "words": _words,
    "diffusion": _diffusion,
    "attributes": _attributes,
    "frames": _frames,
    "popularity": _popularity,
    "whatif": _whatif,
    "trust": _trust,
}
"""By page of a view, what it shows."""
