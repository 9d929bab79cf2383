"""SVDFeature: matrix factorisation whose images are also what they look like."""

from __future__ import annotations

from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.models.base import Paper
from workbench.models.visual import VisualConfig, VisualFactors


class SVDFeatureConfig(VisualConfig):
    """Hyperparameters of SVDFeature."""


class SVDFeature(VisualFactors):
    """``score(u, i) = b_i + c . f_i + p_u . (q_i + E f_i)`` (Chen et al. 2012, Eq. 1, with image features alone).

    Biases of users and the global mean are the same for all images of a user, so BPR cannot learn them.
    """

    name = "svdfeature"
    family = "latent factors and images"
    paper = Paper("Chen et al.", "SVDFeature: A Toolkit for Feature-based Collaborative Filtering", "JMLR", 2012)
    Config = SVDFeatureConfig

    def __init__(self, config: SVDFeatureConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset, config.dim)

    def visual_taste(self, users: Tensor) -> Tensor:
        """One vector of a user for both parts, p_u (R, d)."""
        taste: Tensor = self.users(users)
        return taste
