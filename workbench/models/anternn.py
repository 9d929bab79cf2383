"""Ante-RNN: a recurrent network over what a user liked, read with her topics, in the context of the latest likes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.data.ragged import Ragged
from workbench.features.topics import Topics
from workbench.layers.contextual import ContextualAttention
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.layers.fusion import Fusion
from workbench.layers.interest import Interest
from workbench.layers.recurrent import recurrence
from workbench.layers.steps import Steps
from workbench.layers.topical import TopicalAttention, muted
from workbench.models.anternn_config import AnteRNNConfig
from workbench.models.anternn_levels import Look, aspects, levels, own_level
from workbench.models.base import Paper, Reading, SequenceBatch
from workbench.models.catalogue import Catalogue
from workbench.models.content import OUTPUT, Content, ItemContent, Modality
from workbench.models.sequence import HISTORY, SequenceModel


class AnteRNN(SequenceModel):
    """``P(j next) = softmax_j(w_j . h_t + b_j)``, ``h_t = GRU(r_t, h_{t-1})`` over windows r_t of likes (Eq. 19-23).

    A like is the fusion (Eq. 11-14) of its image, whose regions are weighed by how well they match the words of its
    text (Eq. 1-5), and of its text, whose words are weighed by the user's topics at that time (Eq. 7-10). What leads a
    prediction are the words and regions of what was liked *before*: with the printed output layer neither the words
    nor the regions of the image that is recommended have any effect on its score, although the paper highlights them.
    """

    name = "anternn"
    paper = Paper(
        "Liu et al.",
        "Dynamic attention-based explainable recommendation with textual and visual fusion",
        "Information Processing & Management",
        2020,
    )
    needs = ("likes", "likes.time", "items.text", "items.image")
    evidence = (
        HISTORY,
        EvidenceGroup("factors", "why it weighs", "hour", "user", "likes", "of when you liked it", within="history"),
        EvidenceGroup("words", "words of what you liked", "word", "user", "likes", "of its words", within="history"),
        EvidenceGroup("regions", "regions liked", "region", "user", "likes", "of what it shows", within="history"),
        EvidenceGroup("topics", "your topics", "topic", "user", "likes", "of the topics you read about"),
        EvidenceGroup("caption", "its words", "word", "item", "items", "of what its text says"),
        EvidenceGroup("picture", "its regions", "region", "item", "items", "of what it shows"),
    )
    Config = AnteRNNConfig
    config: AnteRNNConfig
    interest_at: Tensor

    def __init__(self, config: AnteRNNConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        if not (config.identity or config.tied):
            del self.items
        self.content = ItemContent(config, dataset)
        self.texts, self.features = self.content.texts, self.content.features
        self.topics: Topics | None = None
        if self.texts is not None and config.topical:
            self.topics = Topics.open(dataset.root, config.topics).check(dataset)
            card = self.topics.card
            self.interest = Interest(self.topics.item_topics, config.topic_decay, card.days)
            likes = self.sequences.likes.sets
            self.register_buffer("interest_at", self.interest.whole(likes, self.sequences.times), persistent=False)
            # Interest kept for every like counts all likes before it, so none may be too old to be read.
            self._kept = int(likes.lengths.max()) <= config.longest
        if self.texts is not None:
            self.topical = TopicalAttention(config.dim, self.n_topics)
        if len(config.modalities) == 2:
            self.fusion = Fusion(config.dim, config.fusion)
        if config.contextual:
            self.contextual = ContextualAttention(
                config.dim, config.window, factors=config.factors, transform=config.transform
            )
        self.gru = recurrence(config.dim, config.blocks)
        if config.output == "content":
            learned = torch.unique(dataset.likes("train")[1])
            self.catalogue = Catalogue(self.content, config.dim, learned, config.blocks)

    def start_epoch(self, epoch: int) -> None:
        """Images are read anew at the beginning of every epoch."""
        self.content.start_epoch()

    @property
    def n_topics(self) -> int:
        """K, 0 where no topics are read."""
        return 0 if self.topics is None else len(self.topics.names)

    @property
    def active_evidence(self) -> tuple[EvidenceGroup, ...]:
        """The groups this variant reads."""
        read = {"history", *self.config.modalities}
        read |= {"factors"} if self.config.contextual and self.config.factors else set()
        read |= {"topics"} if self.topics is not None else set()
        if self.config.output == "content":
            read |= {OUTPUT[name] for name in self.config.modalities}
        return tuple(group for group in self.evidence if group.name in read)

    def parts(self, name: str, likes: Ragged) -> tuple[Ragged, Ragged]:
        """Parts of E likes as E sets, and as R sets: those of all likes of a row laid end to end."""
        items = self.sequences.likes.values[likes.values]
        if name == "factors":
            parts = _alike(len(items), len(self.contextual.parts), items.device)
        else:
            parts = self.content.word_sets(items) if name == "words" else self.content.region_sets(items)
        return parts, Ragged(parts.offsets[likes.offsets], parts.values)

    def _gate(self, name: str, likes: Ragged, gates: Gates) -> Tensor | None:
        """Gates of the parts of likes, laid end to end; None where all are open."""
        if name not in gates.elements and name not in gates.aspects:
            return None
        return gates.on(name, self.parts(name, likes)[1])

    def _contents(self, steps: Steps, likes: Ragged, gates: Gates) -> tuple[Content, Tensor]:
        """The distinct images of S likes, and (S,) which of them each is.

        Images whose words and regions are all there are read once, however often they were liked.
        """
        present = steps.present
        items, place = steps.items[present], steps.place[present]
        liked = self.sequences.likes.values[likes.values]
        opened: dict[Modality, Tensor] = {}
        changed = torch.zeros(len(liked), dtype=torch.bool, device=liked.device)
        for name in self.config.modalities:
            gate = self._gate(name, likes, gates)
            if gate is not None:
                opened[name] = self.content.padded(name, liked, gate)
                changed |= ((opened[name] != self.content.padded(name, liked)) | gate.requires_grad).any(1)
        # A like whose parts are gated is an image of its own; the key tells it from the image as it is.
        first, which = _distinct(torch.where(changed[place], self.n_items + place, items))
        order, fresh = self.content.ordered(items[first])
        first, which = first[order], order.argsort()[which]
        if not changed[place].any():
            return self.content(items[first], fresh=fresh), which
        chosen, at = items[first], place[first]
        left = {OUTPUT[name]: self.content.flat(name, chosen, gate[at]) for name, gate in opened.items()}
        return self.content(chosen, Gates(left)), which

    def _interest(self, steps: Steps, likes: Ragged, gates: Gates) -> tuple[Tensor | None, Tensor]:
        """(S, K) topics of interest at each like, and (S,) the likes at which they are those of the record."""
        present, recorded = steps.present, steps.recorded[steps.present]
        if self.topics is None:
            return None, torch.ones_like(recorded, dtype=torch.bool)
        gate = gates.on("topics", self.topic_sets(len(steps.items)))
        same = torch.zeros_like(recorded, dtype=torch.bool)
        if self._kept and gate is None and steps.gates is None:
            before = torch.arange(present.shape[1], device=present.device)
            same = (steps.place - likes.offsets[:-1].unsqueeze(1) == before)[present]
        if same.all():
            return self.interest_at[recorded], same
        eta: Tensor = self.interest(steps.items.clamp_max(self.n_items - 1), steps.times, steps.opened)[present]
        if gate is not None:
            eta = muted(eta, gate.view(-1, self.n_topics)[torch.nonzero(present)[:, 0]])
        return eta, same

    def topic_sets(self, rows: int) -> Ragged:
        """All topics, for each of so many rows."""
        return _alike(rows, self.n_topics, self.device)

    def _fused(
        self, content: Content, text: Tensor, interest: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Vectors (P, D) of images ``text`` (P,) of the ``content``, each read with an ``interest`` (P, K) of its own.

        Besides, the attention over words (P, N) and the weights of image and text (P, 2).
        """
        vectors, words, weights = content.image[text], None, None
        if content.words is not None and content.word_gates is not None:
            eta = vectors.new_zeros(len(text), 0) if interest is None else interest
            said, words = self._said(content.words, content.word_gates, eta, text)
            if self.content.features is not None:
                vectors, weights = self.fusion(vectors, said, content.presence[text])
            else:
                vectors = said
        if self.config.tied and self.config.output == "content":
            vectors = vectors + self.catalogue.vectors(content.items, content.gates)[text]
        return vectors, words, weights

    def _said(self, words: tuple[Tensor, ...], gates: Tensor, eta: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """Texts ``text`` (P,), in ascending order, read with an interest each: (P, D) and attention (P, N)."""
        sizes, most = [len(group) for group in words], gates.shape[1]
        first = [0, *accumulate(sizes)]
        ends = torch.searchsorted(text, torch.tensor(first, device=text.device))
        reads = ends.diff().tolist()
        vectors, attention = [], []
        groups = zip(words, *map(torch.split, (gates, eta, text), (sizes, reads, reads)), first, strict=False)
        for group, gate, interest, chosen, start in groups:
            said, weights = self.topical(group, gate[:, : group.shape[1]], interest, chosen - start)
            vectors.append(said)
            attention.append(functional.pad(weights, (0, most - group.shape[1])))
        return torch.cat(vectors), torch.cat(attention)

    def look(self, steps: Steps, likes: Ragged, gates: Gates) -> Look:
        """Walk along the likes and keep what was seen on the way."""
        present, recorded = steps.present, steps.recorded[steps.present]
        content, text = self._contents(steps, likes, gates)
        interest, same = self._interest(steps, likes, gates)
        # What many rows read in the same way, each leaving out something else, is read once.
        own = torch.where(same, recorded, self.sequences.times.numel() + torch.arange(len(text), device=text.device))
        first, which = _distinct(text * (self.sequences.times.numel() + len(text)) + own)
        fused, words, weights = self._fused(content, text[first], None if interest is None else interest[first])
        read = fused.new_zeros(*present.shape, fused.shape[-1])
        read[present] = fused.index_select(0, which)
        if self.config.identity:
            read = read + self.items(steps.items)
        words, weights = (None if part is None else part.index_select(0, which) for part in (words, weights))
        read, window = self.drop(read), None
        if self.config.contextual:
            window = self.contextual(read, steps, self._part_gates(steps, likes, gates))
        states = self.gru(read if window is None else window.vectors, steps.gates)
        return Look(steps, content, text, interest, words, weights, window, read, states)

    def _part_gates(self, steps: Steps, likes: Ragged, gates: Gates) -> Tensor | None:
        """(R, L, parts) gates of what the weighing of a like knows."""
        gate = self._gate("factors", likes, gates) if self.config.factors else None
        if gate is None or not likes.values.numel():
            return None
        return gate.view(-1, len(self.contextual.parts))[steps.place]

    def walk(self, steps: Steps, likes: Ragged, gates: Gates) -> Tensor:
        """States (R, L, D) after each like."""
        return self.look(steps, likes, gates).states

    def forward(self, batch: SequenceBatch) -> Tensor:
        """Coherence loss of the next like, alignment loss and L2 norm (Eq. 24)."""
        likes = self.likes(batch.users)
        steps = self.steps(likes)
        look = self.look(steps, likes, OPEN)
        loss = self.next_loss(steps, look.states) + self.content.loss(look.content)
        if self.config.regularisation:
            squares = torch.stack([p.square().sum() for p in self.parameters() if p.requires_grad])
            loss = loss + self.config.regularisation * squares.sum()
        return loss

    def repaint(self, item: int, seen: Sequence[Tensor]) -> None:
        """Besides the regions of what was liked, the mean of those of the image that is scored."""
        super().repaint(item, seen)
        if self.config.output == "content" and self.features is not None:
            self.catalogue.repaint(item, seen[0])

    def vectors(self) -> Tensor:
        """(images, D) what images are scored with."""
        own = super().vectors()
        return own + self.catalogue.vectors() if self.config.output == "content" else own

    def all_scores(self, states: Tensor, gates: Gates) -> Tensor:
        """Scores (R, images) after ``states`` (R, D), repeats left out."""
        if not (self.config.output == "content" and _closes(gates)):
            return super().all_scores(states, gates)
        return torch.addmm(self.bias, states, super().vectors().T) + self.catalogue.scores(states, gates)

    def pair_scores(self, steps: Steps, states: Tensor, items: Tensor, gates: Gates) -> Tensor:
        """Scores (R,) of ``items`` (R,) after the ``states`` (R, D) of sequences."""
        scores = self._plain(steps, states, items)
        if self.config.output == "content":
            scores = scores + self.catalogue.scored(states, items, gates)
        return scores

    def _plain(self, steps: Steps, states: Tensor, items: Tensor) -> Tensor:
        """(R,) the part of the scores that words and regions of ``items`` have no share in."""
        return (states * super().vectors()[items]).sum(-1) + self.bias[items] + self.repeated(steps, items)

    def read(self, users: Tensor, items: Tensor, gates: Gates = OPEN) -> Reading:
        """Attention over likes, their time factors, words and regions, topics, and the words and regions of the image.

        Where words and regions of the scored image add to its score, what each adds is exact, and so is what all likes
        together add; what a state is made of has no exact shares.
        """
        likes = self.likes(users, gates)
        steps = self.steps(likes, gates.on("history", likes)).packed()
        look = self.look(steps, likes, gates)
        states = self.asking(steps.last(look.states))
        shown = levels(self, look, likes)
        if self.config.output == "content":
            parts = [own_level(self, OUTPUT[name], states, items, gates) for name in self.config.modalities]
            shown = [aspects(self, self._plain(steps, states, items) - self.bias[items], parts), *shown, *parts]
        scores = self.pair_scores(steps, states, items, gates)
        return Reading(scores=scores, own=self.unread(items), levels=tuple(shown))

    def elements(self, group: str, users: Tensor, items: Tensor) -> Ragged:
        """The R element sets of a group at the end of the train split."""
        if group in OUTPUT.values():
            return self.content.word_sets(items) if group == "caption" else self.content.region_sets(items)
        if group == "topics":
            return self.topic_sets(len(users))
        likes = self.likes(users)
        return self.images(likes) if group == "history" else self.parts(group, likes)[1]


def _closes(gates: Gates) -> bool:
    """Whether anything of the scored image is gated."""
    return any(name in gates.elements or name in gates.aspects for name in OUTPUT.values())


def _distinct(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Where (n,) each of the n distinct ``keys`` (S,), in ascending order, is found, and (S,) which of them each is."""
    distinct, which = torch.unique(keys, return_inverse=True)
    places = torch.arange(len(keys), device=keys.device)
    return torch.zeros_like(distinct).scatter_(0, which, places), which


def _alike(rows: int, size: int, device: torch.device) -> Ragged:
    """``rows`` sets of the codes 0 to ``size`` - 1 each."""
    return Ragged.from_lengths(torch.full((rows,), size, device=device), torch.arange(size, device=device).repeat(rows))
