"""The page of trust: a run with an audit, one without, and a model that has nothing to audit."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import at_page, opened, shown
from workbench import api
from workbench.app import widgets
from workbench.explain.audit import run as room
from workbench.explain.audit.result import Audit
from workbench.explain.audit.run import Plan
from workbench.models import registry

FEW = Plan(pairs=4)


@pytest.fixture
def copied(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, since audits are kept in it."""
    shutil.copytree(home / "toy", tmp_path / "toy")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    return tmp_path / "toy" / "runs"


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def test_an_audit_is_read_and_shown_without_computing(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = room.audit(api.explainer(copied / "hasc"), copied / "hasc", FEW)

    def refused(*_: object) -> Audit:
        raise AssertionError("computed again")

    monkeypatch.setattr(room, "audit", refused)
    app = at_page(opened(dataset="toy", run="hasc"), "trust")
    assert not app.exception and not app.error
    assert app.info[0].value == widgets.text(found.verdict)
    # Methods, curves, agreement, randomisation, and all runs; the toy world knows no causes.
    assert charts(app) == 5
    assert "4 explanations looked into" in shown(app) and "known to be the cause" in shown(app)
    assert len(app.dataframe[0].value) == len(found.methods)
    other = at_page(opened(dataset="toy", run="gru"), "trust")
    assert not other.exception and charts(other) == 1
    assert "All audited runs" in shown(other) and "not been audited yet" in shown(other)


def test_an_audit_of_other_weights_is_not_shown(copied: Path) -> None:
    room.audit(api.explainer(copied / "hasc"), copied / "hasc", FEW)
    shutil.copytree(copied / "hasc" / "audit", copied / "svdpp" / "audit")
    app = at_page(opened(dataset="toy", run="svdpp"), "trust")
    assert not app.exception and charts(app) == 1
    assert "not been audited yet" in shown(app)


def test_a_run_without_an_audit_offers_one_and_shows_it(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, look = list[int](), room.audit

    def few(explainer: object, folder: Path, plan: Plan, report: room.Report) -> Audit:
        asked.append(plan.pairs)
        return look(explainer, folder, FEW, report)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "audit", few)
    app = at_page(opened(dataset="toy", run="hasc", pairs="200"), "trust")
    assert not app.exception and not charts(app)
    assert f"workbench audit {copied / 'hasc'} --pairs 200" in app.code[0].value
    next(button for button in app.button if button.label == "Audit now").click().run()
    for _ in range(200):
        if charts(app) > 1:
            break
        time.sleep(0.1)  # the audit goes on in a thread of this process, which a busy loop would starve
        app.run()
    assert not app.exception and not app.error
    assert asked == [200] and charts(app) == 5


def test_an_audit_that_fails_says_why(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Audit:
        raise ValueError("the disk is full")

    monkeypatch.setattr(room, "audit", fail)
    app = at_page(opened(dataset="toy", run="hasc"), "trust")
    next(button for button in app.button if button.label == "Audit now").click().run()
    for _ in range(50):
        if app.run().error:
            break
    assert "the disk is full" in app.error[0].value


@pytest.mark.usefixtures("home")
def test_a_model_without_evidence_says_that_there_is_nothing_to_believe() -> None:
    app = at_page(opened(dataset="toy", run="bpr"), "trust")
    assert not app.exception and not app.error
    assert widgets.text(registry()["bpr"].silent) in app.info[0].value
    assert not [button for button in app.button if button.label == "Audit now"]
