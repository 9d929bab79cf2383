"""The alignment of regions with words against a slow loop over the equations, and against what is really not there."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from workbench.layers import alignment
from workbench.layers.alignment import Alignment


class Batch(NamedTuple):
    """Texts and images, row by row."""

    words: Tensor
    word_gates: Tensor
    regions: Tensor
    region_gates: Tensor


def batch(n: int = 5, words: int = 6, regions: int = 4, dim: int = 3, seed: int = 0) -> Batch:
    draw = torch.Generator().manual_seed(seed)

    def some(*shape: int) -> Tensor:
        return torch.randn(shape, generator=draw, dtype=torch.float64)

    return Batch(
        some(n, words, dim),
        torch.ones(n, words, dtype=torch.float64),
        some(n, regions, dim),
        torch.ones(n, regions, dtype=torch.float64),
    )


def padded(seed: int = 0) -> Batch:
    """Texts and images of all lengths, one without words and one without regions; what is padded is no zero."""
    given = batch(seed=seed)
    given.word_gates[0, 4:] = given.word_gates[1, :3] = given.word_gates[2] = 0
    given.region_gates[1, 1:] = given.region_gates[3] = 0
    return given


def layer(**options: object) -> Alignment:
    torch.manual_seed(0)
    return Alignment(3, **options).double()  # type: ignore[arg-type]


class Plain(NamedTuple):
    """Eq. 1-5 for one image and one text, both without padding, in plain loops."""

    attention: list[list[float]]
    relevance: list[float]
    vector: list[float]
    similarity: float


def plain(model: Alignment, words: Tensor, regions: Tensor) -> Plain:
    dim, weight = words.shape[1], model.affinity.weight.tolist()
    texts, image = words.tolist(), regions.tolist()
    attention, relevance, vector = [], [], [0.0] * dim
    for region in image:
        c = [
            math.tanh(sum(word[d] * weight[d][k] * region[k] for d in range(dim) for k in range(dim))) for word in texts
        ]
        powers = [math.exp(model.temperature * value) for value in c]
        alpha = [power / sum(powers) for power in powers]
        a = [sum(share * word[d] for share, word in zip(alpha, texts, strict=True)) for d in range(dim)]
        length = math.hypot(*region) * math.hypot(*a)
        cosine = sum(x * y for x, y in zip(region, a, strict=True)) / length if length else 0.0
        attention.append(alpha)
        relevance.append(cosine)
        vector = [v + cosine * f for v, f in zip(vector, region, strict=True)]
    return Plain(attention, relevance, vector, sum(relevance) / len(relevance) if relevance else 0.0)


@pytest.mark.parametrize("temperature", [1.0, 9.0])
def test_every_equation_is_that_of_a_plain_loop_over_what_is_present(temperature: float) -> None:
    model, given = layer(temperature=temperature), padded()
    found = model(*given)
    for row in range(5):
        told, seen = given.word_gates[row] > 0, given.region_gates[row] > 0
        expected = plain(model, given.words[row, told], given.regions[row, seen])
        close = [
            (found.words[row][seen][:, told].tolist(), expected.attention),
            (found.relevance[row, seen].tolist(), expected.relevance),
            (found.vectors[row].tolist(), expected.vector),
            (found.similarity[row].item(), expected.similarity),
        ]
        for ours, theirs in close:
            torch.testing.assert_close(torch.tensor(ours), torch.tensor(theirs))
        assert not found.words[row][:, ~told].any() and not found.relevance[row, ~seen].any()
    assert (found.relevance.abs() <= 1).all()
    assert not found.relevance[2].any() and not found.words[2].any()
    assert not found.vectors[3].any()


@pytest.mark.parametrize("block", [1, 50, 1 << 19])
def test_similarities_of_every_text_with_every_image_in_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "BLOCK", block)
    model, texts, images = layer(temperature=4), padded(), padded(seed=1)
    texts.word_gates[4, 2], images.region_gates[4, 1] = 0.3, 0.6
    found = model.similarities(texts.words[:4], texts.word_gates[:4], images.regions, images.region_gates)
    assert found.shape == (4, 5)
    for text in range(4):
        rows = [value[text].expand(5, *value[text].shape) for value in texts[:2]]
        torch.testing.assert_close(found[text], model(*rows, *images[2:]).similarity)


def test_removed_words_and_regions_are_ones_that_are_not_there() -> None:
    model, given = layer(temperature=4, relevance="softmax"), batch()
    given.word_gates[:, [1, 4]] = given.region_gates[:, 2] = 0
    words, regions = given.words[:, [0, 2, 3, 5]], given.regions[:, [0, 1, 3]]
    without = Batch(words, torch.ones(5, 4).double(), regions, torch.ones(5, 3).double())
    found, expected = model(*given), model(*without)
    for name in ("vectors", "similarity"):
        torch.testing.assert_close(getattr(found, name), getattr(expected, name))
    torch.testing.assert_close(found.weights[:, [0, 1, 3]], expected.weights)
    torch.testing.assert_close(model.similarities(*given), model.similarities(*without))
    torch.testing.assert_close(model.loss(*given), model.loss(*without))


@pytest.mark.parametrize("gone", ["words", "regions"])
def test_the_last_word_or_region_fades_without_a_jump(gone: str) -> None:
    model, given = layer(), batch()
    gates = given.word_gates if gone == "words" else given.region_gates
    gates.fill_(1e-6)
    found = model(*given)
    assert found.vectors.abs().max() < 1e-4 and found.similarity.abs().max() < 1e-4
    assert model.similarities(*given).abs().max() < 1e-4


def test_as_printed_no_word_of_fifty_gets_more_than_an_eighth() -> None:
    words = torch.full((1, 50, 3), -1e3)
    words[0, 7] = 1e3
    gates, regions = torch.ones(1, 50), torch.ones(1, 4, 3)
    highest = {}
    for temperature in (1.0, 4.0, 9.0):
        model = Alignment(3, temperature=temperature)
        torch.nn.init.eye_(model.affinity.weight)
        highest[temperature] = model(words, gates, regions, torch.ones(1, 4)).words[0, 0, 7].item()
    assert highest[1.0] == pytest.approx(math.e / (math.e + 49 / math.e), abs=1e-4) == pytest.approx(0.131, abs=5e-4)
    assert highest[4.0] > 0.98 and highest[9.0] > 0.999
    with pytest.raises(ValueError, match="above 0"):
        Alignment(3, temperature=0)


def test_softmax_weights_do_not_grow_with_the_number_of_regions() -> None:
    model, given = layer(relevance="softmax"), batch()
    twice = Batch(*given[:2], given.regions.repeat(1, 2, 1), given.region_gates.repeat(1, 2))
    torch.testing.assert_close(model(*twice).vectors, model(*given).vectors)
    found, agreement = model(*given), model.sharpness * layer()(*given).relevance
    torch.testing.assert_close(found.weights, agreement.softmax(-1))


def plain_loss(model: Alignment, given: Batch) -> float:
    """Eq. 6 in plain loops over the images that have regions and words."""
    rows = [row for row in range(5) if given.word_gates[row].any() and given.region_gates[row].any()]
    texts = [row for row in range(5) if given.word_gates[row].any()]
    total = 0.0
    for row in rows:
        image = given.regions[row, given.region_gates[row] > 0]
        s = {text: plain(model, given.words[text, given.word_gates[text] > 0], image).similarity for text in texts}
        total += max(0.0, model.margin - s[row] + max(s[text] for text in texts if text != row))
    return total / len(rows)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_loss_is_that_of_a_plain_loop(seed: int) -> None:
    model, given = layer(temperature=4), padded(seed)
    assert model.loss(*given).item() == pytest.approx(plain_loss(model, given)) != 0


def test_rows_without_words_and_regions_are_as_if_left_out_of_the_batch() -> None:
    model, given = layer(), padded()
    given.word_gates[3] = 0
    kept = Batch(*(value[[0, 1, 4]] for value in given))
    torch.testing.assert_close(model.loss(*given), model.loss(*kept))


def test_loss_is_nothing_when_the_gap_exceeds_the_margin_and_in_a_batch_of_one() -> None:
    model = layer(temperature=9)
    own = torch.eye(3, dtype=torch.float64).unsqueeze(1)
    gates = torch.ones(3, 1, dtype=torch.float64)
    assert model.loss(own, gates, own, gates).item() == 0
    assert model.loss(own, gates, own.roll(1, 0), gates).item() == pytest.approx(1.3)
    alone = model.loss(own[:1].requires_grad_(), gates[:1], own[1:2], gates[:1])
    alone.backward()
    assert alone.item() == 0


def test_texts_that_say_the_same_are_not_negatives() -> None:
    model, given = layer(), batch(n=3)
    twins = Batch(given.words[[0, 0, 1]], given.word_gates, given.regions, given.region_gates)
    s = model.similarities(*twins)
    gaps = [s[2, 0] - s[0, 0], s[2, 1] - s[1, 1], torch.maximum(s[0, 2], s[1, 2]) - s[2, 2]]
    torch.testing.assert_close(model.loss(*twins), (torch.stack(gaps) + model.margin).clamp_min(0).mean())


def test_texts_that_differ_in_one_word_of_thirty_are_negatives() -> None:
    torch.manual_seed(0)
    words = torch.randn(1, 30, 128).repeat(64, 1, 1)
    words[1:, 12] = torch.randn(63, 128)
    words[40] = words[7]
    same = torch.eye(64, dtype=torch.bool)
    same[7, 40] = same[40, 7] = True
    assert torch.equal(alignment._same(words, torch.ones(64, 30)), same)


@pytest.mark.parametrize("relevance", ["cosine", "softmax"])
def test_gradients_are_those_of_finite_differences(relevance: str) -> None:
    model = layer(temperature=4, relevance=relevance)
    given = batch(n=2, words=3, regions=2)
    gates = [value.uniform_(0.2, 0.8).requires_grad_() for value in (given.word_gates, given.region_gates)]
    inputs = (given.words.requires_grad_(), gates[0], given.regions.requires_grad_(), gates[1])

    def outcome(*values: Tensor) -> tuple[Tensor, ...]:
        found = model(*values)
        return found.vectors, found.words, found.relevance, found.similarity, model.loss(*values)

    assert torch.autograd.gradcheck(outcome, inputs)


@pytest.mark.parametrize("empty", ["no word", "no region", "zero words", "zero regions"])
def test_nothing_is_ever_not_a_number(empty: str) -> None:
    model, given = layer().float(), Batch(*(value.float() for value in batch()))
    with torch.no_grad():
        {
            "no word": given.word_gates,
            "no region": given.region_gates,
            "zero words": given.words,
            "zero regions": given.regions,
        }[empty][:3] = 0
    inputs = [value.requires_grad_() for value in given]
    found = model(*inputs)
    total = model.loss(*inputs) + found.vectors.sum() + found.similarity.sum() + found.words.square().sum()
    total.backward()
    for value in [total, *(value.grad for value in (*inputs, model.affinity.weight))]:
        assert value is not None and value.isfinite().all() and value.abs().max() < 1e4
    assert not found.similarity[:3].any()
