"""What holds for the package as a whole."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import workbench
from workbench.data.schema import SCHEMA
from workbench.figures.style import GROUP_COLOURS
from workbench.layers.evidence import EvidenceGroup
from workbench.models import registry
from workbench.models.base import Paper

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "workbench"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = (
    *("data", "features", "layers", "models", "training", "evaluation", "explain", "study", "figures"),
    *(
        "api",
        "reproduce",
        "tuning",
        "demo",
        "notebook",
        "views",
        "jobs",
        "app",
        "commands",
        "cli",
        "keeper",
        "__main__",
    ),
)
"""From the bottom to the top: a room imports from itself and those before it."""

HEAVY = ("torch", "pandas", "streamlit", "matplotlib", "plotly", "sklearn", "lightning", "cv2")
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "shelve", "marshal", "matplotlib.pyplot", "cloudpickle"}
FORBIDDEN_CALLS = {"print", "eval", "exec", "breakpoint", "torch.load", "torch.save", "pd.read_pickle", "joblib.load"}


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports name the whole path"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", ["workbench", "workbench.cli"])
def test_importing_is_light(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_can_be_imported() -> None:
    for name in workbench.__all__:
        assert getattr(workbench, name) is not None


def test_imports_run_one_way() -> None:
    wrong = []
    for path in MODULES:
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if own == "__init__":
            continue
        for name in imports(parse(path)):
            room = name.split(".")[1] if name.startswith("workbench.") else own
            if room in ROOMS and ROOMS.index(room) > ROOMS.index(own):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


def test_nothing_forbidden_is_used() -> None:
    wrong = []
    for path in MODULES:
        tree = parse(path)
        wrong += [f"{path}: import {name}" for name in imports(tree) if name in FORBIDDEN_MODULES]
        wrong += [
            f"{path}:{c.lineno} {ast.unparse(c.func)}" for c in calls(tree) if ast.unparse(c.func) in FORBIDDEN_CALLS
        ]
        wrong += [
            f"{path}:{c.lineno} allow_pickle"
            for c in calls(tree)
            if any(k.arg == "allow_pickle" and ast.unparse(k.value) != "False" for k in c.keywords)
        ]
    assert not wrong


@pytest.mark.parametrize("name", sorted(registry()))
def test_every_model_states_what_it_is(name: str) -> None:
    model = registry()[name]
    assert model.name == name
    assert model.family
    assert isinstance(model.paper, Paper)
    assert 1900 < model.paper.year < 2100
    assert model.needs
    assert {need.split(".")[0] for need in model.needs} <= set(SCHEMA)
    assert all(isinstance(group, EvidenceGroup) for group in model.evidence)
    assert len({group.name for group in model.evidence}) == len(model.evidence)
    assert bool(model.evidence) != bool(model.silent), "either there is evidence or a reason why there is none"
    assert model.__doc__
    assert model.Config().epochs > 0


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(line) for lines in project["optional-dependencies"].values() for line in lines]
    wanted += [Requirement(line) for line in project["dependencies"]]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {pin.name.lower(): pin for pin in map(Requirement, (line for line in lines if not line.startswith("#")))}
    for requirement in wanted:
        if requirement.name != project["name"]:
            (exact,) = pins[requirement.name.lower()].specifier
            assert exact.operator == "=="
            assert requirement.specifier.contains(exact.version), requirement


def test_the_screen_has_the_colours_of_the_figures() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    assert theme["chartCategoricalColors"] == list(GROUP_COLOURS.values())
