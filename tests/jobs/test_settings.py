"""Hyperparameters as a form, and the commands that follow from what was chosen."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from tests.worlds import write_toy
from workbench.commands.training import values_of
from workbench.data.dataset import Dataset
from workbench.data.schema import DatasetCard
from workbench.data.write import write_dataset
from workbench.jobs.settings import ROUNDS, changed, fields, lacks, preparations, training
from workbench.models import registry

MODELS = registry()


@pytest.mark.parametrize("name", MODELS)
def test_every_hyperparameter_is_a_field_whose_default_the_command_reads_back(name: str) -> None:
    model = MODELS[name]
    form = fields(model)
    hidden = set(ROUNDS) if model.at_once else set()
    assert {field.name for field in form} == set(model.Config.model_fields) - hidden
    assert changed(model, {field.name: field.default for field in form}) == {}
    texts = {
        field.name: ",".join(map(str, field.default))
        if isinstance(field.default, tuple)
        else "none"
        if field.default is None
        else str(field.default)
        for field in form
    }
    read = values_of(name, None, [f"{key}={text}" for key, text in texts.items()])
    assert read == model.Config().model_dump(exclude=hidden)


def test_what_was_changed_becomes_the_command() -> None:
    model = MODELS["hasc"]
    values = {field.name: field.default for field in fields(model)}
    values |= {"epochs": 7, "learning_rate": 1e-05, "aspects": ["follows", "uploads"], "squash": "sigmoid"}
    told = changed(model, values)
    command = training("hasc", Path("data"), Path("run"), told, "cpu", 3)
    settings = [text for flag, text in pairwise(command) if flag == "--set"]
    read = values_of("hasc", None, settings)
    assert read == {
        "epochs": 7, "learning_rate": 1e-05, "aspects": ("follows", "uploads"), "squash": "sigmoid"
    }  # fmt: skip
    assert command[:2] == ["train", "hasc"] and command[command.index("--seed") + 1] == "3"


@pytest.mark.parametrize("values", [{"aspects": []}, {"epochs": "many"}, {"learning_rate": None}])
def test_a_wrong_value_is_named(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(values))}: .*choose another value"):
        changed(MODELS["hasc"], values)


def test_what_the_docstring_says_is_the_help() -> None:
    said = {field.name: field.help for field in fields(MODELS["hasc"])}
    assert said["dim"] == "latent size D."
    assert said["negatives"] == "sampled images for each positive."
    assert said["squash"].endswith("so the default is none.")


def test_a_dataset_that_lacks_something_is_told(tmp_path: Path) -> None:
    toy = Dataset.open(write_toy(tmp_path / "toy"))
    assert lacks(MODELS["bpr"], toy) is None and lacks(MODELS["gru"], toy) is None
    assert lacks(MODELS["diffnet"], toy) is None
    words = lacks(MODELS["acf"], toy)
    assert words == "acf needs images (a column image of the items), which toy has not."
    assert "posts" in str(lacks(MODELS["uhan"], toy))
    likes = pd.DataFrame({"user": [1, 1, 2], "item": [1, 2, 1]})
    write_dataset(
        tmp_path / "bare", DatasetCard(name="bare"), {"items": pd.DataFrame({"item": [1, 2]}), "likes": likes}
    )
    bare = Dataset.open(tmp_path / "bare")
    assert "times of likes" in str(lacks(MODELS["gru"], bare)) and "follow" in str(lacks(MODELS["diffnet"], bare))


def test_features_and_topics_that_are_missing_are_made_first(tmp_path: Path) -> None:
    toy = Dataset.open(write_toy(tmp_path / "toy"))
    assert preparations(MODELS["hasc"], {}, toy) == []
    assert preparations(MODELS["ctr"], {}, toy) == [["topics", str(toy.root), "--name", "topics"]]
    (toy.root / "topics" / "topics").mkdir(parents=True)
    (toy.root / "topics" / "topics" / "card.json").touch()
    assert preparations(MODELS["ctr"], {}, toy) == []
    tables = {name: toy.table(name) for name in ("items", "likes")}
    picture = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "card.png"
    tables["items"] = tables["items"].drop(columns="creator").assign(image="one.png")
    write_dataset(tmp_path / "seen", DatasetCard(name="seen"), tables, {"one.png": picture})
    seen = Dataset.open(tmp_path / "seen")
    (command,) = preparations(MODELS["hasc"], {}, seen)
    assert command[:4] == ["features", str(seen.root), "--encoder", "descriptor"]
    (seen.root / "features" / "descriptor").mkdir(parents=True)
    (seen.root / "features" / "descriptor" / "card.json").touch()
    assert preparations(MODELS["hasc"], {}, seen) == []
