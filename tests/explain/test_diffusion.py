"""Rings, drifts and marks of models that carry influence along the people followed, against plain sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tests.models.cases import prepared
from tests.models.rewritten import tables_of
from tests.worlds import LONELY
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.data.write import write_dataset
from workbench.explain.diffusion import Ego, diffusing, ego
from workbench.explain.drift import Drift, Plane, drift
from workbench.explain.explainer import Explainer
from workbench.explain.influence import mark_friends

SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "mean": ("diffnet", {"dim": 8}),
    "last": ("diffnet", {"dim": 8, "readout": "last"}),
    "dense": ("diffnet", {"dim": 8, "layer": "dense"}),
    "dense-last": ("diffnet", {"dim": 8, "layer": "dense", "readout": "last"}),
    "deep": ("diffnet", {"dim": 8, "depth": 3}),
    "attention": ("diffnetpp", {"dim": 8, "hidden": 4}),
}
USER, ITEM = 3, 7


@pytest.fixture(scope="module", params=SETTINGS)
def explainer(request: pytest.FixtureRequest, toy: Dataset) -> Explainer:
    model, settings = SETTINGS[request.param]
    return Explainer(prepared(model, toy, 2, settings), toy, request.param)


def test_rings_hold_whom_the_model_reaches(explainer: Explainer) -> None:
    found, data = ego(explainer, USER, ITEM), explainer.dataset
    explanation = explainer.explain(USER, ITEM)
    with torch.inference_mode():
        hops = diffusing(explainer).diffusion(torch.tensor([USER]), torch.tensor([ITEM]))
    assert [ring.hop for ring in found.rings] == list(range(1, len(hops) + 1))
    for ring, hop in zip(found.rings, hops, strict=True):
        shares = dict(zip(map(data.users.id, hop.people.values.tolist()), hop.share.tolist(), strict=True))
        assert {person.id: person.share for person in ring.people} == pytest.approx(shares)
        assert ring.total == len(shares) and ring.hidden == 0 and ring.share == pytest.approx(float(hop.share.sum()))
        if hop.contribution is None:
            assert ring.contribution is None and all(person.contribution is None for person in ring.people)
            sizes = [person.share for person in ring.people]
        else:
            assert ring.contribution == pytest.approx(float(hop.contribution.sum()), abs=1e-5)
            sizes = [abs(person.contribution or 0.0) for person in ring.people]
        assert sizes == sorted(sizes, reverse=True) or sizes == pytest.approx(sorted(sizes, reverse=True), abs=1e-6)
    friends = {data.users.id(int(code)) for code in data.follows.row(USER)}
    assert {person.id for person in found.rings[0].people} == friends
    told = {element.id: element for element in explanation.level("follows").elements}
    for person in found.rings[0].people:
        assert (person.removal, person.rank_without) == (told[person.id].removal, told[person.id].rank_without)
        assert person.through is None
    assert (found.score, found.rank, found.verdict) == (explanation.score, explanation.rank, explanation.verdict)
    assert found.people == len(friends) and data.user_label(USER) in found.sentence


def test_further_people_hang_on_whom_most_comes_through(explainer: Explainer) -> None:
    found, data, model = ego(explainer, USER, ITEM), explainer.dataset, diffusing(explainer)
    before, ring = found.rings[0], found.rings[1]
    flows: dict[object, dict[object, float]] = {}
    for friend in before.people:
        code = data.users.code(friend.id)
        with torch.inference_mode():
            hop = model.diffusion(torch.tensor([code]), torch.tensor([ITEM]))[0]
        for other, share in zip(hop.people.values.tolist(), hop.share.tolist(), strict=True):
            flows.setdefault(data.users.id(other), {})[friend.id] = friend.share * share
    for person in ring.people:
        flow = flows[person.id]
        assert person.through in flow and flow[person.through] == pytest.approx(max(flow.values()), rel=1e-4)
        assert person.through_label == data.user_label(data.users.code(person.through))


def test_whom_a_ring_leaves_out_is_counted_with_what_they_have(explainer: Explainer) -> None:
    whole, few = ego(explainer, USER, ITEM), ego(explainer, USER, ITEM, keep=2)
    for all_of_them, ring in zip(whole.rings, few.rings, strict=True):
        assert ring.people[0].id == all_of_them.people[0].id and len(ring.people) == min(2, all_of_them.total)
        assert ring.hidden == all_of_them.total - len(ring.people)
        left = all_of_them.people[len(ring.people) :]
        assert ring.hidden_share == pytest.approx(sum(person.share for person in left), abs=1e-5)
        if ring.contribution is not None:
            assert ring.hidden_contribution == pytest.approx(sum(p.contribution or 0 for p in left), abs=1e-5)
    assert all_of_them.strongest(1).people == all_of_them.people[:1]


def test_what_is_found_is_written_and_read_again(explainer: Explainer) -> None:
    found, way = ego(explainer, USER, ITEM), drift(explainer, USER, ITEM)
    assert Ego.model_validate_json(found.model_dump_json()) == found
    assert Drift.model_validate_json(way.model_dump_json()) == way
    assert len(found.rows()) == sum(len(ring.people) for ring in found.rings)
    assert [row["hop"] for row in way.rows()] == [step.hop for step in way.steps]


def test_drift_is_that_of_the_states(explainer: Explainer) -> None:
    found, data = drift(explainer, USER, ITEM), explainer.dataset
    with torch.inference_mode():
        states = diffusing(explainer).hop_states(torch.arange(len(data.users))).double().numpy()
    mine = states[USER]
    for step, state in zip(found.steps, mine, strict=True):
        assert step.norm == pytest.approx(np.linalg.norm(state), abs=1e-5)
        for told, other in ((step.cosine, mine[-1]), (step.own, mine[0])):
            length = np.linalg.norm(state) * np.linalg.norm(other)
            assert told is None if length == 0 else told == pytest.approx(state @ other / length, abs=1e-4)
    assert found.steps[-1].score == pytest.approx(explainer.score(USER, ITEM), abs=1e-4)
    assert len(found.others) == len(data.users) - 1 and data.users.id(USER) not in {p.id for p in found.others}
    liked = {data.items.id(int(code)) for code in data.history.row(USER)}
    assert {place.id for place in found.liked} <= liked and len(found.liked) <= 6
    assert 0 < found.explained[1] <= found.explained[0] and sum(found.explained) <= 1 + 1e-9


def test_scores_by_hop_are_those_of_the_states_that_are_added_up(toy: Dataset) -> None:
    for layer in ("mean", "dense"):
        explainer = Explainer(prepared("diffnet", toy, 2, {"dim": 8, "layer": layer}), toy)
        explanation, found = explainer.explain(USER, ITEM), drift(explainer, USER, ITEM)
        added = [element.contribution or 0.0 for element in explanation.level("hops").elements]
        for step in found.steps:
            assert step.score == pytest.approx(explanation.score - sum(added[step.hop + 1 :]), abs=1e-4)
    last = Explainer(prepared("diffnet", toy, 2, {"dim": 8, "layer": "dense", "readout": "last"}), toy)
    assert [step.score is None for step in drift(last, USER, ITEM).steps] == [True, True, False]


def test_images_stand_at_the_mean_of_the_others_who_like_them(toy: Dataset) -> None:
    explainer = Explainer(prepared("diffnet", toy, 2, {"dim": 8}), toy)
    found = drift(explainer, USER, ITEM)
    places = {person.id: (person.x, person.y) for person in found.others}
    for image in found.liked:
        fans = [u for u in range(len(toy.users)) if u != USER and toy.items.code(image.id) in toy.history.row(u)]
        # Who is reached by nobody has no direction.
        fans = [fan for fan in fans if places[toy.users.id(fan)] != (0.0, 0.0)]
        mean = np.mean([places[toy.users.id(fan)] for fan in fans], axis=0)
        assert (image.x, image.y) == pytest.approx(tuple(mean), abs=1e-5)


def test_the_plane_is_that_of_principal_components() -> None:
    states = torch.randn(40, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * torch.arange(1, 6)
    plane = Plane.through(states)
    spread, axes = np.linalg.eigh(np.cov(states.numpy().T))
    assert plane.explained == pytest.approx((spread[-1] / spread.sum(), spread[-2] / spread.sum()))
    expected = (states.numpy() - states.numpy().mean(0)) @ axes[:, [-1, -2]]
    np.testing.assert_allclose(np.abs(plane.places(states)), np.abs(expected), atol=1e-9)
    assert plane.places(torch.zeros(1, 5, dtype=torch.float64)) == [(0.0, 0.0)]
    assert Plane.through(torch.ones(3, 1, dtype=torch.float64)).places(torch.ones(1, 1, dtype=torch.float64)) == [
        (0, 0)
    ]


def test_who_follows_nobody_is_reached_by_nobody(explainer: Explainer) -> None:
    found = ego(explainer, LONELY, ITEM)
    assert found.people == 0 and all(ring.total == 0 and not ring.people for ring in found.rings)
    assert found.rows() == [] and "follows nobody" in found.sentence
    assert len(drift(explainer, LONELY, ITEM).steps) == len(found.rings) + 1


def test_a_run_without_hops_and_a_model_without_a_graph_say_so(toy: Dataset) -> None:
    still = Explainer(prepared("diffnet", toy, 2, {"dim": 8, "depth": 0}), toy)
    found = ego(still, USER, ITEM)
    assert found.rings == () and found.people == 0 and "no hop" in found.sentence
    plain = Explainer(prepared("bpr", toy, 2, {}), toy)
    for ask in (ego, drift):
        with pytest.raises(DataError, match="bpr carries nothing along the people followed"):
            ask(plain, USER, ITEM)
    with pytest.raises(DataError, match="bpr does not read whom users follow"):
        mark_friends(plain)


@pytest.fixture(scope="module")
def caused(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A world where a followed person, drawn at random, caused every training like of eight users."""
    rng, rows = np.random.default_rng(0), []
    for user, item in zip(*(codes.tolist() for codes in toy.likes("train")), strict=True):
        friends = toy.follows.row(user).tolist()
        if friends and user < 8:
            element = toy.users.id(int(rng.choice(friends)))
            rows.append({"user": toy.users.id(user), "item": toy.items.id(item), "element": element})
    causes = pd.DataFrame(rows).assign(source="like", aspect="follows", element_kind="person", label="cat")
    causes = causes.assign(**dict.fromkeys(("x0", "y0"), 0.0), **dict.fromkeys(("x1", "y1"), 1.0))
    folder = tmp_path_factory.mktemp("caused") / "toy"
    write_dataset(folder, toy.card, tables_of(toy) | {"causes": causes})
    return Dataset.open(folder)


@pytest.mark.parametrize("name", ["mean", "attention"])
def test_marks_equal_plain_loops_over_explanations(name: str, caused: Dataset) -> None:
    model, settings = SETTINGS[name]
    explainer = Explainer(prepared(model, caused, 2, settings), caused)
    marks = {mark.method: mark for mark in mark_friends(explainer, most=10**6)}
    hits: dict[str, list[float]] = {}
    for cause in caused.table("causes").itertuples():
        user, item = caused.users.code(cause.user), caused.items.code(cause.item)
        people = ego(explainer, user, item).rings[0].people
        score = explainer.score(user, item)
        told = {element.id: element for element in explainer.explain(user, item).level("follows").elements}
        numbers = {
            "share, hop 1": {person.id: person.share for person in people},
            "contribution, hop 1": {person.id: max(person.contribution or 0.0, 0.0) for person in people},
            "removal": {person.id: max(-(person.removal or 0.0), 0.0) for person in people},
            "attention": {person.id: told[person.id].attention for person in people},
            "uniform": {person.id: 1.0 for person in people},
        }
        assert score == pytest.approx(ego(explainer, user, item).score, abs=1e-4)
        for method, weights in numbers.items():
            if None in weights.values():
                continue
            top = [who for who, weight in weights.items() if weight >= max(weights.values()) - 1e-7]
            hits.setdefault(method, []).append((cause.element in top) / len(top))
    for method, found in hits.items():
        assert marks[method].pairs == len(found)
        assert marks[method].pointing == pytest.approx(np.mean(found), abs=0.02), method
    assert {"random", "most followed"} <= set(marks)


def test_a_followed_person_who_alone_holds_the_score_is_marked_right(caused: Dataset) -> None:
    explainer = Explainer(prepared("diffnet", caused, 2, {"dim": 8, "depth": 1}), caused)
    causes = caused.table("causes")
    with torch.no_grad():
        own, images = explainer.model.nodes.users.weight, explainer.model.nodes.items.weight  # type: ignore[union-attr]
        own.zero_()
        images.zero_()
        images[:, 0] = 1
        loud = caused.users.codes(causes["element"])[0]
        own[int(loud), 0] = 5
    marks = {mark.method: mark for mark in mark_friends(explainer, most=10**6)}
    expected = []
    for user, element in zip(causes["user"], caused.users.codes(causes["element"]), strict=True):
        friends = caused.follows.row(caused.users.code(user)).tolist()
        expected.append(float(element == loud) if loud in friends else 1 / len(friends))
    assert marks["contribution, hop 1"].pointing == pytest.approx(np.mean(expected), abs=1e-6)
    assert marks["removal"].pointing == pytest.approx(np.mean(expected), abs=1e-6)


def test_without_causes_by_friends_there_is_nothing_to_mark(toy: Dataset, caused: Dataset) -> None:
    with pytest.raises(DataError, match="no planted causes"):
        mark_friends(Explainer(prepared("diffnet", toy, 2, {"dim": 8}), toy))
    with pytest.raises(DataError, match="no test likes that a followed person"):
        mark_friends(Explainer(prepared("diffnet", caused, 2, {"dim": 8}), caused), split="test")
