"""What an audit says in plain words, by fixed rules."""

from __future__ import annotations

from workbench.explain.audit.result import Audit

FLAT = 0.95
"""Mean entropy, as a share of the uniform one, from which on attention shows no preference."""
LOOSE = 0.5
"""Share of ln 2 from which on attention of the same score can be called other attention."""
KEPT = 0.5
"""Kendall tau to the attention of a random model from which on it did not depend on learning."""


def reading(audit: Audit) -> str:
    """The findings in sentences: each states its rule's number.

    1. Attention removes better than random orders if the 95 % interval of how much more it costs is above 0.
    2. It is flat from 95 % of the uniform entropy on. 3. Other weights with the same score were found if their
    divergence is half of ln 2 or more. 4. It does not depend on what was learned if its order after all parameters
    are shuffled agrees with tau 0.5 or more. 5. The method that finds the largest share of planted causes is named.
    6. A supported verdict goes with being right if the 95 % interval of the difference from all others is above 0.
    """
    told = [_against_chance(audit, "attention"), _flat(audit), _other(audit), _random(audit), _best(audit)]
    told.append(calibration(audit))
    return " ".join(sentence for sentence in told if sentence)


def _against_chance(audit: Audit, method: str) -> str:
    if method not in audit.methods:
        better = [name for name in audit.intervals if name not in audit.controls and beats_chance(audit, name)]
        named = ", ".join(better).replace("_", " ") or "no method"
        return f"{audit.model} weighs nothing; better than random orders: {named}."
    gap = audit.intervals[method]["comprehensiveness"]
    numbers = f"{gap.mean:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}] standard deviations"
    if gap.low > 0:
        text = f"What {audit.model} attends to is what its scores need more than chance would have it ({numbers})."
    elif gap.high < 0:
        text = f"What {audit.model} attends to is what its scores need least: worse than random orders ({numbers})."
    else:
        text = f"What {audit.model} attends to cannot be told from a random choice by what removal costs ({numbers})."
    exact = audit.methods["leave_one_out"]["comprehensiveness"]
    found = audit.methods[method]["comprehensiveness"]
    return f"{text} Leaving one out at a time finds {exact:.2f}, attention {found:.2f}."


def beats_chance(audit: Audit, method: str) -> bool:
    """Whether a method removes better than random orders, by the interval of its comprehensiveness."""
    return audit.intervals[method]["comprehensiveness"].low > 0


def _flat(audit: Audit) -> str:
    if audit.flatness is None or audit.flatness < FLAT:
        return ""
    return (
        f"Its attention is close to even ({audit.flatness:.0%} of the uniform entropy), so there is little to believe."
    )


def _other(audit: Audit) -> str:
    loose = [group for group, one in audit.weights.items() if one.divergence >= LOOSE * 0.6931]
    if not loose:
        return ""
    return f"Quite other attention to {', '.join(loose)} would have given the same scores."


def _random(audit: Audit) -> str:
    found = audit.randomisation
    if found is None or not found.cascade:
        return ""
    last = found.cascade[-1].agreement
    if last >= KEPT:
        return (
            f"Its attention is nearly the same without anything learned (tau {last:.2f}): it comes from the data alone."
        )
    return f"With all parameters shuffled its attention is another (tau {last:.2f}), as it should be."


def _best(audit: Audit) -> str:
    if not audit.planted:
        return ""
    ranked = sorted(audit.planted, key=lambda name: -audit.planted[name].precision_at_1)
    best, chance = ranked[0], audit.planted["uniform"].precision_at_1
    found = audit.planted[best].precision_at_1
    text = f"The planted cause comes first most often by {best.replace('_', ' ')} ({found:.0%}"
    if "attention" in audit.planted and best != "attention":
        text += f"; attention {audit.planted['attention'].precision_at_1:.0%}"
    return f"{text}; chance {chance:.0%})."


def calibration(audit: Audit) -> str:
    """Whether a supported verdict goes with being right about the planted cause, in a sentence; "" if none is known."""
    if not audit.verdicts:
        return ""
    told, gap = audit.verdicts.get("supported"), audit.separation
    if told is None:
        return "None of the explanations with a known cause is supported, so nothing is promised and nothing broken."
    text = f"Of {told.pairs:,} supported explanations {told.right:.0%} [{told.low:.0%}, {told.high:.0%}] name the cause"
    if gap is None:
        return f"{text}; all with a known cause are supported (chance {told.chance:.0%})."
    numbers = f"{gap.mean:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}] against all others, chance {told.chance:.0%}"
    if gap.low > 0:
        return f"{text}: the verdict tells right from wrong ({numbers})."
    if gap.high < 0:
        return f"{text}, fewer than of the others: the model itself goes by something else than the cause ({numbers})."
    return f"{text}: the verdict cannot be seen to tell right from wrong ({numbers})."
