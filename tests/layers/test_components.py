"""Attention over components against the same composed from tensor operations."""

from __future__ import annotations

import pytest
import torch

from workbench.layers import components
from workbench.layers.components import component_scores, component_weights, pooled


@pytest.fixture(params=[1, 40, 1 << 18])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one element, of a few, of all."""
    monkeypatch.setattr(components, "CACHED", request.param)


@pytest.mark.usefixtures("block")
def test_scores_and_their_gradients_equal_the_plain_form() -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = ((5, 3, 4), (9, 4), (4,))
    inputs = [torch.randn(s, dtype=torch.double, generator=generator, requires_grad=True) for s in shapes]
    element = torch.randint(5, (9,), generator=generator)
    key, query, out = inputs
    plain = (key[element] + query.unsqueeze(1)).relu() @ out
    torch.testing.assert_close(component_scores(key, query, out, element), plain)
    assert torch.autograd.gradcheck(lambda k, q, o: component_scores(k, q, o, element), inputs)


@pytest.mark.usefixtures("block")
def test_sums_and_their_gradients_equal_the_plain_form() -> None:
    generator = torch.Generator().manual_seed(0)
    weights, vectors = (
        torch.randn(s, dtype=torch.double, generator=generator, requires_grad=True) for s in ((9, 3), (5, 3, 2))
    )
    element = torch.randint(5, (9,), generator=generator)
    plain = (weights.unsqueeze(-1) * vectors[element]).sum(1)
    torch.testing.assert_close(pooled(weights, vectors, element), plain)
    assert torch.autograd.gradcheck(lambda w, v: pooled(w, v, element), (weights, vectors))
    frozen = pooled(weights, vectors.detach(), element)
    (slope,) = torch.autograd.grad(frozen.sum(), weights)
    torch.testing.assert_close(slope, vectors.detach()[element].sum(-1))


def test_open_gates_change_nothing() -> None:
    scores = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(component_weights(scores, torch.ones(6, 4)), component_weights(scores, None))
