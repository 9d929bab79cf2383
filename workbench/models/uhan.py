"""UHAN: which regions, which words and which of the two make a post popular, as its author guides it."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import ASPECTS, OPEN, Gates
from workbench.layers.recurrent import GatedLSTM
from workbench.layers.segments import gated_softmax_rows
from workbench.models.base import Level, Paper, PostBatch, Reading
from workbench.models.popularity import PopularityConfig, PopularityModel, Posts, user_table, word_table


class UHANConfig(PopularityConfig):
    """Hyperparameters of UHAN; sizes default to Section 4.1 of the paper.

    Attributes:
        dim: size K of users, words, states, regions and attention alike.
        user: whether the author guides the attention (Table 3, w/o u).
        shortcut: whether the author's vector is added to what is seen (Table 4, w/o sc).
        intra: attention inside a modality, learned or its average (Table 4, w/o intra).
        inter: weights of the modalities, learned or one half each (Table 4, w/o inter).
        projection: paper reads regions as they are, through a matrix where they have not K numbers; code brings every
            region to K numbers by a matrix and a tanh, as the released code does.
        head: paper has one hidden layer of K units, the released code two of 1,024.
        regularisation: L2 norm of the word vectors (1e-4 in the released code, which the paper does not mention).
        dropout: of users, words and regions while training (implemented in the released code, off by default).
    """

    dim: int = 512
    user: bool = True
    shortcut: bool = True
    intra: Literal["learned", "average"] = "learned"
    inter: Literal["learned", "average"] = "learned"
    projection: Literal["paper", "code"] = "paper"
    head: Literal["paper", "code"] = "paper"
    regularisation: float = 0.0
    dropout: float = 0.0


class Read:
    """What UHAN read in R posts: the attention of each level, and the prediction."""

    def __init__(self, prediction: Tensor, balance: Tensor, regions: Tensor, words: Tensor) -> None:
        self.prediction, self.balance, self.regions, self.words = prediction, balance, regions, words


class UHAN(PopularityModel):
    """``popularity = w . relu(F s + b)`` with ``s = a1 v + a2 h + C u`` (Eq. 22-24).

    v and h are attended regions and word states. A region scores ``wV . (tanh(A1 v_m) * tanh(A2 u) * tanh(A3 mean h))``
    (Eq. 9), a word state likewise with the mean region (Eq. 13), a modality ``w2 . (tanh(C1 v) * tanh(C2 u))``
    (Eq. 17, 18); each is followed by a softmax. The factor of something that is absent (no author in ``w/o u``, an
    empty caption, an image without regions) is left out of the product, since a factor 0 would flatten the attention.
    The word attention is on states, each of which has read all words before; without a word the caption is read again.
    """

    name = "uhan"
    family = "popularity"
    paper = Paper("Zhang et al.", "User-guided Hierarchical Attention Network for Popularity", "WWW", 2018)
    Config = UHANConfig
    config: UHANConfig

    def __init__(self, config: UHANConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        k, seen = config.dim, config.modalities
        self.learned = config.intra == "learned"
        self.drop = nn.Dropout(config.dropout)
        if config.user or config.shortcut:
            self.u = user_table(self.n_users, k)
        if "regions" in seen:
            width = self.region_table.width
            raw = config.projection == "paper" and width == k
            self.project = nn.Identity() if raw else nn.Linear(width, k, bias=False)
            if config.projection == "code":
                self.project = nn.Sequential(self.project, nn.Tanh())
        if "words" in seen:
            assert self.texts is not None
            self.w = word_table(len(self.texts.vocabulary), k)
            self.lstm = GatedLSTM(k, k)
        names = {"regions": ("A1", "A2", "A3"), "words": ("B1", "B2", "B3")}
        wanted = [name for modality in seen if self.learned for name in names[modality][: 3 if len(seen) > 1 else 2]]
        if config.inter == "learned" and len(seen) > 1:
            wanted += ["C1", "C2", "C3"]
        wanted = [name for name in wanted if config.user or name[1] != "2"] + ["C4"] * config.shortcut
        self.matrices = nn.ModuleDict({name: nn.Linear(k, k, bias=False) for name in wanted})
        outs = [{"regions": "V", "words": "T"}[modality] for modality in seen if self.learned]
        outs += ["inter"] if config.inter == "learned" and len(seen) > 1 else []
        self.outs = nn.ModuleDict({name: nn.Linear(k, 1, bias=False) for name in outs})
        for module in (*self.matrices.values(), *self.outs.values()):
            nn.init.xavier_normal_(module.weight)
        sizes = [k, k] if config.head == "paper" else [k, 1024, 1024]
        layers = [part for a, b in zip(sizes, sizes[1:], strict=False) for part in (nn.Linear(a, b), nn.ReLU())]
        self.head = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))
        # Otherwise the first hundreds of steps only move the mean.
        nn.init.constant_(self.head[-1].bias, float(dataset.posts("train")[2].mean()))

    def _attend(self, name: str, parts: Tensor, posts: Posts, gates: Tensor, other: Tensor | None) -> Tensor:
        """Attention (R, n) over ``parts`` (rows, n, K), which belong to single posts or to the images they share.

        Args:
            name: A for regions, B for words.
            parts: vectors of the regions or states of the words.
            posts: the posts.
            gates: (R, n).
            other: (R, K) tanh of the other modality's mean, 1 where it is absent; None where it is not read.
        """
        if not self.learned:
            return gated_softmax_rows(torch.zeros_like(gates), gates)
        guide = self.outs["V" if name == "A" else "T"].weight
        if self.config.user:
            guide = guide * self.matrices[f"{name}2"](self.drop(self.u(posts.users))).tanh()
        if other is not None:
            guide = guide * other
        keys = self.matrices[f"{name}1"](parts).tanh()
        guide = guide.expand(len(gates), -1)
        if len(keys) == 1:
            scores = guide @ keys[0].T
        else:
            keys = keys if len(keys) == len(gates) else keys.index_select(0, posts.place)
            scores = torch.bmm(keys, guide.unsqueeze(-1)).squeeze(-1)
        return gated_softmax_rows(scores, gates)

    def _sum(self, weights: Tensor, parts: Tensor, posts: Posts) -> Tensor:
        """(R, K) weighted sums of ``parts`` (rows, n, K)."""
        if len(parts) == 1:
            return weights @ parts[0]
        parts = parts if len(parts) == len(weights) else parts.index_select(0, posts.place)
        return torch.bmm(weights.unsqueeze(1), parts).squeeze(1)

    def _parts(self, posts: Posts) -> dict[str, tuple[Tensor, Tensor]]:
        """Vectors (rows, n, K) and gates (R, n) of each modality that is read."""
        found = {}
        if "regions" in self.config.modalities:
            found["regions"] = (self.drop(self.project(posts.regions)), posts.region_gates)
        if "words" in self.config.modalities:
            shared = posts.words if not posts.gated else posts.words.index_select(0, posts.place)
            states = self.lstm(self.drop(self.w(shared)), posts.word_gates if posts.gated else None)
            found["words"] = (states, posts.word_gates)
        return found

    def _mean(self, name: str, parts: dict[str, tuple[Tensor, Tensor]], posts: Posts) -> Tensor | None:
        """The factor (R, K) of the mean of a modality in the other one's scores; 1 where it is absent."""
        if name not in parts or len(parts) < 2 or not self.learned:
            return None
        vectors, gates = parts[name]
        weights = gated_softmax_rows(torch.zeros_like(gates), gates)
        mean = self.matrices["A3" if name == "words" else "B3"](self._sum(weights, vectors, posts)).tanh()
        return 1 + gates.amax(-1, keepdim=True) * (mean - 1)

    def _read(self, posts: Posts) -> Read:
        parts = self._parts(posts)
        weights: dict[str, Tensor] = {}
        sums, scores, presence = [], [], []
        for name, key, other in (("regions", "A", "words"), ("words", "B", "regions")):
            if name not in parts:
                continue
            vectors, gates = parts[name]
            weights[name] = self._attend(key, vectors, posts, gates, self._mean(other, parts, posts))
            sums.append(self._sum(weights[name], vectors, posts))
            scores.append(self._modality_score("C1" if name == "regions" else "C3", sums[-1], posts))
            presence.append(gates.amax(-1))
        balance = gated_softmax_rows(torch.stack(scores, -1), torch.stack(presence, -1))
        seen = sum(weight.unsqueeze(-1) * vector for weight, vector in zip(balance.unbind(-1), sums, strict=True))
        assert isinstance(seen, Tensor)
        if self.config.shortcut:
            seen = seen + self.matrices["C4"](self.drop(self.u(posts.users)))
        none = presence[0].new_empty(len(posts.users), 0)
        prediction = self.head(seen).squeeze(-1)
        return Read(prediction, balance, weights.get("regions", none), weights.get("words", none))

    def _modality_score(self, name: str, vector: Tensor, posts: Posts) -> Tensor:
        """Score (R,) of a modality (Eq. 17, 18)."""
        if "inter" not in self.outs:
            return vector.new_zeros(len(vector))
        guided = self.matrices[name](vector).tanh()
        if self.config.user:
            guided = guided * self.matrices["C2"](self.drop(self.u(posts.users))).tanh()
        scores: Tensor = self.outs["inter"](guided).squeeze(-1)
        return scores

    def predict(self, posts: Posts) -> Tensor:
        """Predicted popularity (R,)."""
        return self._read(posts).prediction

    def forward(self, batch: PostBatch) -> Tensor:
        """Mean squared error (Eq. 25), and the L2 norm of the word vectors if asked for."""
        loss = super().forward(batch)
        if self.config.regularisation and "words" in self.config.modalities:
            loss = loss + self.config.regularisation * self.w.weight.square().sum()
        return loss

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """The modalities' weights, and the attention inside each; what a part adds is not additive.

        ``own`` is the prediction for the author with neither image nor caption.
        """
        read = self._read(self.posts(users, items, gates))
        none = Gates({}, {group.name: read.prediction.new_zeros(len(users)) for group in self.active_evidence})
        n = len(self.active_evidence)
        places = torch.tensor([self.evidence.index(group) for group in self.active_evidence], device=users.device)
        aspects = Ragged(torch.arange(0, len(users) * n + 1, n, device=users.device), places.repeat(len(users)))
        levels = [Level(ASPECTS, aspects, read.balance.flatten(), None)] if n > 1 else []
        for group in self.active_evidence:
            sets = self.elements(group.name, users, items)
            weights = read.regions if group.name == "regions" else read.words
            inside = torch.arange(weights.shape[1], device=users.device) < sets.lengths.unsqueeze(1)
            levels.append(Level(group.name, sets, weights[inside], None))
        return Reading(read.prediction, self.score_pairs(users, items, none), tuple(levels))

    def region_map(self, users: Tensor, items: Tensor) -> Level | None:
        """Where it looks in each image if each user posted it with its caption."""
        if "regions" not in self.config.modalities:
            return None
        weights = self._read(self.posts(users, items)).regions
        return Level("regions", self.region_table.sets(items), self.region_table.flat(items, weights), None)
