"""Where a model looks in a picture: attention over regions, with the planted truth beside it where that is known."""

from __future__ import annotations

from typing import Literal

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.schema import BOX
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Element, Frozen, Id

Box = tuple[float, float, float, float]


class PlantedBox(Frozen):
    """The thing in a picture that caused a like or a view count, as x0, y0, x1, y1 fractions."""

    box: Box
    label: str


class RegionMap(Frozen):
    """Where one model looks in one picture for one user.

    Attributes:
        run: name of the run, ``model`` that of its model.
        image: path of the picture relative to the dataset's folder; None for a picture from outside.
        regions: with box and attention (adding up to 1), and contribution or removal where known.
        grid: (rows, columns) where the regions are a regular grid, row by row.
        planted: the planted cause of this user's like or post of this picture, where there is one.
        score: what the model says of the pair; popularity models only.
    """

    model: str
    run: str
    user: Id
    user_label: str
    item: Id
    item_label: str
    image: str | None
    regions: tuple[Element, ...]
    grid: tuple[int, int] | None
    planted: tuple[PlantedBox, ...] = ()
    score: float | None = None


class RegionMaps(Frozen):
    """Several maps that one picture shows."""

    maps: tuple[RegionMap, ...]

    def rows(self) -> list[dict[str, object]]:
        """One row for each map and region, its box in fractions of width and height."""
        return [
            {
                "model": one.model, "run": one.run, "user": one.user, "item": one.item, "region": region.id,
                **dict(zip(BOX, region.box or (None,) * 4, strict=True)), "attention": region.attention,
                "contribution": region.contribution, "removal": region.removal,
            }
            for one in self.maps
            for region in one.regions
        ]  # fmt: skip


def region_map(explainer: Explainer, user: int, item: int) -> RegionMap:
    """Where the explainer's model looks in an image for a user, both given as codes.

    Raises:
        DataError: the model does not look into images, or has no picture of this one.
    """
    model, data = explainer.model, explainer.dataset
    level = explainer.look(user, item)
    if level is None or model.features is None or level.attention is None:
        raise DataError(f"{model.name} does not look into images: choose a run of a model with attention over regions")
    if not len(level.elements.values):
        raise DataError(f"{explainer.pictured(item)['item_label']} has no regions in the features of {model.name}")
    regions = tuple(
        explainer.names.element("region", code).model_copy(update={"attention": float(weight)})
        for code, weight in zip(level.elements.values.tolist(), level.attention.tolist(), strict=True)
    )
    source: Literal["like", "post"] = "post" if model.task == "popularity" else "like"
    return RegionMap(
        model=model.name,
        run=explainer.run,
        user=data.users.id(user),
        user_label=data.user_label(user),
        **explainer.pictured(item),
        regions=regions,
        grid=model.features.card.grid,
        planted=planted_boxes(data, user, item, source) if explainer.of_dataset else (),
        score=explainer.score(user, item) if model.task == "popularity" else None,
    )


def planted_boxes(dataset: Dataset, user: int, item: int, source: Literal["like", "post"]) -> tuple[PlantedBox, ...]:
    """The boxes of the causes planted for this user's like or post of this image (codes); none where not known."""
    if not dataset.has("causes") or not {"source", "x0"} <= set(dataset.table("causes")):
        return ()
    causes = dataset.table("causes")
    rows = causes[(causes["user"] == dataset.users.id(user)) & (causes["item"] == dataset.items.id(item))]
    rows = rows[rows["source"] == source]
    rows = rows.dropna(subset=["x0"]).drop_duplicates(BOX)
    labels = rows["label"] if "label" in rows else [""] * len(rows)
    return tuple(
        PlantedBox(box=(x0, y0, x1, y1), label=str(label))
        for (x0, y0, x1, y1), label in zip(rows[BOX].to_numpy(float).tolist(), labels, strict=True)
    )
