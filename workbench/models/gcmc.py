"""GC-MC: a user is encoded from the images she likes, an image from the people who like it, one hop and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.segments import segment_sum, weighted_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading
from workbench.models.kept import KeepingModel, standard_vectors
from workbench.models.ranking import bpr_loss, normal_table, squared


class GCMCConfig(ModelConfig):
    """Hyperparameters of GC-MC.

    Attributes:
        hidden: of the messages; ``dim`` of the vectors that are compared.
        normalise: c_ui is ``|R_u|`` (left) or ``sqrt(|R_u| |U_i|)`` (symmetric).
        output: of the dense layer, bent as printed (relu) or not, as released (linear).
        decoder: the vectors are compared by ``z_u . Q z_i`` (bilinear) or by ``z_u . z_i`` (dot).
        loss: BPR, or the cross-entropy of likes and of the sampled images, these counted as not liked.
        dropout: of nodes: the share of people and images that send nothing in a batch.
        exclude_target: leave the like that is learned out of the graph, so that it does not predict itself.
        features: name of image features that are side information of the images; none if left out.
        side: width of the layer that reads them.
        regularisation: of the messages' rows a batch uses.
    """

    learning_rate: float = 5e-3
    hidden: int = Field(64, ge=1)
    dim: int = Field(64, ge=1)
    normalise: Literal["left", "symmetric"] = "symmetric"
    output: Literal["relu", "linear"] = "linear"
    decoder: Literal["bilinear", "dot"] = "dot"
    loss: Literal["bpr", "cross-entropy"] = "bpr"
    dropout: float = Field(0.3, ge=0, lt=1)
    exclude_target: bool = True
    features: str | None = None
    side: int = Field(32, ge=1)
    regularisation: float = 3e-3


@dataclass(frozen=True)
class Encoded:
    """R users as encoded under gates.

    Attributes:
        sets: what they like; ``gate`` (elements,).
        messages: (elements, H) what each image sends; they add up to ``before``, (R, H), which is bent to h.
        z: (R, D).
        likes: (R,) gated number of likes.
    """

    sets: Ragged
    gate: Tensor
    messages: Tensor
    before: Tensor
    z: Tensor
    likes: Tensor


class GCMC(KeepingModel[tuple[Tensor, ...]]):
    """``score(u, i) = z_u . Q z_i``, ``z_u = W h_u``, ``h_u = relu(sum_{j in R_u} x_j / c_uj)`` (Berg et al. 2018).

    An image is encoded alike from the people who like it, and side information is added to ``W h_i``. There is one
    level of rating, a like, and nodes have no features but their number, so that ``W_r x_j`` is a learned row for each.
    The model holds no vector of a user but her likes, so nothing is own. With the ReLUs as they are, the contributions
    ``Q z_i . W (x_j / c_uj)`` of the liked images add up exactly; there is no attention. A gate changes h_u, the h of
    its image and both degrees, in which a like counts g.
    """

    name = "gcmc"
    family = "graph"
    paper = Paper("van den Berg et al.", "Graph Convolutional Matrix Completion", "KDD Deep Learning Day", 2018)
    needs = ("likes",)
    evidence = (EvidenceGroup("history", "liked before", "image", "user", "likes", "you liked images of this kind"),)
    Config = GCMCConfig
    config: GCMCConfig
    likes: Tensor
    likers: Tensor
    vectors: Tensor

    def __init__(self, config: GCMCConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        history = dataset.history
        back = Ragged.from_pairs(history.values, history.rows, self.n_items)
        self.history, self.people = RecordedSets(history), RecordedSets(back)
        self.register_buffer("likes", history.lengths.float(), persistent=False)
        self.register_buffer("likers", back.lengths.float(), persistent=False)
        self.from_users = normal_table(self.n_users, config.hidden, 0.1)
        self.from_items = normal_table(self.n_items, config.hidden, 0.1)
        self.dense = nn.Linear(config.hidden, config.dim, bias=False)
        if config.decoder == "bilinear":
            self.compare = nn.Linear(config.dim, config.dim, bias=False)
            nn.init.eye_(self.compare.weight)
        if config.features is not None:
            vectors = standard_vectors(dataset, config.features)
            self.register_buffer("vectors", vectors, persistent=False)
            self.seen = nn.Linear(vectors.shape[1], config.side)
            self.told = nn.Linear(config.side, config.dim, bias=False)

    def _sends(self, count: Tensor) -> Tensor:
        """The part of 1 / c that belongs to who sends, having ``count`` edges."""
        return count.clamp_min(1).rsqrt() if self.config.normalise == "symmetric" else torch.ones_like(count)

    def _takes(self, count: Tensor) -> Tensor:
        """The part of 1 / c that belongs to who is encoded; one edge where there is less, so that it is continuous."""
        count = count.clamp_min(1)
        return count.rsqrt() if self.config.normalise == "symmetric" else 1 / count

    def _encode(self, total: Tensor, count: Tensor, items: Tensor | None = None) -> Tensor:
        """Vectors z (n, D) of the sums of messages ``total`` (n, H) over ``count`` (n,) edges, of images if given."""
        z: Tensor = self.dense(functional.relu(total * self._takes(count).unsqueeze(1)))
        if items is not None and self.config.features is not None:
            z = z + self.told(functional.relu(self.seen(self.vectors[items])))
        return functional.relu(z) if self.config.output == "relu" else z

    def _compared(self, z: Tensor) -> Tensor:
        """``Q z`` (n, D) of images."""
        return self.compare(z) if self.config.decoder == "bilinear" else z

    def tables(self) -> tuple[Tensor, ...]:
        """What all images are sent (images, H), and ``Q z`` (images, D) of each."""
        sets, everything = self.people.sets, torch.arange(self.n_items, device=self.device)
        total = weighted_sum(self.from_users.weight, sets, self._sends(self.likes)[sets.values])
        return total, self._compared(self._encode(total, self.likers, everything))

    def _sending(self, count: Tensor) -> Tensor:
        """What nodes send by, some of them dropped; the others make up for it."""
        return functional.dropout(self._sends(count), self.config.dropout, self.training)

    def forward(self, batch: PairBatch) -> Tensor:
        """BPR or cross-entropy, plus the L2 norm of the rows used; a positive is scored without its own like."""
        people, row = torch.unique(batch.users, return_inverse=True)
        b, codes = len(batch.users), torch.cat([batch.positives, batch.negatives.flatten()])
        images, place = torch.unique(codes, return_inverse=True)
        sends_user, sends_item = self._sending(self.likes), self._sending(self.likers)
        liked, likers = self.history(people), self.people(images)
        of_people = weighted_sum(self.from_items.weight, liked, sends_item[liked.values])
        of_images = weighted_sum(self.from_users.weight, likers, sends_user[likers.values])
        x_user, x_item = self.from_users(batch.users), self.from_items(batch.positives)
        z, q = (
            self._encode(of_people, self.likes[people])[row],
            self._compared(self._encode(of_images, self.likers[images], images))[place],
        )
        negative = (q[b:].view(*batch.negatives.shape, -1) @ z.unsqueeze(-1)).squeeze(-1)
        if self.config.exclude_target:
            without = of_people[row] - sends_item[batch.positives].unsqueeze(1) * x_item
            z = self._encode(without, self.likes[batch.users] - 1)
            without = of_images[place[:b]] - sends_user[batch.users].unsqueeze(1) * x_user
            q = self._compared(self._encode(without, self.likers[batch.positives] - 1, batch.positives))
        positive = (z * q[:b]).sum(-1, keepdim=True)
        if self.config.loss == "bpr":
            loss = bpr_loss(positive - negative)
        else:
            loss = functional.softplus(-positive).mean() + functional.softplus(negative).mean()
        return loss + self.config.regularisation * (squared(x_user) + squared(x_item)) / b

    def _encoded(self, users: Tensor, gates: Gates) -> Encoded:
        """``users`` (R,) from the likes their gates leave."""
        sets: Ragged = self.history(users)
        gate = gates.on("history", sets)
        if gate is None:
            gate = torch.ones(len(sets.values), device=self.device)
        likes = segment_sum(gate, sets)
        sent = gate * self._sends(self.likers[sets.values] - 1 + gate)
        sent = sent * self._takes(likes).index_select(0, sets.rows)
        messages = sent.unsqueeze(1) * self.from_items(sets.values)
        before = segment_sum(messages, sets)
        z: Tensor = self.dense(functional.relu(before))
        z = functional.relu(z) if self.config.output == "relu" else z
        return Encoded(sets, gate, messages, before, z, likes)

    def _thinned(self, users: Tensor, likes: Tensor, items: Tensor, recorded: Tensor, gate: Tensor) -> Tensor:
        """``Q z`` (n, D) of ``items`` (n,) where the likes of ``users`` (n,) are gated, ``likes`` (n,) being left.

        Args:
            users: one for each image.
            likes: gated number of likes of the user.
            items: the images.
            recorded: (n,) 1 where the user likes the image, else 0.
            gate: (n,) of that like; 0 where there is none.
        """
        change = gate * self._sends(likes) - recorded * self._sends(self.likes[users])
        total = self.kept()[0][items] + change.unsqueeze(1) * self.from_users(users)
        return self._compared(self._encode(total, self.likers[items] - recorded + gate, items))

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self.read(users, items, gates).scores

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): one matrix product, and under gates the images of the histories anew."""
        side, table = self._encoded(users, gates), self.kept()[1]
        scores = side.z @ table.T
        rows, items = side.sets.rows, side.sets.values
        if gates.on("history", side.sets) is None or not len(items):
            return scores
        q = self._thinned(users[rows], side.likes[rows], items, torch.ones_like(side.gate), side.gate)
        return scores.index_put((rows, items), (side.z[rows] * q).sum(-1))

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Contribution of every liked image with the ReLUs as they are."""
        side = self._encoded(users, gates)
        itself = (side.sets.values == items.index_select(0, side.sets.rows)).float()
        recorded, gate = segment_sum(itself, side.sets), segment_sum(itself * side.gate, side.sets)
        back = self._thinned(users, side.likes, items, recorded, gate)
        if self.config.output == "relu":
            back = back * (side.z > 0)
        back = back @ self.dense.weight * (side.before > 0)
        share = (side.messages * back.index_select(0, side.sets.rows)).sum(-1)
        scores = segment_sum(share, side.sets)
        level = Level("history", side.sets, attention=None, contribution=share)
        return Reading(scores=scores, own=torch.zeros_like(scores), levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The liked images of each user."""
        sets: Ragged = self.history(users)
        return sets
