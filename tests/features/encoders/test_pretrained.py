"""Backbones and detectors, with small random models: what they know is of no matter here."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from workbench.data.dataset import Dataset
from workbench.features.encoders import Encoder, EncoderError, encoder_named, open_encoder
from workbench.features.extraction import extract

transformers = pytest.importorskip("transformers", reason="the extra 'features' is not installed")

TOKENS = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
LAYERS: dict[str, Any] = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 24], "depths": [1, 1, 1, 1]}
QUERIES = 40


def resnet() -> tuple[Any, dict[str, Any]]:
    model = transformers.ResNetModel(transformers.ResNetConfig(**LAYERS))
    return model, {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 96}, "crop_pct": 0.875}


def dinov2() -> tuple[Any, dict[str, Any]]:
    config = transformers.Dinov2WithRegistersConfig(**TOKENS, image_size=56, patch_size=14, mlp_ratio=2)
    size = {"size": {"shortest_edge": 64}, "crop_size": {"height": 56, "width": 56}, "do_center_crop": True}
    return transformers.Dinov2WithRegistersModel(config), {"image_processor_type": "BitImageProcessor", **size}


def siglip() -> tuple[Any, dict[str, Any]]:
    vision = {**TOKENS, "intermediate_size": 16, "image_size": 64, "patch_size": 16}
    text = {**TOKENS, "intermediate_size": 16, "vocab_size": 20}
    config = transformers.SiglipConfig(text_config=text, vision_config=vision)
    size = {"height": 64, "width": 64}
    return transformers.SiglipModel(config), {"image_processor_type": "SiglipImageProcessor", "size": size}


def rt_detr() -> tuple[Any, dict[str, Any]]:
    stages = {"out_features": ["stage2", "stage3", "stage4"], "layer_type": "basic"}
    config = transformers.RTDetrConfig(
        backbone_config=transformers.RTDetrResNetConfig(**LAYERS, **stages),
        encoder_in_channels=[8, 16, 24],
        decoder_in_channels=[16, 16, 16],
        **dict.fromkeys(("d_model", "encoder_hidden_dim", "encoder_ffn_dim", "decoder_ffn_dim"), 16),
        **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2),
        decoder_layers=1,
        num_queries=QUERIES,
        num_denoising=0,
        num_labels=5,
    )
    size = {"height": 64, "width": 64}
    processor = {"image_processor_type": "RTDetrImageProcessor", "size": size, "do_normalize": False}
    return transformers.RTDetrForObjectDetection(config), processor


def detr() -> tuple[Any, dict[str, Any]]:
    config = transformers.DetrConfig(
        backbone_config=transformers.ResNetConfig(**LAYERS, out_features=["stage4"]),
        **dict.fromkeys(("d_model", "encoder_ffn_dim", "decoder_ffn_dim"), 16),
        **dict.fromkeys(("encoder_layers", "decoder_layers"), 1),
        **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2),
        num_queries=QUERIES,
        num_labels=5,
    )
    size = {"shortest_edge": 64, "longest_edge": 80}
    return transformers.DetrForObjectDetection(config), {"image_processor_type": "DetrImageProcessor", "size": size}


BACKBONES = {resnet: (3, 3, 24), dinov2: (4, 4, 16), siglip: (4, 4, 16)}


def save(folder: Path, make: Callable[[], tuple[Any, dict[str, Any]]]) -> str:
    torch.manual_seed(0)
    model, processor = make()
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return str(folder)


def opened(folder: Path, make: Callable[[], tuple[Any, dict[str, Any]]], dataset: Dataset, **options: Any) -> Encoder:
    return encoder_named(save(folder / make.__name__, make), dataset, **options)


@pytest.fixture
def images() -> list[Any]:
    generator = np.random.default_rng(0)
    return [generator.integers(0, 255, shape, np.uint8) for shape in ((80, 120, 3), (64, 64, 3), (90, 40, 3))]


@pytest.mark.parametrize("make", BACKBONES, ids=lambda make: make.__name__)
def test_backbones_give_a_vector_for_each_cell(
    make: Callable[[], tuple[Any, dict[str, Any]]], drawn: Dataset, images: list[Any], tmp_path: Path
) -> None:
    rows, columns, width = BACKBONES[make]
    encoder = opened(tmp_path, make, drawn)
    encoded = encoder.encode(images)
    assert encoder.grid == (rows, columns) and encoded.boxes is None
    assert [vectors.shape for vectors in encoded.vectors] == [(rows * columns, width)] * 3
    alone = encoder.encode(images[1:2]).vectors[0]
    np.testing.assert_allclose(encoded.vectors[1], alone, atol=1e-4)
    pooled = encoder_named(encoder.name, drawn, grid=(1, 1))
    assert pooled.grid == (1, 1) and pooled.version == encoder.version
    np.testing.assert_allclose(pooled.encode(images).vectors[0][0], encoded.vectors[0].mean(0), atol=1e-4)


def test_patches_are_those_behind_the_class_and_register_tokens(
    drawn: Dataset, images: list[Any], tmp_path: Path
) -> None:
    encoder = opened(tmp_path, dinov2, drawn)
    model = transformers.AutoModel.from_pretrained(encoder.name).eval()
    whole = np.asarray(Image.fromarray(images[0]).resize((56, 56), Image.Resampling.BICUBIC), np.float32)
    mean, deviation = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    pixels = torch.from_numpy((whole / 255 - mean) / deviation).float().permute(2, 0, 1)[None]
    with torch.inference_mode():
        tokens = model(pixel_values=pixels).last_hidden_state[0]
    assert len(tokens) == 1 + 4 + 16
    np.testing.assert_allclose(encoder.encode(images[:1]).vectors[0], tokens[5:].numpy(), atol=1e-4)


@pytest.mark.parametrize("make", [rt_detr, detr], ids=lambda make: make.__name__)
def test_detectors_give_their_best_regions(
    make: Callable[[], tuple[Any, dict[str, Any]]], drawn: Dataset, images: list[Any], tmp_path: Path
) -> None:
    encoder = opened(tmp_path, make, drawn)
    encoded = encoder.encode(images)
    assert encoder.grid is None and encoded.boxes and encoded.labels and encoded.scores
    model = encoder._model  # type: ignore[attr-defined]
    with torch.inference_mode():
        said = model(pixel_values=encoder.prepared(images))  # type: ignore[attr-defined]
    chances = said.logits.sigmoid() if make is rt_detr else said.logits.softmax(-1)[..., :-1]
    for k in range(3):
        assert encoded.vectors[k].shape == (36, 16) and encoded.boxes[k].shape == (36, 4)
        best = chances[k].max(-1).values.sort(descending=True)
        np.testing.assert_allclose(encoded.scores[k], best.values[:36], atol=1e-5)
        first = int(best.indices[0])
        np.testing.assert_allclose(encoded.vectors[k][0], said.last_hidden_state[k, first], atol=1e-4)
        assert encoded.labels[k][0] == model.config.id2label[int(chances[k, first].argmax())]
        x, y, width, height = said.pred_boxes[k, first].tolist()
        corners = np.clip([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 0, 1)
        np.testing.assert_allclose(encoded.boxes[k][0], corners, atol=1e-5)
    with pytest.raises(EncoderError, match="leave out --grid"):
        encoder_named(encoder.name, drawn, grid=(7, 7))


def test_a_detectors_regions_are_stored_and_its_encoder_is_found_again(drawn: Dataset, tmp_path: Path) -> None:
    encoder = opened(tmp_path, rt_detr, drawn)
    made = extract(drawn, encoder)
    assert made is not None and made.folder.name == "rt_detr" and made.card.shape == (39 * 36, 16)
    table = made.regions(drawn)
    assert {"label", "score"} <= set(table) and table["score"].between(0, 1).all()
    assert open_encoder(drawn, "rt_detr").version == encoder.version
    save(Path(encoder.name), resnet)
    with pytest.raises(EncoderError, match="make it again"):
        open_encoder(drawn, "rt_detr")


def test_what_cannot_be_had_is_one_sentence(drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderError, match=r"empty cannot be read"):
        encoder_named(str(tmp_path / "empty"), drawn)

    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", unreachable)
    with pytest.raises(EncoderError, match="hf download owner/model --local-dir model'"):
        encoder_named("owner/model", drawn)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(EncoderError, match=r"extra 'features': pip install .*\[features\]"):
        encoder_named("owner/model", drawn)


def test_weights_that_would_be_unpickled_are_refused(drawn: Dataset, tmp_path: Path) -> None:
    folder = Path(save(tmp_path / "pickled", resnet))
    weights = folder / "model.safetensors"
    weights.rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="cannot be read"):
        encoder_named(str(folder), drawn)
