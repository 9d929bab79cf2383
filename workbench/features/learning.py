"""How the small network learns to tell what is in a cell."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.features.cells import LABEL, UNKNOWN, Cells
from workbench.features.network import CHANNELS, DIM, GRID, MAP, ConvNet

BATCH, RATE, DECAY = 32, 0.01, 0.05
LOOKS = 20_000
"""Pictures looked at in a training, repetitions counted; every picture is looked at ``FEWEST`` to ``MOST`` times."""
FEWEST, MOST = 4, 25
HELD_OUT = 0.1
BACKGROUND_WEIGHT, ATTRIBUTE_WEIGHT = 0.1, 0.4
"""Of the loss: most cells are background, which is easily learnt."""
SHIFT = 1
"""Cells by which a picture is moved at random while learning."""


@dataclass(frozen=True)
class Learnt:
    """A trained network.

    Attributes:
        quality: share of the cells of held-out pictures whose word a linear layer reads off their vectors, by kind of
            word: over the cells of which the word is known, so ``label`` over cells of things; ``cell`` over all cells,
            with the background as one more label.
        chance: the same for the commonest word of each kind.
        seconds: time of the training steps.
    """

    network: ConvNet
    quality: Mapping[str, float]
    chance: Mapping[str, float]
    seconds: float


def learn(maps: Tensor, cells: Cells, seed: int, device: torch.device, report: Callable[[float], None]) -> Learnt:
    """Train a network on edge maps (n, 35, 28, 28) float16 and what their cells show; the same again for a seed."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(maps), generator=generator)
    held = max(1, round(HELD_OUT * len(maps)))
    held_out, train = order[:held], order[held:]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = ConvNet()
        heads = nn.ModuleDict({kind: nn.Conv2d(DIM, outputs(cells, kind), 1) for kind in cells.words})
    network.to(device)
    heads.to(device)
    epochs = min(max(round(LOOKS / len(train)), FEWEST), MOST)
    steps = epochs * -(-len(train) // BATCH)
    parameters = [*network.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.25)
    began, step = time.perf_counter(), 0
    for _ in range(epochs):
        for batch in train[torch.randperm(len(train), generator=generator)].split(BATCH):  # type: ignore[no-untyped-call]
            seen, targets = _varied(maps[batch].float(), {k: t[batch] for k, t in cells.targets.items()}, generator)
            loss = _loss(heads, network(seen.to(device)), targets, cells.background)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            step += 1
            report(step / steps)
    seconds = time.perf_counter() - began
    network.eval()
    return Learnt(network, *_examine(network, heads, maps, cells, held_out), seconds)


def outputs(cells: Cells, kind: str) -> int:
    """How many words of a kind a cell can show, the background counted."""
    return len(cells.words[kind]) + (kind == LABEL)


def _varied(
    maps: Tensor, targets: Mapping[str, Tensor], generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Half of the pictures mirrored, all of them moved by the same few cells; what leaves comes in opposite."""
    turned = torch.rand(len(maps), generator=generator) < 0.5
    move = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=generator).tolist()
    maps[turned] = mirrored(maps[turned])
    changed = {
        kind: torch.where(turned[:, None, None], target.flip(-1), target).roll(move, (-2, -1))
        for kind, target in targets.items()
    }
    scale = MAP // GRID[0]
    return maps.roll([scale * step for step in move], (-2, -1)), changed


def mirrored(maps: Tensor) -> Tensor:
    """The edge maps (n, 35, 28, 28) of mirrored pictures: an edge to the right becomes one to the left."""
    directions = (4 - torch.arange(8)) % 8
    planes = torch.cat([torch.arange(3), *(3 + 8 * k + directions for k in range((CHANNELS - 3) // 8))])
    return maps[:, planes].flip(-1)


def _loss(heads: nn.ModuleDict, vectors: Tensor, targets: Mapping[str, Tensor], background: int) -> Tensor:
    total = vectors.new_zeros(())
    for kind, target in targets.items():
        logits = heads[kind](vectors)
        if kind == LABEL:
            weights = logits.new_ones(logits.shape[1])
            weights[background] = BACKGROUND_WEIGHT
            loss = functional.cross_entropy(logits, target.to(logits.device), weights, ignore_index=UNKNOWN)
        else:
            known = (target != UNKNOWN).sum().clamp(min=1)
            flat = functional.cross_entropy(logits, target.to(logits.device), ignore_index=UNKNOWN, reduction="sum")
            loss = ATTRIBUTE_WEIGHT * flat / known
        total = total + loss
    return total


@torch.inference_mode()
def _examine(
    network: ConvNet, heads: nn.ModuleDict, maps: Tensor, cells: Cells, codes: Tensor
) -> tuple[dict[str, float], dict[str, float]]:
    """The quality and the chance of a network on the pictures ``codes``."""
    device = next(heads.parameters()).device
    answers: dict[str, list[Tensor]] = {kind: [] for kind in ("cell", *cells.words)}
    for batch in codes.split(BATCH):  # type: ignore[no-untyped-call]
        vectors = network(maps[batch].float().to(device))
        for kind in cells.words:
            logits = heads[kind](vectors)
            if kind == LABEL:
                # A weight in the loss shifts a logit by its logarithm.
                logits[:, cells.background] -= math.log(BACKGROUND_WEIGHT)
                answers["cell"].append(logits.argmax(1).cpu())
                logits = logits[:, : cells.background]
            answers[kind].append(logits.argmax(1).cpu())
    quality, chance = {}, {}
    for kind, found in answers.items():
        target = cells.targets[LABEL if kind == "cell" else kind][codes]
        known = target != (cells.background if kind == LABEL else UNKNOWN)
        if known.any():
            quality[kind] = float((torch.cat(found) == target)[known].float().mean())
            chance[kind] = _commonest(target[known])
    return quality, chance


def _commonest(values: Tensor) -> float:
    return float(values.flatten().bincount().max() / values.numel())
