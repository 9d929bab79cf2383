"""What models of sequences share: likes in the order of time, the loss of the next like, scores at any moment."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.steps import Steps
from workbench.models.base import Level, ModelConfig, Reading, SequenceBatch
from workbench.models.moments import MomentModel
from workbench.models.ranking import normal_table

HISTORY = EvidenceGroup("history", "liked before", "image", "user", "likes", "of what you liked before, and when")
SAMPLED_FROM = 20_000
"""Catalogue size from which on the loss is taken over sampled images."""


class SequenceConfig(ModelConfig):
    """Hyperparameters all models of sequences have.

    Attributes:
        batch: likes predicted in a step of training, about.
        dim: size D of states and item vectors.
        dropout: share of the item vectors' and of the states' numbers that is left out in training.
        longest: likes of a user that are read, her latest.
        softmax: over all images, or over ``negatives`` sampled ones beside the liked one; ``auto`` samples from
            20,000 images on.
        tied: whether an image is scored with the vector it is read with; otherwise with a table of its own
            (Ante-RNN, Eq. 23).
        repeats: whether one learned number is added to the scores of all images liked before: how much more, or less,
            likely it is that an image is liked again.
    """

    learning_rate: float = 2e-3
    epochs: int = 150
    batch: int = 3000
    negatives: int = 512
    patience: int = 8
    monitor: str = "NDCG@20"
    dim: int = 128
    dropout: float = Field(0.2, ge=0, lt=1)
    longest: int = Field(2000, ge=2)
    softmax: Literal["auto", "full", "sampled"] = "auto"
    tied: bool = True
    repeats: bool = False


class BlocksConfig(SequenceConfig):
    """Hyperparameters of models of sequences whose states may be in blocks.

    Attributes:
        blocks: equal parts of ``dim`` that learn apart: each has a recurrent network of its own and predicts the next
            like by itself, and the score is their mean. 1 is every paper's form.
    """

    blocks: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _equal(self) -> Self:
        if self.dim % self.blocks:
            raise ValueError(f"blocks={self.blocks} are equal parts of dim: set a dim that is their multiple")
        return self


class SequenceModel(MomentModel):
    """A model that reads a user's likes in the order of time and scores every image as her next like.

    A subclass walks along the likes and gives a state after each; ``state_t . w_j + b_j`` scores image j as like t + 1,
    so that no state has seen what it predicts (Ante-RNN prints ``P(i_t | h_t)``, where ``h_t`` has seen ``i_t``).
    """

    family = "sequence"
    evidence: ClassVar[tuple[EvidenceGroup, ...]] = (HISTORY,)
    Config: ClassVar[type[SequenceConfig]] = SequenceConfig
    config: SequenceConfig

    def __init__(self, config: SequenceConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset, config.longest)
        self.per_like = 8 * config.dim
        self.apart = config.blocks if isinstance(config, BlocksConfig) else 1
        std = (config.dim // self.apart) ** -0.5
        self.items = normal_table(self.n_items + 1, config.dim, std)
        # From how often each image was liked, since the first epochs would learn little else.
        liked = torch.bincount(dataset.likes("train")[1], minlength=self.n_items)
        self.bias = nn.Parameter((liked + 1).float().log())
        if not config.tied:
            self.out = normal_table(self.n_items, config.dim, std)
        if config.repeats:
            self.again = nn.Parameter(torch.zeros(()))
        self.drop = nn.Dropout(config.dropout)
        self.sampled = config.softmax == "sampled" or (config.softmax == "auto" and self.n_items >= SAMPLED_FROM)

    @abstractmethod
    def walk(self, steps: Steps, likes: Ragged, gates: Gates) -> Tensor:
        """States (R, L, D) after each like; those at padded places mean nothing.

        Args:
            steps: the likes that are present, with their gates.
            likes: R sets of places of all likes that have happened, which ``steps.place`` counts.
            gates: those of everything else, such as parts of the likes.
        """

    def steps(self, likes: Ragged, gate: Tensor | None = None) -> Steps:
        """The ``likes`` as padded sequences."""
        recorded = self.sequences
        return Steps.of(likes, recorded.likes.values, recorded.times, self.n_items, gate)

    def vectors(self) -> Tensor:
        """(images, D) what images are scored with."""
        return self.items.weight[:-1] if self.config.tied else self.out.weight

    def asking(self, states: Tensor) -> Tensor:
        """The ``states`` (..., D) such that their product with ``vectors`` is the mean over the blocks."""
        return states / self.apart if self.apart > 1 else states

    def walked(self, users: Tensor, gates: Gates = OPEN) -> tuple[Steps, Tensor]:
        """The likes of ``users`` (R,) at the moment of the gates and the state (R, D) after them.

        Rows of one user that differ in what belongs to images alone are walked along once.
        """
        alike = self._alike(users, gates)
        if alike is not None:
            users, gates, which = alike
        likes = self.likes(users, gates)
        steps = self.steps(likes, gates.on("history", likes)).packed()
        states = self.asking(steps.last(self.walk(steps, likes, gates)))
        return (steps, states) if alike is None else (steps.select(which), states.index_select(0, which))

    def _alike(self, users: Tensor, gates: Gates) -> tuple[Tensor, Gates, Tensor] | None:
        """Distinct rows of one user at one moment, their gates, and (R,) which of them each is; None if all differ."""
        of_user = [group.name for group in self.active_evidence if group.side == "user"]
        given = [{name: part[name] for name in of_user if name in part} for part in (gates.elements, gates.aspects)]
        read = [gate for part in given for gate in part.values()]
        told = users if gates.until is None else torch.stack([users, gates.until])
        one = bool((told == told[..., :1]).all())
        if len(users) < 2 or not one or not read or any(gate.requires_grad for gate in read):
            return None
        flat = [gate.view(len(users), -1) for gate in read]
        rows, which = torch.unique(torch.cat(flat, 1), dim=0, return_inverse=True)
        if len(rows) == len(users):
            return None
        columns = iter(torch.split(rows, [gate.shape[1] for gate in flat], 1))
        elements, whole = ({name: next(columns).flatten() for name in part} for part in given)
        until = None if gates.until is None else gates.until[: len(rows)]
        return users[: len(rows)], Gates(elements, whole, until), which

    def forward(self, batch: SequenceBatch) -> Tensor:
        """Cross-entropy of the next like at every like but the last, mean over them (Ante-RNN, Eq. 22)."""
        likes = self.likes(batch.users)
        steps = self.steps(likes)
        return self.next_loss(steps, self.walk(steps, likes, OPEN))

    def next_loss(self, steps: Steps, states: Tensor) -> Tensor:
        """Cross-entropy of the next like after the ``states`` (R, L, D), mean over all likes but the last ones.

        Each block predicts it alone, and the mean over the blocks is taken.
        """
        row, at = torch.nonzero(steps.present[:, 1:], as_tuple=True)
        # Selected by one index each: going back through pairs of indices would sort them.
        after = self.drop(states.flatten(0, 1).index_select(0, row * states.shape[1] + at))
        blocks = zip(after.chunk(self.apart, 1), self.vectors().chunk(self.apart, 1), strict=True)
        if not self.sampled:
            return torch.stack([self._full(steps, row, at, *block) for block in blocks]).mean()
        # One draw for all states of a batch.
        drawn = torch.randint(self.n_items, (self.config.negatives,), device=row.device)
        return torch.stack([self._against(drawn, steps, row, at, *block) for block in blocks]).mean()

    def _full(self, steps: Steps, row: Tensor, at: Tensor, after: Tensor, table: Tensor) -> Tensor:
        """The loss of step ``at`` (S,) of each ``row`` (S,) from states ``after`` it (S, d), over all images."""
        scores = torch.addmm(self.bias, after, table.T)
        if self.config.repeats:
            scores = self._repeated(scores, steps.items[row], _up_to(at, steps))
        return functional.cross_entropy(scores, steps.items[row, at + 1])

    def _against(self, drawn: Tensor, steps: Steps, row: Tensor, at: Tensor, after: Tensor, table: Tensor) -> Tensor:
        """The same over the image that was liked and those ``drawn`` (n,)."""
        liked, bias = steps.items[row, at + 1], self.bias
        against = torch.addmm(bias[drawn], after, table[drawn].T)
        own = (after * table[liked]).sum(1, keepdim=True) + bias[liked].unsqueeze(1)
        if self.config.repeats:
            first = self._first(steps)
            against = against + self.again * (first[:, drawn][row] <= at.unsqueeze(1))
            own = own + self.again * (first[row, liked] <= at).unsqueeze(1)
        # A drawn image that is the liked one does not count against itself.
        against = against.masked_fill(drawn == liked.unsqueeze(1), -torch.inf)
        return functional.cross_entropy(torch.cat([own, against], 1), torch.zeros_like(liked))

    def _first(self, steps: Steps) -> Tensor:
        """(R, images + 1) at which step each image was liked first; after the last step where it never was."""
        places = torch.arange(steps.items.shape[1], device=steps.items.device).expand_as(steps.items)
        never = places.new_full((len(places), self.n_items + 1), places.shape[1])
        return never.scatter_reduce(1, steps.items, places, "amin")

    def _repeated(self, scores: Tensor, items: Tensor, opened: Tensor) -> Tensor:
        """Scores (S, images) with what is added to the images ``items`` (S, L) liked before, by presence (S, L)."""
        return scores.scatter_add(1, items.clamp_max(self.n_items - 1), self.again * opened)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images) as the next like at the moment of the gates."""
        steps, states = self.walked(users, gates)
        scores = self.all_scores(states, gates)
        return self._repeated(scores, steps.items, steps.opened) if self.config.repeats else scores

    def all_scores(self, states: Tensor, gates: Gates) -> Tensor:
        """Scores (R, images) after ``states`` (R, D), repeats left out."""
        return torch.addmm(self.bias, states, self.vectors().T)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        steps, states = self.walked(users, gates)
        return self.pair_scores(steps, states, items, gates)

    def score_among(self, users: Tensor, items: Tensor, gates: Gates) -> Tensor:
        """As of any model, with one walk for all images and the one that has gates of its own."""
        steps, states = self.walked(users, gates)
        scores = self.all_scores(states, OPEN)
        if self.config.repeats:
            scores = self._repeated(scores, steps.items, steps.opened)
        return scores.scatter(1, items.unsqueeze(1), self.pair_scores(steps, states, items, gates).unsqueeze(1))

    def pair_scores(self, steps: Steps, states: Tensor, items: Tensor, gates: Gates) -> Tensor:
        """Scores (R,) of ``items`` (R,) after the ``states`` (R, D) of sequences."""
        scores = (states * self.vectors()[items]).sum(-1) + self.bias[items]
        return scores + self.repeated(steps, items)

    def repeated(self, steps: Steps, items: Tensor) -> Tensor:
        """(R,) what is added to ``items`` (R,) for having been liked before."""
        if not self.config.repeats:
            return torch.zeros_like(items, dtype=self.bias.dtype)
        return self.again * ((steps.items == items.unsqueeze(1)) * steps.opened).amax(1)

    def score_moments(self, users: Tensor, until: Tensor) -> Tensor:
        """Scores (S, images) at S moments.

        The moments of a user share one walk along her likes, up to the ``longest`` first ones; of a later moment other
        likes are read, so it has a walk of its own.
        """
        near = until.clamp_max(self.config.longest)
        people, row = torch.unique(users, return_inverse=True)
        shared = torch.zeros_like(people).scatter_reduce(0, row, near, "amax")[row]
        stop = torch.where(until > near, until, shared)
        (walkers, stops), walk = torch.unique(torch.stack([users, stop]), dim=1, return_inverse=True)
        gates = Gates(until=stops)
        likes = self.likes(walkers, gates)
        steps = self.steps(likes)
        states = self.asking(self.walk(steps, likes, gates)[walk, (near - 1).clamp_min(0)])
        scores = torch.addmm(self.bias, states * (until > 0).unsqueeze(1), self.vectors().T)
        if not self.config.repeats:
            return scores
        return self._repeated(scores, steps.items[walk], _up_to(near - 1, steps) * steps.present[walk])

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """The score, what it is where nothing was liked, and the likes; attention where a subclass gives any."""
        level = Level("history", self.images(self.likes(users, gates)), attention=None, contribution=None)
        return Reading(scores=self.score_pairs(users, items, gates), own=self.unread(items), levels=(level,))

    def unread(self, items: Tensor) -> Tensor:
        """Scores (R,) of ``items`` (R,) where nothing was liked."""
        return self.bias.index_select(0, items)


def _up_to(at: Tensor, steps: Steps) -> Tensor:
    """(S, L) 1 for the likes up to the ones ``at`` (S,), 0 for later ones."""
    places = torch.arange(steps.items.shape[1], device=at.device)
    return (places <= at.unsqueeze(1)).float()
