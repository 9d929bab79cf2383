"""Topics kept beside the tables: words of each topic, topics of each image's text, names given by a person."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, TypeAdapter
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.sequences import week
from workbench.features.store import check_made_for
from workbench.features.words import tokens

FOLDER, CARD, TENSORS, WORDS, NAMES = "topics", "card.json", "topics.safetensors", "words.json", "names.json"
TOPICS = "topics"
"""Name of topics unless told otherwise."""
DAY, WEEK = 86_400, 7
FOLDS = 50
"""Steps of the inference of a text's topics."""
BLOCK = 2048
"""Texts whose topics are inferred at a time."""
NAME_WORDS, LONGEST_NAME = 4, 60


class TopicsCard(BaseModel):
    """Where topics come from.

    Attributes:
        method: name and version of the method; ``library`` with its version, which did the sampling.
        topics: how many, K; ``alpha`` and ``eta`` the Dirichlet priors of the topics of a text and of the words of a
            topic; ``decay`` what is left of a count after one slice.
        days: length of a slice; ``least`` documents that a slice waits for; ``sweeps`` of Gibbs sampling over each.
        rare: fewest train texts that a word stands in; ``common`` the largest share of them.
        fingerprint: the dataset the rows belong to.
        documents: texts learned from, in so many ``slices``.
        shape: (images, V), V the number of words.
    """

    model_config = ConfigDict(frozen=True)

    method: str
    library: str
    topics: int
    alpha: float
    eta: float
    decay: float
    days: float
    least: int
    sweeps: int
    rare: int
    common: float
    seed: int
    fingerprint: str
    documents: int
    slices: int
    shape: tuple[int, int]


def slice_of(times: Tensor, days: float = WEEK) -> Tensor:
    """Number of the stream slice of ``times`` (seconds since 1970): weeks from Monday on, or so many days from 1970."""
    if days == WEEK:
        return week(times)
    return torch.div(times.double(), DAY * days, rounding_mode="floor").long()


def fold_in(topic_word: Tensor, texts: Sequence[Sequence[int]], alpha: float) -> Tensor:
    """Topics (texts, K) of texts given as word codes, the topics themselves at rest.

    ``theta_k ∝ alpha + sum_w p(k | w, theta)`` with ``p(k | w, theta) ∝ theta_k phi_kw``, ``FOLDS`` times from equal
    shares on. A text without words has a row of zeros.
    """
    of_word, parts = topic_word.T.contiguous(), []
    for start in range(0, len(texts), BLOCK):
        block = texts[start : start + BLOCK]
        lengths = torch.tensor([len(text) for text in block])
        rows = torch.repeat_interleave(lengths)
        words = of_word[torch.tensor([word for text in block for word in text], dtype=torch.int64)]
        theta = torch.full((len(block), len(topic_word)), 1 / len(topic_word))
        for _ in range(FOLDS):
            share = words * theta[rows]
            share /= share.sum(1, keepdim=True)
            theta = torch.full_like(theta, alpha).index_add_(0, rows, share)
            theta /= theta.sum(1, keepdim=True)
        parts.append(theta * (lengths > 0).unsqueeze(1))
    return torch.cat(parts) if parts else torch.zeros(0, len(topic_word))


class Topics:
    """The topics of a dataset.

    Attributes:
        folder: where they are kept.
        card: where they come from.
        words: (V) the known words.
        topic_word: (K, V) p(word | topic).
        shares: (K,) share of the words learned from that each topic has.
        item_topics: (images, K) p(topic | text), in the order of the dataset's codes; a text without a known word has
            a row of zeros.
    """

    def __init__(
        self, folder: Path, card: TopicsCard, words: Sequence[str], tensors: Mapping[str, Tensor], names: dict[int, str]
    ) -> None:
        self.folder, self.card, self.words = folder, card, tuple(words)
        self.topic_word, self.shares, self.item_topics = (
            tensors[name] for name in ("topic_word", "shares", "item_topics")
        )
        self._edited = names
        self._codes = {word: code for code, word in enumerate(self.words)}

    @classmethod
    def open(cls, root: Path, name: str = TOPICS) -> Topics:
        """The topics called ``name`` of the dataset in ``root``.

        Raises:
            DataError: they have not been made, or a file of theirs cannot be read.
        """
        folder, command = root / FOLDER / name, f"workbench topics {root}"
        command += "" if name == TOPICS else f" --name {name}"
        try:
            card = TopicsCard.model_validate_json((folder / CARD).read_text(encoding="utf-8"))
            words = TypeAdapter(list[str]).validate_json((folder / WORDS).read_text(encoding="utf-8"))
            names = TypeAdapter(dict[int, str]).validate_json(
                (folder / NAMES).read_text(encoding="utf-8") if (folder / NAMES).exists() else "{}"
            )
            return cls(folder, card, words, load_file(folder / TENSORS), names)
        except FileNotFoundError:
            raise DataError(f"{root} has no topics '{name}': make them with '{command}'") from None
        except (ValueError, KeyError, SafetensorError) as fault:
            said = str(fault).splitlines()[0]
            raise DataError(f"{folder} cannot be read ({said}): make the topics again with '{command}'") from None

    @classmethod
    def write(
        cls, root: Path, name: str, card: TopicsCard, words: Sequence[str], topic_word: Tensor, shares: Tensor,
        item_topics: Tensor,
    ) -> Topics:  # fmt: skip
        """Write topics, whole or not at all, in place of older ones and of the names these had.

        Raises:
            DataError: ``name`` is not a plain folder name.
        """
        check_name(name)
        folder, part = root / FOLDER / name, root / FOLDER / f".{name}.whole"
        tensors = {"topic_word": topic_word, "shares": shares, "item_topics": item_topics}
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_file({key: tensor.float().contiguous() for key, tensor in tensors.items()}, part / TENSORS)
        (part / WORDS).write_text(json.dumps(list(words), ensure_ascii=False, indent=0), encoding="utf-8")
        (part / CARD).write_text(card.model_dump_json(indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
        return cls.open(root, name)

    def __len__(self) -> int:
        """How many topics there are, K."""
        return len(self.topic_word)

    def check(self, dataset: Dataset) -> Topics:
        """These topics, if they belong to the ``dataset`` as it is now.

        Raises:
            DataError: they belong to another state of it.
        """
        check_made_for(dataset, self.folder, self.card.fingerprint, self.command(dataset.root))
        return self

    def command(self, root: Path) -> str:
        """The command that makes these topics of the dataset in ``root`` again."""
        card = self.card
        settings = {"topics": card.topics, "days": f"{card.days:g}", "decay": f"{card.decay:g}", "seed": card.seed}
        settings |= {
            "sweeps": card.sweeps,
            "least": card.least,
            "rare": card.rare,
            "common": f"{card.common:g}",
            "name": self.folder.name,
        }
        return " ".join([f"workbench topics {root}", *(f"--{name} {value}" for name, value in settings.items())])

    @property
    def names(self) -> tuple[str, ...]:
        """(K) the name a person gave each topic, or else its top words."""
        return tuple(self._edited.get(topic) or self._words_of(topic) for topic in range(len(self)))

    def _words_of(self, topic: int) -> str:
        return ", ".join(word for word, _ in self.top_words(topic, NAME_WORDS))

    def top_words(self, topic: int, n: int = 10) -> list[tuple[str, float]]:
        """The ``n`` likeliest words of a topic with their probabilities."""
        found = self.topic_word[topic].sort(descending=True, stable=True)
        return [
            (self.words[word], share)
            for word, share in zip(found.indices[:n].tolist(), found.values[:n].tolist(), strict=True)
        ]

    def topics_of_word(self, word: str) -> Tensor:
        """p(topic | word) (K,), 0 for an unknown word: ``p(word | topic)`` times the topic's share, normalised."""
        code = self._codes.get(word.lower())
        if code is None:
            return torch.zeros(len(self))
        joint = self.topic_word[:, code] * self.shares
        return joint / joint.sum()

    def theta(self, texts: Sequence[str]) -> Tensor:
        """Topics (texts, K) of any texts, as those of the dataset's own were inferred."""
        codes = self._codes
        known = [[codes[token.word] for token in tokens(text) if token.word in codes] for text in texts]
        return fold_in(self.topic_word, known, self.card.alpha)

    def rename(self, topic: int, name: str) -> None:
        """Give a topic a name of up to 60 characters; the empty name gives it its words back.

        Raises:
            DataError: there is no such topic, or the name is too long or not one line of text.
        """
        name = name.strip()
        if not 0 <= topic < len(self):
            raise DataError(f"{self.folder} has no topic {topic}: choose one of 0 to {len(self) - 1}")
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise DataError(f"a name of a topic is one line of up to {LONGEST_NAME} characters: shorten '{name[:20]}…'")
        edited = {**self._edited, topic: name} if name else {k: v for k, v in self._edited.items() if k != topic}
        path, part = self.folder / NAMES, self.folder / f".{NAMES}.part"
        part.write_text(json.dumps(edited, ensure_ascii=False, indent=1), encoding="utf-8")
        part.replace(path)
        self._edited = edited


def check_name(name: str) -> str:
    """A name that topics can have.

    Raises:
        DataError: it is not a plain folder name.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", name):
        raise DataError(f"'{name}' cannot be a name of topics: use letters, digits, '.', '-' and '_'")
    return name
