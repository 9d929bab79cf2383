"""What raters are asked: the four questions of Ante-RNN's human evaluation (Section 4.10.2), in words of our own."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

Choice = Literal["first", "tie", "second"]
"""An answer, by run: the first run of the study, neither, or the second."""
CHOICES: Final[tuple[Choice, ...]] = get_args(Choice)
Place = Literal["left", "right"]
"""Where a run stands on the screen."""


class Question(NamedTuple):
    """One question.

    Attributes:
        aspect: what it measures (Tintarev and Masthoff 2007), as charts call it.
        text: what is asked.
    """

    aspect: str
    text: str


QUESTIONS: Final[dict[str, Question]] = {
    "satisfaction": Question("satisfaction", "Which side's images would please this person more?"),
    "effectiveness": Question("effectiveness", "Which explanation tells you more about the image it recommends?"),
    "persuasiveness": Question(
        "persuasiveness", "Now that you have read both explanations: which image would this person rather open?"
    ),
    "transparency": Question(
        "transparency", "Which explanation makes it easier to see why its image was recommended to this person?"
    ),
}
"""The questions by name, in the order they are asked."""
