"""Attribution over gates: Captum's methods, asked what each piece of evidence is worth to one score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from workbench.data.errors import DataError
from workbench.explain.units import Units
from workbench.layers.evidence import ASPECTS
from workbench.models.base import Recommender

STEPS = (32, 128, 512)
"""Points of the path from nothing to everything recorded, for integrated gradients; more if they do not add up."""
CLOSE = 0.01
"""Integrated gradients add up where their sum differs from what they are the parts of by less than this share of the
parts' sizes: parts that cancel each other out are no less exact for it."""
ORDERS = 25
"""Orders of arrival that Shapley values are averaged over, unless said otherwise."""
AT_ONCE = 256
"""Changed copies of a pair that are scored together."""

Method = Callable[[Units, Tensor, int, int], Tensor]


def attributions(units: Units, methods: Sequence[str], seed: int = 0, orders: int = ORDERS) -> dict[str, Tensor]:
    """Values (n,) of the units of a pair by method: positive speaks for the image.

    The path, and what is taken away, is the gates': 0 is exactly as if the element had never been recorded, so values
    of a complete method add up to the score less the score without any unit (see ``gap``).

    Args:
        units: of one pair.
        methods: of ``METHODS``.
        seed: of the orders of ``shapley``.
        orders: of arrival, that Shapley values are averaged over.

    Raises:
        DataError: there is no such method, or the score has no slope in the gates.
    """
    for name in methods:
        if name not in METHODS:
            raise DataError(f"there is no attribution method '{name}'; choose among {', '.join(METHODS)}")
    opened = torch.ones(1, len(units), device=units.model.device)
    return {name: values[0] for name, values in attributed(units, opened, methods, seed, orders).items()}


def attributed(
    units: Units, opened: Tensor, methods: Sequence[str], seed: int = 0, orders: int = ORDERS
) -> dict[str, Tensor]:
    """Values (R, n) of the units where they are recorded as far as ``opened`` (R, n) says, by method.

    Args:
        units: of one pair.
        opened: gates, from which each method takes the way to nothing recorded.
        methods: of ``METHODS``; ``seed`` and ``orders`` as ``attributions``.
        seed: see above.
        orders: see above.

    Raises:
        DataError: the score has no slope in the gates.
    """
    if not len(units):
        return dict.fromkeys(methods, opened)
    units.ask(questions(opened, methods, seed, orders))
    with fixed(units.model):
        return {name: METHODS[name](units, opened, seed, orders).detach() for name in methods}


def questions(opened: Tensor, methods: Sequence[str], seed: int, orders: int) -> Tensor:
    """Gates (Q, n) of all that ``methods`` ask without slopes; arguments as ``attributed``."""
    n, parts = opened.shape[1], [torch.zeros_like(opened[:1]), opened]
    if "leave_one_out" in methods:
        parts.append((opened.unsqueeze(1) * (1 - torch.eye(n, device=opened.device))).flatten(0, 1))
    if "shapley" in methods:
        there, _, _ = _arrivals(n, seed, orders)
        parts.append((opened.unsqueeze(1) * there.to(opened)).flatten(0, 1))
    return torch.cat(parts)


@contextmanager
def fixed(model: Recommender) -> Iterator[None]:
    """Parameters ask for no slope meanwhile, so that what gates do not touch is not followed by the gradient."""
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in learned:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learned:
            parameter.requires_grad_(True)


def by_level(
    model: Recommender, user: int, item: int, until: int | None, methods: Sequence[str], seed: int = 0
) -> dict[str, dict[str, Tensor]]:
    """Values of all elements of a pair, by level and method.

    Elements of groups that lie inside no other share the score among them; those of a group inside another share
    what the score loses without that group. An aspect has the sum of its elements, by ``leave_one_out`` what the score
    loses without it.

    Raises:
        DataError: as ``attributions``.
    """
    units = Units.of(model, user, item, until)
    together = attributions(units, methods, seed)
    found = {name: {method: values[span] for method, values in together.items()} for name, span in units.places.items()}
    if any(level.name == ASPECTS for level in units.reading.levels):
        found[ASPECTS] = {method: _aspects(units, method, values) for method, values in together.items()}
    for group in model.active_evidence:
        if group.within is not None and any(level.name == group.name for level in units.reading.levels):
            inside = Units.of(model, user, item, until, group.name)
            found[group.name] = attributions(inside, methods, seed, max(1, AT_ONCE // max(len(inside), 1)))
    return found


def _aspects(units: Units, method: str, values: Tensor) -> Tensor:
    """(aspects,) values of whole groups."""
    if method != "leave_one_out":
        return torch.stack([values[span].sum() for span in units.places.values()])
    rows = torch.ones(len(units.places), len(units), device=values.device)
    for row, span in zip(rows, units.places.values(), strict=True):
        row[span] = 0
    with torch.no_grad():
        return units.score - units.pair(rows)


def gap(units: Units, values: Tensor) -> float:
    """How far ``values`` (n,) are from adding up to the score less the score without any unit."""
    ends = torch.stack([torch.ones(len(units)), torch.zeros(len(units))]).to(values.device)
    with torch.no_grad():
        all_of_it, nothing = units.pair(ends)
    return float((values.detach().sum() - (all_of_it - nothing)).abs())


def _integrated_gradients(units: Units, opened: Tensor, seed: int, orders: int) -> Tensor:
    """Sundararajan et al. 2017: the slope along the straight path, times the way."""
    from captum.attr import IntegratedGradients

    method, nothing = IntegratedGradients(_sloped(units)), torch.zeros_like(opened)
    with torch.no_grad():
        *whole, none = units.pair(torch.cat([opened, nothing[:1]]))
    gain, found = torch.stack(whole) - none, nothing
    for steps in STEPS:
        found = method.attribute(opened.clone().requires_grad_(), nothing, n_steps=steps, internal_batch_size=AT_ONCE)
        if ((found.sum(1) - gain).abs() <= CLOSE * found.abs().sum(1)).all():
            break
    return found


def _gradient_x_gate(units: Units, opened: Tensor, seed: int, orders: int) -> Tensor:
    """The slope at the gates, times these."""
    from captum.attr import InputXGradient

    found: Tensor = InputXGradient(_sloped(units)).attribute(opened.clone().requires_grad_())
    return found


def _leave_one_out(units: Units, opened: Tensor, seed: int, orders: int) -> Tensor:
    """What the score loses without each unit alone."""
    from captum.attr import FeatureAblation

    with torch.no_grad():
        found: Tensor = FeatureAblation(units.pair).attribute(
            opened, torch.zeros_like(opened), perturbations_per_eval=max(1, AT_ONCE // len(opened))
        )
    return found


def _shapley(units: Units, opened: Tensor, seed: int, orders: int) -> Tensor:
    """Castro et al. 2009: what each unit adds when it arrives, averaged over orders of arrival drawn at random.

    What Captum's ``ShapleyValueSampling`` computes order by order is scored for all orders together here, equal sets of
    units once, which makes fewer and larger batches.
    """
    n, found = len(units), []
    rows, back, place = (part.to(opened.device) for part in _arrivals(n, seed, orders))
    for gates in opened:
        with torch.no_grad():
            parts = [units.pair(part.to(opened) * gates) for part in torch.split(rows, AT_ONCE)]
        steps = torch.cat(parts)[back].view(orders, n + 1).diff(dim=1)
        found.append(steps.gather(1, place).mean(0))
    return torch.stack(found)


def _arrivals(n: int, seed: int, orders: int) -> tuple[Tensor, Tensor, Tensor]:
    """Sets (S, n) of units that are there after some arrival, each of (orders, n + 1) once.

    Besides (orders * (n + 1),) which of them each is, and the place (orders, n) of each unit in each order.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.stack([torch.randperm(n, generator=generator) for _ in range(orders)])
    place = order.argsort(1)
    there = place.unsqueeze(1) < torch.arange(n + 1).view(1, -1, 1)
    rows, back = torch.unique(there.flatten(0, 1), dim=0, return_inverse=True)
    return rows, back, place


def _sloped(units: Units) -> Callable[[Tensor], Tensor]:
    if not units.has_slope:
        raise DataError(f"{units.model.name} has no slope in its gates: choose leave_one_out or shapley")
    return units.pair


METHODS: dict[str, Method] = {
    "integrated_gradients": _integrated_gradients,
    "gradient_x_gate": _gradient_x_gate,
    "leave_one_out": _leave_one_out,
    "shapley": _shapley,
}
"""The methods by name; integrated_gradients and shapley are complete."""
STEPWISE = ("leave_one_out", "shapley")
"""Those that need no slope."""
