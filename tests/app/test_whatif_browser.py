"""What if? in a browser: a friend is muted, a picture drawn on, the change shared, kept and undone."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.app.visiting import Visit
from workbench import api
from workbench.explain import preferences
from workbench.explain.edits import Edit, parse_all
from workbench.explain.whatif import what_if

pytestmark = pytest.mark.browser
FIGURE = "[data-testid=stPlotlyChart]"


def without(visit: Visit) -> list[str]:
    """The edits in the address."""
    listed = parse_qs(urlsplit(visit.page.url).query).get("without", [""])[0]
    return [unquote(text) for text in listed.split(",") if text]


def ranked(visit: Visit) -> str:
    """What is written in the picture of both rankings."""
    figure = visit.page.locator(FIGURE).first
    figure.locator(".annotation").first.wait_for(state="attached")
    return " ".join(figure.locator(".annotation").all_text_contents())


def test_a_friend_is_muted_shared_kept_and_comes_back(visit: Visit, prepared: Path) -> None:
    explainer = api.explainer(prepared / "toy" / "runs" / "hasc")
    data = explainer.dataset
    code = next(c for c in range(len(data.users)) if len(data.follows.row(c)) > 1 and len(data.uploads.row(c)))
    user, page = str(data.users.id(code)), visit.page
    friends = [Edit(group="follows", id=str(data.users.id(int(other)))) for other in data.follows.row(code)]
    # The friend without whom most images move.
    edit = max(friends, key=lambda friend: len(what_if(explainer, code, [friend]).moved))
    found = what_if(explainer, code, [edit])
    assert found.moved
    visit.open(f"whatif?dataset=toy&run=hasc&user={user}&aspect=follows")
    visit.assert_sound()
    assert "▲" not in ranked(visit).replace("▲ up", "")
    switch = page.locator(f'[class*="st-key-without-follows-{edit.id}"] label').first
    switch.click()
    visit.settle()
    assert without(visit) == [str(edit)]
    moved = ranked(visit)
    shown = {one.item for one in found.after}
    for one in found.moved:
        if one.item in shown and one.rank_after < one.rank_before:
            assert f"▲ from {one.rank_before:,}" in moved
    visit.keep(f"whatif-friend-{page.viewport_size['width']}")  # type: ignore[index]
    # The address opens the same edit for somebody else.
    shared = page.url
    visit.button("Undo")
    assert without(visit) == []
    page.goto(shared)
    visit.settle()
    assert without(visit) == [str(edit)] and ranked(visit) == moved
    try:
        visit.button("Keep for good")
        assert preferences.load(data.root).of(user) == (edit,) and without(visit) == []
        # It is there again on a visit without any edit in the address.
        visit.open(f"whatif?dataset=toy&run=hasc&user={user}&aspect=follows")
        assert ranked(visit) == moved and page.get_by_text("apply what is kept (1)").count() == 1
        visit.assert_sound()
    finally:
        preferences.forget(data.root, user)


def test_a_box_drawn_on_a_picture_leaves_its_regions_out(visit: Visit) -> None:
    page = visit.page
    visit.open("whatif?dataset=cards&run=acf&aspect=regions")
    draw(visit, (0.02, 0.02), (0.3, 0.45))
    # Of seven by seven cells the centres of two columns and three rows lie inside.
    assert ids(without(visit)) == [0, 1, 7, 8, 14, 15]
    assert page.get_by_text("6 pieces of").count() >= 1
    visit.keep(f"whatif-drawn-{page.viewport_size['width']}")  # type: ignore[index]
    draw(visit, (0.02, 0.02), (0.2, 0.2))
    # One of them drawn over again comes back.
    assert ids(without(visit)) == [1, 7, 8, 14, 15]
    visit.button("Undo")
    assert ids(without(visit)) == [0, 1, 7, 8, 14, 15]
    visit.button("Reset")
    assert without(visit) == []
    visit.assert_sound()


def test_a_line_and_clicks_pick_regions_too(visit: Visit) -> None:
    visit.open("whatif?dataset=cards&run=acf&aspect=regions&pen=line")
    draw(visit, (0.01, 0.01), (0.01, 0.99), (0.6, 0.99))
    # A triangle at the lower left: the first column but for its upper cells, and below the diagonal.
    picked = ids(without(visit))
    assert {35, 42, 43} <= set(picked) and not {6, 13, 20, 0} & set(picked)
    visit.open("whatif?dataset=cards&run=acf&aspect=regions&pen=click")
    canvas = visit.page.locator(".nsewdrag").last
    canvas.wait_for(state="attached")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for away in (6, 0):
        visit.page.mouse.move(box["x"] + box["width"] * 0.5 - away, box["y"] + box["height"] * 0.5)
        visit.page.wait_for_timeout(400)
    visit.page.mouse.down()
    visit.page.mouse.up()
    visit.settle()
    assert ids(without(visit)) == [24]
    visit.assert_sound()


def draw(visit: Visit, *places: tuple[float, float]) -> None:
    """Draw on the picture, from place to place in fractions of it."""
    canvas = visit.page.locator(".nsewdrag").last
    canvas.wait_for(state="attached")
    canvas.scroll_into_view_if_needed()
    visit.page.wait_for_timeout(300)
    box = canvas.bounding_box()
    assert box is not None
    for number, (x, y) in enumerate(places):
        visit.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6 if number else 1)
        if not number:
            visit.page.mouse.down()
    visit.page.mouse.up()
    visit.settle()


def ids(texts: list[str]) -> list[int]:
    """Numbers of the regions that edits leave out, in order."""
    return sorted(int(str(edit.id)) for edit in parse_all(texts))
