"""MLAM: words, sentences and regions of an image, each weighed by a user's own taste and by a common one."""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.store import Features
from workbench.features.words import LONGEST, RARE, Texts
from workbench.layers.attraction import Attraction
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.recorded import RecordedSets
from workbench.layers.regions import RegionTable
from workbench.layers.segments import gated_softmax, gated_softmax_rows, segment_sum, weighted_sum
from workbench.models.base import Level, ModelConfig, PairBatch, Paper, Reading, Recommender
from workbench.models.ranking import bpr_loss, normal_table, squared

IMAGES, PAIRS = 1024, 8192
"""Images prepared at a time and pairs scored at a time where all images are scored."""
WORD = 0.4
"""Standard deviation of the numbers of word vectors at first, about that of the GloVe vectors the authors took."""
Modality = Literal["words", "regions"]


class MLAMConfig(ModelConfig):
    """Hyperparameters of MLAM; those of the personal attention default to what Ante-RNN's authors set.

    Attributes:
        dim: size D of words, sentences, texts, regions and images.
        modalities: what is read of an image.
        features: the image features whose regions are read.
        flat_words: bounds the scores of the personal attention to words by ``1 / sqrt(flat_words)``: the larger, the
            flatter. ``flat_sentences`` and ``flat_regions`` likewise; ``common_words``, ``common_sentences`` and
            ``common_regions`` those of the attention all users share, as in the released code.
        rare: words that stand in fewer texts of liked images are not read.
        longest: words read of a text.
        dropout: of what enters the dense layers, in training.
        regularisation: of the rows of users a batch used.
        loss: bpr, or hinge with a ``margin``.
    """

    learning_rate: float = 2e-3
    epochs: int = 40
    batch: int = 512
    patience: int = 5
    monitor: str = "NDCG@10"
    dim: int = 64
    modalities: tuple[Modality, ...] = Field(default=("words", "regions"), min_length=1)
    features: str = "convnet"
    flat_words: float = Field(4.0, ge=0)
    flat_sentences: float = Field(2.0, ge=0)
    flat_regions: float = Field(1.0, ge=0)
    common_words: float = Field(64.0, ge=0)
    common_sentences: float = Field(16.0, ge=0)
    common_regions: float = Field(4.0, ge=0)
    rare: int = RARE
    longest: int = LONGEST
    dropout: float = Field(0.2, ge=0, lt=1)
    regularisation: float = 1e-6
    loss: Literal["bpr", "hinge"] = "bpr"
    margin: float = 1.0


def sentences(text: str, starts: list[int]) -> list[int]:
    """How many words from ``starts`` (ascending places in ``text``) each sentence has that has any."""
    ends = [found.start() for found in re.finditer(r"[.!?]", text)]
    return [len(list(words)) for _, words in groupby(bisect(ends, start) for start in starts)]


@dataclass(frozen=True)
class _Images:
    """n images as far as they do not depend on the user: the vectors of their regions (n, M, D)."""

    items: Tensor
    regions: Tensor | None


@dataclass(frozen=True)
class _Look:
    """What P pairs came to.

    Attributes:
        scores: (P,).
        attention: by modality, the personal weights of the elements of the pairs laid end to end.
    """

    scores: Tensor
    attention: dict[str, Tensor]


class MLAM(Recommender):
    """``score(u, i) = t_ui . a_u + v_ui . b_u`` of the text t and the image v as this user reads them (Hu et al. 2018).

    Words of a sentence are added up twice, by a personal and by a common attention:
    ``softmax(isr(w . u_word))`` and ``softmax(isr(c . w + c0))`` with ``isr(e) = e / sqrt(1 + flat e^2)``; both sums
    enter ``s = tanh(A [personal; common] + b)``. The sentences of a text come to t in the same way with another user
    vector, and the regions of the picture, in the place of the paper's cast (as in Ante-RNN's comparison), to v.

    Text and image add up, so that leaving one out takes exactly its part away; inside each there are attention and no
    exact shares. Told is the personal attention: of a word that in its sentence times that of the sentence in the text.
    The common attention to words and regions, which enters beside it, is the same for all users and not told.
    """

    name = "mlam"
    family = "content"
    paper = Paper("Hu et al.", "Interpretable Recommendation via Attraction Modeling", "IJCAI", 2018)
    needs = ("likes", "items.text", "items.image")
    evidence = (
        EvidenceGroup("words", "text", "word", "item", "items.text", "of what the text says"),
        EvidenceGroup("regions", "image", "region", "item", "items.image", "of what the image shows"),
    )
    Config = MLAMConfig
    config: MLAMConfig
    texts: Texts

    def __init__(self, config: MLAMConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        seen, size = config.modalities, (self.n_users, config.dim)
        self.tastes = nn.ModuleDict({name: normal_table(*size, config.dim**-0.5) for name in seen})
        if "words" in seen:
            self._record_words(dataset)
            self.w = nn.Embedding(len(self.texts.vocabulary), config.dim)
            nn.init.normal_(self.w.weight, std=WORD)
            self.of_words = Attraction(*size, config.flat_words, config.common_words, config.dropout)
            self.of_sentences = Attraction(*size, config.flat_sentences, config.common_sentences, config.dropout)
        if "regions" in seen:
            self.features = Features.open(dataset.root, config.features)
            self.region_table = RegionTable.of(dataset, self.features)
            self.project = nn.Linear(self.region_table.width, config.dim, bias=False)
            self.of_regions = Attraction(*size, config.flat_regions, config.common_regions, config.dropout)

    def _record_words(self, dataset: Dataset) -> None:
        """Images -> sentences, sentences -> words, images -> codes of their words."""
        self.texts = Texts.of(dataset, self.config.rare, self.config.longest, learned="likes")
        codes = self.texts.codes()
        known = codes != 0
        found = [
            sentences(text, [token.start for token in self.texts.vocabulary.known(text)]) for text in self.texts.texts
        ]
        counts = torch.tensor([len(lengths) for lengths in found])
        lengths = torch.tensor([length for lengths in found for length in lengths], dtype=torch.int64)
        places = torch.arange(self.n_items).unsqueeze(1) * self.config.longest + torch.arange(codes.shape[1])
        self.sentences = RecordedSets(Ragged.from_lengths(counts, torch.arange(len(lengths))))
        self.words = RecordedSets(Ragged.from_lengths(lengths, codes[known]))
        self.places = RecordedSets(Ragged.from_lengths(known.sum(1), places[known]))

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """The modalities that are read."""
        return tuple(group for group in self.evidence if group.name in self.config.modalities)

    def _images(self, items: Tensor) -> _Images:
        """The distinct images ``items`` (n,)."""
        if "regions" not in self.config.modalities:
            return _Images(items, None)
        return _Images(items, self.project(self.region_table(items)))

    def _look(self, users: Tensor, images: _Images, place: Tensor, gates: Gates = OPEN) -> _Look:
        """The pairs of ``users`` (P,) with the ``place``-th (P,) of the ``images``."""
        parts, attention = {}, {}
        items = images.items.index_select(0, place)
        if "words" in self.config.modalities:
            text, attention["words"] = self._text(users, items, gates)
            parts["words"] = (text * self.tastes["words"](users)).sum(-1)
        if images.regions is not None:
            image, attention["regions"] = self._picture(users, items, images.regions, place, gates)
            parts["regions"] = (image * self.tastes["regions"](users)).sum(-1)
        return _Look(torch.stack([*parts.values()]).sum(0), attention)

    def _text(self, users: Tensor, items: Tensor, gates: Gates) -> tuple[Tensor, Tensor]:
        """Texts (P, D) as the users read them, and the personal weight of every word."""
        told: Ragged = self.sentences(items)
        words: Ragged = self.words(told.values)
        pair, sentence = told.rows, words.rows
        people, who = torch.unique(users, return_inverse=True)
        # One product of these users and all words is cheaper than one vector for every word of every pair.
        tastes = (self.of_words.users(people) @ self.w.weight.T).flatten()
        at = who[pair[sentence]] * len(self.w.weight) + words.values
        gate = gates.on("words", self.places(items)) if gates is not OPEN else None
        personal, shown = gated_softmax(self.of_words.personal(tastes.index_select(0, at)), words, gate)
        common, _ = gated_softmax(self.of_words.common(self.w.weight).index_select(0, words.values), words, gate)
        table = self.w.weight
        vectors = self.of_words.join(weighted_sum(table, words, personal), weighted_sum(table, words, common))
        layer, opened = self.of_sentences, None if gate is None else shown
        scores = (vectors * layer.users(people).index_select(0, who[pair])).sum(-1)
        mine, _ = gated_softmax(layer.personal(scores), told, opened)
        ours, _ = gated_softmax(layer.common(vectors), told, opened)
        sums = (segment_sum(weight.unsqueeze(1) * vectors, told) for weight in (mine, ours))
        # A sentence that is half there has its weight halved already.
        share = mine if gate is None else mine / shown.clamp_min(torch.finfo(shown.dtype).tiny)
        return layer.join(*sums), share.index_select(0, sentence) * personal

    def _picture(
        self, users: Tensor, items: Tensor, regions: Tensor, place: Tensor, gates: Gates
    ) -> tuple[Tensor, Tensor]:
        """Images (P, D) as the users read them, and the personal weight of every region."""
        layer, table = self.of_regions, self.region_table
        opened = table.present(items).to(regions.dtype)
        gate = gates.on("regions", table.sets(items)) if gates is not OPEN else None
        if gate is not None:
            opened = opened * table.padded(items, gate)
        vectors = regions.index_select(0, place)
        scores = torch.bmm(vectors, layer.users(users).unsqueeze(-1)).squeeze(-1)
        personal = gated_softmax_rows(layer.personal(scores), opened)
        common = gated_softmax_rows(layer.common(regions).index_select(0, place), opened)
        sums = torch.bmm(torch.stack([personal, common], 1), vectors)
        return layer.join(sums[:, 0], sums[:, 1]), table.flat(items, personal)

    def forward(self, batch: PairBatch) -> Tensor:
        """The pairwise loss plus the L2 norm of the rows of users."""
        items = torch.cat([batch.positives.unsqueeze(1), batch.negatives], 1)
        images, place = torch.unique(items, return_inverse=True)
        users = batch.users.repeat_interleave(items.shape[1])
        scores = self._look(users, self._images(images), place.flatten()).scores.view_as(items)
        difference = scores[:, :1] - scores[:, 1:]
        loss = bpr_loss(difference) if self.config.loss == "bpr" else (self.config.margin - difference).relu().mean()
        layers = [module.users for module in self.modules() if isinstance(module, Attraction)]
        penalty = torch.stack([squared(table(batch.users)) for table in (*self.tastes.values(), *layers)]).sum()
        return loss + self.config.regularisation * penalty / len(items)

    def score_pairs(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R,)."""
        return self._pairs(users, items, gates).scores

    def _pairs(self, users: Tensor, items: Tensor, gates: Gates) -> _Look:
        images, place = torch.unique(items, return_inverse=True)
        return self._look(users, self._images(images), place, gates)

    def score_items(self, users: Tensor, gates: Gates = OPEN) -> Tensor:
        """Scores (R, images): every user reads every image in her own way."""
        scores = torch.empty(len(users), self.n_items, device=users.device)
        rows = torch.arange(len(users), device=users.device)
        sizes = {group.name: self.elements(group.name, users, self._every).lengths for group in self.active_evidence}
        for items in torch.split(self._every, IMAGES):
            images, first = self._images(items), int(items[0])
            one = {
                name: gate[int(sizes[name][:first].sum()) :][: int(sizes[name][items].sum())]
                for name, gate in gates.elements.items()
            }
            for some in torch.split(rows, max(1, PAIRS // len(items))):
                place = torch.arange(len(items), device=users.device).repeat(len(some))
                elements = {name: gate.repeat(len(some)) for name, gate in one.items()}
                aspects = {name: gate[some].repeat_interleave(len(items)) for name, gate in gates.aspects.items()}
                closed = OPEN if gates is OPEN else Gates(elements, aspects)
                found = self._look(users[some].repeat_interleave(len(items)), images, place, closed).scores
                scores[some[:, None], items] = found.view(len(some), -1)
        return scores

    @property
    def _every(self) -> Tensor:
        return torch.arange(self.n_items, device=self.device)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """The personal attention to words and regions.

        ``own`` is the score of an image with neither picture nor text.
        """
        found = self._pairs(users, items, gates)
        levels = tuple(
            Level(group.name, self.elements(group.name, users, items), found.attention[group.name], None)
            for group in self.active_evidence
        )
        own = torch.stack([self._empty(group.name, users) for group in self.active_evidence]).sum(0)
        return Reading(found.scores, own, levels)

    def _empty(self, name: str, users: Tensor) -> Tensor:
        """What a modality adds (R,) where nothing of it is there."""
        layer = self.of_sentences if name == "words" else self.of_regions
        nothing = torch.zeros(1, self.config.dim, device=users.device)
        added: Tensor = self.tastes[name](users) @ layer.join(nothing, nothing)[0]
        return added

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The regions of each image, or the known words of each text (image code times longest, plus position)."""
        sets: Ragged = self.region_table.sets(items) if group == "regions" else self.places(items)
        return sets

    def region_map(self, users: Tensor, items: Tensor) -> Level | None:
        """The personal attention to the regions of each image; None where images are not read."""
        if "regions" not in self.config.modalities:
            return None
        attention = self._pairs(users, items, OPEN).attention["regions"]
        return Level("regions", self.region_table.sets(items), attention, None)
