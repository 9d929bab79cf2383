"""DualAtt: dual attention to regions and words, each guided by the author alone."""

from __future__ import annotations

from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.models.base import Paper
from workbench.models.deep import DeepConfig, DeepPopularity, Look, attended, head, mixed, present, user_table
from workbench.models.popularity import Posts


class DualAttConfig(DeepConfig):
    """Hyperparameters of DualAtt."""


class DualAtt(DeepPopularity):
    """``popularity = w . relu(F (v * h) + b)``: a step of a dual attention network with the author as memory.

    ``v = tanh(P sum a_m v_m)`` with ``a = softmax_m(w1 . (tanh(A1 v_m) * tanh(A2 u)))`` and ``h = sum b_t h_t`` with
    ``b = softmax_t(w2 . (tanh(B1 h_t) * tanh(B2 u)))``. The factor of an image without regions or of an empty caption
    is 1.
    """

    name = "dualatt"
    family = "popularity"
    paper = Paper("Nam et al.", "Dual Attention Networks for Multimodal Reasoning and Matching", "CVPR", 2017)
    Config = DualAttConfig
    config: DualAttConfig

    def __init__(self, config: DualAttConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        k = config.dim
        self.u = user_table(self.n_users, k)
        widths = {"regions": self.region_table.width if self.features else 0, "words": k}
        for modality in config.modalities:
            for part, width, size in (("key", widths[modality], k), ("guide", k, k), ("out", k, 1)):
                self.add_module(f"{modality}_{part}", nn.Linear(width, size, bias=False))
                nn.init.xavier_normal_(self.get_parameter(f"{modality}_{part}.weight"))
        if self.features:
            self.project = nn.Linear(widths["regions"], k, bias=False)
        self.head = head([k, k], dataset)

    def _attend(self, modality: str, parts: Tensor, posts: Posts, gates: Tensor, u: Tensor) -> Tensor:
        """Attention (R, m) over the ``parts`` (rows, m, d) of a modality."""
        keys: Tensor = self.get_submodule(f"{modality}_key")(parts).tanh()
        guide: Tensor = self.get_submodule(f"{modality}_guide")(u).tanh()
        return attended(keys, guide * self.get_parameter(f"{modality}_out.weight"), gates, posts)

    def look(self, posts: Posts) -> Look:
        """Prediction, and the attention to regions and words; the modalities are not weighed against each other."""
        u, attention = self.drop(self.u(posts.users)), {}
        joint = u.new_ones(u.shape)
        if "regions" in self.config.modalities:
            regions, gates = self.drop(posts.regions), posts.region_gates
            attention["regions"] = self._attend("regions", regions, posts, gates, u)
            joint = joint * present(self.project(mixed(attention["regions"], regions, posts)).tanh(), gates)
        if "words" in self.config.modalities:
            states, gates = self.states(posts), posts.word_gates
            attention["words"] = self._attend("words", states, posts, gates, u)
            joint = joint * present(mixed(attention["words"], states, posts), gates)
        return Look(self.head(joint).squeeze(-1), attention)
