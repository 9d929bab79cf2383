"""CDL, collaborative deep learning: factors of images that stay near the middle of an auto-encoder of their content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.features.words import LONGEST, PADDING, RARE, Texts
from workbench.layers.autoencoder import Activation, AutoEncoder
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.regions import RegionTable
from workbench.layers.segments import gated_softmax, segment_sum
from workbench.models.base import Level, ModelConfig, Paper, Reading, repaint_row
from workbench.models.ctr import both_ways, least_squares
from workbench.models.kept import KeepingModel
from workbench.models.visual import Standardise

WORDS = "words"
BLOCK = 1024
"""Images encoded at a time."""


class CDLConfig(ModelConfig):
    """Hyperparameters of CDL; batch and learning rate are those of the auto-encoder.

    Attributes:
        inputs: what the auto-encoder reads: the words of texts, or the image features of this name.
        frames: name of the features of frames that ``frame_scores`` encodes, where ``inputs`` are those of images.
        weighting: of words: 1 if it is there, or its count times its inverse document frequency (the largest being 1).
        rare: occurrences below which a word is not read; ``longest_text`` words of a text are.
        dim: width of the middle and of the factors; ``hidden`` those of the layers around it, from the input inwards.
        activation: of every layer but the last.
        corruption: share of the inputs set to 0 while the auto-encoder learns.
        a: confidence in a like; ``b`` in its absence.
        lambda_u: how near to 0 users stay; ``lambda_v`` how near images and their codes stay to each other.
        lambda_n: weight of the auto-encoder's error; ``lambda_w`` of the squares of its weights.
        pretraining: epochs of the auto-encoder alone, before likes are seen.
        sweeps: of least squares, each followed by ``tuning`` epochs of the auto-encoder.
    """

    inputs: str = WORDS
    frames: str = "convnet-frames"
    weighting: Literal["binary", "tfidf"] = "binary"
    rare: int = RARE
    longest_text: int = LONGEST
    dim: int = 50
    hidden: tuple[int, ...] = (200,)
    activation: Activation = "relu"
    corruption: float = Field(0.3, ge=0, lt=1)
    a: float = Field(1.0, gt=0)
    b: float = Field(0.01, gt=0)
    lambda_u: float = Field(0.1, gt=0)
    lambda_v: float = Field(10.0, gt=0)
    lambda_n: float = Field(1000.0, ge=0)
    lambda_w: float = Field(0.1, ge=0)
    learning_rate: float = 1e-3
    batch: int = 128
    pretraining: int = Field(50, ge=0)
    sweeps: int = Field(15, ge=1)
    tuning: int = Field(3, ge=0)


class CDL(KeepingModel[tuple[Tensor, ...]]):
    """``score(u, j) = p_u . (enc(x_j) + e_j)``, enc(x_j) the code of the content of image j (Wang et al. 2015).

    ``v_j = enc(x_j) + e_j`` and p minimise the cost of CTR with enc(x_j) in the place of the topics, beside which the
    auto-encoder minimises ``lambda_v/2 |v_j - enc(x_j)|^2 + lambda_n/2 |dec(enc(x~_j)) - x_j|^2 + lambda_w/2 |W|^2``,
    x~_j being x_j with inputs left out at random. Least squares and gradient steps take turns. An image nobody liked
    in training has e_j = 0 and binds no code. A closed gate leaves a word or region out of x_j before it is encoded.
    """

    name = "cdl"
    family = "latent factors and texts"
    paper = Paper("Wang et al.", "Collaborative Deep Learning for Recommender Systems", "KDD", 2015)
    needs = ("likes",)
    evidence = (
        EvidenceGroup("caption", "its words", "word", "item", "items", "of what its text says"),
        EvidenceGroup("picture", "its regions", "region", "item", "items", "of what it shows"),
    )
    at_once = True
    Config = CDLConfig
    config: CDLConfig
    users: Tensor
    offsets: Tensor
    idf: Tensor
    vectors: Tensor
    frame_features: Features

    def __init__(self, config: CDLConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.by_words = config.inputs == WORDS
        width = self._open_texts(dataset) if self.by_words else self._open_features(dataset)
        self.coder = AutoEncoder(width, config.hidden, config.dim, config.activation, bounded=self.by_words)
        self.register_buffer("users", torch.zeros(self.n_users, config.dim))
        self.register_buffer("offsets", torch.zeros(self.n_items, config.dim))

    def _open_texts(self, dataset: Dataset) -> int:
        """Read the words; the width of x."""
        self.texts = Texts.of(dataset, self.config.rare, self.config.longest_text, learned="likes")
        codes = self.texts.codes()
        known = codes != PADDING
        if not known.any():
            raise DataError(
                f"{dataset.root} has no word that stands {self.config.rare} times in the texts of images liked in "
                "training: lower rare, or read image features with --set inputs=NAME"
            )
        places = torch.arange(codes.numel()).view_as(codes)
        self.told = RecordedSets(Ragged.from_lengths(known.sum(1), places[known]))
        self.words = RecordedSets(Ragged(self.told.offsets, codes[known] - 1))
        self.register_buffer("idf", torch.ones(len(self.texts.vocabulary.words)))
        return len(self.idf)

    def _open_features(self, dataset: Dataset) -> int:
        """Find the regions, and the frames if there are any; the width of x."""
        self.features = Features.open(dataset.root, self.config.inputs)
        self.regions = RegionTable.of(dataset, self.features)
        self.register_buffer("vectors", self.features.vectors(dataset), persistent=False)
        everything = torch.arange(len(self.regions.vectors))
        self.told = RecordedSets(Ragged(self.features.sets.offsets, everything))
        self.standardise = Standardise(self.regions.width)
        self.standardise.fit(self.vectors[self.told.sets.lengths > 0])
        if self.features.card.of == "frames":
            self.frame_features = self.features
        else:
            try:
                frames = Features.open(dataset.root, self.config.frames).check(dataset)
            except DataError:
                # Frames are asked for by the task of key frames alone, which says what it misses.
                return self.regions.width
            if frames.card.encoder == self.features.card.encoder:
                self.frame_features = frames
        return self.regions.width

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """The words or the regions, whichever are read."""
        return self.evidence[:1] if self.by_words else self.evidence[1:]

    def content(self, items: Tensor, gate: Tensor | None = None) -> Tensor:
        """What is read, x (n, width), of ``items`` (n,) with gates of their words or regions laid end to end.

        Of words, each counts as much as the largest gate of its occurrences (binary), or as their sum. Of regions, the
        standardised mean of what is present, as much as the largest gate.
        """
        if self.by_words:
            sets: Ragged = self.words(items)
            gate = self.idf.new_ones(sets.values.shape) if gate is None else gate
            cells, blank = sets.rows * len(self.idf) + sets.values, self.idf.new_zeros(len(items) * len(self.idf))
            if self.config.weighting == "binary":
                return blank.scatter_reduce(0, cells, gate, "amax", include_self=True).view(len(items), -1)
            return blank.index_add(0, cells, gate * self.idf[sets.values]).view(len(items), -1)
        sets = self.told(items)
        if gate is None:
            whole: Tensor = self.standardise(self.vectors[items])
            return whole * (sets.lengths > 0).unsqueeze(1)
        weight, presence = gated_softmax(torch.zeros_like(gate), sets, gate)
        vectors = self.regions.vectors.index_select(0, sets.values).float()
        total = segment_sum(weight.unsqueeze(1) * vectors, sets)
        return (total - presence.unsqueeze(1) * self.standardise.mean) / self.standardise.scale

    def tables(self) -> tuple[Tensor, ...]:
        """The codes (images, D) of all images."""
        return (self.codes(),)

    def codes(self, gate: Tensor | None = None, scale: Tensor | None = None) -> Tensor:
        """Codes (images, D) of all images, their content gated and multiplied by a ``scale``."""
        parts, ends = [], self.told.offsets
        for items in torch.split(torch.arange(self.n_items, device=self.device), BLOCK):
            block = slice(int(ends[items[0]]), int(ends[items[-1] + 1]))
            x = self.content(items, None if gate is None else gate[block])
            parts.append(self.coder.encode(x if scale is None else x * scale))
        return torch.cat(parts)

    def fit(self, dataset: Dataset) -> None:
        """Learn the auto-encoder, then by turns users, images and auto-encoder."""
        config, (likes, likers) = self.config, both_ways(dataset)
        liked = likers.lengths > 0
        if self.by_words and config.weighting == "tfidf":
            self._weigh_words()
        optimizer = torch.optim.Adam(self.coder.parameters(), lr=config.learning_rate)
        self._learn(optimizer, config.pretraining, None, liked)
        theta = self._double_codes()
        images, nowhere = theta, theta.new_zeros(self.n_users, config.dim)
        for _ in range(config.sweeps):
            people = least_squares(images, likes, nowhere, config.lambda_u, config.a, config.b)
            images = least_squares(people, likers, theta, config.lambda_v, config.a, config.b)
            self._learn(optimizer, config.tuning, images.float(), liked)
            theta = self._double_codes()
        images = least_squares(people, likers, theta, config.lambda_v, config.a, config.b)
        self.users.copy_(people)
        self.offsets.copy_((images - theta) * liked.unsqueeze(1))

    def _double_codes(self) -> Tensor:
        with torch.no_grad():
            return self.codes().double()

    def _weigh_words(self) -> None:
        """Inverse document frequency of every word over the texts, the largest being 1."""
        sets = self.words.sets
        distinct = torch.unique(sets.rows * len(self.idf) + sets.values) % len(self.idf)
        texts = int((sets.lengths > 0).sum())
        idf = 1 + torch.log((1 + texts) / (1 + torch.bincount(distinct, minlength=len(self.idf)).float()))
        self.idf.copy_(idf / idf.max())

    def _learn(self, optimizer: torch.optim.Optimizer, epochs: int, images: Tensor | None, liked: Tensor) -> None:
        """Epochs of the auto-encoder over the images with content, towards the factors ``images`` of those liked."""
        told = torch.nonzero(self.told.sets.lengths).flatten()
        for _ in range(epochs):
            for items in torch.split(told[torch.randperm(len(told), device=told.device)], self.config.batch):
                x = self.content(items)
                kept = torch.rand_like(x) >= self.config.corruption
                targets = None if images is None else images[items]
                optimizer.zero_grad(set_to_none=True)
                with torch.enable_grad():
                    cost = self.loss(x, x * kept, targets, liked[items], len(told))
                    cost.backward()  # type: ignore[no-untyped-call]
                optimizer.step()

    def loss(self, x: Tensor, noisy: Tensor, targets: Tensor | None, liked: Tensor, images: int) -> Tensor:
        """Mean cost of a batch of n images, with its part of the squares of the weights.

        Args:
            x: (n, width) what they show or say; ``noisy`` the same with inputs left out.
            noisy: see above.
            targets: (n, D) v, None before there are any.
            liked: (n,) whether an image has likes, without which v binds no code.
            images: how many images share the squares of the weights.
        """
        config = self.config
        cost = config.lambda_n / 2 * (self.coder.decode(self.coder.encode(noisy)) - x).square().sum(1)
        if targets is not None:
            cost = cost + config.lambda_v / 2 * liked * (targets - self.coder.encode(x)).square().sum(1)
        return cost.mean() + config.lambda_w / 2 * self.coder.squares() / images

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        if gates is OPEN:
            codes = self.kept()[0][items]
        else:
            gate = gates.on(self.active_evidence[0].name, self.told(items))
            codes = self.coder.encode(self.content(items, gate))
        return (self.users[users] * (codes + self.offsets[items])).sum(-1)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): a matrix product, with codes of their own for rows whose content as a whole is gated."""
        group, p = self.active_evidence[0].name, self.users[users]
        gate, aspect = gates.elements.get(group), gates.aspects.get(group)
        if aspect is None:
            return p @ (self.offsets + (self.kept()[0] if gate is None else self.codes(gate))).T
        every = (aspect, torch.arange(len(aspect), device=aspect.device))
        values, row = every if aspect.requires_grad else torch.unique(aspect, return_inverse=True)
        scores = p @ self.offsets.T
        for number, value in enumerate(values):
            rows = torch.nonzero(row == number).flatten()
            scores = scores.index_add(0, rows, p[rows] @ self.codes(gate, value).T)
        return scores

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """The words or regions of the image; the encoder is not additive, so none has an exact share.

        ``own`` is the score of the image with nothing told or shown.
        """
        width = len(self.idf) if self.by_words else self.regions.width
        nothing = self.coder.encode(self.here.new_zeros(1, width))
        own = (self.users[users] * (nothing + self.offsets[items])).sum(-1)
        level = Level(self.active_evidence[0].name, self.told(items), attention=None, contribution=None)
        return Reading(scores=self.score_pairs(users, items, gates), own=own, levels=(level,))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The words of each text (image code times longest_text, plus position), or the regions of each image."""
        sets: Ragged = self.told(items)
        return sets

    def repaint(self, item: int, seen: Sequence[Tensor]) -> None:
        """Besides the regions, their mean; codes made of it are made again."""
        super().repaint(item, seen)
        repaint_row(self, "vectors", item, seen[0].float().mean(0))
        self._kept = None

    def frame_scores(self, users: Tensor, items: Tensor) -> tuple[Ragged, Tensor]:
        """``p_u . enc(f)`` of the frames of ``items`` (R,): R sets of rows of ``frame_features``, and (frames,) scores.

        Raises:
            DataError: the model was trained on words, or there are no features of frames by the same encoder.
        """
        if not hasattr(self, "frame_features"):
            raise DataError(
                f"cdl trained on {self.config.inputs} scores no frames: train it with --set inputs=NAME of image "
                f"features whose encoder also made features of frames called '{self.config.frames}'"
            )
        rows, sets = self.frame_features.tensor(), self.frame_features.sets.to(self.device).select(items)
        seen = self.standardise(rows[sets.values.cpu()].float().to(self.device))
        return sets, (self.users[users].index_select(0, sets.rows) * self.coder.encode(seen)).sum(-1)
