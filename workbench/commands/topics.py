"""The command about topics: learn them from captions, name them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.commands.terminal import DataArgument, JsonOption, StoppedError, progress, screen, table

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset
    from workbench.features.topics import Topics


def topics(
    data: DataArgument,
    topics: Annotated[int, typer.Option(min=2, help="How many topics.")] = 70,
    days: Annotated[float, typer.Option(help="Days of a slice of the stream.")] = 7,
    decay: Annotated[float, typer.Option(help="What is left of a count after one slice, above 0 to 1.")] = 1.0,
    sweeps: Annotated[int, typer.Option(min=1, help="Sweeps of Gibbs sampling over each slice.")] = 100,
    least: Annotated[int, typer.Option(min=1, help="Texts a slice waits for by taking in the next one.")] = 1000,
    rare: Annotated[int, typer.Option(min=1, help="Fewest training texts that a word stands in.")] = 5,
    common: Annotated[float, typer.Option(help="Largest share of the training texts that a word stands in.")] = 0.5,
    name: Annotated[str, typer.Option(help="What the topics are called.")] = "topics",
    seed: Annotated[int, typer.Option(help="Seed of the sampling.")] = 0,
    again: Annotated[bool, typer.Option("--again", help="Take the place of topics that are there.")] = False,
    rename: Annotated[
        list[str] | None,
        typer.Option(metavar="TOPIC=NAME", help="Name a topic instead of learning; no name gives it its words back."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Learn what the captions of liked images are about, week by week, or give topics names."""
    from workbench.data.dataset import Dataset
    from workbench.features.topics import Topics, fit_topics

    if rename:
        renamings = [_renaming(text) for text in rename]
        found = Topics.open(data, name)
        for topic, words in renamings:
            found.rename(topic, words)
    else:
        dataset = Dataset.open(data)
        if not again:
            _refuse_others(dataset, name)
        try:
            with progress("learning topics") as tell:
                found = fit_topics(
                    dataset,
                    topics=topics,
                    name=name,
                    days=days,
                    decay=decay,
                    sweeps=sweeps,
                    seed=seed,
                    least=least,
                    rare=rare,
                    common=common,
                    report=tell,
                )
        except KeyboardInterrupt:
            raise StoppedError("Stopped; older topics of that name, if any, are as they were.") from None
    _show(found, as_json)


def _refuse_others(dataset: Dataset, name: str) -> None:
    """Spare topics that can be read: runs were trained with them, and a person may have named them."""
    from workbench.data.errors import DataError
    from workbench.features.topics import Topics

    try:
        there = Topics.open(dataset.root, name).check(dataset)
    except DataError:
        return
    raise DataError(
        f"{there.folder} holds topics of this dataset, which runs may read: learn others beside them with --name, or "
        "in their place with --again"
    )


def _renaming(text: str) -> tuple[int, str]:
    """The topic and the name in ``3=storms at sea``."""
    topic, equals, name = text.partition("=")
    if not equals or not topic.strip().isdecimal():
        raise typer.BadParameter(f"'{text}' is not of the form 3=name", param_hint="--rename")
    return int(topic), name


def _show(topics: Topics, as_json: bool) -> None:
    """All topics with their names, shares and words."""
    names, shares = topics.names, topics.shares.tolist()
    words = [topics.top_words(topic) for topic in range(len(topics))]
    if as_json:
        rows = [
            {"topic": topic, "name": names[topic], "share": shares[topic], "words": dict(words[topic])}
            for topic in range(len(topics))
        ]
        screen.print(json.dumps({"folder": str(topics.folder), **topics.card.model_dump(), "found": rows}, indent=1))
        return
    table(
        ("topic", "name", "share", "words"),
        (
            (str(topic), names[topic], f"{shares[topic]:.1%}", " ".join(word for word, _ in words[topic]))
            for topic in range(len(topics))
        ),
    )
    card = topics.card
    screen.print(
        f"{topics.folder}: {card.topics} topics of {card.shape[1]:,} words, from {card.documents:,} texts "
        f"in {card.slices:,} slice{'s' if card.slices > 1 else ''}."
    )
