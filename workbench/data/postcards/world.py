"""The demo world: pictures drawn on the user's machine, and a social life planted on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from workbench.data.dataset import Dataset
from workbench.data.postcards.pictures import Pictures
from workbench.data.postcards.plant import plant
from workbench.data.postcards.scene import CATEGORIES, CLASSES
from workbench.data.postcards.studio import Postcard, postcard, some_kinds
from workbench.data.schema import BOX, DatasetCard
from workbench.data.write import refuse_existing, write_dataset

Size = Literal["tiny", "demo", "large"]
Progress = Callable[[str, float], None]

PIXELS = 224
FEWEST_FRAMES, MOST_FRAMES = 5, 8


@dataclass(frozen=True)
class Plan:
    """How large a world is.

    Attributes:
        users: number of users.
        pictures: number of pictures.
        likes: fewest and most visits of a user.
        kinds: classes of things that occur.
        reels: number of pictures that are reels.
        scenes: number of different scenes; further pictures repeat a scene with new words.
        drawn: whether there are image files.
        processes: how many processes make the pictures.
    """

    users: int
    pictures: int
    likes: tuple[int, int]
    kinds: tuple[str, ...]
    reels: int
    scenes: int
    drawn: bool
    processes: int


PLANS: dict[Size, Plan] = {
    "tiny": Plan(40, 120, (15, 25), some_kinds(2), reels=12, scenes=120, drawn=True, processes=1),
    "demo": Plan(300, 1_200, (35, 60), CLASSES, reels=120, scenes=1_200, drawn=True, processes=2),
    "large": Plan(20_000, 100_000, (60, 95), CLASSES, reels=0, scenes=5_000, drawn=False, processes=2),
}


def build_world(out: Path, size: Size = "demo", seed: int = 7, progress: Progress | None = None) -> Dataset:
    """Make a demo world: the same size and seed give the same tables.

    Args:
        out: folder of the dataset; must not exist or be empty.
        size: one of ``PLANS``.
        seed: seed of every draw.
        progress: told what is being done and which share (0..1) of all work is done.

    Raises:
        DataError: the folder is taken.
    """
    plan, tell = PLANS[size], progress or (lambda phrase, share: None)
    refuse_existing(out)
    tell("drawing pictures", 0.0)
    cards = _postcards(plan, seed, tell)
    tell("planting likes", 0.85)
    tables = plant(pictures_of(cards), seed, plan.users, *plan.likes)
    tell("writing tables", 0.95)
    card = DatasetCard(
        name="postcards" if size == "demo" else f"postcards-{size}",
        licence="CC0-1.0",
        provenance=f"Generated on this machine (size {size}, seed {seed}); see docs/postcards.md.",
        seed=seed,
    )
    write_dataset(out, card, tables, _files(cards))
    dataset = Dataset.open(out)
    tell("ready", 1.0)
    return dataset


def _postcards(plan: Plan, seed: int, tell: Progress) -> list[Postcard]:
    generator = np.random.default_rng([seed, plan.pictures])
    frames = np.zeros(plan.scenes, np.int64)
    reels = generator.permutation(plan.scenes)[: plan.reels]
    frames[reels] = generator.integers(FEWEST_FRAMES, MOST_FRAMES + 1, plan.reels)
    pixels = PIXELS if plan.drawn else None
    # joblib's processes never import the program that started them (a notebook, a Streamlit script).
    work = Parallel(n_jobs=plan.processes, return_as="generator", batch_size="auto")(
        delayed(postcard)(seed, number, plan.kinds, pixels, int(count)) for number, count in enumerate(frames)
    )
    cards: list[Postcard] = []
    for number, made in enumerate(work, 1):
        cards.append(made)
        if number % 20 == 0:
            tell("drawing pictures", 0.85 * number / plan.scenes)
    cards += [cards[number % plan.scenes].reworded(generator) for number in range(plan.scenes, plan.pictures)]
    return cards


def pictures_of(cards: list[Postcard]) -> Pictures:
    """The postcards as tables; items are numbered from 1, the things in a picture and the frames of a reel from 0."""
    things = [
        (item, region, thing) for item, card in enumerate(cards, 1) for region, thing in enumerate(card.scene.things)
    ]
    boxes = np.array([thing.box for _, _, thing in things])
    regions = pd.DataFrame({"item": [item for item, _, _ in things], "region": [region for _, region, _ in things]})
    regions = regions.assign(**dict(zip(BOX, boxes.T, strict=True)))
    told = pd.DataFrame(
        {
            "item": regions["item"],
            "region": regions["region"],
            "colour": [thing.colour for _, _, thing in things],
            "pattern": [thing.pattern for _, _, thing in things],
            "size": [thing.size for _, _, thing in things],
        }
    )
    attributes = told.melt(["item", "region"], var_name="attribute").sort_values(["item", "region"], kind="stable")
    items = pd.DataFrame(
        {
            "item": np.arange(1, len(cards) + 1),
            "text": [card.text for card in cards],
            "title": [card.title for card in cards],
            "setting": [card.scene.setting for card in cards],
        }
    )
    if cards[0].jpeg is not None:
        items["image"] = [_image(item) for item in items["item"]]
    return Pictures(
        items=items,
        regions=regions.assign(label=[thing.label for _, _, thing in things]),
        themes=CATEGORIES,
        attributes=attributes[["item", "attribute", "value", "region"]].reset_index(drop=True),
        frames=_frames(cards),
    )


def _frames(cards: list[Postcard]) -> pd.DataFrame | None:
    rows = [
        (item, number, _frame(item, number), frame.seconds, frame.label, frame.prominence)
        for item, card in enumerate(cards, 1)
        for number, frame in enumerate(card.frames)
    ]
    return pd.DataFrame(rows, columns=["item", "frame", "image", "time", "label", "prominence"]) if rows else None


def _files(cards: Iterable[Postcard]) -> dict[str, Path | bytes]:
    files: dict[str, Path | bytes] = {}
    for item, card in enumerate(cards, 1):
        if card.jpeg is not None:
            files[_image(item)] = card.jpeg
        files |= {_frame(item, number): frame.jpeg for number, frame in enumerate(card.frames)}
    return files


def _image(item: int) -> str:
    return f"images/{item:06d}.jpg"


def _frame(item: int, number: int) -> str:
    return f"frames/{item:06d}-{number}.jpg"
