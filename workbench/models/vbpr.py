"""VBPR: matrix factorisation with a second pair of factors, made of what images look like."""

from __future__ import annotations

from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.models.base import Paper
from workbench.models.ranking import normal_table, squared
from workbench.models.visual import VisualConfig, VisualFactors


class VBPRConfig(VisualConfig):
    """Hyperparameters of VBPR.

    Attributes:
        visual_dim: width of the visual factors.
    """

    dim: int = 10
    visual_dim: int = 10


class VBPR(VisualFactors):
    """``score(u, i) = b_i + p_u . q_i + t_u . E f_i + c . f_i`` (He and McAuley 2016, Eq. 4).

    Global and user offsets are the same for all images of a user, so BPR cannot learn them.
    """

    name = "vbpr"
    family = "latent factors and images"
    paper = Paper("He and McAuley", "VBPR: Visual Bayesian Personalized Ranking from Implicit Feedback", "AAAI", 2016)
    Config = VBPRConfig
    config: VBPRConfig

    def __init__(self, config: VBPRConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset, config.visual_dim)
        self.visual_users = normal_table(self.n_users, config.visual_dim)

    def visual_taste(self, users: Tensor) -> Tensor:
        """The visual factors of users, t_u (R, d')."""
        taste: Tensor = self.visual_users(users)
        return taste

    def _penalty(self, users: Tensor) -> Tensor:
        return squared(self.visual_users(users))
