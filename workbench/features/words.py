"""The words of captions as a model reads them: tokens, the vocabulary, padded sequences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.nouns import WORD

PADDING = 0
LONGEST = 50
RARE = 5


class Token(NamedTuple):
    """One word of a text: lowercase, and where it stands (``text[start:end]``)."""

    word: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of ``text``, lowercase (UHAN, Section 4.1)."""
    return [Token(found.group().lower(), found.start(), found.end()) for found in re.finditer(WORD, text)]


@dataclass(frozen=True)
class Vocabulary:
    """Known words and their codes; code 0 is the padding.

    Attributes:
        words: the words by code, from 1 on.
        longest: how many words of a text are kept, from its beginning.
    """

    words: tuple[str, ...]
    longest: int = LONGEST

    @classmethod
    def of(cls, texts: Iterable[str], rare: int = RARE, longest: int = LONGEST) -> Vocabulary:
        """The words that occur at least ``rare`` times in ``texts``, in alphabetical order."""
        counts = Counter(token.word for text in texts for token in tokens(text))
        return cls(tuple(sorted(word for word, count in counts.items() if count >= rare)), longest)

    def __len__(self) -> int:
        """Codes, with the padding."""
        return len(self.words) + 1

    def known(self, text: str) -> list[Token]:
        """The words of ``text`` a model sees: known ones, the first ``longest`` of them."""
        codes = self._codes
        return [token for token in tokens(text) if token.word in codes][: self.longest]

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Codes (texts, longest), padded at the end with 0."""
        codes = self._codes
        rows = [[codes[token.word] for token in self.known(text)] for text in texts]
        return torch.tensor([row + [PADDING] * (self.longest - len(row)) for row in rows], dtype=torch.int64).view(
            len(rows), self.longest
        )

    @property
    def _codes(self) -> dict[str, int]:
        found = self.__dict__.get("codes")
        if found is None:
            found = {word: code for code, word in enumerate(self.words, 1)}
            object.__setattr__(self, "codes", found)
        return found


class Texts:
    """The captions of a dataset's images, as words.

    The code of the word at position p of image i is ``i * longest + p``.

    Attributes:
        vocabulary: the words a model knows.
        texts: (images) the captions as written.
    """

    def __init__(self, vocabulary: Vocabulary, texts: Sequence[str]) -> None:
        self.vocabulary, self.texts = vocabulary, tuple(texts)

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        rare: int = RARE,
        longest: int = LONGEST,
        learned: Literal["posts", "likes"] = "posts",
    ) -> Texts:
        """The captions of a dataset, with the words of what was posted or liked in its train split as vocabulary.

        Rare words are those with fewer than ``rare`` occurrences (5 in UHAN, Section 4.1). An image liked often is
        counted once.
        """
        texts = dataset.texts
        learned_items = dataset.posts("train")[1] if learned == "posts" else torch.unique(dataset.likes("train")[1])
        return cls(Vocabulary.of((texts[item] for item in learned_items.tolist()), rare, longest), texts)

    def codes(self) -> Tensor:
        """Word codes (images, longest), padded at the end with 0."""
        return self.vocabulary.encode(self.texts)

    def token(self, code: int) -> tuple[int, Token]:
        """Position in its text, and the word, behind the code of an element."""
        item, position = divmod(code, self.vocabulary.longest)
        return position, self.vocabulary.known(self.texts[item])[position]
