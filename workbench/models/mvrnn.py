"""MV-RNN: a recurrent network over likes that are read with what their images show and their texts are about."""

from __future__ import annotations

from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.features.topics import TOPICS, Topics
from workbench.layers.evidence import Gates
from workbench.layers.recurrent import GatedGRU
from workbench.layers.steps import Steps
from workbench.models.base import Paper, SequenceBatch
from workbench.models.sequence import SequenceConfig, SequenceModel


class MVRNNConfig(SequenceConfig):
    """Hyperparameters of MV-RNN.

    Attributes:
        dim: size d of an image's own vector p, and of what is made of its picture and of its text.
        features: the image features that are read, as the mean over the regions of an image.
        topics: name of the dataset's topics, of which those of each text are read.
        fusion: how picture and text become one: their sum with an auto-encoder (``reconstruction``, the model proper),
            their sum alone (``sum``) or both side by side (``concatenation``).
        units: one recurrence over everything, or two, over p and over the rest, whose scores are added up.
        corruption: with ``reconstruction``, how often in training the whole picture or the whole text of a like or of a
            negative is taken away, each for itself, before it is read.
        reconstruction: weight of the auto-encoder's error.
        loss: bpr against one image drawn for each like (the paper; here from all images but the liked one, so that
            images liked before can lose, too), or the cross-entropy of the other models here.
        regularisation: of the vectors p and of the recurrence, with bpr of the negatives as well.
    """

    dim: int = 64
    features: str = "convnet"
    topics: str = TOPICS
    fusion: Literal["reconstruction", "sum", "concatenation"] = "reconstruction"
    units: Literal["one", "two"] = "one"
    corruption: float = Field(0.2, ge=0, lt=1)
    reconstruction: float = Field(1e-2, ge=0)
    loss: Literal["bpr", "softmax"] = "bpr"
    regularisation: float = 0.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.tied:
            raise ValueError("mvrnn scores an image with the vector it is read with: leave tied=true")
        if self.repeats and self.loss == "bpr":
            raise ValueError("repeats are learned by the cross-entropy over images alone: set loss=softmax")
        return self


class MVRNN(SequenceModel):
    """``score_t(j) = h_t . x_j + b_j``, ``h_t = GRU(x_{i_t}, h_{t-1})``, ``x = [p; m]``, ``m = E f + V g`` (Cui 2018).

    f is the picture of an image (mean of its regions), g the topics of its text, both with the mean of all images taken
    away and divided by one number, so that their numbers have the variance 1; an image without picture or text counts
    as the mean. The auto-encoder adds ``l / 2 (|f - E' m|^2 / |f| + |g - V' m|^2 / |g|)`` with the same, tied matrices,
    where m is made of what corruption left; ``|f|`` is how many numbers f has.

    There is neither attention nor an exact share: what a past like is worth is told by leaving it out.
    """

    name = "mvrnn"
    paper = Paper(
        "Cui et al.", "MV-RNN: A Multi-View Recurrent Neural Network for Sequential Recommendation", "TKDE", 2018
    )
    needs = ("likes", "likes.time", "items.image", "items.text")
    Config = MVRNNConfig
    config: MVRNNConfig
    pictures: Tensor
    subjects: Tensor

    def __init__(self, config: MVRNNConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        d = config.dim
        pictures = Features.open(dataset.root, config.features).vectors(dataset)
        subjects = Topics.open(dataset.root, config.topics).check(dataset).item_topics
        self.register_buffer("pictures", _scaled(pictures), persistent=False)
        self.register_buffer("subjects", _scaled(subjects), persistent=False)
        self.picture, self.subject = (nn.Linear(part.shape[1], d, bias=False) for part in (pictures, subjects))
        for matrix in (self.picture, self.subject):
            nn.init.normal_(matrix.weight, std=(d * matrix.in_features) ** -0.5)
        rest = 2 * d if config.fusion == "concatenation" else d
        widths = [d + rest] if config.units == "one" else [d, rest]
        self.recurrences = nn.ModuleList([GatedGRU(width, width) for width in widths])
        self.widths = widths

    def _seen(self, items: Tensor, corrupted: bool = False) -> tuple[Tensor, Tensor]:
        """``E f`` and ``V g`` (..., d) of ``items`` (...), some of them 0 where they are to be ``corrupted``."""
        distinct, at = torch.unique(items, return_inverse=True)
        picture, subject = (
            functional.embedding(at, matrix(table.index_select(0, distinct)))
            for matrix, table in ((self.picture, self.pictures), (self.subject, self.subjects))
        )
        if corrupted:
            kept = torch.rand(2, *items.shape, 1, device=items.device) >= self.config.corruption
            picture, subject = picture * kept[0], subject * kept[1]
        return picture, subject

    def _whole(self, items: Tensor, corrupted: bool = False) -> Tensor:
        """Vectors x (..., X) of ``items`` (...)."""
        picture, subject = self._seen(items, corrupted)
        parts = [picture, subject] if self.config.fusion == "concatenation" else [picture + subject]
        return torch.cat([self.items(items), *parts], -1)

    def vectors(self) -> Tensor:
        """(images, X) what images are read and scored with."""
        return self._whole(torch.arange(self.n_items, device=self.device))

    def _recur(self, vectors: Tensor, gates: Tensor | None) -> Tensor:
        """States (R, L, X) after ``vectors`` (R, L, X)."""
        parts = zip(self.recurrences, torch.split(self.drop(vectors), self.widths, -1), strict=True)
        return torch.cat([recurrence(part, gates) for recurrence, part in parts], -1)

    def walk(self, steps: Steps, likes: Ragged, gates: Gates) -> Tensor:
        """States (R, L, X) after each like."""
        return self._recur(self._whole(steps.items), steps.gates)

    def forward(self, batch: SequenceBatch) -> Tensor:
        """The loss of the next like at every like but the last, mean over them, plus what is reconstructed badly."""
        steps = self.steps(self.likes(batch.users))
        corrupted = self.training and self.config.fusion == "reconstruction"
        vectors = self._whole(steps.items, corrupted)
        states = self._recur(vectors, None)
        row, at = torch.nonzero(steps.present[:, 1:], as_tuple=True)
        read, items = [vectors[row, at + 1]], [steps.items[row, at + 1]]
        if self.config.loss == "softmax":
            loss = self.next_loss(steps, states)
        else:
            items.append(torch.randint(self.n_items, row.shape, device=row.device))
            read.append(self._whole(items[1], corrupted))
            difference = (self.drop(states[row, at]) * (read[0] - read[1])).sum(-1)
            loss = functional.softplus(self.bias[items[1]] - self.bias[items[0]] - difference)
            # A drawn image that is the liked one does not count against itself.
            others = items[0] != items[1]
            loss = (loss * others).sum() / others.sum().clamp_min(1)
        for one, codes in zip(read, items, strict=True):
            loss = loss + self._rest(one, codes) / max(len(codes), 1)
        if self.config.regularisation:
            weights = [parameter.square().sum() for parameter in self.recurrences.parameters()]
            loss = loss + self.config.regularisation * torch.stack(weights).sum()
        return loss

    def _rest(self, vectors: Tensor, items: Tensor) -> Tensor:
        """The error of the auto-encoder on ``items`` (n,) read as ``vectors`` (n, X), and the L2 norm of their p."""
        config = self.config
        own, fused = vectors[:, : config.dim], vectors[:, config.dim :]
        total = config.regularisation * own.square().sum()
        if config.fusion != "reconstruction":
            return total
        for matrix, table in ((self.picture, self.pictures), (self.subject, self.subjects)):
            error = functional.mse_loss(fused @ matrix.weight, table.index_select(0, items), reduction="sum")
            total = total + config.reconstruction / 2 * error / table.shape[1]
        return total


def _scaled(vectors: Tensor) -> Tensor:
    """(images + 1, d) of variance 1 around 0: ``vectors`` (images, d), where all 0 is nothing, and nothing at last."""
    there = vectors.any(1)
    centred = (vectors - vectors[there].mean(0)) * there.unsqueeze(1) if there.any() else vectors
    scale = centred[there].square().mean().sqrt() if there.any() else centred.new_ones(())
    return functional.pad(centred / scale.clamp_min(1e-12), (0, 0, 0, 1))
