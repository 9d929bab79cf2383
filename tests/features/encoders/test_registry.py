from __future__ import annotations

from pathlib import Path

import pytest

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.features.encoders import EncoderError, encoder_named, open_encoder, registry
from workbench.features.extraction import extract


def test_every_encoder_is_found_under_its_names() -> None:
    assert {"descriptor", "convnet", "convnet-14"} <= set(registry())
    for name, kind in registry().items():
        assert name in kind.names


def test_an_unknown_name_or_device_is_refused(drawn: Dataset) -> None:
    with pytest.raises(EncoderError, match="no encoder 'crystal-ball'; choose attributes, attributes-tight, convnet"):
        encoder_named("crystal-ball", drawn)
    with pytest.raises(EncoderError, match="no device 'moon'"):
        encoder_named("descriptor", drawn, device="moon")


def test_features_open_the_encoder_that_made_them(drawn: Dataset) -> None:
    made = extract(drawn, encoder_named("descriptor", drawn), "kept")
    assert made is not None
    assert open_encoder(drawn, "kept").name == "descriptor"
    card = made.card.model_copy(update={"version": "0"})
    Path(made.folder / "card.json").write_text(card.model_dump_json())
    with pytest.raises(EncoderError, match="made by version 0 of descriptor, which is 1 now"):
        open_encoder(drawn, "kept")
    with pytest.raises(DataError, match="no image features 'nothing'.*, or choose others with --set features=.*kept"):
        open_encoder(drawn, "nothing")
