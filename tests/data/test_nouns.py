from __future__ import annotations

import pytest

from workbench.data.nouns import head_noun, singular


@pytest.mark.parametrize(
    ("plural", "word"),
    [
        ("dogs", "dog"),
        ("beaches", "beach"),
        ("boxes", "box"),
        ("horses", "horse"),
        ("bodies", "body"),
        ("men", "man"),
        ("people", "person"),
        ("shoes", "shoe"),
        ("tomatoes", "tomato"),
        ("sunglasses", "sunglasses"),
        ("grass", "grass"),
        ("bus", "bus"),
        ("man", "man"),
    ],
)
def test_singular(plural: str, word: str) -> None:
    assert singular(plural) == word
    assert singular(word) == word


@pytest.mark.parametrize(
    ("phrase", "noun"),
    [
        ("A brown and white dog", "dog"),
        ("Two dogs of different breeds", "dog"),
        ("a group of young men in hats", "man"),
        ("the edge of a body of water", "water"),
        ("the top of a snow covered hill", "hill"),
        ("a field of grass", "field"),
        ("one of the children", "child"),
        ("another girl 's face", "face"),
        ("the dog's collar", "collar"),
        ("blue t-shirts", "t-shirt"),
        ("the other one", ""),
        ("black", ""),
        ("2", ""),
        ("of", ""),
        ("", ""),
    ],
)
def test_head_noun(phrase: str, noun: str) -> None:
    assert head_noun(phrase) == noun
