"""The evidence as a list, and edits that name every kind of it: against plain walks over its elements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.explain.additive import Additive
from tests.models.cases import prepared
from tests.models.rewritten import add_features, add_topics, tables_of
from workbench.data.dataset import Dataset
from workbench.data.write import write_dataset
from workbench.explain.edits import Edit, applicable, edited
from workbench.explain.explainer import Explainer
from workbench.explain.record import edit_of, record
from workbench.explain.whatif import smallest_change, what_if

READING: dict[str, Any] = {
    "dim": 8, "rare": 1, "window": 3, "words": "embedding", "identity": True, "output": "content",
}  # fmt: skip
USER, ITEM = 4, 7


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("record") / "toy"
    write_dataset(folder, toy.card, tables_of(toy))
    return add_topics(add_features(Dataset.open(folder), "convnet", (2, 2)))


@pytest.fixture(scope="module")
def reading(world: Dataset) -> Explainer:
    return Explainer(prepared("anternn", world, 2, READING), world, "a-run")


def test_every_kind_is_named_as_a_walk_over_the_elements_finds_it(reading: Explainer) -> None:
    names, model = reading.names, reading.model
    users, items = torch.full((model.n_items,), USER), torch.arange(model.n_items)
    levels = {level.name: level for level in model.read(users[:1], items[:1]).levels}
    for group in reading.groups.values():
        of_user = group.side == "user"
        codes = levels[group.name].elements.values if of_user else model.elements(group.name, users, items).values
        elements = [names.element(group.kind, code) for code in codes.tolist()]
        asked = (
            {str(e.id) for e in elements[:5]}
            | {e.label for e in elements[:5] if e.kind == "word"}
            | {"nothing", "9999"}
        )
        for id in asked:
            wanted = [str(e.id) == id or (e.kind == "word" and e.label.casefold() == id.casefold()) for e in elements]
            assert names.named(group.kind, codes, id).tolist() == wanted, (group.name, id)


@pytest.mark.parametrize("group", ["words", "regions", "factors"])
def test_a_part_of_one_like_is_closed_there_alone(reading: Explainer, group: str) -> None:
    model, one = reading.model, torch.tensor([USER])
    levels = {level.name: level for level in model.read(one, torch.zeros_like(one)).levels}
    level, liked = levels[group], levels["history"].elements.values
    place = len(level.elements.values) // 2
    assert level.parent is not None
    owner = int(level.parent[place])
    element = reading.names.element(reading.groups[group].kind, int(level.elements.values[place]))
    item = reading.dataset.items.id(int(liked[owner]))
    gate = edited(reading, USER, [Edit(group=group, id=element.id, item=item)]).elements[group]
    same = level.elements.values == level.elements.values[place]
    # An image liked twice holds the same parts twice.
    wanted = same & (liked == liked[owner])[level.parent]
    assert torch.equal(gate == 0, wanted)


def test_the_smallest_gate_of_an_element_counts(reading: Explainer) -> None:
    texts = ("topics:1=0.25", "topics:1=0.75", "history=0.5", "history=0.1")
    gates = edited(reading, USER, [Edit.parse(text) for text in texts])
    assert gates.elements["topics"].tolist().count(0.25) == 1 and gates.elements["topics"].min() == 0.25
    assert float(gates.aspects["history"]) == pytest.approx(0.1)


@pytest.mark.parametrize("id", ["10019643@N05", "a=b", "50%", "a:b", "%40"])
def test_ids_with_signs_survive_being_written(id: str) -> None:
    for edit in (Edit(group="follows", id=id), Edit(group="caption", id="3", item=id, gate=0.5)):
        assert Edit.parse(str(edit)) == edit


@pytest.mark.parametrize("moment", [None, 5])
def test_the_list_has_every_element_with_the_numbers_of_the_explanation(reading: Explainer, moment: int | None) -> None:
    explanation = reading.explain(USER, ITEM, moment)
    for group in record(reading, USER, ITEM, moment):
        level = explanation.level(group.level.name)
        assert group.total == len(group.level.elements) >= len(level.elements)
        listed = [(e.id, e.of, e.label, e.attention, e.contribution) for e in group.level.elements]
        told = [(e.id, e.of, e.label, e.attention, e.contribution) for e in level.elements]
        assert all(listed.count(one) >= told.count(one) for one in told)
        if group.level.within is None and level.elements[0].contribution is not None:
            sizes = [abs(e.contribution or 0.0) for e in group.level.elements]
            assert sizes == sorted(sizes, reverse=True)
    few = record(reading, USER, ITEM, moment, most=2)
    assert all(len(group.level.elements) == min(2, group.total) for group in few)


def test_every_listed_element_can_be_left_out_here_and_everywhere(reading: Explainer) -> None:
    own = reading.dataset.items.id(ITEM)
    for group in record(reading, USER, ITEM, most=3):
        told = reading.groups[group.level.name]
        for element in group.level.elements:
            for item in (own, None):
                fit, idle = applicable(reading, USER, [edit_of(told, element, item)])
                assert len(fit) == 1 and not idle
    caption = next(group for group in record(reading, USER, ITEM) if group.level.name == "caption")
    word = caption.level.elements[0]
    told = reading.groups["caption"]
    assert edit_of(told, word).id == word.label and edit_of(told, word, own) == Edit(
        group="caption", id=word.id, item=own
    )


def test_what_cannot_be_done_is_told_and_the_rest_kept(reading: Explainer) -> None:
    edits = [Edit.parse(text) for text in ("topics:1", "follows:3", "history:nothing", "history")]
    fit, idle = applicable(reading, USER, edits)
    assert [str(edit) for edit in fit] == ["topics:1", "history"]
    assert "reads no group 'follows'" in idle[0] and "no such element" in idle[1]


def test_the_explained_image_tells_its_own_change(toy: Dataset) -> None:
    model = Additive(toy).eval()
    explainer = Explainer(model, toy)
    best = explainer.recommend(USER, explainer.unseen(USER))
    asked = best[-1]
    edit = Edit(group="history", id=toy.items.id(int(toy.history.row(USER)[0])))
    found = what_if(explainer, USER, [edit], item=toy.items.code(asked.item))
    assert found.explained is not None and found.explained.rank_before == asked.rank
    gates = edited(explainer, USER, [edit])
    scores = model.score_items(torch.tensor([USER]), gates)[0].detach()
    mine = scores[toy.items.code(asked.item)]
    better = sum(bool(scores[toy.items.code(one.item)] > mine) for one in best)
    assert found.explained.rank_after == better + 1
    assert found.explained.score_change == pytest.approx(float(mine) - asked.score, abs=1e-4)
    assert {one.id for one in found.pictured} >= {one.item for one in (*found.before, *found.after)} | {asked.item}
    rows = found.rows()
    assert [row["item"] for row in rows[:10]] == [one.item for one in found.after]
    assert [row["rank after"] for row in rows[:10]] == list(range(1, 11))


def test_the_smallest_change_drops_the_image_when_it_is_made(toy: Dataset, tmp_path: Path) -> None:
    explainer = Explainer(Additive(toy).eval(), toy)
    item = toy.items.code(explainer.recommend(USER)[1].item)
    found, edits = smallest_change(explainer, USER, item, k=5)
    assert found.found and len(edits) == len(found.removed)
    after = what_if(explainer, USER, edits, item=item).explained
    assert after is not None and after.rank_after == found.rank_without > 5
