"""What a model makes of the attributes of an image for a user, with the planted truth beside it where that is known."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.data.dataset import Dataset
from workbench.explain.attributes import AttributeProfile, AttributeView, attribute_view
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Explanation, Frozen, Id
from workbench.explain.regions import PlantedBox, planted_boxes


class AttributeReading(Frozen):
    """The attributes of one image as one model reads them for one user.

    Attributes:
        run: name of the run, ``model`` that of its model.
        rank: rank of the image with every attribute present.
        own: the part of the score no attribute carries.
        attributes: in the order in which the features list them.
        boxes: the planted cause of this user's like of this image, where there is one; ``causes`` the attribute values
            insisted on then, as "pattern: striped".
    """

    model: str
    run: str
    user: Id
    user_label: str
    item: Id
    item_label: str
    image: str | None
    score: float
    rank: int | None
    own: float
    attributes: tuple[AttributeView, ...]
    boxes: tuple[PlantedBox, ...] = ()
    causes: tuple[str, ...] = ()

    def without_truth(self) -> AttributeReading:
        """The same without what was planted."""
        return self.model_copy(update={"boxes": (), "causes": ()})


class AttributeReadings(Frozen):
    """Readings of one image for one user or several, to take away."""

    readings: tuple[AttributeReading, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each user and attribute."""
        rows = []
        for reading in self.readings:
            head = {name: getattr(reading, name) for name in ("model", "run", "user", "item")}
            for one in reading.attributes:
                numbers = one.model_dump()
                corners = dict(zip(("x0", "y0", "x1", "y1"), numbers.pop("box"), strict=True))
                rows.append(head | numbers | corners)
        return rows


class AttributeTastes(Frozen):
    """Profiles of one user or several, to take away; ``run`` is the name of the run."""

    run: str
    profiles: tuple[AttributeProfile, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each user and value of an attribute."""
        return [
            {"run": self.run, "user": profile.user} | taste.model_dump()
            for profile in self.profiles
            for taste in profile.rows
        ]


def attribute_reading(explainer: Explainer, user: int, item: int) -> AttributeReading:
    """The attributes of an image for a user, both given as codes.

    Raises:
        DataError: the model reads no attributes, or found none in this image.
    """
    views = attribute_view(explainer, user, item)
    explanation = explainer.explain(user, item)
    return reading_of(explanation, views, explainer.dataset, user, item)


def reading_of(
    explanation: Explanation, views: tuple[AttributeView, ...], dataset: Dataset, user: int, item: int
) -> AttributeReading:
    """The reading that goes with an explanation already made, for a user and an image given as codes."""
    return AttributeReading(
        model=explanation.model,
        run=explanation.run,
        user=explanation.user,
        user_label=explanation.user_label,
        item=explanation.item,
        item_label=explanation.item_label,
        image=explanation.image,
        score=explanation.score,
        rank=explanation.rank,
        own=explanation.own,
        attributes=views,
        boxes=planted_boxes(dataset, user, item, "like"),
        causes=planted_values(dataset, user, item),
    )


def planted_values(dataset: Dataset, user: int, item: int) -> tuple[str, ...]:
    """The attribute values that a like of this image by this user (codes) was planted for; none where not known."""
    if not dataset.has("causes") or not {"source", "attribute"} <= set(dataset.table("causes")):
        return ()
    causes = dataset.table("causes")
    rows = causes[(causes["user"] == dataset.users.id(user)) & (causes["item"] == dataset.items.id(item))]
    rows = rows[rows["source"] == "like"]
    return tuple(dict.fromkeys(map(written, rows["attribute"].dropna()))) if len(rows) else ()


def liked_value(dataset: Dataset, user: int) -> str | None:
    """The attribute value planted as what a user (code) likes, as "pattern: striped"; None where not known."""
    if not dataset.has("users") or "liked_attribute" not in dataset.table("users"):
        return None
    found = dataset.table("users").set_index("user")["liked_attribute"].get(dataset.users.id(user))
    return None if found is None or pd.isna(found) or not found else written(found)


def written(planted: str) -> str:
    """A planted value as labels write it: "pattern=striped" becomes "pattern: striped"."""
    return planted.replace("=", ": ", 1)
