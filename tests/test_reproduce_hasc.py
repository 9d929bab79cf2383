"""The tables of the HASC paper on the toy world: groups of users, LaTeX, the figure, rows that need pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from workbench import api, cli
from workbench.data.dataset import Dataset
from workbench.evaluation.latex import escaped, latex
from workbench.evaluation.reproduction import Reproduction
from workbench.evaluation.tables import HASC
from workbench.figures.reproduction import reproduction_figure
from workbench.reproduce import reproduce

ROWS = ("bpr", "auxil", "ease", "hasc-plus")
QUICK = {"epochs": 2, "dim": 4, "batch": 64, "evaluate_every": 1}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def found(toy: Dataset, kept: Path) -> Reproduction:
    return reproduce("hasc", toy.root, seeds=2, rows=ROWS, settings=QUICK, out=kept, device="cpu")


def test_implied_values_are_the_printed_gains_over_bpr() -> None:
    """Table 3 prints +12.93 % HR@5 of the whole model on F_S, +10.21 % of uploads with attention, and so on."""
    bpr = HASC.row("bpr").published
    for key, gains in {"visual": (12.93, 16.05, 9.67, 15.7), "u-att": (10.21, 11.61, 6.44, 11.03)}.items():
        row = HASC.row(key).published
        told = [100 * (row[name][m] / bpr[name][m] - 1) for name in ("F_S", "F_L") for m in ("HR@5", "NDCG@5")]
        assert told == pytest.approx(gains, abs=0.06)


def test_groups_are_those_of_the_evaluations(found: Reproduction, kept: Path) -> None:
    row = found.rows[0]
    seeds = [api.evaluate(kept / f"bpr-{seed}", "paper", groups=5) for seed in (0, 1)]
    assert [group.users for group in row.groups] == [group.users for group in seeds[0].groups]
    assert sum(group.users for group in row.groups) == seeds[0].users
    for k, group in enumerate(row.groups):
        values = [seed.groups[k].metrics["NDCG@5"].mean for seed in seeds]
        assert group.metrics["NDCG@5"].mean == pytest.approx(np.mean(values))
        assert group.metrics["NDCG@5"].sd == pytest.approx(np.std(values, ddof=1))


def test_latex_has_every_value(found: Reproduction) -> None:
    text = latex(found, HASC)
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 3
    tables = re.findall(r"\\begin{tabular}{(.*?)}(.*?)\\end{tabular}", text, re.DOTALL)
    for columns, body in tables:
        for line in (line for line in body.splitlines() if "&" in line and "multicolumn" not in line):
            assert line.count("&") == len(columns) - 1
    for row in found.rows:
        for metric in HASC.metrics:
            assert f"{row.metrics[metric].mean:.4f}" in text
    assert "0.3486" in text and "HASC-plus & -- & -- & -- & -- &" in text
    assert escaped("a_b & 5%") == r"a\_b \& 5\%"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figure_tells_paper_and_ours(found: Reproduction, theme: str) -> None:
    figure = reproduction_figure(found, HASC.metrics, theme=theme)  # type: ignore[arg-type]
    panels = [axes for axes in figure.axes if axes.get_xlabel()]
    assert len(panels) == 2
    marks = {line.get_marker(): line.get_xdata() for line in panels[0].lines if line.get_marker() not in ("None", "")}
    ours = [float(line.get_xdata()[0]) for line in panels[0].lines if line.get_marker() == "o"]
    first = found.rows[0].metrics["HR@5"].mean
    assert ours == pytest.approx([100 * (row.metrics["HR@5"].mean / first - 1) for row in found.rows])
    assert {"D", "s"} <= marks.keys()
    written = " ".join(text.get_text() for text in figure.texts)
    assert "HASC-plus" in written and "paper, F_S" in written and "ours, toy" in written


def test_rows_that_need_pictures_are_left_out_where_there_are_none(
    toy: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench import reproduce as room

    entries = room._entries(HASC, None, toy, {})
    assert {row.key for row in HASC.rows} - {entry.row.key for entry in entries} == {"visual"}
    assert "no row Base+Auxil+Visual" in room._note(HASC, toy, {})


def test_the_command_writes_files(toy: Dataset, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["reproduce", "hasc", "--data", str(toy.root), "--rows", ",".join(ROWS), "--seeds", "2"]
    command += [f for name, value in QUICK.items() for f in ("--set", f"{name}={value}")] + ["--out", str(kept)]
    files = ["--latex", str(tmp_path / "a" / "table.tex"), "--figure", str(tmp_path / "table.png")]
    assert cli.run([*command, *files, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [len(row["groups"]) > 1 for row in told["rows"]] == [True] * len(ROWS)
    assert r"\toprule" in (tmp_path / "a" / "table.tex").read_text()
    assert (tmp_path / "table.png").read_bytes().startswith(b"\x89PNG")
    assert cli.run(command) == 0
    assert "NDCG@5 by likes in training" in capsys.readouterr().out
    assert cli.run([*command, "--figure", "table.jpeg"]) == 2
    assert "does not end in .png, .svg or .pdf" in capsys.readouterr().err
