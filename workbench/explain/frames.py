"""The key frame of a reel for a user: which one, by how much it leads, and what each frame adds to the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch

from workbench.data.dataset import Dataset
from workbench.data.errors import DataError
from workbench.explain.explainer import Explainer
from workbench.explain.explanation import SCHEMA_VERSION, Element, Explanation, Frozen, Id, Verdict
from workbench.explain.verdict import kendall_tau
from workbench.models.frames import FrameReader, frame_reader
from workbench.models.jifr import JIFR

NEAR = 0.1
"""A lead of less than this many spreads is no personal reason to show the one frame rather than the other."""
COMPANY = 1000
"""Users whose scores give the spread, evenly drawn from all where there are more."""
UNIT = "spreads (standard deviation of the scores of all users and frames of this reel)"


class FrameMark(Element):
    """One frame of a reel for one user.

    Attributes:
        score: how well it suits her, ``l_ak`` of JIFR; the key frame has the highest.
        relative: its score less the mean of her frames, in spreads.
        seconds: when it is shown, where the table of frames says so.
    """

    score: float
    relative: float
    seconds: float | None = None


class KeyFrames(Frozen):
    """The frames of one reel as a model ranks them for one user.

    Attributes:
        frames: in the order of the reel, with score, attention, contribution and removal, as far as the model has them.
        what: the score in words.
        key: id of the frame with the highest score, ``runner_up`` of the next one.
        spread: standard deviation of the scores of all users (at most 1,000) and frames of this reel.
        margin: lead of the key frame over the runner-up, in spreads.
        shared: share of these users who have the same key frame.
        visual_share: of a model with two spaces, ``w . x / (|u . v| + |w . x|)``, its sign kept.
        agreement: Kendall's tau between attention and score of the frames; 1 where attention is made of the score.
        planted: frames that are known to be the cause of this user's like.
        score: of the image, and its ``rank``.
    """

    schema_version: int = SCHEMA_VERSION
    model: str
    run: str
    dataset: str
    fingerprint: str
    user: Id
    user_label: str
    item: Id
    item_label: str
    image: str | None
    frames: tuple[FrameMark, ...]
    what: str
    key: Id
    runner_up: Id
    spread: float
    margin: float
    shared: float
    visual_share: float | None
    agreement: float | None
    planted: tuple[Id, ...]
    score: float
    rank: int | None
    sentence: str
    verdict: Verdict

    @property
    def is_personal(self) -> bool:
        """Whether the lead of the key frame is a reason: at least ``NEAR`` spreads."""
        return self.margin >= NEAR

    @property
    def ranked(self) -> tuple[FrameMark, ...]:
        """The frames, the best one first."""
        return tuple(sorted(self.frames, key=lambda frame: -frame.score))

    def frame(self, number: Id) -> FrameMark:
        """The frame of an id."""
        return next(frame for frame in self.frames if frame.id == number)


class Reel(Frozen):
    """The frames of one reel for several users or by several models."""

    readings: tuple[KeyFrames, ...]

    def rows(self) -> list[dict[str, object]]:
        """One row for each reading and frame."""
        left_out = {"kind", "attributions", "of", "box", "span", "image"}
        return [
            {"model": reading.model, "run": reading.run, "user": reading.user, "item": reading.item}
            | frame.model_dump(exclude=left_out)
            | {"key": frame.id == reading.key, "planted": frame.id in reading.planted}
            for reading in self.readings
            for frame in reading.frames
        ]


def reader_of(explainer: Explainer) -> FrameReader:
    """How the explainer's model scores frames.

    Raises:
        DataError: it scores none.
    """
    reader = frame_reader(explainer.model)
    if reader is None:
        raise DataError(
            f"{explainer.model.name} scores no frames: choose a run of jifr, cdl with inputs=convnet or acf with "
            "features=convnet-frames"
        )
    return reader


def reels(explainer: Explainer) -> list[int]:
    """Codes of the images that have at least two frames.

    Raises:
        DataError: the model scores no frames.
    """
    return torch.nonzero(reader_of(explainer).features.sets.lengths > 1).flatten().tolist()


def key_frames(explainer: Explainer, user: int, item: int, explanation: Explanation | None = None) -> KeyFrames:
    """The frames of an image for a user, both given as codes.

    Args:
        explainer: of a model that scores frames.
        user: code; ``item`` that of the image.
        item: see above.
        explanation: of the pair, if there is one already.

    Raises:
        DataError: the model scores no frames, or the image has fewer than two.
    """
    reader, data = reader_of(explainer), explainer.dataset
    codes = reader.features.sets.row(item).tolist()
    if len(codes) < 2:
        raise DataError(f"{data.item_label(item)} has no reel of frames to choose from: choose an image that has one")
    explanation = explanation or explainer.explain(user, item)
    table, place = _company(explainer, reader, user, item)
    spread = float(table.std())
    scores = table[place].tolist()
    mean, scale = sum(scores) / len(scores), 1 / spread if spread > 0 else 0.0
    first, second = sorted(range(len(scores)), key=lambda k: -scores[k])[:2]
    marked, seconds = _marked(explanation), _seconds(data, item)
    frames = []
    for code, score in zip(codes, scores, strict=True):
        element = explainer.names.frame(reader.features, code)
        fields = marked.get(element.id, element).model_dump() | {"image": element.image, "label": element.label}
        relative = (score - mean) * scale
        frames.append(FrameMark(**fields, score=score, relative=relative, seconds=seconds.get(element.id)))
    weights = [frame.attention for frame in frames if frame.attention is not None]
    told = KeyFrames(
        model=explainer.model.name,
        run=explainer.run,
        dataset=data.name,
        fingerprint=data.fingerprint,
        user=data.users.id(user),
        user_label=data.user_label(user),
        **explainer.pictured(item),
        frames=tuple(frames),
        what=reader.what,
        key=frames[first].id,
        runner_up=frames[second].id,
        spread=spread,
        margin=(scores[first] - scores[second]) * scale,
        shared=float((table.argmax(1) == first).double().mean()),
        visual_share=_visual_share(explainer, user, item),
        agreement=kendall_tau(weights, scores) if len(weights) == len(scores) else None,
        planted=planted_frames(data, user, item),
        score=explanation.score,
        rank=explanation.rank,
        sentence="",
        verdict=explanation.verdict if marked else UNREAD,
    )
    return told.model_copy(update={"sentence": sentence(told)})


UNREAD = Verdict(
    badge="cannot be judged",
    reason="The score of the image is not made of these frames, so taking one out changes nothing to check.",
)


def reel_of(explainer: Explainer, users: Sequence[int], item: int) -> Reel:
    """The frames of an image for several users, all codes.

    Raises:
        DataError: as of ``key_frames``.
    """
    return Reel(readings=tuple(key_frames(explainer, user, item) for user in users))


def sentence(told: KeyFrames) -> str:
    """Key frames in words: the frame, its lead, who else gets it, and what is seen counts for in the whole decision."""
    key, other = (frame_name(told.frame(number)) for number in (told.key, told.runner_up))
    if not told.is_personal:
        first = f"No personal reason: {key} leads {other} by only {told.margin:.2f} spreads, so either could be shown."
    else:
        first = (
            f"{key[:1].upper()}{key[1:]} suits {told.user_label} best: it leads {other} by {told.margin:.2f} spreads."
        )
    parts = [first, f"{told.shared:.0%} of all users get the same frame."]
    if told.visual_share is not None:
        share = f"{abs(told.visual_share):.0%} of the two spaces in this score"
        seen = "makes up" if told.visual_share >= 0 else "speaks against the image, with"
        parts.append(f"What is seen {seen} {share}.")
    return " ".join(parts)


def frame_name(frame: FrameMark) -> str:
    """A frame with its moment: "frame 3 (2.6 s)"."""
    return frame.label if frame.seconds is None else f"{frame.label} ({frame.seconds:.1f} s)"


def planted_frames(dataset: Dataset, user: int, item: int) -> tuple[Id, ...]:
    """The frames that causes name for this user's like of this image (codes); none where nothing is known."""
    causes = _causes(dataset, user)
    found = causes[causes["item"] == dataset.items.id(item)]["frame"]
    return tuple(frame if isinstance(frame, str) else int(frame) for frame in found.unique())


def liked_for_a_frame(dataset: Dataset, user: int) -> set[int]:
    """Codes of the images this user (code) likes for a frame that causes name."""
    return set(dataset.items.codes(_causes(dataset, user)["item"]).tolist())


def _causes(dataset: Dataset, user: int) -> pd.DataFrame:
    """Causes of a user's likes that name a frame."""
    causes = dataset.table("causes") if dataset.has("causes") else pd.DataFrame()
    if not {"source", "frame"} <= set(causes):
        return pd.DataFrame({"item": [], "frame": []})
    mine = (causes["user"] == dataset.users.id(user)) & (causes["source"] == "like")
    return causes[mine & causes["frame"].notna()]


def _company(explainer: Explainer, reader: FrameReader, user: int, item: int) -> tuple[torch.Tensor, int]:
    """Scores (users, frames) of the item for the user and as many others, and the row of the user."""
    count = len(explainer.dataset.users)
    company = torch.unique(torch.linspace(0, count - 1, min(count, COMPANY)).round().long())
    users = torch.cat([company[company != user], torch.tensor([user])]).to(explainer.device)
    with torch.inference_mode():
        _, scores = reader.scores(users, torch.full_like(users, item))
    return scores.view(len(users), -1).cpu(), len(users) - 1


def _marked(explanation: Explanation) -> Mapping[Id, Element]:
    """The frames the score of the image is made of, by id; none where the model reads none of them."""
    return {e.id: e for level in explanation.levels if level.kind == "frame" for e in level.elements}


def _visual_share(explainer: Explainer, user: int, item: int) -> float | None:
    if not isinstance(explainer.model, JIFR):
        return None
    pair = (torch.tensor([code], device=explainer.device) for code in (user, item))
    with torch.inference_mode():
        collaborative, visual = (float(term) for term in explainer.model.space_terms(*pair))
    total = abs(collaborative) + abs(visual)
    return visual / total if total > 0 else 0.0


def _seconds(dataset: Dataset, item: int) -> Mapping[Id, float]:
    """When each frame of an image is shown, where the table of frames says so."""
    table = dataset.table("frames") if dataset.has("frames") else pd.DataFrame()
    if "time" not in table:
        return {}
    mine = table[table["item"] == dataset.items.id(item)].dropna(subset=["time"])
    times = mine["time"]
    if not pd.api.types.is_numeric_dtype(times):
        times = (times - times.min()).dt.total_seconds()
    return dict(zip(mine["frame"].tolist(), times.astype(float).tolist(), strict=True))
