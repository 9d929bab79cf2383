"""What if: against datasets without the rows, by the command, and the smallest sets against all sets there are."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.explain.additive import Additive
from tests.models.cases import LATE, prepared
from tests.models.rewritten import rewrite, tables_of, without_follow, without_upload
from workbench import api, cli
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.counterfactual import Removed, drop_out
from workbench.explain.edits import Edit, edited
from workbench.explain.explainer import Explainer
from workbench.explain.reranked import Question, possible_removals
from workbench.explain.units import Units
from workbench.explain.whatif import both, what_if
from workbench.layers.evidence import Gates

CONFIG: dict[str, Any] = {"inputs": ["base", "auxiliary"]}
USER = 4


@pytest.fixture(scope="module")
def world(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return rewrite(toy, tables_of(toy), tmp_path_factory.mktemp("world") / "toy")


@pytest.fixture(scope="module")
def explainer(world: Dataset) -> Explainer:
    return Explainer(prepared("hasc", world, 1, CONFIG), world, "a-run")


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("follows:1003", Edit(group="follows", id="1003")),
        ("uploads", Edit(group="uploads")),
        ("creator=0.5", Edit(group="creator", gate=0.5)),
        ("caption:3@482=0.25", Edit(group="caption", id="3", item="482", gate=0.25)),
    ],
)
def test_edits_are_read_and_written_the_same(text: str, edit: Edit) -> None:
    assert Edit.parse(text) == edit and str(edit) == text


@pytest.mark.parametrize("text", ["", ":7", "follows:", "follows:7=2", "follows:7=x", "=0.5"])
def test_what_is_no_edit_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is no edit"):
        Edit.parse(text)


def test_a_ranking_without_evidence_is_that_of_data_without_it(
    explainer: Explainer, world: Dataset, tmp_path: Path
) -> None:
    friend = world.users.id(int(world.follows.row(USER)[0]))
    upload = world.items.id(int(world.uploads.row(USER)[0]))
    tables = tables_of(world)
    without_follow(tables, world.users.id(USER), friend, None)
    without_upload(tables, world.users.id(USER), upload, None)
    smaller = rewrite(world, tables, tmp_path / "smaller")
    model = type(explainer.model)(explainer.model.config, smaller).eval()
    model.load_state_dict(explainer.model.state_dict())
    model.start_epoch(LATE)
    found = what_if(explainer, USER, [Edit.parse(f"follows:{friend}"), Edit.parse(f"uploads:{upload}")], k=20)
    there = Explainer(model, smaller)
    known = {*world.history.row(USER).tolist(), *world.uploads.row(USER).tolist()}
    scores = model.score_items(torch.tensor([USER]))[0].detach()
    wanted = [i for i in scores.argsort(descending=True).tolist() if i not in known][:20]
    assert [one.item for one in found.after] == [there.dataset.items.id(code) for code in wanted]
    assert [one.item for one in found.before] == [one.item for one in explainer.recommend(USER, 20)]


def test_moved_images_tell_both_ranks_and_the_change(explainer: Explainer, world: Dataset) -> None:
    found = what_if(explainer, USER, [Edit(group="follows")], k=15)
    before = {one.item: one for one in explainer.recommend(USER, explainer.unseen(USER))}
    assert found.moved
    after = {one.item: one for one in found.after}
    for one in found.moved:
        assert one.rank_before == before[one.item].rank
        if one.item in after:
            assert one.rank_after == after[one.item].rank
            assert one.score_change == pytest.approx(after[one.item].score - before[one.item].score, abs=1e-5)
    assert all(one.rank_before != one.rank_after for one in found.moved)


def test_no_edit_moves_nothing_and_half_a_gate_is_between(explainer: Explainer, world: Dataset) -> None:
    assert not what_if(explainer, USER, [Edit(group="follows", gate=1.0)]).moved
    gates = edited(explainer, USER, [Edit(group="follows", gate=0.5)])
    direct = explainer.model.score_items(torch.tensor([USER]), Gates({}, {"follows": torch.tensor([0.5])}))
    torch.testing.assert_close(explainer.model.score_items(torch.tensor([USER]), gates), direct)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("friends:3", "hasc reads no group 'friends'; its evidence is: uploads, follows, creator"),
        ("follows:5", "there is no such element"),
        ("uploads:500@500", "belong to the user, not to an image"),
    ],
)
def test_faults_are_one_sentence(explainer: Explainer, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        what_if(explainer, USER, [Edit.parse(text)])


def test_the_command_prints_both_lists_and_what_moved(
    toy: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.train("hasc", toy.root, tmp_path / "run", device="cpu", epochs=2, batch=64, **CONFIG)
    user, friend = toy.users.id(USER), toy.users.id(int(toy.follows.row(USER)[0]))
    command = ["whatif", str(tmp_path / "run"), "--user", str(user), "--drop", f"follows:{friend}", "--drop", "uploads"]
    assert cli.run([*command, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert len(printed["before"]) == len(printed["after"]) == 10
    assert set(printed["moved"][0]) == {"item", "rank_before", "rank_after", "score_change"}
    assert cli.run(command) == 0 and "after" in capsys.readouterr().out
    assert cli.run(["whatif", str(tmp_path / "run"), "--user", str(user)]) == 2


def _name(group: str, position: int) -> Removed:
    return Removed(group=group, id=position, label=str(position))


@pytest.mark.parametrize("user", [2, 5, 9, 14])
def test_counterfactual_sets_are_the_smallest_there_are(toy: Dataset, user: int) -> None:
    model = Additive(toy).eval()
    explainer = Explainer(model, toy)
    item = toy.items.code(explainer.recommend(user)[1].item)
    units, race = Units.of(model, user, item), explainer.race(user, item)
    assert race is not None
    found = drop_out(units, race, _name, k=5)
    n = len(units)

    def out(members: tuple[int, ...]) -> bool:
        row = torch.ones(1, n)
        row[0, list(members)] = 0
        return int(units.ranks(row, race)[0]) > 5

    smallest = next(size for size in range(1, n + 1) if any(out(s) for s in combinations(range(n), size)))
    assert found.found and len(found.removed) == smallest
    assert found.rank == 2 and found.rank_without > 5
    gone = tuple(int(one.id) for one in found.removed)
    assert out(gone) and not any(out(tuple(o for o in gone if o != one)) for one in gone if len(gone) > 1)


def test_no_set_is_found_where_evidence_has_no_say(toy: Dataset) -> None:
    model = Additive(toy).eval()
    with torch.no_grad():
        model.weight.zero_()
    explainer = Explainer(model, toy)
    race = explainer.race(3, 40)
    assert race is not None
    found = drop_out(Units.of(model, 3, 40), race, _name)
    assert not found.found and not found.removed and found.rank_without <= 10


def test_two_runs_are_told_of_the_same_images(world: Dataset) -> None:
    explainers = [Explainer(prepared(name, world, 1, {}), world, name) for name in ("svdpp", "acf")]
    user = int(world.history.lengths.argmax())
    edits = [Edit(group="history", id=world.items.id(int(world.history.row(user)[0])))]
    found = both(*(Question(explainer, user, edits) for explainer in explainers), k=5, item=7)
    alone = [what_if(explainer, user, edits, k=5, item=7) for explainer in explainers]
    assert (found.first, found.second) == tuple(alone) and found.names == ("svdpp", "acf")
    items = [first.item for first, _ in found.moves]
    assert items == [second.item for _, second in found.moves] and items[:5] == [one.item for one in found.first.after]
    assert set(items) == {one.item for side in alone for one in (*side.before, *side.after)}
    for side, place in zip(alone, (0, 1), strict=True):
        told = {pair[place].item: pair[place] for pair in found.moves}
        assert all(told[one.item] == one for one in side.moved)
        # Those of the other run's lists are ranked among all images, too.
        scores = explainers[place].model.score_items(torch.tensor([user]))[0].detach()
        race = explainers[place].race(user, -1)
        assert race is not None
        ranked = race(scores.unsqueeze(0))[0]
        for item, one in told.items():
            assert one.rank_before == 1 + int((ranked > scores[world.items.code(item)]).sum())
    again = both(Question(explainers[0], user, edits), Question(explainers[0], user, edits), k=5)
    assert again.names == ("svdpp", "svdpp")


def test_removals_that_a_run_can_do_are_offered(world: Dataset) -> None:
    offered = {
        name: possible_removals(Explainer(prepared(name, world, 1, settings), world))
        for name, settings in {"hasc": {"inputs": ["base", "auxiliary"]}, "sasrec": {}, "vbpr": {}}.items()
    }
    # Without pictures nothing can be blurred, without weights none can be held.
    assert offered == {"hasc": ("deleted", "zeroed", "mean"), "sasrec": ("deleted",), "vbpr": ("deleted", "zeroed")}
