"""What an audit found."""

from __future__ import annotations

from pydantic import Field

from workbench.explain.explanation import Frozen
from workbench.explain.held import RemovalKind

HIGHER = ("comprehensiveness", "insertion_auc", "neg_at_k")
"""Measures of which more is better; of the others, ``sparsity`` apart, less is."""


class Interval(Frozen):
    """A mean over pairs and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


class Curve(Frozen):
    """Mean height of the score above nothing recorded, by share of the units.

    Attributes:
        deletion: as the strongest go; ``insertion`` as they come.
    """

    deletion: tuple[float, ...]
    insertion: tuple[float, ...]


class Within(Frozen):
    """What removal shows of one level, whose units go and come while all other evidence stays.

    Attributes:
        pairs: explanations whose level has two or more units, and that have others.
        methods: by method, ``comprehensiveness`` and ``sufficiency``; ``intervals`` as those of ``Audit``.
    """

    pairs: int
    methods: dict[str, dict[str, float]]
    intervals: dict[str, dict[str, Interval]]


class Planted(Frozen):
    """How well a method finds the planted causes.

    Attributes:
        pairs: held-out likes (posts) with a known cause among the evidence.
        precision_at_1: share of them whose strongest unit is the cause; ties count by their share.
        auc: how often the cause is above another unit of the pair, ties counting half.
        pointing: share of the pairs with a planted box whose strongest region lies in it; None without any.
    """

    pairs: int
    precision_at_1: float
    auc: float
    pointing: float | None = None


class Calibrated(Frozen):
    """How often explanations with one verdict are right about the planted cause.

    Attributes:
        pairs: held-out likes (posts) with a known cause whose explanation has this verdict.
        right: share of them in which what is shown strongest is the cause; ties count by their share.
        low, high: ends of its 95 % interval (Wilson).
        chance: the same for a unit drawn at random.
    """

    pairs: int
    right: float
    low: float
    high: float
    chance: float


class Weighing(Frozen):
    """What other attention would do, averaged over the pairs of a level, see ``other_weights``."""

    pairs: int
    flatness: float
    permuted: float
    divergence: float


class Cascade(Frozen):
    """What is left of the attention when parameters become random, one part after the other.

    Attributes:
        step: the part randomised in this step, beside those before it.
        agreement: mean Kendall tau between the attention before and after.
    """

    step: str
    agreement: float


class Randomisation(Frozen):
    """Whether attention depends on what was learned.

    Attributes:
        cascade: from the last part of the model to all of it.
        alone: by part, the agreement where it alone is random.
        comprehensiveness: of the attention of the wholly random model, less that of random orders: near 0 unless
            something else than learning makes it so.
    """

    pairs: int
    cascade: tuple[Cascade, ...]
    alone: dict[str, float]
    comprehensiveness: float


class Fewer(Frozen):
    """What was asked of fewer pairs, each in a part of its own.

    Attributes:
        seconds: of one processor.
        weights: by level, what other attention would do; None in the other parts.
        sensitivity: by method; empty in the other parts, or where pictures are blurred.
        random: the randomised parameters; None in the other parts, or where nothing is weighed.
    """

    seconds: float = 0.0
    weights: dict[str, Weighing] | None = None
    sensitivity: dict[str, float] = Field(default_factory=dict)
    random: Randomisation | None = None


class Audit(Frozen):
    """How far the explanations of a run can be believed.

    Attributes:
        model: its name; ``run`` that of the folder; ``dataset`` that of the data, ``fingerprint`` its state.
        parameters: digest of the weights looked into.
        pairs: explanations looked into; ``excluded`` those with fewer than two units, where nothing can differ.
        k: length of the list of ``pos_at_k`` and ``neg_at_k``.
        removal: what stood in the place of what was removed, see ``workbench.explain.held``.
        unit: what scores are told in.
        controls: the methods that explain nothing.
        methods: by method, its measures (see ``curves.measures``), ``infidelity``, ``sparsity`` and, over fewer pairs
            and not where pictures are blurred, ``sensitivity``.
        intervals: by method and measure, by how much it is better than the random order of the same pairs.
        within: by level, where the evidence has several.
        curves: by method, at each of ``shares`` of the evidence, in ``unit``.
        agreement: mean Kendall tau between methods, both ways.
        flatness: mean entropy of the attention over that of uniform weights; None where nothing is weighed.
        weights: by level, what other attention would do.
        randomisation: None where nothing is weighed.
        planted: by method; empty where no cause is known.
        levels: by level and method, the same where the cause has to come first among the units of its own level alone;
            levels whose elements hold each other (hops, and the people in them) do not compete there.
        verdicts: by badge, what explanations of planted causes with it are worth; empty where no cause is known.
        separation: by how much more often explanations are right whose verdict is supported than all others are; None
            where there are none of either.
        verdict: what all this says, in plain words.
        seconds: of one processor, over all parts, whoever made them.
    """

    schema_version: int = 4
    model: str
    run: str
    dataset: str
    fingerprint: str
    parameters: str
    seed: int
    pairs: int
    excluded: int
    k: int
    removal: RemovalKind = "deleted"
    unit: str
    controls: tuple[str, ...]
    methods: dict[str, dict[str, float]]
    intervals: dict[str, dict[str, Interval]]
    within: dict[str, Within] = Field(default_factory=dict)
    shares: tuple[float, ...]
    curves: dict[str, Curve]
    agreement: dict[str, dict[str, float]]
    flatness: float | None
    weights: dict[str, Weighing]
    randomisation: Randomisation | None
    planted: dict[str, Planted]
    levels: dict[str, dict[str, Planted]]
    verdicts: dict[str, Calibrated]
    separation: Interval | None
    verdict: str
    seconds: float
