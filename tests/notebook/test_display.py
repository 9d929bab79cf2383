"""Public objects show themselves in a notebook, in HTML in which nothing of the data is markup."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter

from tests.worlds import write_toy
from workbench import api, notebook
from workbench.data.dataset import Dataset
from workbench.evaluation.significance import compare
from workbench.explain.audit.run import Plan, audit
from workbench.explain.beside import beside
from workbench.explain.edits import Edit
from workbench.explain.explanation import Verdict
from workbench.explain.whatif import what_if
from workbench.notebook.display import html
from workbench.training.run import Run

PICTURE = 'src="data:image/png;base64,'


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home") / "toy"
    write_toy(folder)
    for name in ("hasc", "bpr"):
        settings = {"warm_start": 1, "inputs": ("base", "auxiliary")} if name == "hasc" else {}
        api.train(name, folder, folder / "runs" / name, device="cpu", epochs=1, **settings)
    return folder


def looks(shown: object) -> str:
    """As IPython asks for it."""
    formatter = DisplayFormatter()
    notebook.register(formatter)
    return formatter.format(shown)[0].get("text/html", "")


def test_data_runs_and_rankings_are_tables(world: Path) -> None:
    dataset = Dataset.open(world)
    assert f"{len(dataset.users):,} users" in looks(dataset) and ">likes</td>" in looks(dataset)
    run = Run.open(world / "runs" / "hasc")
    measured = Run(run.path, run.card.model_copy(update={"metrics": {"NDCG@5": 0.25}}))
    assert "hasc, trained on" in looks(run) and ">NDCG@5</th>" in looks(measured) and "0.2500" in looks(measured)
    explainer = api.explainer(run)
    assert ">follows</td>" in looks(explainer)
    best = explainer.recommend(0, k=3)
    assert all(f">{one.score:.4f}</td>" in looks(best) for one in best)
    found = api.evaluate(run)
    mean = found.metrics["NDCG@5"].mean
    assert f"{mean:.4f} ± " in looks(found)
    compared = compare([0.1, 0.4, 0.3], [0.1, 0.2, 0.3], resamples=99)
    assert "wilcoxon" in looks(compared) and f"{compared.difference:.4f}" in looks(compared)


def test_explanations_and_what_is_found_with_them_are_pictures(world: Path) -> None:
    explainer, other = (api.explainer(world / "runs" / name) for name in ("hasc", "bpr"))
    item = explainer.dataset.items.code(explainer.recommend(0, k=1)[0].item)
    explanation = explainer.explain(0, item)
    found = audit(explainer, world / "runs" / "hasc", Plan(pairs=4))
    shown = [
        explanation,
        explanation.level("aspects"),
        explainer.population(),
        what_if(explainer, 0, [Edit.parse("creator")]),
        beside(explanation, other.explain(0, item)),
        found,
    ]
    assert all(PICTURE in looks(one) for one in shown)
    assert found.verdict.split()[0] in looks(found)


def test_the_pictures_of_a_dataset_at_home_are_found(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.notebook import display

    explanation = api.explainer(world / "runs" / "hasc").explain(0, 1)
    monkeypatch.setenv("WORKBENCH_HOME", str(world.parent))
    display._folder.cache_clear()
    assert display._root(explanation) == world
    monkeypatch.setenv("WORKBENCH_HOME", str(world))
    display._folder.cache_clear()
    assert display._root(explanation) is None


def test_text_of_the_data_is_no_markup() -> None:
    shown = looks(Verdict(badge="supported", reason="<script>alert(1)</script> & more"))
    assert "<script>" not in shown and "&lt;script&gt;" in shown


@pytest.mark.parametrize("other", [[], [1, 2], {"a": 1}, "text", 3])
def test_what_is_not_ours_keeps_its_look(other: object) -> None:
    assert html(other) is None and looks(other) == ""


def test_importing_the_package_is_enough(world: Path) -> None:
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as S\n"
        "shell = S.instance(); import workbench\n"
        f"data = workbench.Dataset.open({str(world)!r})\n"
        "print(shell.display_formatter.format(data)[0]['text/html'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ">likes</td>" in done.stdout


def test_menus_follow_each_other_and_the_figure_them(world: Path) -> None:
    explainers = {name: api.explainer(world / "runs" / name) for name in ("hasc", "bpr")}
    drawn: list[tuple[str, int, int]] = []

    def draw(explainer: object, user: int, item: int) -> object:
        drawn.append((explainer.run, user, item))  # type: ignore[attr-defined]
        return explainers["hasc"].recommend(user, k=2)

    box = notebook.choose(explainers, draw, user=1)
    (run, person, image), sheet = box.children[0].children, box.children[1]
    assert drawn == [("hasc", 1, image.value)] and "Recommended" in sheet.value
    person.value = 2
    best = [option[1] for option in image.options]
    assert best == [explainers["hasc"].dataset.items.code(one.item) for one in explainers["hasc"].recommend(2, k=10)]
    image.value = best[3]
    run.value = "bpr"
    assert drawn[1:] == [("hasc", 2, best[0]), ("hasc", 2, best[3]), ("bpr", 2, image.options[0][1])]
    assert re.fullmatch(r"rank 1: .+", image.options[0][0])


def test_menus_of_ones_own_are_lists_and_sliders() -> None:
    def draw(badge: str, number: int) -> Verdict:
        return Verdict(badge=badge, reason=f"number {number}")  # type: ignore[arg-type]

    box = notebook.follow(draw, badge=[("yes", "supported"), ("no", "not supported")], number=range(1, 5))
    (badge, number), sheet = box.children[0].children, box.children[1]
    assert "supported</b>: number 4" in sheet.value
    badge.value = "not supported"
    number.value = 2
    assert "not supported</b>: number 2" in sheet.value


def test_menus_refuse_what_cannot_be_shown(world: Path) -> None:
    with pytest.raises(ValueError, match="no run to choose"):
        notebook.choose({}, lambda *_: None)
    with pytest.raises(ValueError, match="nothing to show"):
        notebook.choose(api.explainer(world / "runs" / "bpr"), lambda *_: None)


def test_a_size_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(notebook.SIZE, "huge")
    with pytest.raises(ValueError, match="set it to one of tiny, demo, large"):
        notebook.demo()
