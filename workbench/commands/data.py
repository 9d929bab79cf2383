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
    """Check every table and image of a dataset, or of a folder to import; name every fault by file, row and column."""
    from workbench.data.check import check as find_faults
    from workbench.data.importers.tables import findings, is_source

    is_new = is_source(data)
    faults = findings(data, data.resolve().name)[2] if is_new else find_faults(data)
    for fault in faults:
        screen.print(str(fault))
    if faults:
        log.print(f"{data} has {len(faults)} fault{'s' if len(faults) > 1 else ''}.")
        raise typer.Exit(1)
    then = f" Make a dataset of it with: workbench import tables {data} --out DIR" if is_new else ""
    screen.print(f"{data} is sound.{then}")


def template(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write.")],
) -> None:
    """Write a small dataset to fill in with your own: CSV tables, images, and a README.txt of every column."""
    from workbench.data.template import write_template

    write_template(out)
    screen.print(f"{out}: begin with README.txt, then 'workbench check {out}'.")


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
    encoder: Annotated[
        str,
        typer.Option(
            metavar="NAME|PATH",
            help="What encodes the images: descriptor, convnet, convnet-14, attributes (a region for each attribute an "
            "image shows), attributes-tight, or a model of transformers (its folder, or its name on the hub).",
        ),
    ] = "descriptor",
    name: Annotated[
        str | None, typer.Option(help="What the features are called; by default after the encoder.", show_default=False)
    ] = None,
    of: Annotated[Literal["images", "frames"], typer.Option(help="Regions of images, or frames of reels.")] = "images",
    grid: Annotated[
        str | None, typer.Option(metavar="ROWSxCOLUMNS", help="Pool the regions to this grid.", show_default=False)
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Images encoded at a time.")] = 16,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    shard: Annotated[str, typer.Option(metavar="K/N", help="Do the K-th of N shares of the work, from 0.")] = "0/1",
) -> None:
    """Encode the images of a dataset as vectors of their regions, kept beside its tables.

    What an interrupted run has finished is kept, and several processes can share the work, each with its own --shard.
    """
    from workbench.data.dataset import Dataset
    from workbench.features.encoders import EncoderError, encoder_named
    from workbench.features.extraction import default_name, extract
    from workbench.features.store import check_name

    share = _pair(shard, "/", "--shard")
    if share[0] >= share[1]:
        raise typer.BadParameter(f"'{shard}' is none of {share[1]} shares, counted from 0", param_hint="--shard")
    cells = _pair(grid, "x", "--grid") if grid else None
    if cells and min(cells) < 1:
        raise typer.BadParameter(f"'{grid}' has no cells", param_hint="--grid")
    dataset = Dataset.open(data)
    name = check_name(name or default_name(encoder, of, cells))
    try:
        with progress("opening the encoder") as tell:
            ready = encoder_named(encoder, dataset, grid=cells, device=device, report=tell)
        if ready.quality:
            told = ", ".join(f"{kind} {share:.0%}" for kind, share in ready.quality.items())
            log.print(f"On images held out of its training the encoder is right: {told}.")
        with progress("encoding") as tell:
            made = extract(dataset, ready, name, of=of, batch=batch, shard=share, report=tell)
    except EncoderError as fault:
        raise typer.BadParameter(str(fault), param_hint="--encoder") from None
    except KeyboardInterrupt:
        raise StoppedError("Stopped; the same command goes on from the parts that are finished.") from None
    if made is None:
        screen.print(f"{data}: share {shard} of {name} is done; the last share to finish puts them together.")
        return
    missing = f" {made.card.missing:,} images have no picture." if made.card.missing else ""
    rows, width = made.card.shape
    screen.print(
        f"{made.folder}: {len(dataset.items):,} images, {rows:,} {'frames' if of == 'frames' else 'regions'}, "
        f"{width:,} numbers each.{missing}"
    )


def _pair(text: str, sign: str, option: str) -> tuple[int, int]:
    """The two whole numbers in ``14x14`` or ``0/4``."""
    parts = text.split(sign)
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise typer.BadParameter(f"'{text}' is not of the form 4{sign}4", param_hint=option)
    return int(parts[0]), int(parts[1])
