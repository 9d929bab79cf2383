"""Three fusions against their equations, and without one of the two modalities."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from workbench.layers.fusion import Fusion, FusionKind

D, N = 3, 6
KINDS: tuple[FusionKind, ...] = ("direct", "neural", "attention")


def layer(kind: FusionKind) -> Fusion:
    torch.manual_seed(1)
    made = Fusion(D, kind).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.7)
    return made


def some() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    image, text = torch.randn(2, N, D, generator=draw, dtype=torch.float64).unbind()
    return image, text


def dense(made: Fusion, name: str, inputs: Tensor) -> Tensor:
    """Layer by layer: ReLU after every one but the last."""
    w = {key.removeprefix(f"{name}."): value for key, value in made.state_dict().items() if key.startswith(name)}
    numbers = sorted({int(key.split(".")[0]) for key in w})
    for number in numbers:
        inputs = w[f"{number}.weight"] @ inputs + w[f"{number}.bias"]
        inputs = inputs if number == numbers[-1] else torch.maximum(inputs, torch.zeros_like(inputs))
    return inputs


@torch.no_grad()
def test_equals_the_equations() -> None:
    image, text = some()
    presence = torch.ones(N, 2, dtype=torch.float64)
    direct, neural, attention = (layer(kind) for kind in KINDS)
    plainly, weights = direct(image, text, presence)
    torch.testing.assert_close(plainly, image * text)
    assert weights is None
    deep, weights = neural(image, text, presence)
    assert weights is None
    fused, weights = attention(image, text, presence)
    assert weights is not None
    for row in range(N):
        both = torch.cat([image[row], text[row]])
        torch.testing.assert_close(deep[row], dense(neural, "network", both))
        scores = [math.exp(float(score)) for score in dense(attention, "tower", both)]
        s_v, s_t = (score / sum(scores) for score in scores)
        assert weights[row].tolist() == pytest.approx([s_v, s_t])
        emphasised = torch.cat([(1 + s_v) * image[row], (1 + s_t) * text[row]])
        torch.testing.assert_close(fused[row], torch.tanh(attention.dense.weight @ emphasised + attention.dense.bias))


def test_the_tower_becomes_narrower_to_the_top() -> None:
    widths = [layer.out_features for layer in Fusion(128, "attention").tower if isinstance(layer, torch.nn.Linear)]
    assert widths == [128, 64, 2]


@pytest.mark.parametrize("missing", [0, 1])
@torch.no_grad()
def test_what_is_missing_leaves_the_other_alone(missing: int) -> None:
    """A missing modality's vector is 0, as an image without regions has it."""
    vectors = list(some())
    vectors[missing] = torch.zeros_like(vectors[missing])
    presence = torch.ones(N, 2, dtype=torch.float64)
    presence[:, missing] = 0
    there = vectors[1 - missing]
    torch.testing.assert_close(layer("direct")(*vectors, presence)[0], there)
    attention = layer("attention")
    fused, weights = attention(*vectors, presence)
    expected = torch.zeros(N, 2, dtype=torch.float64)
    expected[:, 1 - missing] = 1
    torch.testing.assert_close(weights, expected)
    half = attention.dense.weight[:, D * (1 - missing) :][:, :D]
    torch.testing.assert_close(fused, torch.tanh(2 * there @ half.T + attention.dense.bias))


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_fading_modality_fades_continuously(kind: FusionKind) -> None:
    image, text = some()
    made, gone = layer(kind), torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(N, 2)
    nothing, _ = made(image, 0 * text, gone)
    almost, _ = made(image, 1e-7 * text, gone.clamp_min(1e-7))
    torch.testing.assert_close(almost, nothing, atol=1e-5, rtol=0)
    neither, _ = made(0 * image, 0 * text, torch.zeros(N, 2, dtype=torch.float64))
    nearly, _ = made(1e-7 * image, 1e-7 * text, torch.full((N, 2), 1e-7, dtype=torch.float64))
    torch.testing.assert_close(nearly, neither, atol=1e-5, rtol=0)
    assert neither.isfinite().all() and torch.equal(neither[0], neither[1])
