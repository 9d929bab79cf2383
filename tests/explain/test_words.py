"""Sentences and verdicts from numbers alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy, kendalltau

from workbench.explain.explanation import Element, EvidenceLevel, flatness
from workbench.explain.sentences import has_shares, removal_sentence, sentence
from workbench.explain.verdict import judge, kendall_tau
from workbench.layers.evidence import ASPECTS, EvidenceGroup
from workbench.models.hasc import HASC

GROUPS = {group.name: group for group in HASC.evidence}


def people(*rows: tuple[str, float, float, float]) -> EvidenceLevel:
    """A level of people from (name, attention, contribution, removal)."""
    elements = tuple(
        Element(kind="person", id=name, label=name, attention=a, contribution=c, removal=r, rank_without=1)
        for name, a, c, r in rows
    )
    return EvidenceLevel(name="follows", kind="person", elements=elements)


def aspects(**weights: float) -> EvidenceLevel:
    elements = tuple(
        Element(kind="aspect", id=name, label=name, attention=w, contribution=0.0, removal=0.0)
        for name, w in weights.items()
    )
    return EvidenceLevel(name=ASPECTS, kind="aspect", elements=elements)


def test_the_sentence_names_the_largest_part_and_its_strongest_elements() -> None:
    level = people(("Bea", 0.2, 0.31, -0.3), ("Chen", 0.7, 0.18, -0.1), ("Ana", 0.1, -0.05, 0.0))
    assert sentence(0.1, [aspects(follows=1.0), level], GROUPS) == (
        "Mostly because people you follow like this kind of image: Bea (+0.31), Chen (+0.18)."
    )
    assert sentence(2.0, [], GROUPS) == "Only because of your own taste (+2.00): this model reads no evidence."
    faint = people(("Bea", 0.9, 0.31, -0.3), ("Chen", 0.1, 0.004, 0.0))
    common = sentence(2.0, [], GROUPS, "how often everyone likes it", "It counts likes.")
    assert common == "Only because of how often everyone likes it (+2.00). It counts likes."
    assert sentence(-2.0, [], GROUPS, silent="It counts likes.").endswith("zero or negative. It counts likes.")
    assert sentence(0.1, [faint], GROUPS).endswith("image: Bea (+0.31).")
    assert sentence(2.0, [level], GROUPS).startswith("Mostly because of your own taste (+2.00)")
    assert sentence(-1.0, [people(("Bea", 1.0, -0.2, 0.2))], GROUPS).startswith("Nothing the model reads")


def test_the_sentence_says_when_no_reason_has_the_majority() -> None:
    level = people(("Bea", 1.0, 1.0, -1.0))
    other = EvidenceLevel(
        name="creator", kind="person", elements=(level.elements[0].model_copy(update={"contribution": 0.9}),)
    )
    assert sentence(0.8, [level, other], GROUPS).startswith("Chiefly, among several reasons,")


@pytest.mark.parametrize(
    ("own", "rows", "badge", "reason"),
    [
        (
            0.0,
            [("Bea", 0.8, 0.5, -0.5), ("Chen", 0.2, 0.1, -0.1)],
            "supported",
            "strongest, Bea, is also what the score loses most",
        ),
        (
            0.0,
            [("Bea", 0.7, 0.5, -0.5), ("Chen", 0.3, 0.1, -0.1)],
            "partly",
            "Bea, is what the score loses most without, but it is shown only 2.3 times as strongly as Chen",
        ),
        (0.0, [("Bea", 1.0, 0.5, -0.5)], "cannot be judged", "only one piece"),
        (-1.0, [("Bea", 0.8, -0.5, 0.5), ("Chen", 0.2, -0.1, 0.0)], "not supported", "No single piece of evidence"),
        (0.0, [("Bea", 0.5, 0.5, -0.5), ("Chen", 0.5, 0.1, -0.1)], "cannot be judged", "no preference"),
        (9.0, [("Bea", 0.8, 0.5, -0.5), ("Chen", 0.2, 0.1, -0.1)], "not supported", "rests on own taste"),
        (
            0.0,
            [("Bea", 0.6, 0.1, -0.1), ("Chen", 0.3, 0.5, -0.5), ("Ana", 0.1, 0.2, -0.2)],
            "partly",
            "Chen matters most",
        ),
        (
            0.0,
            [("Bea", 0.6, 0.1, 0.4), ("Chen", 0.2, 0.5, -0.5), ("Ana", 0.15, 0.4, -0.4), ("Dan", 0.05, 0.2, -0.3)],
            "not supported",
            "Bea, only number 4 by what removal costs: the score rests on Chen",
        ),
    ],
)
def test_verdicts_follow_the_documented_rules(
    own: float, rows: list[tuple[str, float, float, float]], badge: str, reason: str
) -> None:
    verdict = judge(own, [aspects(follows=1.0), people(*rows)])
    assert verdict.badge == badge and reason in verdict.reason


def test_an_element_is_shown_with_the_weight_of_its_aspect() -> None:
    creator = EvidenceLevel(
        name="creator",
        kind="person",
        elements=(
            Element(
                kind="person", id="Zoe", label="Zoe", attention=1.0, contribution=0.1, removal=-0.1, rank_without=1
            ),
        ),
    )
    level = people(("Bea", 0.7, 0.6, -0.6), ("Chen", 0.3, 0.1, -0.05))
    assert "shown strongest, Bea," in judge(0.0, [aspects(follows=0.9, creator=0.1), level, creator]).reason
    assert "Shown strongest is Zoe," in judge(0.0, [aspects(follows=0.1, creator=0.9), level, creator]).reason


def test_exact_aspects_scale_the_attention_of_their_elements() -> None:
    """Likes without exact shares beside words that have them: both are shown in units of the score."""

    def exact(**shares: float) -> EvidenceLevel:
        parts = [Element(kind="aspect", id=name, label=name, contribution=c) for name, c in shares.items()]
        return EvidenceLevel(name=ASPECTS, kind="aspect", elements=tuple(parts))

    likes = tuple(
        Element(kind="image", id=k, label=f"image {k}", attention=a, removal=r)
        for k, (a, r) in enumerate([(0.9, -0.5), (0.1, -0.1)])
    )
    words = (
        Element(kind="word", id=0, label="fish", attention=0.5, contribution=0.4, removal=-0.4),
        Element(kind="word", id=1, label="the", attention=0.5, contribution=0.0, removal=0.0),
    )
    levels = [
        EvidenceLevel(name="history", kind="image", elements=likes),
        EvidenceLevel(name="caption", kind="word", elements=words),
    ]
    strong = judge(0.0, [exact(history=2.0, caption=0.4), *levels])
    assert strong.badge == "supported" and "image 0" in strong.reason
    weak = judge(0.0, [exact(history=0.1, caption=0.4), *levels])
    assert "fish, is also what the score loses second most" in weak.reason
    common = judge(9.0, [exact(history=2.0, caption=0.4), *levels], own_label="how often everyone likes it")
    assert common.numbers["own_taste_share"] == pytest.approx(9 / 11.4) and common.badge == "supported"
    common = judge(12.0, [exact(history=2.0, caption=0.4), *levels], own_label="how often everyone likes it")
    assert common.badge == "not supported" and "rests on how often everyone likes it (83%" in common.reason


def test_the_sentence_of_a_model_without_exact_shares_names_what_it_needs() -> None:
    likes = tuple(
        Element(kind="image", id=k, label=f"image {k}", attention=0.5, removal=r)
        for k, r in enumerate([-0.5, -0.3, 0.2])
    )
    group = EvidenceGroup("history", "liked before", "image", "user", "likes", "of what you liked before")
    level = EvidenceLevel(name="history", kind="image", elements=likes)
    told = removal_sentence([level], {"history": group})
    assert told == "Most of all because of what you liked before: image 0 (-0.50 without), image 1 (-0.30 without)."
    nothing = EvidenceLevel(name="history", kind="image", elements=likes[2:])
    assert removal_sentence([nothing], {"history": group}).startswith("No single piece of evidence")


def test_flatness_is_entropy_over_uniform_entropy() -> None:
    assert flatness([1, 1, 1, 1]) == pytest.approx(1)
    assert flatness([1, 0, 0]) == pytest.approx(0)
    assert flatness([0.5, 0.25, 0.25]) == pytest.approx(1.5 / 1.584962500721156)
    assert flatness([1.0]) is None and flatness([0.0, 0.0]) is None


@pytest.mark.parametrize("size", [2, 7, 60])
def test_flatness_is_the_entropy_of_scipy_over_that_of_uniform_weights(size: int) -> None:
    weights = np.random.default_rng(size).exponential(size=size) * (np.arange(size) != 1)
    assert flatness(weights.tolist()) == pytest.approx(entropy(weights) / entropy(np.ones(size)))


def test_kendall_tau_agrees_with_scipy() -> None:
    generator = np.random.default_rng(0)
    for size in (2, 5, 40):
        first, second = generator.integers(0, 6, size).tolist(), generator.normal(size=size).tolist()
        expected = kendalltau(first, second).statistic
        assert kendall_tau(first, second) == pytest.approx(0.0 if np.isnan(expected) else expected)
    assert kendall_tau([1.0, 1.0], [0.0, 3.0]) == 0.0


def test_models_without_exact_shares_speak_of_removal() -> None:
    element = Element(kind="word", id=0, label="harbour", removal=-0.5)
    level = EvidenceLevel(name="caption", kind="word", elements=(element,))
    shared = EvidenceLevel(name="caption", kind="word", elements=(element.model_copy(update={"contribution": 0.5}),))
    assert has_shares([shared]) and has_shares([]) and not has_shares([level])
