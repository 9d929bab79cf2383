from __future__ import annotations

import pytest
from matplotlib.cbook import is_math_text
from matplotlib.text import Text

from workbench.explain.explanation import Element
from workbench.figures import text

HOSTILE = "<script>alert(\"x\")</script> $x^2$ & 'q' <img onerror=1>"


@pytest.mark.parametrize("words", ["$x$", "a $ b", "$$", r"a\$b", HOSTILE])
def test_matplotlib_shows_dollars_as_dollars(words: str) -> None:
    shown, mathematics = Text(0, 0, "")._preprocess_math(text.plain(words))
    assert (shown, mathematics) == (words, False)
    assert not is_math_text(text.plain(words))


def test_plotly_gets_no_tag_and_no_mathematics() -> None:
    escaped = text.markup(HOSTILE)
    assert "<" not in escaped and ">" not in escaped and "$" not in escaped
    assert "&lt;script&gt;" in escaped and "&amp;" in escaped and '"x"' in escaped


def test_characters_no_format_can_hold_are_replaced() -> None:
    assert text.clean("a\x00b\ud800\nc\t d") == "a�b� c d"


def test_fit_never_exceeds_the_room() -> None:
    fitted = text.fit("Hanna-Marie Gräfin von Oberstein", 0.8, 7)
    assert fitted.endswith("…") and text.text_width(fitted, 7) <= 0.8
    assert text.fit("Bea", 0.8, 7) == "Bea"


def test_wrap_keeps_every_word_until_the_last_line_is_full() -> None:
    sentence = "people you follow like this kind of image and so do you"
    assert " ".join(text.wrap(sentence, 1.2, 7, 9)) == sentence
    short = text.wrap(sentence, 1.2, 7, 2)
    assert len(short) == 2 and short[-1].endswith("…")
    assert all(text.text_width(line, 7) <= 1.2 for line in short)


@pytest.mark.parametrize(
    ("label", "letters"), [("Mina", "M"), ("Chen Li", "CL"), ("user 12", "12"), ("<b>", "B"), ("...", "?"), ("", "?")]
)
def test_initials(label: str, letters: str) -> None:
    assert text.initials(label) == letters


def test_numbers_as_people_read_them() -> None:
    assert text.signed_text(0.314) == "+0.31" and text.signed_text(-0.05) == "−0.05"
    assert text.signed_text(-0.001) == "≈0" and text.signed_text(0.0) == "0" and text.signed_text(None) == ""
    assert text.weight_text(0.001) == "<0.01" and text.weight_text(0.0) == "0.00" and text.weight_text(1) == "1.00"
    assert text.decimals([0.004]) == 4 and text.decimals([12.0, 0.1]) == 2 and text.decimals([]) == 2


def test_removal_says_the_rank_else_the_score() -> None:
    element = Element(kind="person", id=1, label="Bea", removal=-0.25)
    assert text.removal_text(element, 1) == "score −0.25"
    assert text.removal_text(element.model_copy(update={"rank_without": 1204}), 1) == "rank 1 → 1,204"
    assert text.removal_text(Element(kind="person", id=1, label="Bea"), 1) == ""
