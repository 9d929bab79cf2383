from __future__ import annotations

import pytest
from pydantic import ValidationError

from workbench.views.view import LONGEST, View

VIEWS = [
    View(),
    View(page="why", dataset="demo", run="hasc", compare="bpr", user="12", item="482", moment="30"),
    View(page="aspects", dataset="my data é", user="a&b=c?d#e/f%20", options={"by": "attention", "aspect": "follows"}),
    View(page="why", user="<script>alert(1)</script>", item="漢字"),
]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_a_written_view_is_read_back(view: View) -> None:
    assert View.parse(str(view)) == view
    assert View.of(view.page, view.query()) == view


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("admin?user=1", "page"),
        ("why?dataset=../../etc", "dataset"),
        ("why?dataset=..", "dataset"),
        ("why?run=a%5Cb", "run"),
        ("why?run=a%00b", "run"),
        ("why?user=%1b%5b31m", "user"),
        ("why?user=" + "9" * 201, "user"),
        ("why?user=", "user"),
        ("why?moment=0", "moment"),
        ("why?moment=-3", "moment"),
        ("why?moment=9999999999", "moment"),
        ("why?user=1&user=2", "user"),
        ("why?page=home", "page"),
        ("why?options=x", "options"),
        ("why?__class__=x", "__class__"),
        ("why?By=x", "By"),
        ("why?by=" + "x" * 300, "by"),
        ("why?" + "&".join(f"o{chr(97 + n)}=1" for n in range(25)), "options"),
        ("why?user=" + "a" * LONGEST, "characters"),
    ],
)
def test_hostile_text_is_refused_in_one_sentence(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named) as caught:
        View.parse(text)
    assert not isinstance(caught.value, ValidationError)
    assert "\n" not in str(caught.value)


def test_endless_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="fields"):
        View.parse("why?" + "&".join(f"a{n}=" for n in range(400)))


def test_what_hangs_on_a_replaced_choice_is_left_open() -> None:
    chosen = {"user": "1", "item": "2", "moment": "5"}
    view = View(page="why", dataset="a", run="hasc", compare="bpr", **chosen, options={"by": "removal"})
    assert view.changed(dataset="b") == View(page="why", dataset="b")
    assert view.changed(user="3") == view.model_copy(update={"user": "3", "item": None, "moment": None})
    assert View(item="2").changed(dataset="a", user="1") == View(dataset="a", user="1", item="2")
    assert view.changed(run="svdpp", dataset="a") == view.model_copy(update={"run": "svdpp"})


def test_an_option_outside_the_choices_counts_as_the_first() -> None:
    choices = ("contribution", "attention")
    assert View(options={"by": "attention"}).option("by", choices) == "attention"
    assert View(options={"by": "nonsense"}).option("by", choices) == "contribution"
    assert View().option("by", choices) == "contribution"
