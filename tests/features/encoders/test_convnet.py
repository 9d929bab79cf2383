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
from workbench.features.encoders import EncoderError, encoder_named, open_encoder
from workbench.features.encoders.convnet import ConvNetEncoder
from workbench.features.extraction import extract
from workbench.features.network import edge_map
from workbench.features.pictures import read_picture


@pytest.fixture(scope="module")
def encoder(drawn: Dataset) -> Iterator[ConvNetEncoder]:
    # On a busy machine the threads of so small a network wait for each other most of the time.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    opened = encoder_named("convnet-14", drawn)
    assert isinstance(opened, ConvNetEncoder)
    yield opened
    torch.set_num_threads(threads)


def test_held_out_cells_are_told_better_than_by_chance(encoder: ConvNetEncoder) -> None:
    card = encoder.card
    assert card.words["label"] == ["boat", "cat", "flower"]
    assert card.quality["label"] > card.chance["label"] + 0.15
    assert set(card.quality) == {"cell", "label", "colour"}


def test_it_is_trained_once_and_again_for_other_tables(
    drawn: Dataset, encoder: ConvNetEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []
    monkeypatch.setattr("workbench.features.encoders.convnet.learn", lambda *_: trained.append("again"))
    assert encoder_named("convnet", drawn).version == encoder.version
    folder = drawn.root / "features" / ".encoders" / "convnet" / "card.json"
    card = json.loads(folder.read_text())
    folder.write_text(json.dumps({**card, "fingerprint": "other"}))
    with pytest.raises(AttributeError):
        encoder_named("convnet", drawn)
    folder.write_text(json.dumps(card))
    assert trained == ["again"]


def test_grids_are_means_of_the_fine_one_and_batches_do_not_matter(drawn: Dataset, encoder: ConvNetEncoder) -> None:
    images = [read_picture(path) for code in range(3) if (path := drawn.image_path(code))]
    images[0] = images[0][:150]
    fine = encoder.encode(images).vectors
    coarse = encoder_named("convnet", drawn).encode(images).vectors
    assert fine[0].shape == (196, 64) and coarse[0].shape == (49, 64)
    blocks = fine[0].reshape(7, 2, 7, 2, 64).mean((1, 3)).reshape(49, 64)
    np.testing.assert_allclose(coarse[0], blocks, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(images[2:]).vectors[0], fine[2], atol=1e-4)
    with pytest.raises(EncoderError, match="no finer --grid"):
        encoder_named("convnet", drawn, grid=(28, 28))


def test_a_new_picture_is_encoded_as_the_stored_ones(drawn: Dataset, encoder: ConvNetEncoder) -> None:
    made = extract(drawn, encoder)
    assert made is not None and made.folder.name == "convnet-14" and made.card.quality == encoder.quality
    path = drawn.image_path(5)
    assert path is not None
    again = open_encoder(drawn, "convnet-14").encode([read_picture(path)]).vectors[0]
    rows = made.sets.row(5)
    torch.testing.assert_close(made.tensor()[rows].float(), torch.from_numpy(again), atol=5e-3, rtol=2e-3)


def test_edge_maps_of_a_mirrored_picture_are_mirrored() -> None:
    from workbench.features.learning import mirrored

    image = np.random.default_rng(0).integers(0, 255, (224, 224, 3), np.uint8)
    turned = torch.from_numpy(edge_map(np.ascontiguousarray(image[:, ::-1])))
    expected = mirrored(torch.from_numpy(edge_map(image))[None])[0]
    torch.testing.assert_close(turned, expected, atol=2e-3, rtol=1e-2)


def test_without_labelled_regions_it_is_refused(drawn: Dataset, toy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labelled regions to learn from"):
        encoder_named("convnet", toy)
    root = tmp_path / "rare"
    shutil.copytree(drawn.root, root, ignore=shutil.ignore_patterns("features"))
    table = drawn.table("regions").assign(label=lambda t: [f"thing {k}" for k in range(len(t))])
    table.to_parquet(root / "regions.parquet", index=False)
    with pytest.raises(DataError, match="no label names at least 5 regions"):
        encoder_named("convnet", Dataset.open(root))
