"""Object detectors of transformers with queries (RT-DETR, DETR): the most certain regions of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench.features.encoders.base import Encoded, EncoderError, Grid, Picture
from workbench.features.encoders.pretrained import Pretrained

REGIONS = 36
"""Regions of each picture (as many as in bottom-up attention, Anderson et al. 2018)."""


class Detector(Pretrained):
    """The 36 regions with the highest scores: their boxes, labels, and the decoder's last query states as vectors."""

    def __init__(self, name: str, model: Any, processor: Any, device: torch.device, grid: Grid | None) -> None:
        if grid is not None:
            raise EncoderError(f"the detector '{name}' finds boxes of its own: leave out --grid")
        super().__init__(name, model, processor, device)
        self.grid = None
        self._words: dict[int, str] = dict(model.config.id2label)
        with torch.inference_mode():
            said = self.forward(torch.zeros(1, 3, *self._size, device=device))
        if said.last_hidden_state.shape[:2] != said.logits.shape[:2]:
            raise EncoderError(f"'{name}' has no state for each region: take RT-DETR or DETR")

    def forward(self, pixels: Tensor) -> Any:
        """The model's logits, boxes and query states."""
        return self._model(pixel_values=pixels)

    @torch.inference_mode()
    def encode(self, images: Sequence[Picture]) -> Encoded:
        """At most 36 regions each, the highest score first."""
        said = self.forward(self.prepared(images))
        scores, words = self._probabilities(said.logits.float()).max(-1)
        scores, queries = scores.topk(min(REGIONS, scores.shape[1]), dim=1)
        rows = torch.arange(len(images), device=queries.device)[:, None]
        vectors = said.last_hidden_state[rows, queries].float().cpu().numpy()
        x, y, width, height = said.pred_boxes[rows, queries].float().cpu().unbind(-1)
        boxes = torch.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], -1).clamp(0, 1)
        labels = [[self._words[number] for number in some] for some in words[rows, queries].tolist()]
        return Encoded(list(vectors), list(boxes.numpy()), labels, list(scores.cpu().numpy().astype(np.float32)))

    def _probabilities(self, logits: Tensor) -> Tensor:
        """(n, queries, words): a softmax where one more logit stands for 'nothing' (DETR), else sigmoids (RT-DETR)."""
        if logits.shape[-1] == len(self._words) + 1:
            return logits.softmax(-1)[..., :-1]
        return logits.sigmoid()
