"""Seeds of the random streams of a training."""

from __future__ import annotations


def mix(seed: int, epoch: int, rank: int) -> int:
    """One generator seed for a triple, far apart for neighbours."""
    return (seed * 1_000_003 + epoch * 7_919 + (rank + 1) * 104_729) % 2**62
