"""DMF: the mean of an image's regions beside what an LSTM makes of the caption."""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.features.words import PADDING
from workbench.models.base import Paper
from workbench.models.deep import DeepConfig, DeepPopularity, Look, head, mixed, uniform
from workbench.models.popularity import Posts


class DMFConfig(DeepConfig):
    """Hyperparameters of DMF."""


class DMF(DeepPopularity):
    """``popularity = w . relu(F [mean v ; last h] + b)``, the deep multimodal fusion UHAN is compared with.

    Neither who posts nor any attention plays a part. What is absent is a vector of 0.
    """

    name = "dmf"
    family = "popularity"
    paper = Paper("Lynch et al.", "Images Don't Lie: Transferring Deep Visual Semantic Features", "KDD", 2016)
    Config = DMFConfig
    config: DMFConfig

    def __init__(self, config: DMFConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        widths = {"regions": self.region_table.width if self.features else 0, "words": config.dim}
        self.head = head([sum(widths[modality] for modality in config.modalities), config.dim], dataset)

    def look(self, posts: Posts) -> Look:
        """The prediction; every region counts the same, and there is no attention to report."""
        parts = []
        if "regions" in self.config.modalities:
            parts.append(self.drop(mixed(uniform(posts.region_gates), posts.regions, posts)))
        if "words" in self.config.modalities:
            parts.append(self._last(posts))
        return Look(self.head(torch.cat(parts, -1)).squeeze(-1))

    def _last(self, posts: Posts) -> Tensor:
        """The state (R, K) after the last word; 0 without a word."""
        states = self.states(posts)
        if posts.gated:
            # A state passes by the closed gates of the padding unchanged.
            return states[:, -1]
        lengths = (posts.words != PADDING).sum(1)
        last = states[torch.arange(len(states), device=states.device), lengths.clamp_min(1) - 1]
        return (last * (lengths > 0).unsqueeze(1)).index_select(0, posts.place)
