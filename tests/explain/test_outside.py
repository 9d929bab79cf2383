"""Models from outside: the examples of the docs run, and agree with the same model inside the workbench."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.explain.additive import Additive
from tests.models.rewritten import rewrite, tables_of, without_follow, without_like
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.audit.run import Plan, audit
from workbench.explain.edits import Edit
from workbench.explain.explainer import Explainer
from workbench.explain.outside import Sets, outside
from workbench.explain.whatif import what_if
from workbench.figures.export import export_explanation
from workbench.layers.evidence import Gates
from workbench.layers.segments import segment_sum

DOCS = Path(__file__).parents[2] / "docs" / "outside.md"
USER, ITEM = 3, 17


def build(data: Dataset) -> dict[str, Explainer]:
    """The explainers of the two examples, as the page builds them."""
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    torch.manual_seed(0)
    space: dict[str, Any] = {"item_factors": torch.randn(len(data.items), 5).numpy(), "given": data}
    found = {}
    for block, name in zip(blocks[:2], ("factors", "friends"), strict=True):
        exec(compile(block.replace('Dataset.open("worlds/mine")', "given"), str(DOCS), "exec"), space)
        found[name] = space["explainer"]
    return found


@pytest.fixture(scope="module")
def examples(toy: Dataset) -> dict[str, Explainer]:
    return build(toy)


@pytest.fixture(scope="module")
def adapted(toy: Dataset) -> Explainer:
    """The additive model of the tests through the adapter."""
    inside = Additive(toy)

    def shares(users: Tensor, items: Tensor, sets: Sets) -> dict[str, Tensor]:
        liked, gates = sets["history"]
        return {"history": inside.weight[liked.values, items[liked.rows]] * gates}

    def score(users: Tensor, items: Tensor, sets: Sets) -> Tensor:
        return segment_sum(shares(users, items, sets)["history"], sets["history"][0])

    return outside("adapted", toy, score, ["history"], contribution=shares, parameters=inside)


def test_it_is_explained_like_the_same_model_inside(adapted: Explainer, toy: Dataset) -> None:
    mine, theirs = Explainer(Additive(toy).eval(), toy).explain(USER, ITEM), adapted.explain(USER, ITEM)
    assert theirs.score == pytest.approx(mine.score, abs=1e-5) and theirs.rank == mine.rank
    for one, other in zip(mine.level("history").elements, theirs.level("history").elements, strict=True):
        assert one.id == other.id and one.rank_without == other.rank_without
        assert one.contribution == pytest.approx(other.contribution, abs=1e-5)
        assert one.removal == pytest.approx(other.removal, abs=1e-5)
    assert theirs.own == pytest.approx(0, abs=1e-5)


def test_all_images_and_pairs_agree_under_gates(examples: dict[str, Explainer], toy: Dataset) -> None:
    for explainer in examples.values():
        model = explainer.model
        (group,) = model.evidence
        users = torch.arange(5)
        size = len(model.elements(group.name, users, users).values)
        gates = Gates({group.name: torch.rand(size, generator=torch.Generator().manual_seed(1))})
        everything = model.score_items(users, gates)
        for item in (0, 17, len(toy.items) - 1):
            pairs = model.score_pairs(users, torch.full_like(users, item), gates)
            torch.testing.assert_close(everything[:, item], pairs, atol=1e-5, rtol=1e-4)


def test_the_creator_is_gated_image_by_image(toy: Dataset) -> None:
    fame = torch.randn(len(toy.users), generator=torch.Generator().manual_seed(0))

    def score(users: Tensor, items: Tensor, sets: Sets) -> Tensor:
        made, gates = sets["creator"]
        return segment_sum(fame[made.values] * gates, made)

    explainer = outside("fame", toy, score, ["creator"])
    before = explainer.model.score_items(torch.tensor([USER]))[0]
    torch.testing.assert_close(before[:-1], fame[toy.creator[:-1]])
    creator = toy.users.id(int(toy.creator[ITEM]))
    found = what_if(explainer, USER, [Edit.parse(f"creator:{creator}")], k=5)
    gone = before.masked_fill(toy.creator == toy.creator[ITEM], 0)
    assert found.after[0].score == pytest.approx(float(explainer.race(USER, -1)(gone.unsqueeze(0)).max()))  # type: ignore[misc]


def test_gate_zero_of_the_examples_equals_deleting_the_row(
    examples: dict[str, Explainer], toy: Dataset, tmp_path: Path
) -> None:
    for name, delete in (("factors", without_like), ("friends", without_follow)):
        explainer = examples[name]
        group = explainer.model.evidence[0]
        pair = torch.tensor([USER]), torch.tensor([ITEM])
        elements = explainer.model.elements(group.name, *pair).values
        gate = torch.ones(len(elements)).index_fill(0, torch.tensor([0]), 0)
        tables = tables_of(toy)
        ids = toy.items if group.kind == "image" else toy.users
        delete(tables, toy.users.id(USER), ids.id(int(elements[0])), None)
        smaller = build(rewrite(toy, tables, tmp_path / name))[name]
        torch.testing.assert_close(
            explainer.model.score_pairs(*pair, Gates({group.name: gate})), smaller.model.score_pairs(*pair)
        )


def test_examples_have_exports_what_if_and_audit(examples: dict[str, Explainer], toy: Dataset, tmp_path: Path) -> None:
    for name, explainer in examples.items():
        paths = export_explanation(
            explainer.explain(USER, ITEM), toy.root, tmp_path / name, ["png", "html", "json", "csv"]
        )
        assert all(path.stat().st_size > 200 for path in paths)
        assert what_if(explainer, USER, [Edit(group=explainer.model.evidence[0].name)]).moved
        found = audit(explainer, tmp_path / name, Plan(pairs=8))
        assert found.run == explainer.run and found.intervals["leave_one_out"]["comprehensiveness"].low > 0
        assert ("attention" in found.methods) == (name == "friends")


def test_a_function_without_slope_is_audited_by_removal_alone(toy: Dataset, tmp_path: Path) -> None:
    def stepped(users: Tensor, items: Tensor, sets: Sets) -> Tensor:
        liked, gates = sets["history"]
        with torch.no_grad():
            return segment_sum(((liked.values + items[liked.rows]) % 7).float() * gates.round(), liked)

    explainer = outside("stepped", toy, stepped, ["history"])
    assert set(audit(explainer, tmp_path, Plan(pairs=4)).methods) == {"leave_one_out", "shapley", "random", "uniform"}
    with pytest.raises(DataError, match="stepped has no slope in its gates"):
        explainer.explain(USER, ITEM, methods=("integrated_gradients",))


def test_unknown_and_empty_groups_are_refused(toy: Dataset, tmp_path: Path) -> None:
    def score(users: Tensor, items: Tensor, sets: Sets) -> Tensor:
        return torch.zeros(len(users))

    with pytest.raises(DataError, match="there is no evidence group 'friends'"):
        outside("x", toy, score, ["friends"])
    tables = tables_of(toy)
    tables["follows"] = tables["follows"].iloc[:0]
    with pytest.raises(DataError, match="records no people followed"):
        outside("x", rewrite(toy, tables, tmp_path / "alone"), score, ["follows"])
