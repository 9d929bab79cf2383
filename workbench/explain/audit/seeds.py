"""How much of attention is chance: the same explanations by runs that differ in the seed of their training alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch

from workbench.data.errors import DataError
from workbench.explain.audit.attention import divergence
from workbench.explain.audit.pairs import shown_pairs
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import Frozen
from workbench.explain.units import Units
from workbench.explain.verdict import kendall_tau


class SeedVariance(Frozen):
    """Attention of several trainings over the same pairs (Wiegreffe and Pinter 2019, on variance between seeds).

    Attributes:
        runs: names of the runs.
        pairs: explanations looked into; ``excluded`` those with fewer than two units, or another number in some run.
        tau: mean Kendall tau between the attention of two runs, over pairs of explanations and of runs.
        first: how often two runs show the same unit strongest; ``chance`` the same for units drawn at random.
        divergence: mean Jensen-Shannon divergence of the attention of two runs, 0 (equal) to ln 2.
        spread: standard deviation of a unit's attention over the runs in multiples of an even share, mean over units.
        score_tau: mean Kendall tau between the scores the runs give to the same images, to compare ``tau`` with: what
            differs more than the scores do is no property of the data.
    """

    runs: tuple[str, ...]
    pairs: int
    excluded: int
    tau: float
    first: float
    chance: float
    divergence: float
    spread: float
    score_tau: float

    def rows(self) -> list[dict[str, object]]:
        """One row."""
        return [self.model_dump() | {"runs": " ".join(self.runs)}]


def seed_variance(explainers: Sequence[Explainer], pairs: int = 200, seed: int = 0) -> SeedVariance:
    """How attention differs between runs of one model with one set of hyperparameters, trained with different seeds.

    Args:
        explainers: of the runs; the explanations are those that the first one would show.
        pairs: how many explanations; ``seed`` draws their users.
        seed: see above.

    Raises:
        DataError: there is one run alone, the runs differ in more than the seed, or the model weighs nothing.
    """
    _check(explainers)
    taus, same, chances, apart, spreads, excluded = [], [], [], [], [], 0
    for user, item in shown_pairs(explainers[0], pairs, seed):
        told = [Units.of(one.model, user, item).attention for one in explainers]
        weights = [one for one in told if one is not None]
        if len(weights) < len(explainers) or len(weights[0]) < 2 or len({len(one) for one in weights}) > 1:
            excluded += 1
            continue
        table = np.stack([one.detach().double().numpy() for one in weights])
        table /= np.maximum(table.sum(1, keepdims=True), 1e-300)
        units = table.shape[1]
        couples = list(combinations(table, 2))
        taus.append(np.mean([kendall_tau(one.tolist(), two.tolist()) for one, two in couples]))
        same.append(np.mean([one.argmax() == two.argmax() for one, two in couples]))
        chances.append(1 / units)
        both = [(torch.from_numpy(one), torch.from_numpy(two)) for one, two in couples]
        apart.append(np.mean([float(divergence(one, two)) for one, two in both]))
        spreads.append(float((table.std(0, ddof=1) * units).mean()))
    if not taus:
        raise DataError(f"{explainers[0].model.name} weighs nothing, so there is no attention that could differ")
    return SeedVariance(
        runs=tuple(one.run for one in explainers),
        pairs=len(taus),
        excluded=excluded,
        tau=float(np.mean(taus)),
        first=float(np.mean(same)),
        chance=float(np.mean(chances)),
        divergence=float(np.mean(apart)),
        spread=float(np.mean(spreads)),
        score_tau=_scores(explainers, seed),
    )


def _check(explainers: Sequence[Explainer]) -> None:
    if len(explainers) < 2:
        raise DataError("one run has no variance: name two or more that differ in their seed")
    first = explainers[0]
    for one in explainers[1:]:
        if type(one.model) is not type(first.model) or one.model.config != first.model.config:
            raise DataError(
                f"{one.run} and {first.run} differ in more than the seed: train them with the same settings"
            )
        if one.dataset.fingerprint != first.dataset.fingerprint:
            raise DataError(f"{one.run} and {first.run} were trained on different data: choose runs of one dataset")
    if len({one.run for one in explainers}) < len(explainers):
        raise DataError("the same run is named twice: name runs of different seeds")


def _scores(explainers: Sequence[Explainer], seed: int, users: int = 20, images: int = 200) -> float:
    """Mean Kendall tau of the scores of drawn images for drawn users, between any two runs."""
    generator = torch.Generator().manual_seed(seed)
    data = explainers[0].dataset
    drawn = torch.randperm(len(data.users), generator=generator)[:users]
    items = torch.randperm(len(data.items), generator=generator)[:images]
    taus = []
    with torch.inference_mode():
        for user in drawn.tolist():
            told = [
                one.model.score_pairs(torch.full_like(items, user), items, one.at(None)).double().tolist()
                for one in explainers
            ]
            taus += [kendall_tau(one, two) for one, two in combinations(told, 2)]
    return float(np.mean(taus))
