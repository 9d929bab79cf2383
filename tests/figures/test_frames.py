"""Pictures of key frames: what is framed, what is dashed, what is said, and that it fits."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tests.figures.made import NASTY
from tests.figures.test_pictures import assert_words_fit, screen_words, words_of
from workbench.explain.explanation import Verdict
from workbench.explain.frames import FrameMark, KeyFrames, Reel
from workbench.figures.export import save
from workbench.figures.frames import film_figure, film_plotly, key_frames_figure, key_frames_plotly
from workbench.figures.style import FULL_WIDTH, GROUP_COLOURS, ThemeName

PURPLE = GROUP_COLOURS["frames"].upper()


def reading(
    name: str = "Mina", *, best: int = 2, count: int = 6, margin: float = 0.8, plain: bool = False
) -> KeyFrames:
    scores = [1.0 if k == best else 0.5 - 0.1 * k for k in range(count)]
    frames = tuple(
        FrameMark(
            kind="frame", id=k, label=f"frame {k}", image=f"images/{k % 2}.png", score=score,
            relative=2 * (score - 0.4), seconds=1.4 * k,
            **({} if plain else {"attention": (k + 1) / 21, "contribution": score / 5 - 0.05, "removal": -0.1 * score,
               "rank_without": 1200 + k}),
        )
        for k, score in enumerate(scores)
    )  # fmt: skip
    ranked = sorted(frames, key=lambda frame: -frame.score)
    return KeyFrames(
        model="jifr", run="jifr", dataset="toy", fingerprint="0", user=name, user_label=name, item=5,
        item_label="image 5", image=None, frames=frames, what="key-frame score", key=ranked[0].id,
        runner_up=ranked[1].id, spread=0.4, margin=margin, shared=0.3, visual_share=0.4, agreement=1.0, planted=(1,),
        score=0.7, rank=None if plain else 1100, sentence="Because.", verdict=Verdict(badge="supported", reason="yes"),
    )  # fmt: skip


def frames_of(figure: Figure, colour: str) -> list[Rectangle]:
    patches = [p for axes in figure.axes for p in axes.patches if isinstance(p, Rectangle)]
    return [p for p in patches if p.get_linewidth() > 1 and to_hex(p.get_edgecolor()).upper() == colour]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("count", [2, 5, 8])
def test_the_key_frame_is_framed_and_the_planted_one_dashed(root: Path, theme: ThemeName, count: int) -> None:
    both = [reading(best=1, count=count), reading("Bea", best=0, count=count, margin=0.03)]
    figure = key_frames_figure(both, root, theme=theme)
    framed = frames_of(figure, PURPLE)
    assert len(framed) == 2
    dashed = [p for axes in figure.axes for p in axes.patches if p.get_linestyle() == "--"]
    assert len(dashed) == 2
    assert_words_fit(figure, FULL_WIDTH)
    words = " ".join(words_of(figure))
    assert "ahead of the next frame by 0.80 spreads" in words and "no personal reason" in words
    screen = key_frames_plotly(both, root, theme=theme)
    images = screen.layout.images
    lines = [image for image in images if image.source.startswith("data:image/png")]
    assert len({image.source for image in lines}) == 2 and len(lines) == 4
    # Plotly draws one of those that stand in the very same place; each of these lies over a frame.
    assert len({(image.xref, image.x) for image in images}) == len(images) == 2 * count + 4
    assert all(any(image.xref == line.xref and abs(image.x - line.x) < 1e-5 for image in images if image not in lines)
               for line in lines)  # fmt: skip
    assert "no personal reason" in screen_words(screen)


def test_the_best_frame_comes_first_with_its_time(root: Path) -> None:
    words = words_of(key_frames_figure([reading(best=4)], root))
    labels = [word for word in words if word.endswith(" s") and "·" in word]
    assert labels[0] == "4 · 5.6 s" and len(labels) == 6
    assert "1,100 → 1,204" in " ".join(words)


def test_a_model_without_weights_and_shares_says_so(root: Path) -> None:
    one = reading(plain=True)
    words = " ".join(words_of(key_frames_figure([one, one], root, names=["cdl", "other"])))
    assert "no attention" in words and "no exact shares" in words and "cdl" in words
    assert key_frames_plotly([one, one], root, names=["cdl", "other"]).layout.annotations


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("people", [1, 10])
def test_the_film_has_a_cell_for_each_user_and_frame(root: Path, theme: ThemeName, people: int) -> None:
    readings = [reading(f"{NASTY} {k}", best=k % 6, margin=0.05 * k) for k in range(people)]
    figure = film_figure(readings, root, theme=theme)
    assert len(frames_of(figure, PURPLE)) == people
    cells = [p for axes in figure.axes for p in axes.patches if p.get_linewidth() == 0 and isinstance(p, Rectangle)]
    assert len(cells) >= 6 * people
    assert_words_fit(figure, FULL_WIDTH)
    screen = film_plotly(readings, root, theme=theme)
    trace = next(trace for trace in screen.data if trace.name == "cells")
    assert len(trace.x) == 6 * people and list(trace.customdata[:6]) == [readings[0].user] * 6
    assert "<script" not in screen.to_json() or NASTY not in screen_words(screen)


def test_a_film_is_of_one_reel() -> None:
    with pytest.raises(ValueError, match="one reel"):
        film_figure([reading(count=5), reading(count=6)])
    with pytest.raises(ValueError, match="one reel"):
        film_plotly([])


def test_everything_can_be_taken_away(root: Path, tmp_path: Path) -> None:
    both = [reading(), reading("Bea", best=3)]
    paths = save(key_frames_figure(both, root, width=FULL_WIDTH), tmp_path / "frames", ["png", "svg", "pdf"])
    paths += save(film_plotly(both, root), tmp_path / "frames", ["html"])
    paths += save(Reel(readings=tuple(both)), tmp_path / "frames", ["json", "csv"])
    assert all(path.stat().st_size > 500 for path in paths)
    header = paths[-1].read_text(encoding="utf-8").splitlines()[0]
    assert {"user", "id", "score", "seconds", "key", "planted"} <= set(header.split(","))
