"""Attributes: read right, found where they are, weighed as planted? ``python -m benchmarks.attributes --data DATA``.

DATA is a world with regions, attributes and causes, and features ``--features`` made by the encoder of attributes. Four
tables, as far as the data and ``--run RUN`` (may be repeated) allow:

- *values*: share of images held out of the training whose most probable value is one they have, beside the commonest.
- *places*: on the same images, where the value read is right: IoU of the box with the nearest box of what bears the
  value, pointing (the map is highest inside one) and energy (share of the map inside them), beside a box of the same
  size at random and in the centre, and the whole image. ``other value`` has the map of another value the image bears,
  ``untaught`` that of a network with new heads: what resembles these does not belong to the value.
- *causes*: of the likes for which an attribute was insisted on, how often it comes first among those of the image; the
  kind of thing is a cause of nearly all of them, so also without it. ``commonest`` always says the attribute insisted
  on most often: whoever settles on one attribute for everybody does no better. *tastes*: over the catalogue, how often
  the value planted in a user comes above another of its attribute. Of every run of a model that reads attributes.
- *ranking*: AUC on the test likes, and on those of images with fewer than 5 train likes. Of every run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from workbench import api
from workbench.data.dataset import Dataset
from workbench.data.schema import BOX
from workbench.explain.attributes import attribute_profiles, attribute_view
from workbench.explain.explainer import Explainer
from workbench.explain.heat import area
from workbench.features.attributes.labels import THING
from workbench.features.attributes.maps import activation_maps, enlarged, tight_box
from workbench.features.attributes.network import SemanticNetwork, seeded
from workbench.features.encoders import open_encoder
from workbench.features.encoders.attributes import AttributeEncoder
from workbench.features.network import SIZE
from workbench.features.pictures import read_picture
from workbench.models.saers import SAERS

COLD = 5
Map = NDArray[np.float32]
Boxes = NDArray[np.float64]


def values(encoder: AttributeEncoder) -> pd.DataFrame:
    """How well each attribute is read on held-out images."""
    card = encoder.card
    rows = [
        {"attribute": name, "values": len(card.values[name]), "right": share, "commonest": card.chance[name]}
        for name, share in card.quality.items()
    ]
    return pd.DataFrame(rows)


def places(data: Dataset, encoder: AttributeEncoder, seed: int) -> pd.DataFrame:
    """How well each attribute is found on held-out images where its value is read right."""
    borne, rng = _borne(data), np.random.default_rng(seed)
    network, untaught = encoder.network, _with_new_heads(encoder.network, encoder.card.values, seed)
    found: list[dict[str, object]] = []
    for item in encoder.card.held_out:
        path = data.image_path(data.items.code(item))
        assert path is not None
        picture = read_picture(path)
        encoder.network = network
        seen = encoder.look([picture])
        for name, known in encoder.attributes.items():
            number = int(seen.logits[name].argmax())
            mine = {value: boxes for (one, a, value), boxes in borne.get(item, []) if (one, a) == (item, name)}
            if known[number] not in mine:
                continue
            heat = _heat(encoder, seen, name, number)
            others = [known.index(value) for value in mine if value in known and value != known[number]]
            encoder.network = untaught
            scrambled = _heat(encoder, encoder.look([picture]), name, number)
            maps = {"map": heat, "untaught": scrambled}
            if others:
                maps["other value"] = _heat(encoder, seen, name, others[0])
            found += list(_marked(name, mine[known[number]], maps, encoder.tau, rng))
    encoder.network = network
    table = pd.DataFrame(found)
    return (
        table.groupby(["attribute", "by"], sort=False)
        .mean()
        .assign(n=table.groupby(["attribute", "by"]).size())
        .reset_index()
    )


def _borne(data: Dataset) -> dict[object, list[tuple[tuple[object, str, str], Boxes]]]:
    """By item: (item, attribute, value) and the boxes (n, 4) of what bears it."""
    regions = data.table("regions")
    told = data.table("attributes").merge(regions[["item", "region", *BOX]], on=["item", "region"])
    things = regions.assign(attribute=THING, value=regions["label"])
    rows = pd.concat([told, things])[["item", "attribute", "value", *BOX]]
    borne: dict[object, list[tuple[tuple[object, str, str], Boxes]]] = {}
    for (item, attribute, value), part in rows.groupby(["item", "attribute", "value"]):
        borne.setdefault(item, []).append(((item, str(attribute), str(value)), part[BOX].to_numpy(float)))
    return borne


def _with_new_heads(network: SemanticNetwork, known: dict[str, tuple[str, ...]], seed: int) -> SemanticNetwork:
    changed = deepcopy(network)
    changed.head.load_state_dict(seeded(known, seed + 1).head.state_dict())
    return changed.eval().requires_grad_(False)


def _heat(encoder: AttributeEncoder, seen: object, name: str, number: int) -> Map:
    logits, branch = seen.logits[name], seen.branches[name]  # type: ignore[attr-defined]
    heat: Map = enlarged(activation_maps(logits[:, number], branch), (SIZE, SIZE))[0]
    return heat


def _marked(
    name: str, boxes: Boxes, maps: dict[str, Map], tau: float, rng: np.random.Generator
) -> Iterator[dict[str, object]]:
    """Marks of maps and of boxes that know nothing, against the true ``boxes`` (n, 4)."""
    inside = np.zeros((SIZE, SIZE), bool)
    for x0, y0, x1, y1 in boxes:
        inside[round(y0 * SIZE) : round(y1 * SIZE), round(x0 * SIZE) : round(x1 * SIZE)] = True
    box = tight_box(maps["map"], tau)
    width, height = box[2] - box[0], box[3] - box[1]
    for by, heat in maps.items():
        top = np.unravel_index(int(heat.argmax()), heat.shape)
        yield {
            "attribute": name,
            "by": by,
            "IoU": _iou(tight_box(heat, tau), boxes),
            "pointing": float(inside[top]),
            "energy": float(heat[inside].sum() / max(float(heat.sum()), 1e-9)),
            "alike": _alike(heat, maps["map"]),
            "area": area(tight_box(heat, tau)),
        }
    corner = rng.random(2) * (1 - width, 1 - height)
    blind = {
        "random box": (*corner, corner[0] + width, corner[1] + height),
        "centre box": ((1 - width) / 2, (1 - height) / 2, (1 + width) / 2, (1 + height) / 2),
        "whole image": (0.0, 0.0, 1.0, 1.0),
    }
    for by, (x0, y0, x1, y1) in blind.items():
        part = inside[round(y0 * SIZE) : round(y1 * SIZE), round(x0 * SIZE) : round(x1 * SIZE)]
        middle = inside[int((y0 + y1) / 2 * SIZE), int((x0 + x1) / 2 * SIZE)]
        share = float(part.mean()) if part.size else 0.0
        yield {
            "attribute": name, "by": by, "IoU": _iou((x0, y0, x1, y1), boxes),
            "pointing": share if by == "whole image" else float(middle), "energy": share, "area": (x1 - x0) * (y1 - y0),
        }  # fmt: skip


def _iou(box: tuple[float, ...], boxes: Boxes) -> float:
    """IoU with the nearest of ``boxes`` (n, 4)."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    shared = (high - low).clip(0).prod(1)
    sizes = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2] - box[0]) * (box[3] - box[1])
    return float((shared / (sizes - shared)).max())


def _alike(one: Map, other: Map) -> float:
    """Correlation of two maps."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1]) if one.std() > 0 and other.std() > 0 else 0.0


def causes(explainer: Explainer, most: int, seed: int) -> pd.DataFrame:
    """How often the attribute insisted on comes first among those of the image liked."""
    data = explainer.dataset
    table = data.table("causes")
    table = table[(table["source"] == "like") & table["attribute"].notna()]
    table = table.sample(min(most, len(table)), random_state=seed)
    rng, hits = np.random.default_rng(seed), []
    commonest = table["attribute"].str.split("=").str[0].mode()[0]
    for user, item, planted in table[["user", "item", "attribute"]].itertuples(index=False):
        name, value = planted.split("=")
        views = attribute_view(explainer, data.users.code(user), data.items.code(item))
        read = any((view.attribute, view.value) == (name, value) for view in views)
        for kinds, kept in (("all", views), (f"without {THING}", [v for v in views if v.attribute != THING])):
            names = [view.attribute for view in kept]
            worth = {
                "attention": [view.attention for view in kept],
                "contribution": [view.contribution for view in kept],
                "liking": [view.liking for view in kept],
                "removal": [-view.removal for view in kept],
                "random": rng.random(len(kept)).tolist(),
            }
            for by, numbers in worth.items():
                hits.append(
                    {"of": kinds, "by": by, "first": names[int(np.argmax(numbers))] == name, "read right": read}
                )
            hits.append({"of": kinds, "by": "uniform", "first": 1 / len(kept), "read right": read})
            hits.append({"of": kinds, "by": "commonest", "first": name == commonest, "read right": read})
    found = pd.DataFrame(hits).astype({"first": float})
    whole = found.groupby(["of", "by"], sort=False)["first"].agg(["size", "mean", "sem"])
    right = found[found["read right"]].groupby(["of", "by"], sort=False)["first"].agg(["size", "mean"])
    return whole.join(right, rsuffix=" where read right").reset_index()


def tastes(explainer: Explainer) -> pd.DataFrame:
    """How often the value planted in a user comes above another of its attribute: an AUC, 0.5 by chance."""
    data = explainer.dataset
    planted = data.table("users").set_index("user")["liked_attribute"]
    rows = []
    for profile in attribute_profiles(explainer, list(range(len(data.users)))):
        name, value = planted[profile.user].split("=")
        mine = [row for row in profile.rows if row.attribute == name]
        own, rest = [row for row in mine if row.value == value], [row for row in mine if row.value != value]
        for by in ("liking", "attention", "contribution"):
            rows += (
                [{"by": by, "AUC": np.mean([getattr(own[0], by) > getattr(row, by) for row in rest])}] if own else []
            )
    found = pd.DataFrame(rows)
    return found.groupby("by", sort=False)["AUC"].agg(["size", "mean", "sem"]).reset_index()


@torch.inference_mode()
def ranking(explainer: Explainer) -> dict[str, float]:
    """AUC over the test likes, and over those of cold images alone."""
    data = explainer.dataset
    users, items = data.likes("test")
    scores = explainer.model.score_items(users)
    other = torch.ones_like(scores, dtype=torch.bool)
    known = data.known.select(users)
    other[known.rows, known.values] = False
    below = (scores < scores.gather(1, items.unsqueeze(1))) & other
    auc = below.sum(1) / other.sum(1)
    cold = torch.bincount(data.likes("train")[1], minlength=len(data.items))[items] < COLD
    return {
        "likes": len(users), "AUC": float(auc.mean()), "error": float(auc.std() / len(auc) ** 0.5),
        "cold likes": int(cold.sum()), "cold AUC": float(auc[cold].mean()),
        "cold error": float(auc[cold].std() / int(cold.sum()) ** 0.5),
    }  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument("--features", default="attributes", help="name of the features of attributes")
    parser.add_argument("--run", type=Path, action="append", default=[], help="run folder; may be repeated")
    parser.add_argument("--most", type=int, default=1000, help="likes whose attributes are marked")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    data = Dataset.open(arguments.data)
    encoder = open_encoder(data, arguments.features)
    assert isinstance(encoder, AttributeEncoder)
    tables = {"values": values(encoder), "places": places(data, encoder, arguments.seed)}
    ranks = []
    for path in arguments.run:
        explainer = api.explainer(path, arguments.data)
        ranks.append({"run": path.name, "model": explainer.model.name, **ranking(explainer)})
        if isinstance(explainer.model, SAERS):
            tables[f"causes, {path.name}"] = causes(explainer, arguments.most, arguments.seed)
            tables[f"tastes, {path.name}"] = tastes(explainer)
    if ranks:
        tables["ranking"] = pd.DataFrame(ranks)
    if arguments.json:
        print(json.dumps({name: table.to_dict("records") for name, table in tables.items()}, indent=1))
        return
    for name, table in tables.items():
        print(f"{name}\n{table.round(3).to_string(index=False)}\n")


if __name__ == "__main__":
    main()
