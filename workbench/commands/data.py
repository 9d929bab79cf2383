"""Commands about datasets: make the demo, check one, plant a life on its images, describe them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from workbench.commands.terminal import DataArgument, StoppedError, log, progress, screen


def demo(
    size: Annotated[Literal["tiny", "demo", "large"], typer.Option(help="How large the world is.")] = "demo",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Its folder; by default under ~/.workbench.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the world.")] = 7,
) -> None:
    """Generate the demo world, describe its images and train the models shown on it; what is there is kept."""
    from workbench import demo as world

    folder = out or world.home() / size
    try:
        with progress("drawing the world") as tell:
            dataset = world.ensure(folder, size, seed, lambda message, share: tell(share, message))
    except KeyboardInterrupt:
        raise StoppedError(f"Stopped; the same command goes on with what {folder} lacks.") from None
    screen.print(f"{folder}: {len(dataset.users):,} users and {len(dataset.items):,} images are ready.")


def check(data: DataArgument) -> None:
    """Check every table and image of a dataset; name every fault by file, row and column."""
    from workbench.data.check import check as find_faults

    faults = find_faults(data)
    for fault in faults:
        screen.print(str(fault))
    if faults:
        log.print(f"{data} has {len(faults)} fault{'s' if len(faults) > 1 else ''}.")
        raise typer.Exit(1)
    screen.print(f"{data} is sound.")


def plant(
    data: DataArgument,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Dataset folder to write.")],
    users: Annotated[
        int | None, typer.Option(metavar="N", help="How many users; by default one to four images.", show_default=False)
    ] = None,
    fewest_likes: Annotated[
        int | None,
        typer.Option(metavar="N", help="Fewest visits of a user; by default 3/5 of the most.", show_default=False),
    ] = None,
    most_likes: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Most visits of a user; by default 60, at most a fifth of the images.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the social life.")] = 7,
) -> None:
    """Plant users, likes and posts with known causes on the images of a dataset, which need labelled regions."""
    from workbench.data.dataset import Dataset
    from workbench.data.postcards.replant import replant

    dataset = replant(Dataset.open(data), out, seed, users, fewest_likes, most_likes)
    sizes = f"{len(dataset.users):,} users and {len(dataset.items):,} images"
    screen.print(f"{out}: {sizes} with {len(dataset.table('likes')):,} likes, each with its cause.")


def features(
    data: DataArgument,
    encoder: Annotated[str, typer.Option(metavar="NAME", help="What describes the images.")] = "descriptor",
) -> None:
    """Describe every image of a dataset by numbers, kept beside its tables."""
    from workbench.data.dataset import Dataset
    from workbench.features import descriptor

    encoders = {descriptor.NAME: descriptor.extract}
    if encoder not in encoders:
        raise typer.BadParameter(f"there is no '{encoder}'; choose {', '.join(encoders)}", param_hint="--encoder")
    with progress("describing the images") as tell:
        made = encoders[encoder](Dataset.open(data), tell)
    screen.print(f"{made.folder}: {made.card.shape[0]:,} images, {made.card.shape[1]:,} numbers each.")
