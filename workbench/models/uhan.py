"""UHAN: which regions, which words and which of the two make a post popular, as its author guides it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.layers.evidence import ASPECTS
from workbench.layers.segments import gated_softmax_rows
from workbench.models.base import Paper
from workbench.models.deep import DeepConfig, DeepPopularity, Look, attended, head, mixed, present, uniform, user_table
from workbench.models.popularity import Posts


class UHANConfig(DeepConfig):
    """Hyperparameters of UHAN; sizes default to Section 4.1 of the paper.

    Attributes:
        dim: size K of users, words, states, regions and attention alike.
        author_start: around what number the authors' vectors start. Around 0, as in the paper, every author's factor
            has a sign of its own and those with few posts look at random places; around 1 they all start alike.
        user: whether the author is known at all; without, neither attention nor shortcut see them (Table 2, w/o u).
        shortcut: whether the author's vector is added to what is seen (Eq. 21; Tables 2 and 4, w/o sc).
        intra: attention inside a modality, learned or its average (Table 4, w/o intra).
        inter: weights of the modalities, learned or one half each (Table 4, w/o inter).
        projection: paper reads regions as they are, through a matrix where they have not K numbers; code brings every
            region to K numbers by a matrix and a tanh, as the released code does.
        head: paper has one hidden layer of K units, the released code two of 1,024.
        regularisation: L2 norm of the word vectors (1e-4 in the released code, which the paper does not mention).
        dropout: of users, words and regions while training (in the released code, off by default).
    """

    author_start: float = 0.0
    user: bool = True
    shortcut: bool = True
    intra: Literal["learned", "average"] = "learned"
    inter: Literal["learned", "average"] = "learned"
    projection: Literal["paper", "code"] = "paper"
    head: Literal["paper", "code"] = "paper"


class UHAN(DeepPopularity):
    """``popularity = w . relu(F s + b)`` with ``s = a1 v + a2 h + C4 u`` (Eq. 20-22).

    v and h are attended regions and word states. A region scores ``wV . (tanh(A1 v_m) * tanh(A2 u) * tanh(A3 mean h))``
    (Eq. 8, 9), a word state likewise with the mean region (Eq. 12, 13), a modality ``w2 . (tanh(C1 v) * tanh(C2 u))``
    (Eq. 16, 17); each is followed by a softmax (Eq. 10, 14, 18, 19). The factor of something that is absent (no author
    in ``w/o u``, an empty caption, an image without regions) is left out of the product, since a factor 0 would flatten
    the attention. The word attention is on states, each of which has read all words before; without a word the caption
    is read again.
    """

    name = "uhan"
    family = "popularity"
    paper = Paper(
        "Zhang et al.",
        "User-guided Hierarchical Attention Network for Multi-modal Social Image Popularity Prediction",
        "WWW",
        2018,
    )
    Config = UHANConfig
    config: UHANConfig

    def __init__(self, config: UHANConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        k, seen = config.dim, config.modalities
        self.learned = config.intra == "learned"
        self.shortcut = config.user and config.shortcut
        if config.user:
            self.u = user_table(self.n_users, k, config.author_start)
        if "regions" in seen:
            width = self.region_table.width
            raw = config.projection == "paper" and width == k
            linear: list[nn.Module] = [] if raw else [nn.Linear(width, k, bias=False)]
            self.project = nn.Sequential(*linear, *[nn.Tanh()] * (config.projection == "code"))
        names = {"regions": ("A1", "A2", "A3"), "words": ("B1", "B2", "B3")}
        wanted = [name for modality in seen if self.learned for name in names[modality][: 3 if len(seen) > 1 else 2]]
        if config.inter == "learned" and len(seen) > 1:
            wanted += ["C1", "C2", "C3"]
        wanted = [name for name in wanted if config.user or name[1] != "2"] + ["C4"] * self.shortcut
        self.matrices = nn.ModuleDict({name: nn.Linear(k, k, bias=False) for name in wanted})
        outs = [{"regions": "V", "words": "T"}[modality] for modality in seen if self.learned]
        outs += ["inter"] if config.inter == "learned" and len(seen) > 1 else []
        self.outs = nn.ModuleDict({name: nn.Linear(k, 1, bias=False) for name in outs})
        for weight in (*self.matrices.parameters(), *self.outs.parameters()):
            nn.init.xavier_normal_(weight)
        self.head = head([k, k] if config.head == "paper" else [k, 1024, 1024], dataset)

    def _attend(self, name: str, parts: Tensor, posts: Posts, gates: Tensor, guides: Sequence[Tensor]) -> Tensor:
        """Attention (R, n) over ``parts`` (rows, n, K), which belong to single posts or to the images they share.

        Args:
            name: A for regions, B for words.
            parts: vectors of the regions or states of the words.
            posts: the posts.
            gates: (R, n).
            guides: what the author and the other modality's mean, (R, K) each, make of the scores.
        """
        if not self.learned:
            return uniform(gates)
        guide: Tensor = self.outs.get_parameter("V.weight" if name == "A" else "T.weight")
        for factor in guides:
            guide = guide * factor
        return attended(self.matrices[f"{name}1"](parts).tanh(), guide, gates, posts)

    def _parts(self, posts: Posts) -> dict[str, tuple[Tensor, Tensor]]:
        """Vectors (rows, n, K) and gates (R, n) of each modality that is read."""
        found = {}
        if "regions" in self.config.modalities:
            found["regions"] = (self.drop(self.project(posts.regions)), posts.region_gates)
        if "words" in self.config.modalities:
            found["words"] = (self.states(posts), posts.word_gates)
        return found

    def _guides(
        self, name: str, parts: dict[str, tuple[Tensor, Tensor]], u: Tensor | None, posts: Posts
    ) -> list[Tensor]:
        """The factors (R, K) in the scores of one modality; that of the other one is 1 where it is absent."""
        if not self.learned:
            return []
        key = "A" if name == "regions" else "B"
        found = [] if u is None else [self.matrices[f"{key}2"](u).tanh()]
        for vectors, gates in (part for other, part in parts.items() if other != name):
            mean = self.matrices[f"{key}3"](mixed(uniform(gates), vectors, posts)).tanh()
            found.append(present(mean, gates))
        return found

    def look(self, posts: Posts) -> Look:
        """Prediction, the modalities' weights and the attention inside each."""
        parts = self._parts(posts)
        u = self.drop(self.u(posts.users)) if self.config.user else None
        weights: dict[str, Tensor] = {}
        sums, scores, presence = [], [], []
        for name, (vectors, gates) in parts.items():
            guides = self._guides(name, parts, u, posts)
            weights[name] = self._attend("A" if name == "regions" else "B", vectors, posts, gates, guides)
            sums.append(mixed(weights[name], vectors, posts))
            scores.append(self._modality_score("C1" if name == "regions" else "C3", sums[-1], u))
            presence.append(gates.amax(-1))
        balance = gated_softmax_rows(torch.stack(scores, -1), torch.stack(presence, -1))
        seen = torch.einsum("rm,rmk->rk", balance, torch.stack(sums, 1))
        if self.shortcut:
            seen = seen + self.matrices["C4"](u)
        return Look(self.head(seen).squeeze(-1), weights | {ASPECTS: balance})

    def _modality_score(self, name: str, vector: Tensor, u: Tensor | None) -> Tensor:
        """Score (R,) of a modality (Eq. 16, 17)."""
        if "inter" not in self.outs:
            return vector.new_zeros(len(vector))
        guided = self.matrices[name](vector).tanh()
        if u is not None:
            guided = guided * self.matrices["C2"](u).tanh()
        scores: Tensor = self.outs["inter"](guided).squeeze(-1)
        return scores
