from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.attributes.labels import Labels
from workbench.features.encoders import EncoderError, encoder_named, open_encoder
from workbench.features.encoders import attributes as module
from workbench.features.encoders.attributes import AttributeEncoder
from workbench.features.extraction import extract
from workbench.features.pictures import read_picture
from workbench.features.store import Features


@pytest.fixture(scope="module")
def encoder(drawn: Dataset) -> Iterator[AttributeEncoder]:
    # On a busy machine the threads of so small a network wait for each other most of the time.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    opened = encoder_named("attributes", drawn)
    assert isinstance(opened, AttributeEncoder)
    yield opened
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def made(drawn: Dataset, encoder: AttributeEncoder) -> Features:
    features = extract(drawn, encoder)
    assert features is not None
    return features


def test_it_learns_from_whole_images(encoder: AttributeEncoder) -> None:
    card = encoder.card
    assert card.values["thing"] == ("boat", "cat", "flower") and "colour" in card.values
    assert len(card.held_out) == 4 and card.pictures == 39 and not card.narrow
    assert set(card.quality) == set(card.values)


def test_most_pictures_show_what_they_are_said_to(made: Features, drawn: Dataset) -> None:
    regions = drawn.table("regions")
    things = made.shown[made.shown["attribute"] == "thing"]["label"].tolist()
    codes = [code for code in range(len(drawn.items)) if drawn.image_relative(code)]
    shown = [set(regions[regions["item"] == drawn.items.id(code)]["label"]) for code in codes]
    right = np.mean([thing in known for thing, known in zip(things, shown, strict=True)])
    commonest = max(np.mean([thing in known for known in shown]) for thing in made.card.attributes["thing"])
    assert right > commonest + 0.15


def test_no_box_of_a_region_enters_the_training(
    drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other boxes and other owners of the attributes leave all that the network is told as it was."""
    told: list[Labels] = []

    def told_only(maps: torch.Tensor, labels: Labels, *rest: object) -> None:
        told.append(labels)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "teach", told_only)
    root = tmp_path / "moved"
    shutil.copytree(drawn.root, root, ignore=shutil.ignore_patterns("features"))
    table = drawn.table("regions")
    table.assign(x0=0.0, y0=0.0, x1=0.5, y1=0.5).to_parquet(root / "regions.parquet", index=False)
    drawn.table("attributes").drop(columns="region").to_parquet(root / "attributes.parquet", index=False)
    copy = tmp_path / "same"
    shutil.copytree(drawn.root, copy, ignore=shutil.ignore_patterns("features"))
    for folder in (root, copy):
        with pytest.raises(KeyboardInterrupt):
            encoder_named("attributes", Dataset.open(folder))
    first, second = told
    assert first.values == second.values
    assert all(torch.equal(first.targets[name], second.targets[name]) for name in first.targets)


def test_it_is_trained_once_and_the_same_again_for_a_seed(
    drawn: Dataset, encoder: AttributeEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "again"
    shutil.copytree(drawn.root, root, ignore=shutil.ignore_patterns("features"))
    assert encoder_named("attributes", Dataset.open(root)).version == encoder.version
    monkeypatch.setattr(module, "teach", None)
    assert encoder_named("attributes-tight", drawn).version == encoder.version
    folder = root / "features" / ".encoders" / "attributes" / "card.json"
    folder.write_text(json.dumps({**json.loads(folder.read_text()), "fingerprint": "other"}))
    with pytest.raises(TypeError):
        encoder_named("attributes", Dataset.open(root))


@pytest.mark.parametrize("broken", [None, b"cut off"])
def test_weights_that_cannot_be_read_are_told_with_the_file_and_the_remedy(
    drawn: Dataset, encoder: AttributeEncoder, tmp_path: Path, broken: bytes | None
) -> None:
    root = tmp_path / "moved"
    shutil.copytree(drawn.root, root, ignore=shutil.ignore_patterns("attributes"))
    kept = drawn.root / "features" / ".encoders" / "attributes"
    folder = Path(shutil.copytree(kept, root / "features" / ".encoders" / "attributes"))
    if broken is None:
        (folder / "weights.safetensors").unlink()
    else:
        (folder / "weights.safetensors").write_bytes(broken)
    with pytest.raises(EncoderError) as told:
        encoder_named("attributes", Dataset.open(root))
    assert str(folder / "weights.safetensors") in str(told.value)
    assert f"delete the folder {folder} and" in str(told.value)


def test_there_is_a_region_for_each_attribute_with_value_box_and_confidence(made: Features, drawn: Dataset) -> None:
    names, width = sorted(made.card.attributes), sum(map(len, made.card.attributes.values()))
    assert made.card.grid is None and made.card.shape == (39 * len(names), width) and made.card.missing == 1
    shown = made.shown
    assert shown["attribute"].tolist() == names * 39
    assert all(
        value in made.card.attributes[name] for name, value in zip(shown["attribute"], shown["label"], strict=True)
    )
    assert (
        shown["score"].between(0, 1).all() and (shown["x0"] < shown["x1"]).all() and (shown["y0"] < shown["y1"]).all()
    )
    assert made.region_ids[: len(names)] == list(range(len(names)))


def test_one_picture_is_encoded_as_among_others(drawn: Dataset, encoder: AttributeEncoder, made: Features) -> None:
    path = drawn.image_path(5)
    assert path is not None
    again = open_encoder(drawn, "attributes").encode([read_picture(path)])
    rows = made.sets.row(5)
    torch.testing.assert_close(made.tensor()[rows].float(), torch.from_numpy(again.vectors[0]), atol=5e-3, rtol=2e-3)
    assert again.labels is not None and again.attributes is not None and again.boxes is not None
    assert list(again.labels[0]) == made.shown["label"].iloc[rows.tolist()].tolist()
    np.testing.assert_allclose(made.boxes[rows.tolist()], again.boxes[0], atol=1e-6)


def test_maps_have_the_size_of_the_picture_and_belong_to_a_value(drawn: Dataset, encoder: AttributeEncoder) -> None:
    path = drawn.image_path(5)
    assert path is not None
    picture = read_picture(path)[:150]
    own = encoder.activation_map(picture, "thing")
    maps = {value: encoder.activation_map(picture, "thing", value) for value in encoder.attributes["thing"]}
    assert own.shape == (150, picture.shape[1]) and own.min() >= 0 and own.max() in (0, 1)
    assert any(np.array_equal(own, other) for other in maps.values())
    assert not np.allclose(maps["boat"], maps["cat"])
    with pytest.raises(DataError, match="knows no attribute 'shape': choose among colour, thing"):
        encoder.activation_map(picture, "shape")
    with pytest.raises(DataError, match="knows no thing 'house': choose among boat"):
        encoder.activation_map(picture, "thing", "house")


def test_a_tight_box_lies_in_the_other(drawn: Dataset, encoder: AttributeEncoder) -> None:
    paths = [path for code in range(6) if (path := drawn.image_path(code))]
    pictures = [read_picture(path) for path in paths]
    wide, tight = encoder.encode(pictures).boxes, encoder_named("attributes-tight", drawn).encode(pictures).boxes
    assert wide is not None and tight is not None
    sizes = [
        np.prod(np.concatenate(boxes)[:, 2:] - np.concatenate(boxes)[:, :2], axis=1).mean() for boxes in (wide, tight)
    ]
    assert sizes[1] < sizes[0]


def test_attributes_that_do_not_apply_are_left_out(encoder: AttributeEncoder, drawn: Dataset) -> None:
    path = drawn.image_path(5)
    assert path is not None
    card = encoder.card.model_copy(update={"narrow": ("colour",)})
    narrow = AttributeEncoder("attributes", encoder.network, card, torch.device("cpu"))
    kept = {}
    before = encoder.network.applies.bias.clone()
    for sign in (-1, 1):
        encoder.network.applies.bias[0] = 1000.0 * sign
        found = narrow.encode([read_picture(path)])
        assert found.attributes is not None and found.boxes is not None and found.scores is not None
        kept[sign] = list(found.attributes[0])
        assert len(found.vectors[0]) == len(found.boxes[0]) == len(found.scores[0]) == len(kept[sign])
    encoder.network.applies.bias.copy_(before)
    assert kept == {-1: ["thing"], 1: ["colour", "thing"]}


def test_a_grid_is_refused_and_so_is_a_dataset_without_attributes(drawn: Dataset, toy: Dataset) -> None:
    with pytest.raises(EncoderError, match="leave out --grid"):
        encoder_named("attributes", drawn, grid=(2, 2))
    with pytest.raises(DataError, match="no pictures with attributes"):
        encoder_named("attributes", toy)
    with pytest.raises(DataError, match="holds no attributes: make features of them with"):
        _ = Features.of_pictures(
            Features.open(drawn.root, "attributes").card.model_copy(update={"attributes": {}}), [1], None
        ).shown
