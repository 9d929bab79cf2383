"""Attention over words led by topics, against a loop over the equations."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from workbench.layers.topical import TopicalAttention, muted

D, K, TEXTS, WORDS = 4, 3, 5, 6


def layer(topics: int = K) -> TopicalAttention:
    torch.manual_seed(1)
    made = TopicalAttention(D, topics).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.8)
    return made


def some() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States of the words of five texts of all lengths, one without any, read eight times."""
    draw = torch.Generator().manual_seed(0)
    words = torch.randn(TEXTS, WORDS, D, generator=draw, dtype=torch.float64)
    gates = (torch.rand(TEXTS, WORDS, generator=draw, dtype=torch.float64) * 1.6 - 0.3).clamp(0, 1)
    gates[2] = 0
    gates[3] = 1
    eta = torch.rand(8, K, generator=draw, dtype=torch.float64)
    return words, gates, eta / eta.sum(1, keepdim=True), torch.tensor([0, 0, 1, 2, 3, 3, 4, 4])


@torch.no_grad()
def test_equals_the_equations() -> None:
    (words, gates, eta, text), made = some(), layer()
    found, attention = made(words, gates, eta, text)
    w = made.state_dict()
    for row, code in enumerate(text.tolist()):
        shares = [
            float(gate) * math.exp(float(w["out"] @ torch.tanh(w["interest.weight"] @ eta[row] + w["interest.bias"]
                                                               + w["word.weight"] @ word)))
            for word, gate in zip(words[code], gates[code], strict=True)
        ]  # fmt: skip
        total = sum(shares) or 1.0
        expected = [float(gates[code].max()) * share / total for share in shares]
        assert attention[row].tolist() == pytest.approx(expected)
        vector = sum((a * word for a, word in zip(expected, words[code], strict=True)), torch.zeros(D).double())
        torch.testing.assert_close(found[row], vector)


@torch.no_grad()
def test_without_topics_words_are_averaged() -> None:
    words, gates, eta, text = some()
    found, attention = layer(0)(words, gates, eta[:, :0], text)
    shares = gates * gates.amax(1, keepdim=True) / gates.sum(1, keepdim=True).clamp_min(1e-9)
    torch.testing.assert_close(attention, shares[text])
    torch.testing.assert_close(found, torch.einsum("tn,tnd->td", shares, words)[text])
    assert not list(layer(0).parameters())


@torch.no_grad()
def test_the_same_interest_reads_a_text_in_the_same_way() -> None:
    (words, gates, eta, text), made = some(), layer()
    _, alike = made(words, gates, eta[:1].expand(8, -1), text)
    _, unlike = made(words, gates, eta, text)
    for one, other in ((0, 1), (4, 5), (6, 7)):
        torch.testing.assert_close(alike[one], alike[other])
        assert not torch.allclose(unlike[one], unlike[other], atol=1e-3)


def test_muted_topics_leave_their_interest_to_the_others() -> None:
    eta = torch.tensor([[0.5, 0.3, 0.2], [0.4, 0.1, 0.1], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    gates = torch.tensor([[0.0, 1, 1], [1, 1, 0], [1, 0, 1], [1, 1, 1]])
    expected = [[0, 0.6, 0.4], [0.48, 0.12, 0], [0, 0, 0], [0, 0, 0]]
    torch.testing.assert_close(muted(eta, gates), torch.tensor(expected))
    torch.testing.assert_close(muted(eta, torch.ones(4, 3)), eta)
    torch.testing.assert_close(muted(eta, torch.full((4, 3), 0.25)), 0.25 * eta)
    torch.testing.assert_close(muted(eta, gates.clamp_min(1e-6)), torch.tensor(expected), atol=1e-5, rtol=0)
