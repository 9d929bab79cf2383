"""The command that lists the models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from workbench.commands.terminal import JsonOption, table

if TYPE_CHECKING:
    from workbench.models.base import Recommender


def models(as_json: JsonOption = False) -> None:
    """List the models: what they are, where they come from, what they need and which evidence they read."""
    from workbench.models import registry

    cards = [_card(model) for model in registry().values()]
    if as_json:
        typer.echo(json.dumps(cards, ensure_ascii=False, indent=1))
        return
    shown = ("name", "family", "evidence", "needs", "paper")
    table(shown, ([_text(card[name] or card["silent"]) for name in shown] for card in cards))


def _card(model: type[Recommender]) -> dict[str, Any]:
    return {
        "name": model.name,
        "family": model.family,
        "paper": str(model.paper),
        "needs": list(model.needs),
        "evidence": [group.name for group in model.evidence],
        "silent": model.silent,
        "task": model.task,
        "settings": model.Config().model_dump(mode="json"),
    }


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
