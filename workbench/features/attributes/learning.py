"""How the network learns what images show, from labels of whole images."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.features.attributes.finding import find
from workbench.features.attributes.labels import Labels
from workbench.features.attributes.network import SemanticNetwork, Sight, seeded
from workbench.features.learning import BATCH, DECAY, FEWEST, HELD_OUT, LOOKS, MOST, RATE, mirrored
from workbench.features.network import GRID, MAP

SHIFT = 2
"""Cells by which a picture is moved at random while learning."""
FOUND, RIDGE, STEPS = 64, 1e-3, 100
"""Pictures in which boxes are found at a time; of the readings, the L2 penalty and the steps of L-BFGS."""


@dataclass(frozen=True)
class Taught:
    """A trained network.

    Attributes:
        held_out: (n,) places of the images held out of the training.
        quality: share of the held-out images with a value of the attribute whose most probable value is one of theirs.
            (Of an image with several values one is enough.)
        chance: the same for the commonest value.
        seconds: time of the training steps.
    """

    network: SemanticNetwork
    held_out: Tensor
    quality: Mapping[str, float]
    chance: Mapping[str, float]
    seconds: float


def teach(maps: Tensor, labels: Labels, seed: int, device: torch.device, report: Callable[[float], None]) -> Taught:
    """Train a network on edge maps (n, 35, 28, 28) float16 and the labels of the images; the same again for a seed."""
    generator = torch.Generator().manual_seed(seed)
    held_out, train = divided(len(maps), generator)
    network = seeded(labels.values, seed).to(device)
    epochs = min(max(round(LOOKS / len(train)), FEWEST), MOST)
    steps = epochs * -(-len(train) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.25)
    began, step = time.perf_counter(), 0
    for _ in range(epochs):
        for batch in train[torch.randperm(len(train), generator=generator)].split(BATCH):  # type: ignore[no-untyped-call]
            seen = network(_varied(maps[batch].float(), generator).to(device))
            targets = {name: target[batch].to(device) for name, target in labels.targets.items()}
            loss = multi_task_loss(seen, targets, labels.applies[batch].to(device))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            step += 1
            report(step / steps)
    network.eval()
    teach_readings(network, maps, labels, train)
    seconds = time.perf_counter() - began
    return Taught(network, held_out, *_examine(network, maps, labels, held_out), seconds)


def divided(images: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Places of the images held out of the training, one in ten, and of those learnt from."""
    order = torch.randperm(images, generator=generator)
    held = max(1, round(HELD_OUT * images))
    return order[:held], order[held:]


def multi_task_loss(seen: Sight, targets: Mapping[str, Tensor], applies: Tensor) -> Tensor:
    """``- sum over attributes of the mean over images of sum_y t_y log p_y``.

    t is the share of each value among those of the image; images of which no value is known are left out. Whether an
    attribute applies is learnt beside it, where some images are known to which it does not.
    """
    total = seen.trunk.new_zeros(())
    for name, target in targets.items():
        known = target.sum(1) > 0
        if known.any():
            total = total + functional.cross_entropy(seen.logits[name][known], target[known])
    known = applies >= 0
    if (applies == 0).any():
        total = total + functional.binary_cross_entropy_with_logits(seen.applies[known], applies[known].float())
    return total


def _varied(maps: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the pictures mirrored, all of them moved by the same few cells; what leaves comes in opposite."""
    turned = torch.rand(len(maps), generator=generator) < 0.5
    move = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=generator).tolist()
    maps[turned] = mirrored(maps[turned])
    scale = MAP // GRID[0]
    return maps.roll([scale * step for step in move], (-2, -1))


def teach_readings(network: SemanticNetwork, maps: Tensor, labels: Labels, places: Tensor) -> None:
    """Teach the linear readings of what the shared map holds in the boxes that a trained network finds.

    Each is a multinomial logistic regression on the labels of the whole images at ``places``. It is then shifted and
    scaled, so that over these the coordinates of an attribute have mean 0, and variance 1 on average.
    """
    device = next(network.parameters()).device
    parts = places.split(FOUND)  # type: ignore[no-untyped-call]
    pooled = torch.cat([find(network, maps[part].float().to(device)).pooled for part in parts])
    for k, (reading, every) in enumerate(zip(network.reading, labels.targets.values(), strict=True)):
        assert isinstance(reading, nn.Linear)
        target = every[places]
        x, known = pooled[:, k], (target.sum(1) > 0).to(device)
        weight, shift = _logistic(x[known], target.to(device)[known])
        # What is the same for all values of an attribute tells none of them apart.
        weight = weight - weight.mean(0)
        scores = x @ weight.T + shift
        scale = scores.std(0, correction=0).square().mean().sqrt().clamp_min(1e-6)
        with torch.no_grad():
            reading.weight.copy_(weight / scale)
            reading.bias.copy_((shift - scores.mean(0)) / scale)


def _logistic(x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (values, c) and shifts (values,) that tell the shares ``target`` (n, values) by ``x`` (n, c)."""
    deviation, mean = torch.std_mean(x, 0, correction=0)
    z = (x - mean) / deviation.clamp_min(1e-6)
    weight = torch.zeros(target.shape[1], x.shape[1], device=x.device, requires_grad=True)
    shift = torch.zeros(target.shape[1], device=x.device, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, shift], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = functional.cross_entropy(torch.addmm(shift, z, weight.T), target) + RIDGE * weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    found = weight.detach() / deviation.clamp_min(1e-6)
    return found, shift.detach() - found @ mean


@torch.inference_mode()
def _examine(
    network: SemanticNetwork, maps: Tensor, labels: Labels, places: Tensor
) -> tuple[dict[str, float], dict[str, float]]:
    """The quality and the chance of a network on the images at ``places``."""
    device = next(network.parameters()).device
    batches = [network(maps[batch].float().to(device)).logits for batch in places.split(BATCH)]  # type: ignore[no-untyped-call]
    quality, chance = {}, {}
    for name, target in labels.targets.items():
        mine = target[places]
        known = mine.sum(1) > 0
        if known.any():
            guess = torch.cat([logits[name] for logits in batches]).argmax(1).cpu()
            borne = (mine > 0).float()[known]
            quality[name] = float(borne.gather(1, guess[known].unsqueeze(1)).mean())
            chance[name] = float(borne.mean(0).max())
    return quality, chance
