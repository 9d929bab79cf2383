"""JIFR: what a user likes in one space, what she looks for in another, and the frame of an item that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import gated_softmax, gated_softmax_rows, segment_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading, Recommender
from workbench.models.ranking import bpr_loss, normal_table, squared
from workbench.models.visual import BLOCK, Standardise

HELD = 4_000_000
"""Affinities of users and frames held at a time while all images are scored: 16 MB."""


class JIFRConfig(ModelConfig):
    """Hyperparameters of JIFR; the paper's own could not be read, so sizes and rates are of this workbench.

    Attributes:
        dim: size D1 of the collaborative space; ``visual_dim`` D2 of the visual one.
        attention: weigh the frames of an item for each user; False is the variant JIFR_NA, every frame 1 / n.
        affinity: what the attention weighs by: dot, ``w_a . g_k / temperature``, orders frames as their scores do;
            additive, ``q . tanh(A w_a + B g_k + c)``, may disagree with them.
        temperature: of the dot product; sqrt(D2) where left out. Below 1 the best frame takes nearly all.
        hidden: width of the additive affinity and of the network that weighs the spaces.
        space_weighting: sum adds the two spaces up; attentive weighs them for each user, the two weights adding to 1.
        features: the image features whose rows are frames.
        stills: whether a picture without a reel counts as its own only frame; otherwise its visual part is 0.
        dropout: share of the training triples that are learned from what is seen alone, u . v being left out of them,
            so that the collaborative space cannot take the whole task from the visual one.
        regularisation: of u, v and the bias; ``visual_regularisation`` of w, ``projection_regularisation`` of Pm.
    """

    dim: int = 32
    visual_dim: int = 32
    attention: bool = True
    affinity: Literal["dot", "additive"] = "dot"
    temperature: float | None = Field(default=None, gt=0)
    hidden: int = 32
    space_weighting: Literal["sum", "attentive"] = "sum"
    features: str = "convnet-frames"
    stills: bool = True
    dropout: float = Field(default=0.0, ge=0, lt=1)
    regularisation: float = 0.05
    visual_regularisation: float = 0.01
    projection_regularisation: float = 0.0001

    @property
    def divisor(self) -> float:
        """What the dot product is divided by."""
        return self.visual_dim**0.5 if self.temperature is None else self.temperature

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.attention and self.affinity != "dot":
            raise ValueError("without attention nothing reads the affinity: leave affinity out, or set attention=true")
        if self.temperature is not None and (not self.attention or self.affinity != "dot"):
            raise ValueError("only the dot product has a temperature: leave temperature out, or set affinity=dot")
        return self


@dataclass(frozen=True)
class _Look:
    """What R pairs came to in the visual space.

    Attributes:
        sets: R sets of frames.
        weights: (frames,) alpha; ``scores`` (frames,) ``l_ak = w_a . g_k``.
    """

    sets: Ragged
    weights: Tensor
    scores: Tensor

    @property
    def shares(self) -> Tensor:
        """(frames,) what each frame adds to the visual term; together they are ``w_a . x_ai``."""
        return self.weights * self.scores


class JIFR(Recommender):
    """``r_ai = b_i + c1 u_a . v_i + c2 w_a . x_ai`` with ``x_ai = sum_k alpha_aik Pm f_k`` over the frames k of item i.

    A reconstruction: of the paper only the task, the two spaces and the idea that the visual profile w_a, learned from
    liked items alone, is applied to single frames could be read. Here ``alpha`` is a softmax over the frames of the
    item, c1 and c2 are 1 or, attentive, a softmax of a network over [u_a; w_a], and the key frame is the one with the
    highest ``l_ak = w_a . g_k``, ``g_k = Pm f_k``, which adds no parameter. f_k is standardised over all frames.
    Contributions ``c2 alpha_aik l_ak`` are exact. An item without frames has the visual part 0.
    """

    name = "jifr"
    family = "latent factors and frames"
    paper = Paper("Wu et al.", "Personalized Multimedia Item and Key Frame Recommendation", "IJCAI", 2019)
    needs = ("likes", "items.image", "frames")
    evidence = (EvidenceGroup("frames", "frames of the reel", "frame", "item", "frames", "of what its frames show"),)
    Config = JIFRConfig
    config: JIFRConfig
    features: Features
    vectors: Tensor
    place: Tensor
    present: Tensor

    def __init__(self, config: JIFRConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        d, h = config.visual_dim, config.hidden
        self.features = self.frame_features = _frames_of(dataset, config.features)
        self.register_buffer("vectors", self.features.tensor(), persistent=False)
        self.frames = RecordedSets(self.features.sets if config.stills else _reels(dataset, self.features.sets))
        self._lay_out()
        self.standardise = Standardise(self.vectors.shape[1])
        self.standardise.fit(self.vectors.float())
        self.u, self.v = normal_table(self.n_users, config.dim), normal_table(self.n_items, config.dim)
        self.w = normal_table(self.n_users, d, 0.1)
        self.bias = nn.Parameter(torch.zeros(self.n_items))
        self.project = nn.Linear(self.vectors.shape[1], d, bias=False)
        if config.affinity == "additive":
            self.query, self.key = nn.Linear(d, h), nn.Linear(d, h, bias=False)
            self.out = nn.Parameter(torch.randn(h) * h**-0.5)
        if config.space_weighting == "attentive":
            self.spaces = nn.Sequential(nn.Linear(config.dim + d, h), nn.ReLU(), nn.Linear(h, 2))

    def _lay_out(self) -> None:
        """Rows of the frames of each image as (images, M), 0 where it has fewer, and whether each is there."""
        sets = self.frames.sets
        most = int(sets.lengths.max()) if len(sets.values) else 0
        present = torch.arange(most) < sets.lengths.unsqueeze(1)
        place = torch.zeros(present.shape, dtype=torch.int64).masked_scatter(present, sets.values)
        self.register_buffer("place", place, persistent=False)
        self.register_buffer("present", present.float(), persistent=False)

    def _shown(self, rows: Tensor) -> Tensor:
        """Vectors g (rows, D2) of frames, by ``rows`` (rows,) of the features."""
        parts = torch.split(rows, BLOCK)
        found = [self.project(self.standardise(self.vectors.index_select(0, part).float())) for part in parts]
        return torch.cat(found)

    def _weigh(self, users: Tensor, items: Tensor, gates: Gates) -> _Look:
        """Attention and key-frame scores of the frames of ``items`` (R,) for ``users`` (R,)."""
        distinct, at = torch.unique(items, return_inverse=True)
        own = self.frames(distinct)
        places = Ragged(own.offsets, torch.arange(len(own.values), device=items.device)).select(at)
        sets = Ragged(places.offsets, own.values.index_select(0, places.values))
        shown, rows, w = self._shown(own.values), sets.rows, self.w(users)
        scores = (w.index_select(0, rows) * shown.index_select(0, places.values)).sum(-1)
        affinity = torch.zeros_like(scores)
        if self.config.attention and self.config.affinity == "additive":
            keys = self.key(shown).index_select(0, places.values)
            affinity = (self.query(w).index_select(0, rows) + keys).tanh() @ self.out
        elif self.config.attention:
            affinity = scores / self.config.divisor
        weights, _ = gated_softmax(affinity, sets, gates.on("frames", sets))
        return _Look(sets, weights, scores)

    def _space_weights(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """c1 and c2 of ``users`` (R,), (R,) each."""
        if self.config.space_weighting == "sum":
            one = self.bias.new_ones(len(users))
            return one, one
        both: Tensor = self.spaces(torch.cat([self.u(users), self.w(users)], 1)).softmax(1)
        return both[:, 0], both[:, 1]

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR loss plus the L2 norm of the rows used and of the projection."""
        config, n = self.config, batch.negatives.shape[1]
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        look = self._weigh(batch.users.repeat_interleave(n + 1), items.flatten(), OPEN)
        u, v, bias = self.u(batch.users), self.v(items), self.bias[items]
        collaborative = (v @ u.unsqueeze(-1)).squeeze(-1)
        if self.training and config.dropout:
            collaborative = collaborative * (torch.rand_like(u[:, :1]) >= config.dropout)
        c1, c2 = (weight.unsqueeze(1) for weight in self._space_weights(batch.users))
        seen = segment_sum(look.shares, look.sets).view_as(items)
        score = bias + c1 * collaborative + c2 * seen
        rows = squared(u) + sum(squared(part[:, :1]) + squared(part[:, 1:]) / n for part in (v, bias))
        penalty = config.regularisation * rows + config.visual_regularisation * squared(self.w(batch.users))
        projection = config.projection_regularisation * squared(self.project.weight)
        loss: Tensor = bpr_loss(score[:, :1] - score[:, 1:]) + penalty / len(items) + projection
        return loss

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self.read(users, items, gates).scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images), some users at a time."""
        gate, aspect = self.present, gates.aspects.get("frames")
        if "frames" in gates.elements:
            gate = torch.zeros_like(gate).masked_scatter(gate > 0, gates.elements["frames"])
        shown = self._shown(torch.arange(len(self.vectors), device=users.device))
        wide = max(gate.numel(), len(shown) * (self.config.hidden if self.config.affinity == "additive" else 1))
        parts = [self._seen(part, shown, gate) for part in torch.split(users, max(1, HELD // max(wide, 1)))]
        # Closing the whole group scales all gates of a row alike, which leaves alpha and dims its presence.
        seen = torch.cat(parts) if aspect is None else torch.cat(parts) * aspect.unsqueeze(1)
        c1, c2 = (weight.unsqueeze(1) for weight in self._space_weights(users))
        scores: Tensor = self.bias + c1 * (self.u(users) @ self.v.weight.T) + c2 * seen
        return scores

    def _seen(self, users: Tensor, shown: Tensor, gate: Tensor) -> Tensor:
        """``w_a . x_ai`` (R, images) of all images; ``shown`` (frames, D2), ``gate`` (images, M)."""
        w: Tensor = self.w(users)
        scores = w @ shown.T
        if not self.config.attention:
            affinity = torch.zeros_like(scores)
        elif self.config.affinity == "additive":
            affinity = (self.query(w).unsqueeze(1) + self.key(shown)).tanh() @ self.out
        else:
            affinity = scores / self.config.divisor
        scores, affinity = scores[:, self.place], affinity[:, self.place]
        return (gated_softmax_rows(affinity, gate) * scores).sum(-1)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Attention over the frames of each item, and the exact share ``c2 alpha l`` of every frame."""
        collaborative, visual, look = self._taken_apart(users, items, gates)
        own = self.bias[items] + collaborative
        level = Level("frames", look.sets, look.weights if self.config.attention else None, visual)
        return Reading(scores=own + segment_sum(visual, look.sets), own=own, levels=(level,))

    def _taken_apart(self, users: Tensor, items: Tensor, gates: Gates) -> tuple[Tensor, Tensor, _Look]:
        """``c1 u . v`` (R,), ``c2 alpha l`` (frames,), and the look they come from."""
        look = self._weigh(users, items, gates)
        c1, c2 = self._space_weights(users)
        collaborative = c1 * (self.u(users) * self.v(items)).sum(-1)
        return collaborative, c2.index_select(0, look.sets.rows) * look.shares, look

    def space_terms(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """What each space adds to the scores of pairs: ``c1 u . v`` (R,) and ``c2 w . x`` (R,)."""
        collaborative, visual, look = self._taken_apart(users, items, OPEN)
        return collaborative, segment_sum(visual, look.sets)

    def frame_scores(self, users: Tensor, items: Tensor) -> tuple[Ragged, Tensor]:
        """Key-frame scores ``l_ak = w_a . g_k``: R sets of frames (rows of ``features``), and (frames,) scores."""
        look = self._weigh(users, items, OPEN)
        return look.sets, look.scores

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The frames of each image."""
        sets: Ragged = self.frames(items)
        return sets


def _frames_of(dataset: Dataset, name: str) -> Features:
    """Features whose rows are frames.

    Raises:
        DataError: they have not been made, or describe parts of images.
    """
    features = Features.open(dataset.root, name).check(dataset)
    if features.card.of != "frames":
        raise DataError(
            f"The features '{name}' of {dataset.root} describe parts of images, and jifr reads frames: make some "
            f"with 'workbench features {dataset.root} --encoder {features.card.encoder} --of frames'"
        )
    return features


def _reels(dataset: Dataset, sets: Ragged) -> Ragged:
    """The frames of images that have a reel; none for the others."""
    has = torch.zeros(len(sets), dtype=torch.bool)
    if dataset.has("frames"):
        has[torch.from_numpy(dataset.items.codes(dataset.table("frames")["item"].drop_duplicates()))] = True
    return Ragged.from_lengths(sets.lengths * has, sets.values[has[sets.rows]])
