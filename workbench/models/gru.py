"""GRU: a recurrent network over the likes of a user, the plain model of sequences."""

from __future__ import annotations

from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import Gates
from workbench.layers.recurrent import recurrence
from workbench.layers.steps import Steps
from workbench.models.base import Paper
from workbench.models.sequence import BlocksConfig, SequenceModel


class GRU(SequenceModel):
    """``score_t(j) = h_t . q_j + b_j`` with ``h_t = GRU(q_{i_t}, h_{t-1})`` (Hidasi et al. 2015, Yu et al. 2016).

    It reads everything through one state and weighs nothing, so there is neither attention nor an exact share: what a
    past like is worth is told by leaving it out.
    """

    name = "gru"
    paper = Paper("Hidasi et al.", "Session-based Recommendations with Recurrent Neural Networks", "ICLR", 2016)
    Config = BlocksConfig
    config: BlocksConfig

    def __init__(self, config: BlocksConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.gru = recurrence(config.dim, config.blocks)

    def walk(self, steps: Steps, likes: Ragged, gates: Gates) -> Tensor:
        """States (R, L, D) after each like."""
        states: Tensor = self.gru(self.drop(self.items(steps.items)), steps.gates)
        return states
