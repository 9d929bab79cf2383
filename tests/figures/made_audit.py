"""Hand-made audits that figures are drawn with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.explain.audit.result import (
    Audit,
    Calibrated,
    Cascade,
    Curve,
    Interval,
    Planted,
    Randomisation,
    Weighing,
    Within,
)

METHODS = ("attention", "contribution", "integrated_gradients", "gradient_x_gate", "leave_one_out", "shapley")


SHARES = tuple(round(0.1 * step, 1) for step in range(1, 10))


def make_audit(
    run: str = "hasc", *, weighs: bool = True, planted: bool = True, seed: int = 0, badges: Sequence[str] = ()
) -> Audit:
    """An audit of a model that weighs, or of one that does not and has no contributions either."""
    rng = np.random.default_rng(seed)
    names = [*(METHODS if weighs else METHODS[2:]), "random", "uniform"]
    gains = {name: float(rng.normal(0.3, 0.3)) for name in names if name != "random"}
    measures = ("comprehensiveness", "sufficiency", "deletion_auc", "insertion_auc", "infidelity", "sparsity")
    parts = ("head", "outs", "matrices", "a_part_with_quite_a_long_name")
    found = {
        name: Planted(pairs=40, precision_at_1=float(p), auc=float(a), pointing=0.4)
        for name, p, a in zip(names, rng.uniform(size=len(names)), rng.uniform(size=len(names)), strict=True)
    }
    return Audit(
        model="hasc",
        run=run,
        dataset="postcards-demo",
        fingerprint="3f9a1c0b77de4521",
        parameters="9b1f",
        seed=0,
        pairs=200,
        excluded=3,
        k=10,
        unit="standard deviations of the user's scores over all images",
        controls=("random", "uniform"),
        methods={name: {one: float(rng.normal(0.2, 0.4)) for one in measures} for name in names},
        intervals={
            name: {"comprehensiveness": Interval(mean=gain, low=gain - 0.1, high=gain + 0.1)}
            for name, gain in gains.items()
        },
        within={
            level: Within(
                pairs=pairs,
                methods={name: {"comprehensiveness": float(rng.normal(0.2, 0.2))} for name in names},
                intervals={
                    name: {"comprehensiveness": Interval(mean=gain / 2, low=gain / 2 - 0.1, high=gain / 2 + 0.1)}
                    for name, gain in gains.items()
                },
            )
            for level, pairs in (("follows", 160), ("uploads", 1_090))
        },
        shares=SHARES,
        curves={
            name: Curve(deletion=tuple(map(float, rng.normal(size=9))), insertion=tuple(map(float, rng.normal(size=9))))
            for name in names
        },
        agreement={
            name: {other: 1.0 if name == other else float(rng.uniform(-1, 1)) for other in names} for name in names
        },
        flatness=0.7 if weighs else None,
        weights={"follows": Weighing(pairs=10, flatness=0.7, permuted=0.1, divergence=0.5)} if weighs else {},
        randomisation=Randomisation(
            pairs=40,
            cascade=tuple(Cascade(step=step, agreement=float(rng.uniform(-1, 1))) for step in parts),
            alone={step: float(rng.uniform(-1, 1)) for step in parts},
            comprehensiveness=0.02,
        )
        if weighs
        else None,
        planted=found if planted else {},
        levels={"follows": found} if planted else {},
        verdicts={badge: Calibrated(pairs=12, right=0.7, low=0.4, high=0.9, chance=0.1) for badge in badges},
        separation=Interval(mean=0.2, low=0.1, high=0.3) if badges else None,
        verdict="What hasc attends to is what its scores need more than chance would have it.",
        seconds=12.0,
    )
