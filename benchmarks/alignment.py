"""Does the alignment of words and regions find what phrases name? ``python -m benchmarks.alignment [--json]``.

Word states, a projection of regions and the alignment of Ante-RNN learn from photos and captions alone (Eq. 6), on
four fifths of the photos of ``flickr8k`` in the folder that ``WORKBENCH_DATA`` names, over the 7 x 7 regions of the
workbench's own encoder, which learns from the boxes of the same four fifths. On the photos held out, a region's score
for a phrase is the attention it gives to the phrase's words together; the pointing game counts how often the centre of
the highest one lies in a box of what the phrase names. ``other phrase`` scores the same regions by the words of another
phrase of the photo. Two linear readings of the same regions show what these allow: one has learnt from captions alone,
too (which words the photo of a region has), one from boxes (which words name what the region lies on). Recall@K: own
caption among the K texts most similar to a photo, of one text per photo held out.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.importers.entities import import_entities
from workbench.data.schema import BOX
from workbench.explain.alignment import ALL, PhraseMarks, Scores, centres_inside, controls, mark_phrases
from workbench.features.encoders import encoder_named
from workbench.features.extraction import extract
from workbench.features.store import Features, grid_boxes
from workbench.features.words import Vocabulary, tokens
from workbench.layers.alignment import Alignment
from workbench.layers.wordstates import WordStates

CAPTIONS, LONGEST, DIM, BATCH, RATE, RIDGE = 5, 30, 128, 32, 3e-3, 100.0


@dataclass(frozen=True)
class Photos:
    """Photos with captions, and the boxes of what their phrases name.

    Attributes:
        regions: (photos, M, d) float32.
        texts: (photos) the captions of each; ``codes`` (photos, CAPTIONS, LONGEST) of their words.
        vocabulary: of the captions learnt from.
        train: codes of the photos learnt from; ``held_out`` of the others.
        boxes: photo, entity and box of everything named.
        taught: photo, entity and phrase, of the photos learnt from.
        phrases: the same of those held out, with type, the caption that has it and the places of its words there.
    """

    regions: Tensor
    texts: list[list[str]]
    codes: Tensor
    vocabulary: Vocabulary
    train: Tensor
    held_out: Tensor
    boxes: pd.DataFrame
    taught: pd.DataFrame
    phrases: pd.DataFrame

    def inside(self, phrases: pd.DataFrame) -> tuple[Scores, NDArray[np.bool_]]:
        """Boxes (P, M, 4) of the regions of some phrases' photos, and whether they lie on what the phrases name."""
        cells = round(self.regions.shape[1] ** 0.5)
        regions = np.tile(grid_boxes(cells, cells).astype(np.float64), (len(phrases), 1, 1))
        pairs = phrases[["photo", "entity"]].reset_index(drop=True).reset_index(names="row").merge(self.boxes)
        return regions, centres_inside(regions, pairs[BOX].to_numpy(), pairs["row"].to_numpy())


def load(source: Path, folder: Path) -> Photos:
    """Import the photos into ``folder`` and encode them, unless that was done before."""
    if not (folder / "dataset.json").is_file():
        import_entities(source, folder, captions=CAPTIONS)
    dataset = Dataset.open(folder)
    order = torch.randperm(len(dataset.items), generator=torch.Generator().manual_seed(0))
    held_out, train = order[: len(order) // 5].sort().values, order[len(order) // 5 :].sort().values
    boxes = pd.read_csv(source / "boxes.csv").rename(columns={"flickr_id": "item"})
    boxes = boxes.rename(columns={"xmin_n": "x0", "ymin_n": "y0", "xmax_n": "x1", "ymax_n": "y1"})
    boxes["photo"] = dataset.items.codes(boxes["item"])
    features = _features(dataset, train)
    images = pd.read_csv(source / "images.csv")
    captions = pd.read_csv(source / "captions.csv").sort_values(["file", "caption"]).merge(images)
    captions["photo"] = dataset.items.codes(captions["flickr_id"])
    texts = captions.groupby("photo")["text"].agg(list).tolist()
    vocabulary = Vocabulary.of((text for photo in train.tolist() for text in texts[photo]), longest=LONGEST)
    codes = torch.stack([vocabulary.encode(some) for some in texts])
    phrases = pd.read_csv(source / "phrases.csv")
    phrases["photo"] = dataset.items.codes(phrases["flickr_id"])
    phrases = phrases.merge(boxes[["photo", "entity"]].drop_duplicates())
    learnt = phrases["photo"].isin(train.tolist())
    rows = features.tensor().float().view(len(dataset.items), -1, features.card.shape[1])
    placed = _placed(phrases[~learnt], texts, vocabulary)
    boxes = boxes[["photo", "entity", *BOX]]
    return Photos(rows, texts, codes, vocabulary, train, held_out, boxes, phrases[learnt], placed)


def _features(dataset: Dataset, train: Tensor) -> Features:
    """Regions of all photos, by an encoder that has seen the boxes of the photos learnt from alone."""
    regions = dataset.table("regions")
    seen = np.isin(dataset.items.codes(regions["item"]), train.numpy())
    if not seen.all():
        regions[seen].to_parquet(dataset.root / "regions.parquet", index=False)
        dataset = Dataset.open(dataset.root)
    if not (dataset.root / "features" / "convnet").is_dir():
        extract(dataset, encoder_named("convnet", dataset))
    return Features.open(dataset.root, "convnet").check(dataset)


def _placed(phrases: pd.DataFrame, texts: list[list[str]], vocabulary: Vocabulary) -> pd.DataFrame:
    """Each phrase of an entity once, where it stands in the first caption that has it, if any word of it is known."""
    rows = []
    known = set(vocabulary.words)
    written = [[[token.word for token in tokens(text)] for text in some] for some in texts]
    one = phrases.drop_duplicates(["photo", "entity", "phrase"])
    for photo, entity, types, phrase in zip(one["photo"], one["entity"], one["types"], one["phrase"], strict=True):
        words = [token.word for token in tokens(phrase)]
        starts = (
            (caption, start)
            for caption, text in enumerate(written[photo])
            for start in range(len(text) - len(words) + 1)
            if text[start : start + len(words)] == words
        )
        caption, start = next(starts, (0, -1))
        first = sum(word in known for word in written[photo][caption][:start])
        places = range(first, min(LONGEST, first + sum(word in known for word in words)))
        if start >= 0 and places:
            rows.append((photo, entity, types.split("/")[0], phrase, caption, places))
    return pd.DataFrame(rows, columns=["photo", "entity", "type", "phrase", "caption", "places"])


class Matcher(nn.Module):
    """Texts and photos in one space."""

    def __init__(self, words: int, width: int, temperature: float) -> None:
        super().__init__()
        self.words = WordStates(words, DIM)
        self.regions = nn.Linear(width, DIM)
        self.alignment = Alignment(DIM, temperature=temperature)

    def read(self, codes: Tensor, regions: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the alignment takes, of texts and photos."""
        codes = codes[:, : int((codes > 0).sum(1).max())]
        return self.words(codes), (codes > 0).float(), self.regions(regions), torch.ones(regions.shape[:2])


def train(photos: Photos, temperature: float, seed: int, epochs: int) -> Matcher:
    """Learn to match; each epoch reads one caption of each photo, drawn at random."""
    torch.manual_seed(seed)
    model = Matcher(len(photos.vocabulary), photos.regions.shape[-1], temperature)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    steps = epochs * -(-len(photos.train) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.2)
    for _ in range(epochs):
        for batch in photos.train[torch.randperm(len(photos.train))].split(BATCH):
            texts = photos.codes[batch, torch.randint(CAPTIONS, (len(batch),))]
            loss = model.alignment.loss(*model.read(texts, photos.regions[batch]))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
            schedule.step()
    return model.eval()


@torch.inference_mode()
def recalls(model: Matcher, photos: Photos, codes: Tensor) -> dict[str, float]:
    """Share of photos whose own first caption is among the K most similar of all of them."""
    found = model.alignment.similarities(*model.read(photos.codes[codes, 0], photos.regions[codes]))
    rank = (found > found.diagonal()).sum(0)
    return {f"Recall@{k}": float((rank < k).float().mean()) for k in (1, 5, 10)}


@torch.inference_mode()
def maps(model: Matcher, photos: Photos) -> Scores:
    """Attention (phrases, M) of each region of a photo to the words of a phrase, in the caption that has it."""
    of = photos.phrases
    photo, caption = (torch.tensor(of[name].tolist()) for name in ("photo", "caption"))
    scores = []
    for rows in torch.arange(len(of)).split(256):
        texts = photos.codes[photo[rows], caption[rows]]
        words = model.alignment(*model.read(texts, photos.regions[photo[rows]])).words
        for attention, places in zip(words, of["places"].iloc[rows.numpy()], strict=True):
            scores.append(attention[:, places.start : places.stop].sum(-1))
    return torch.stack(scores).double().numpy()


def other_phrase(scores: Scores, phrases: pd.DataFrame, seed: int = 0) -> Scores:
    """The same photo's map of a phrase that names another thing; NaN where it has none."""
    rng = np.random.default_rng(seed)
    found = np.full_like(scores, np.nan)
    for _, rows in phrases.reset_index(drop=True).groupby("photo"):
        places, entities = rows.index.to_numpy(), rows["entity"].to_numpy()
        for place, entity in zip(places, entities, strict=True):
            others = places[entities != entity]
            if len(others):
                found[place] = scores[rng.choice(others)]
    return found


def linear(photos: Photos, targets: Tensor) -> Scores:
    """Scores (phrases, M) of a ridge regression from regions to ``targets`` (photos, M, words) in {0, 1}."""
    x, y = photos.regions[photos.train].flatten(0, 1), targets[photos.train].flatten(0, 1)
    mean = y.mean(0)
    weights = torch.linalg.solve(x.T @ x + RIDGE * torch.eye(x.shape[1]), x.T @ (y - mean))
    weights /= (mean * (1 - mean)).sqrt().clamp_min(1e-6)
    of = photos.phrases
    scores = []
    for photo, caption, places in zip(of["photo"], of["caption"], of["places"], strict=True):
        words = photos.codes[photo, caption, places.start : places.stop]
        scores.append((photos.regions[photo] @ weights[:, words]).mean(-1))
    return torch.stack(scores).double().numpy()


def captioned(photos: Photos) -> Tensor:
    """Which words the captions of each region's photo have."""
    words = torch.zeros(len(photos.regions), len(photos.vocabulary))
    words.scatter_(1, photos.codes.flatten(1), 1.0)
    return words.unsqueeze(1).expand(-1, photos.regions.shape[1], -1)


def boxed(photos: Photos) -> Tensor:
    """Which words name what each region lies on."""
    found = torch.zeros(*photos.regions.shape[:2], len(photos.vocabulary))
    codes = photos.vocabulary.encode(photos.taught["phrase"].tolist())
    _, inside = photos.inside(photos.taught)
    for photo, cells, words in zip(photos.taught["photo"], torch.from_numpy(inside), codes, strict=True):
        found[photo, cells.nonzero(), words[words > 0]] = 1
    return found


def marked(photos: Photos, scores: dict[str, Scores]) -> list[PhraseMarks]:
    """The pointing game over the phrases, with controls."""
    regions, inside = photos.inside(photos.phrases)
    types, images = photos.phrases["type"].tolist(), photos.phrases["photo"].to_numpy()
    return mark_phrases(controls(regions, inside) | scores, inside, types, images)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--temperature", type=float, action="append", help="may be repeated; 1, 4 and 9 if left out")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--folder", type=Path, help="keep the encoded photos here, or take those that are here")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        photos = load(Path(os.environ["WORKBENCH_DATA"]) / "flickr8k", arguments.folder or Path(scratch) / "photos")
    scores = {
        "linear, from captions": linear(photos, captioned(photos)),
        "linear, from boxes": linear(photos, boxed(photos)),
    }
    learnt = []
    for temperature in arguments.temperature or (1.0, 4.0, 9.0):
        for seed in range(arguments.seeds):
            name = f"temperature {temperature:g}, seed {seed}"
            model = train(photos, temperature, seed, arguments.epochs)
            scores[name] = maps(model, photos)
            held, seen = recalls(model, photos, photos.held_out), recalls(model, photos, photos.train[:500])
            learnt.append({"method": name, **held, **{f"{k} (learnt from)": v for k, v in seen.items()}})
    scores |= {f"{name}, other phrase": other_phrase(found, photos.phrases) for name, found in scores.items()}
    marks = marked(photos, scores)
    if arguments.json:
        print(json.dumps({"pointing": [mark.model_dump() for mark in marks], "retrieval": learnt}, indent=1))
        return
    table = pd.DataFrame([{**mark.model_dump(), "pointing": mark.pointing} for mark in marks])
    print(table.groupby("type", sort=False)["phrases"].first().to_frame().T.to_string())
    print(table.pivot_table("pointing", "method", "type", sort=False).round(3).to_string())
    print(table[table["type"] == ALL][["method", "error"]].round(3).to_string(index=False))
    print(pd.DataFrame(learnt).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
