"""Hand-made networks around a person that figures are drawn with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.figures.made import NAMES, make_explanation
from workbench.explain.diffusion import Ego, Reached, Ring
from workbench.explain.drift import Drift, Place, Step
from workbench.explain.explanation import Explanation


def make_ego(
    counts: Sequence[int] = (9, 60),
    *,
    keep: int = 60,
    exact: bool = True,
    flat: bool = False,
    name: str = "Mina",
    label: str = "",
) -> Ego:
    """Rings of ``counts`` people, everybody further out reached through somebody before; a circle leads back."""
    rng = np.random.default_rng(8)
    rings: list[Ring] = []
    for hop, count in enumerate(counts, 1):
        shares = np.full(count, 1 / max(count, 1)) if flat else rng.dirichlet(np.full(count, 0.8)) if count else []
        added = [float(share * rng.normal(0.5, 1)) for share in shares]
        parents = rings[-1].people if rings else ()
        order = sorted(range(count), key=lambda i: -abs(added[i]) if exact else -shares[i])[:keep]
        people = []
        for i in order:
            # Smaller numbers lead to more people, as hubs do.
            parent = parents[int(len(parents) * rng.beta(1, 2))] if parents and i % 7 else None
            number = int(rng.integers(1, 9)) if hop == 1 and i % 3 else None
            people.append(
                Reached(
                    id="u12" if hop == 2 and i == order[0] else f"p{hop}-{i}",
                    label=label or (NAMES[i] if i < len(NAMES) and hop == 1 else f"user {100 * hop + i}"),
                    share=float(shares[i]),
                    contribution=added[i] if exact else None,
                    through=None if parent is None else parent.id,
                    through_label=None if parent is None else parent.label,
                    removal=-added[i] if hop == 1 else None,
                    rank_without=number,
                )
            )
        total = sum(added) if exact else None
        rings.append(
            Ring(hop=hop, people=tuple(people), total=count, share=min(count, 1), contribution=total, flat=flat)
        )
    return Ego(
        **{name: getattr(make_explanation(0), name) for name in Explanation.model_fields if name in Ego.model_fields}
        | {
            "model": "diffnet",
            "run": "diffnet",
            "user_label": name,
            "rings": tuple(rings),
            "sentence": "Two reach her.",
        }
    )


def make_drift(hops: int = 2, *, others: int = 300, liked: int = 6, exact: bool = True, name: str = "Mina") -> Drift:
    """A path towards the middle of others; ``liked`` images on the way."""
    rng = np.random.default_rng(9)
    away = [1 / (1 + hop) for hop in range(hops + 1)]
    return Drift(
        **{name: getattr(make_explanation(0), name) for name in Explanation.model_fields if name in Drift.model_fields}
        | {
            "model": "diffnet",
            "run": "diffnet",
            "user_label": name,
            "steps": tuple(
                Step(
                    hop=hop,
                    cosine=1 - 0.4 * (share - away[-1]),
                    own=share,
                    norm=share + 0.2,
                    score=1.83 - 0.4 * share if exact or hop == hops else None,
                    x=0.7 * share,
                    y=0.1 + 0.4 * share**2,
                )
                for hop, share in enumerate(away)
            ),
            "others": tuple(
                Place(id=f"o{i}", label=f"user {i}", x=float(x), y=float(y))
                for i, (x, y) in enumerate(rng.normal(0, 0.3, (others, 2)))
            ),
            "total": 12_000,
            "liked": tuple(
                Place(id=i, label=f"image {i}", image=f"images/{i % 6}.png", x=float(x), y=float(y))
                for i, (x, y) in enumerate(rng.normal(0.25, 0.1, (liked, 2)))
            ),
            "target": Place(id=482, label="image 482", image="images/0.png", x=0.3, y=0.2),
            "explained": (0.31, 0.12),
        }
    )
