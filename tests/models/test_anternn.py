from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from tests.models.anternn_reference import Reference
from tests.models.cases import prepared
from tests.models.rewritten import add_features, add_topics, rewrite, tables_of
from tests.models.sequence_cases import CLOSE, SequenceCase, rows_in_time
from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.layers.evidence import OPEN, EvidenceGroup, Gates
from workbench.models.anternn import AnteRNN
from workbench.models.anternn_config import AnteRNNConfig
from workbench.models.base import Level, Recommender, SequenceBatch
from workbench.models.content import parts

PRINTED: dict[str, Any] = {"dim": 8, "rare": 1, "window": 3, "contrast": 10_000}
CONTENT: dict[str, Any] = PRINTED | {
    "words": "embedding", "identity": True, "tied": True, "output": "content", "repeats": True, "align_weight": 0,
}  # fmt: skip


def calm(model: Recommender) -> AnteRNN:
    """Attention over likes that is not all on one of them, with weights as large as those of the tests."""
    assert isinstance(model, AnteRNN)
    if model.config.contextual:
        with torch.no_grad():
            model.contextual.out *= 0.3
    return model


class AnteCase(SequenceCase):
    name = "anternn"

    @classmethod
    def furnished(cls, dataset: Dataset) -> Dataset:
        return add_topics(add_features(dataset, "convnet", (2, 2)))

    @classmethod
    def make(cls, dataset: Dataset) -> AnteRNN:
        return calm(super().make(dataset))

    def besides(self, model: Recommender, batch: SequenceBatch) -> float:
        """The alignment's loss over all images the users liked, and the squares of all parameters."""
        assert isinstance(model, AnteRNN)
        config, found = model.config, 0.0
        if len(config.modalities) == 2 and config.align_weight:
            content = model.content(torch.unique(model.images(model.likes(batch.users)).values))
            every = parts(content, torch.arange(len(content.items)))
            found += config.align_weight * float(model.content.alignment.loss(*every))
        squares = sum(float(p.square().sum()) for p in model.parameters())
        return found + config.regularisation * squares

    def test_gate_zero_equals_deleting_the_row(self, world: Dataset, tmp_path: Path) -> None:
        """What has a record of its own: likes, and words and regions, of likes and of the scored image."""
        model = self.make(world)
        for group in model.active_evidence:
            if group.kind not in ("hour", "topic"):
                self.check_deleted(model, world, group, tmp_path / group.name)

    def check_deleted(self, model: AnteRNN, world: Dataset, group: EvidenceGroup, folder: Path) -> None:
        """Early, late and in between; everything scored that the deletion leaves as it is."""
        user, item = 7, 101
        u, i = torch.tensor([user]), torch.tensor([item])
        assert item not in world.known.row(user)
        elements = model.elements(group.name, u, i).values
        everything = model.score_pairs(u, i)
        for position in (0, len(elements) // 2, len(elements) - 1):
            element = int(elements[position])
            smaller, touched = self.deleted(model, world, group, user, element, folder / f"{position}")
            gate = torch.ones(len(elements))
            gate[position] = 0
            closed, other = Gates({group.name: gate}), self.other(model, smaller)
            torch.testing.assert_close(model.score_pairs(u, i, closed), other.score_pairs(u, i), **CLOSE)
            if group.side == "item":
                assert not torch.allclose(model.score_pairs(u, i, closed), everything, atol=1e-4), group.name
                continue
            keep = torch.arange(len(world.items)) != touched
            found, expected = model.score_items(u, closed), other.score_items(u)
            torch.testing.assert_close(found[:, keep], expected[:, keep], **CLOSE)
            assert not torch.allclose(found, model.score_items(u), atol=1e-4), group.name

    @staticmethod
    def deleted(
        model: AnteRNN, world: Dataset, group: EvidenceGroup, user: int, element: int, folder: Path
    ) -> tuple[Dataset, int]:
        """The world without an element, and the code of the image that is changed by that."""
        tables = tables_of(world)
        if group.kind == "region":
            assert model.features is not None
            touched = int(torch.searchsorted(model.features.sets.offsets, element, right=True)) - 1
            return rewrite(world, tables, folder, without=element), touched
        if group.kind == "word":
            assert model.texts is not None
            touched, text = element // model.config.longest_text, world.texts[element // model.config.longest_text]
            word = model.texts.token(element)[1]
            tables["items"].loc[tables["items"]["item"] == world.items.id(touched), "text"] = (
                text[: word.start] + text[word.end :]
            )
        else:
            likes = tables["likes"]
            gone = (likes["user"] == world.users.id(user)) & (likes["item"] == world.items.id(element))
            tables["likes"], touched = likes[~gone], element
        return rewrite(world, tables, folder), touched


class TestAsPrinted(AnteCase):
    config: ClassVar[dict[str, Any]] = PRINTED | {"align_temperature": 4, "regularisation": 1e-4}
    learning: ClassVar[dict[str, Any]] = SequenceCase.learning | {
        "dim": 16, "epochs": 60, "learning_rate": 0.005, "align_weight": 0, "regularisation": 0,
    }  # fmt: skip


class TestWithContent(AnteCase):
    config: ClassVar[dict[str, Any]] = CONTENT


class TestInBlocks(AnteCase):
    config: ClassVar[dict[str, Any]] = CONTENT | {"dim": 8, "blocks": 2}
    # Four numbers a block are too few to learn an order of thirty images from samples.
    learning: ClassVar[dict[str, Any]] = SequenceCase.learning | {"dim": 16}


class TestWords(AnteCase):
    """t-Ante-RNN."""

    config: ClassVar[dict[str, Any]] = PRINTED | {"modalities": ("words",), "transform": "sigmoid"}
    learning: ClassVar[dict[str, Any]] = TestAsPrinted.learning


class TestRegions(AnteCase):
    """v-Ante-RNN."""

    config: ClassVar[dict[str, Any]] = PRINTED | {"modalities": ("regions",), "identity": True, "output": "content"}
    learning: ClassVar[dict[str, Any]] = TestAsPrinted.learning


@pytest.fixture(scope="module")
def uneven(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Texts of all lengths, some of them empty; the last image has no regions and everybody liked it first."""
    tables = tables_of(toy)
    items, likes = tables["items"], tables["likes"]
    items["text"] = [" ".join(text.split()[: number % 6]) for number, text in enumerate(items["text"])]
    last = items["item"].iloc[-1]
    likes = likes[likes["item"] != last]
    first = likes.loc[likes.groupby("user")["time"].idxmin()].index
    tables["likes"] = likes.assign(item=likes["item"].mask(likes.index.isin(first), last))
    world = rewrite(toy, tables, tmp_path_factory.mktemp("uneven") / "toy")
    return add_topics(world, topics=5)


def learned(world: Dataset, user: int) -> tuple[list[int], list[int]]:
    """Items and times of a user's training likes."""
    likes = world.table("likes").loc[rows_in_time(world, user)].query("split == 'train'")
    return world.items.codes(likes["item"]).tolist(), likes["time"].tolist()


VARIANTS: dict[str, dict[str, Any]] = {
    "as printed": {},
    "a temperature": {"align_temperature": 6, "align_relevance": "softmax"},
    "Ante-RNN-N": {"fusion": "neural"},
    "Ante-RNN-D": {"fusion": "direct"},
    "t-Ante-RNN": {"modalities": ("words",)},
    "v-Ante-RNN": {"modalities": ("regions",)},
    "None": {"topical": False, "contextual": False},
    "T": {"contextual": False},
    "C": {"topical": False},
    "T+C-Tw": {"time_of_week": False},
    "T+C-dt": {"interval": False, "transform": "sigmoid"},
    "content": CONTENT,
    "content of words": CONTENT | {"modalities": ("words",)},
    "identity": {"identity": True, "output": "content"},
}


@pytest.mark.parametrize("variant", VARIANTS)
@torch.no_grad()
def test_equals_the_equations(uneven: Dataset, variant: str) -> None:
    model = calm(prepared("anternn", uneven, 4, PRINTED | VARIANTS[variant]))
    plain = Reference(model, uneven)
    for user in (3, 12, 20):
        items, times = learned(uneven, user)
        assert items[0] == len(uneven.items) - 1
        walk = plain.walk(items, times)
        likes = model.likes(torch.tensor([user]))
        look = model.look(model.steps(likes), likes, OPEN)
        assert_same(look.read[0], torch.stack(walk.read))
        assert_same(look.states[0], torch.stack(walk.states))
        for t in (1, len(items) // 2, len(items)):
            until = torch.tensor([t])
            expected = plain.scores(walk.states[t - 1], items[:t])
            assert_same(model.score_moments(torch.tensor([user]), until)[0], expected)
        check_told(model, user, walk.windows[-1:], walk.words, walk.regions)


def assert_same(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found.double(), expected, atol=2e-4, rtol=1e-3)


def level(model: AnteRNN, name: str, user: int, gates: Gates = OPEN) -> Level:
    reading = model.read(torch.tensor([user]), torch.tensor([0]), gates)
    return next(level for level in reading.levels if level.name == name)


def check_told(
    model: AnteRNN,
    user: int,
    windows: list[dict[int, float]],
    words: list[list[float]],
    regions: list[list[float]],
) -> None:
    """What a reading tells is what the equations weighed with."""
    likes = len(words or regions)
    for window in windows:
        expected = [window.get(place, 0.0) for place in range(likes)]
        assert level(model, "history", user).attention == pytest.approx(expected, abs=1e-4)
    if words:
        flat = [share for shares in words for share in shares]
        assert level(model, "words", user).attention == pytest.approx(flat, abs=1e-4)
    if regions:
        shown = [[max(r, 0) for r in relevance] for relevance in regions]
        flat = [share / (sum(shares) or 1) for shares in shown for share in shares]
        assert level(model, "regions", user).attention == pytest.approx(flat, abs=2e-3)


@pytest.mark.parametrize(("closed", "off"), [("hour", {"time_of_week": False}), ("interval", {"interval": False})])
@torch.no_grad()
def test_a_closed_factor_is_a_model_without_it(uneven: Dataset, closed: str, off: dict[str, Any]) -> None:
    model = calm(prepared("anternn", uneven, 4, PRINTED))
    other = AnteRNN(AnteRNNConfig(**PRINTED | off), uneven).eval()
    unread = f"contextual.times.{closed}"
    other.load_state_dict({name: value for name, value in model.state_dict().items() if name != unread})
    users = torch.arange(40)
    gate = torch.ones(len(model.likes(users).values), 3)
    gate[:, model.contextual.parts.index(closed)] = 0
    found = model.score_items(users, Gates({"factors": gate.flatten()}))
    torch.testing.assert_close(found, other.score_items(users), **CLOSE)
    assert not torch.allclose(found, model.score_items(users), atol=1e-2)


@torch.no_grad()
def test_factors_of_a_like_are_told_as_seen_from_the_moment(uneven: Dataset) -> None:
    model = calm(prepared("anternn", uneven, 4, PRINTED))
    _, times = learned(uneven, 12)
    told = level(model, "factors", 12)
    codes = told.elements.values.view(-1, 3)
    for time, (what, hour, interval) in zip(times, codes.tolist(), strict=True):
        since = (times[-1] - time) // 3600
        week_hour = (time // 3600 + 72) % 168
        expected = (338, week_hour, 169 + since) if since < 168 else (338, 168, 169 + 168)
        assert (what, hour, interval) == expected
    assert told.attention is not None
    sums = told.attention.view(-1, 3).sum(1)
    assert not sums[:-3].any() and sums[-3:].tolist() == pytest.approx([1.0] * 3)


@torch.no_grad()
def test_a_closed_topic_leaves_its_interest_to_the_others(uneven: Dataset) -> None:
    model = calm(prepared("anternn", uneven, 4, PRINTED))
    user, whole = torch.tensor([12]), level(model, "topics", 12).attention
    assert whole is not None
    gate = (whole < whole.max()).float()
    left = level(model, "topics", 12, Gates({"topics": gate})).attention
    torch.testing.assert_close(left, whole * gate / (whole * gate).sum())
    found = model.score_items(user, Gates({"topics": gate}))
    assert not torch.allclose(found, model.score_items(user), atol=1e-3)
    # A model that had never known the topic: the interest without it is all that reaches the words.
    model.interest_at.mul_(gate).div_(model.interest_at.sum(1, keepdim=True).clamp_min(1e-9))
    torch.testing.assert_close(found, model.score_items(user), **CLOSE)


@torch.no_grad()
def test_open_topics_change_nothing_where_likes_fade(uneven: Dataset) -> None:
    model = calm(prepared("anternn", uneven, 4, PRINTED))
    user = torch.tensor([12])
    fading = torch.full((len(model.likes(user).values),), 0.4)
    opened = Gates({"history": fading, "topics": torch.ones(5)})
    torch.testing.assert_close(model.score_items(user, opened), model.score_items(user, Gates({"history": fading})))


@torch.no_grad()
def test_with_the_printed_output_nothing_of_the_scored_image_matters(uneven: Dataset, tmp_path: Path) -> None:
    """Other words and regions of an image nobody liked leave its score as it is."""
    tables = tables_of(uneven)
    unliked = next(code for code in range(119) if not (tables["likes"]["item"] == uneven.items.id(code)).any())
    tables["items"].loc[unliked, "text"] = "a harbour tower"
    changed = add_topics(rewrite(uneven, tables, tmp_path / "changed", without=4 * unliked), topics=5)
    for config, alike in ((PRINTED, True), (PRINTED | {"output": "content"}, False)):
        model = calm(prepared("anternn", uneven, 4, config))
        other = AnteRNN(model.config, changed).eval()
        other.load_state_dict(model.state_dict())
        users, items = torch.arange(40), torch.full((40,), unliked)
        one, two = model.score_pairs(users, items), other.score_pairs(users, items)
        assert torch.allclose(one, two, atol=1e-5) == alike
        assert ("caption" in {group.name for group in model.active_evidence}) != alike


def test_options_that_make_no_model_are_refused(uneven: Dataset) -> None:
    with pytest.raises(DataError, match="lower rare"):
        AnteRNN(AnteRNNConfig(rare=1000), uneven)
    with pytest.raises(ValueError, match="identity=true"):
        AnteRNNConfig(tied=True)
    with pytest.raises(ValueError, match="modalities is empty"):
        AnteRNNConfig(modalities=())
