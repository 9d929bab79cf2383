"""Pretrained models of transformers, found by the path of their folder or by their name on the hub."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.features.encoders.base import Encoder, EncoderError, Grid, Picture, Report

INSTALL = "pip install -c constraints.txt -e '.[features]'"


class Pretrained(Encoder):
    """What the pretrained encoders share: how they are read and how pictures are prepared for them.

    A picture is resized to the model's input as a whole, not cropped, so that boxes and grids speak of all of it.
    """

    def __init__(self, name: str, model: torch.nn.Module, processor: Any, device: torch.device) -> None:
        self.name, self.version = name, _version(model)
        self._model = model.to(device).eval()
        self._device = device
        self._size = _input_size(name, processor)
        self._resample = Image.Resampling(processor.resample if processor.resample is not None else 2)
        scale = processor.rescale_factor if processor.do_rescale else 1.0
        mean, deviation = (processor.image_mean, processor.image_std) if processor.do_normalize else (0.0, 1.0)
        self._scale = float(scale)
        self._mean, self._deviation = np.float32(mean), np.float32(deviation)
        height, width = self._size
        self.preprocessing = (
            f"whole picture resized to {height} x {width} ({self._resample.name.lower()}), times {scale:.6g}, "
            f"less {mean}, divided by {deviation}"
        )

    @classmethod
    def open(
        cls, name: str, dataset: Dataset, grid: Grid | None, device: torch.device, report: Report | None
    ) -> Encoder:
        """The model at a path or of a hub name."""
        return open_pretrained(name, grid, device)

    @abstractmethod
    def forward(self, pixels: Tensor) -> Any:
        """What the model says of prepared pictures (n, 3, height, width)."""

    def prepared(self, images: Sequence[Picture]) -> Tensor:
        """(n, 3, height, width) float32 on the model's device."""
        height, width = self._size
        pixels = [
            np.asarray(Image.fromarray(image).resize((width, height), self._resample), np.float32) for image in images
        ]
        stacked = (np.stack(pixels) * self._scale - self._mean) / self._deviation
        return torch.from_numpy(stacked.astype(np.float32)).permute(0, 3, 1, 2).contiguous().to(self._device)


def open_pretrained(name: str, grid: Grid | None, device: torch.device) -> Encoder:
    """A backbone or a detector, whichever the model is.

    Raises:
        EncoderError: transformers is not installed, the model cannot be had, or it is of no use here.
    """
    try:
        from huggingface_hub.utils import logging as hub_logging
        from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForObjectDetection
        from transformers.utils import logging
    except ImportError:
        raise EncoderError(f"pretrained encoders need the extra 'features': {INSTALL}") from None
    from workbench.features.encoders.backbone import Backbone
    from workbench.features.encoders.detector import Detector

    # They would write between our own lines of progress; what goes wrong is said in our own sentence.
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    hub_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    # A card is read wherever the command is called from, so it keeps the whole path of a folder.
    name = str(Path(name).resolve()) if Path(name).is_dir() else name
    safe = {"trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(name, **safe)
        detects = any("ObjectDetection" in kind for kind in config.architectures or ())
        kind = AutoModelForObjectDetection if detects else AutoModel
        processor = AutoImageProcessor.from_pretrained(name, **safe)  # type: ignore[no-untyped-call]
        model = kind.from_pretrained(name, config=config, use_safetensors=True, dtype=torch.float32, **safe)
    except (OSError, ValueError, ImportError) as fault:
        raise EncoderError(_sentence(name, fault)) from None
    if detects:
        return Detector(name, model, processor, device, grid)
    return Backbone(name, model, processor, device, grid)


def _sentence(name: str, fault: Exception) -> str:
    if Path(name).is_dir():
        return f"the model in {name} cannot be read ({str(fault).strip().splitlines()[0]}): download it again"
    folder = Path(name).name
    return (
        f"the model '{name}' could not be had from the hub: where there is a network fetch it with 'hf download {name} "
        f"--local-dir {folder}', then pass the folder as --encoder {folder}"
    )


def _input_size(name: str, processor: Any) -> tuple[int, int]:
    """Height and width of what the model sees: the crop where its own pictures are cropped, else what they become."""
    size = getattr(processor, "crop_size", None) if getattr(processor, "do_center_crop", False) else None
    size = size or processor.size
    height = size.height or size.shortest_edge
    if not height:
        raise EncoderError(f"the preprocessing of '{name}' names no input size: choose another model")
    return int(height), int(size.width or height)


def _version(model: torch.nn.Module) -> str:
    """The kind of model and a digest of its weights: their names, their shapes, and a few of their numbers."""
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        few = tensor.flatten()[:: max(tensor.numel() // 64, 1)].cpu().double().numpy()
        digest.update(f"{key}{tuple(tensor.shape)}".encode() + few.tobytes())
    return f"{type(model).__name__}-{digest.hexdigest()[:8]}"
