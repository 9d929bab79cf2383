"""Measure the encoders on this machine: ``python -m benchmarks.features --data DATA [--images 64] [--json]``.

The small network is trained anew on all of ``DATA``, in a copy of it; the pretrained architectures have their true size
and random weights, which cost as much time as learnt ones.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from workbench.data.dataset import Dataset
from workbench.features.encoders import Encoder, Picture, encoder_named
from workbench.features.pictures import read_picture

BATCH = 8
SQUARE = {"height": 224, "width": 224}
PREPARED: dict[str, Any] = {"image_processor_type": "ViTImageProcessor", "size": SQUARE}
LARGE = {"image_processor_type": "RTDetrImageProcessor", "size": {"height": 640, "width": 640}, "do_normalize": False}
Made = tuple[torch.nn.Module, dict[str, Any]]


def resnet_152() -> Made:
    """ResNet-152: the 7 x 7 x 2048 map of ACF."""
    from transformers import ResNetConfig, ResNetModel

    return ResNetModel(ResNetConfig(depths=[3, 8, 36, 3])), PREPARED


def dinov2_base() -> Made:
    """DINOv2-base: 16 x 16 patches of 768."""
    from transformers import Dinov2Config, Dinov2Model

    return Dinov2Model(Dinov2Config(patch_size=14, image_size=224)), PREPARED


def rt_detr() -> Made:
    """RT-DETR with ResNet-50: the 36 best of 300 queries."""
    from transformers import RTDetrConfig, RTDetrForObjectDetection

    return RTDetrForObjectDetection(RTDetrConfig()), LARGE


def saved(folder: Path, make: Callable[[], Made]) -> str:
    """A model of random weights in a folder of its own."""
    torch.manual_seed(0)
    model, processor = make()
    path = folder / make.__name__
    model.save_pretrained(path)  # type: ignore[operator]
    (path / "preprocessor_config.json").write_text(json.dumps(processor))
    return str(path)


def speed(encoder: Encoder, images: list[Picture]) -> float:
    """Images a second, in batches, after one batch that warms up."""
    encoder.encode(images[:BATCH])
    began = time.perf_counter()
    for start in range(0, len(images), BATCH):
        encoder.encode(images[start : start + BATCH])
    return len(images) / (time.perf_counter() - began)


def one(encoder: Encoder, image: Picture, repeat: int = 20) -> float:
    """Median milliseconds of a single new image."""
    spent = []
    for _ in range(repeat):
        began = time.perf_counter()
        encoder.encode([image])
        spent.append(1000 * (time.perf_counter() - began))
    return sorted(spent)[repeat // 2]


def rows(data: Path, folder: Path, count: int) -> Iterator[tuple[str, float]]:
    """What was measured, and the figure."""
    copy = shutil.copytree(data, folder / "copy", ignore=shutil.ignore_patterns("features", "runs"))
    dataset = Dataset.open(copy)
    paths = [path for code in range(len(dataset.items)) if (path := dataset.image_path(code))][:count]
    began = time.perf_counter()
    images = [read_picture(path) for path in paths]
    yield "reading, images/s", len(images) / (time.perf_counter() - began)
    yield "descriptor, images/s", speed(encoder_named("descriptor", dataset), images)
    began, busy = time.perf_counter(), time.process_time()
    convnet = encoder_named("convnet", dataset)
    yield f"convnet, training on {len(dataset.items):,} images, s", time.perf_counter() - began
    yield "convnet, training, s of processor", time.process_time() - busy
    for kind, share in convnet.quality.items():
        yield f"convnet, {kind} of held-out cells told right, %", 100 * share
    yield "convnet, images/s", speed(convnet, images)
    yield "convnet, one new image, ms", one(convnet, images[0])
    for make in (resnet_152, dinov2_base, rt_detr):
        yield (
            f"{make.__name__.replace('_', '-')}, images/s",
            speed(encoder_named(saved(folder, make), dataset), images[: 2 * BATCH]),
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="dataset folder with images and labelled regions")
    parser.add_argument("--images", type=int, default=64, help="images of which the speed is taken")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = dict(rows(arguments.data, Path(folder), arguments.images))
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        print(
            "\n".join(["| what | figure |", "| --- | ---: |", *(f"| {what} | {n:.3g} |" for what, n in found.items())])
        )


if __name__ == "__main__":
    main()
