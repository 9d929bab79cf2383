"""What Ante-RNN looked at, level by level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from workbench.data.ragged import Ragged
from workbench.layers.contextual import SLOTS, Window, found_at, slots
from workbench.layers.evidence import ASPECTS, Gates
from workbench.layers.segments import segment_sum
from workbench.layers.steps import Steps
from workbench.models.base import Level
from workbench.models.content import Content

if TYPE_CHECKING:
    from workbench.models.anternn import AnteRNN

FACTOR_HOUR, FACTOR_INTERVAL, FACTOR_WHAT = 0, SLOTS, 2 * SLOTS
"""Where the codes of time factors begin: slots of the hour of the week, slots of the hours since, what a like is."""


@dataclass(frozen=True)
class Look:
    """What R sequences of likes came to, S likes in all.

    Attributes:
        steps: the likes.
        content: the n distinct images with their texts; ``text`` (S,) which of them each like is.
        interest: (S, K) topics of interest at each like, None where no topics are read.
        word_weights: (S, N) attention over the words of each like, None where no words are read.
        modality_weights: (S, 2) of image and text, None where fusion does not weigh.
        window: what each step looked back at, None without contextual attention.
        read: (R, L, D) each like as it was read; ``states`` (R, L, D) after each.
    """

    steps: Steps
    content: Content
    text: Tensor
    interest: Tensor | None
    word_weights: Tensor | None
    modality_weights: Tensor | None
    window: Window | None
    read: Tensor
    states: Tensor


def levels(model: AnteRNN, look: Look, likes: Ragged) -> list[Level]:
    """Attention over the likes, over what each of them is made of, and the topics.

    The weights of a like's words are those it was read with (Eq. 10); its regions' are their relevance (Eq. 3) as
    shares of 1, of which what is negative is shown as 0.
    """
    found = [Level("history", model.images(likes), _likes(look, likes), None)]
    for group in model.active_evidence:
        if group.within == "history":
            found.append(_parts(model, group.name, look, likes))
        if group.name == "topics":
            found.append(_topics(model, look))
    return found


def aspects(model: AnteRNN, read: Tensor, parts: Sequence[Level]) -> Level:
    """What the likes add to the scores together (R,), and what the words and the regions of the image do.

    Topics add nothing of their own: they act through the likes.
    """
    added = {"history": read} | {part.name: segment_sum(_added(part), part.elements) for part in parts}
    found = torch.stack([added.get(group.name, torch.zeros_like(read)) for group in model.aspects], 1)
    places = torch.tensor([model.evidence.index(group) for group in model.aspects], device=read.device)
    each = torch.full((len(read),), len(places), device=read.device)
    return Level(ASPECTS, Ragged.from_lengths(each, places.repeat(len(read))), None, found.flatten())


def _added(part: Level) -> Tensor:
    assert part.contribution is not None
    return part.contribution


def own_level(model: AnteRNN, name: str, states: Tensor, items: Tensor, gates: Gates) -> Level:
    """Words (``caption``) or regions (``picture``) of the scored images, with what each adds after ``states``."""
    codes = model.elements(name, items, items)
    shares = model.catalogue.word_shares if name == "caption" else model.catalogue.region_shares
    weights, added = shares(states, items, gates.on(name, codes))
    return Level(name, codes, weights, added)


def _likes(look: Look, likes: Ragged) -> Tensor | None:
    """(E,) contextual attention of the likes at the moment; None without."""
    if look.window is None:
        return None
    steps, window = look.steps, look.window
    weights = look.states.new_zeros(steps.present.shape)
    final = steps.final.unsqueeze(-1) * window.weights
    weights.scatter_add_(1, window.at.flatten(1), final.flatten(1))
    return _laid_out(weights[steps.present].unsqueeze(1), look, likes).squeeze(1)


def _laid_out(values: Tensor, look: Look, likes: Ragged) -> Tensor:
    """(E, n) values of E likes from those (S, n) of the likes that are present; 0 for the others."""
    laid = values.new_zeros(len(likes.values), values.shape[1])
    laid[look.steps.place[look.steps.present]] = values
    return laid


def _parts(model: AnteRNN, name: str, look: Look, likes: Ragged) -> Level:
    """Time factors, words or regions of every like."""
    parts, sets = model.parts(name, likes)
    items = model.images(likes).values
    if name == "factors":
        shares = _laid_out(_factor_shares(model, look)[look.steps.present], look, likes).flatten()
        sets = Ragged(sets.offsets, _factor_codes(model, likes).flatten())
    elif name == "words":
        assert look.word_weights is not None
        shares = model.content.flat("words", items, _laid_out(look.word_weights, look, likes))
    else:
        assert look.content.region_weights is not None
        relevance = look.content.region_weights[look.text].clamp_min(0)
        relevance = relevance / relevance.sum(1, keepdim=True).clamp_min(torch.finfo(relevance.dtype).tiny)
        shares = model.content.flat("regions", items, _laid_out(relevance, look, likes))
    return Level(name, sets, shares, None, parent=parts.rows)


def _factor_shares(model: AnteRNN, look: Look) -> Tensor:
    """(R, L, parts) by how much the weighing of a like changes without each part, in shares; 0 outside the window.

    A part is left out of what G reads; the sizes of the changes of its logit are set in relation.
    """
    steps, window = look.steps, look.window
    assert window is not None
    contextual = model.contextual
    what, parts = found_at(contextual.what(look.read), window.at), len(contextual.parts)
    full = contextual.logits(what, window.hours, window.intervals, None)
    changes = []
    for closed in 1 - torch.eye(parts, device=what.device):
        left = contextual.logits(what, window.hours, window.intervals, closed.expand(*window.at.shape, -1))
        changes.append((full - left).abs())
    change = torch.stack(changes, -1)
    share = change / change.sum(-1, keepdim=True).clamp_min(torch.finfo(change.dtype).tiny)
    share = share * (steps.final.unsqueeze(-1) * (window.gates > 0)).unsqueeze(-1)
    found = share.new_zeros(*steps.present.shape, parts)
    at = window.at.flatten(1).unsqueeze(-1).expand(-1, -1, parts)
    return found.scatter_add_(1, at, share.flatten(1, 2))


def _factor_codes(model: AnteRNN, likes: Ragged) -> Tensor:
    """(E, parts) codes of what is read of every like, its time as seen from the moment."""
    times = model.sequences.times[likes.values]
    now = times[(likes.offsets[1:] - 1).clamp_min(0)] if len(times) else times
    hours, intervals = slots(times, now[likes.rows])
    codes = {
        "what": torch.full_like(hours, FACTOR_WHAT),
        "hour": FACTOR_HOUR + hours,
        "interval": FACTOR_INTERVAL + intervals,
    }
    return torch.stack([codes[part] for part in model.contextual.parts], 1)


def _topics(model: AnteRNN, look: Look) -> Level:
    """The user's topics at the moment."""
    assert look.interest is not None
    spread = look.states.new_zeros(*look.steps.present.shape, model.n_topics)
    spread[look.steps.present] = look.interest
    now = look.steps.last(spread)
    return Level("topics", model.topic_sets(len(now)), now.flatten(), None)
