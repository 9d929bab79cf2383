"""The view: what a person looks at, as one small value that is the URL, a saved session and the recipe of an export."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar, get_args
from urllib.parse import parse_qsl, unquote, urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

Choice = TypeVar("Choice", bound=str)
Page = Literal[
    "home",
    "why",
    "aspects",
    "regions",
    "words",
    "diffusion",
    "attributes",
    "frames",
    "popularity",
    "whatif",
    "trust",
    "study",
    "collection",
    "train",
    "better",
    "data",
]

DRAWN: tuple[Page, ...] = (
    "why", "aspects", "regions", "words", "diffusion", "attributes", "frames", "popularity", "whatif", "trust",
)  # fmt: skip
"""The pages whose pictures can be pinned and exported."""
LONGEST = 4000
"""Characters of a view that is read at all."""
MOST_OPTIONS = 20
LONGEST_TEXT = 200


BLIND: Final[dict[str, tuple[str, ...]]] = {"study": ("study", "step")}
"""Pages that name no dataset, run or person, since that would give an answer away, and the options they have."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has unprintable characters")
    return text


def _folder_name(text: str) -> str:
    if text in {".", ".."} or re.search(r"[/\\]", text):
        raise ValueError("is no name of a folder")
    return text


Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_printable)]
FolderName = Annotated[Text, AfterValidator(_folder_name)]
Moment = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}$")]
OptionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,29}$")]


class View(BaseModel):
    """What a person looks at; what is None is left to the app.

    Attributes:
        page: name of the page.
        dataset: folder name of the dataset; ``run`` of the run, ``compare`` of a second run beside it.
        user: the dataset's own id of the user, as text; ``against`` of a second user beside her; ``item`` of the image.
        moment: for a model of sequences, how many likes of the user have happened, as text.
        options: further choices of the page, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: Page = "home"
    dataset: FolderName | None = None
    run: FolderName | None = None
    compare: FolderName | None = None
    user: Text | None = None
    against: Text | None = None
    item: Text | None = None
    moment: Moment | None = None
    options: dict[OptionName, Text] = {}

    @model_validator(mode="before")
    @classmethod
    def _blinded(cls, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("page") not in BLIND:
            return given
        options = {name: value for name, value in given.get("options", {}).items() if name in BLIND[given["page"]]}
        return {"page": given["page"], "options": options}

    @classmethod
    def parse(cls, text: str) -> View:
        """The view written as ``page?name=value&...``.

        Raises:
            ValueError: one sentence saying what cannot be read.
        """
        if len(text) > LONGEST:
            raise ValueError(f"The view is longer than {LONGEST:,} characters: copy it again from the app.")
        page, _, query = text.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=2 * MOST_OPTIONS)
        names = [name for name, _ in pairs]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"The view names {min(twice)!r} twice: keep one of them.")
        return cls.of(page, dict(pairs))

    @classmethod
    def of(cls, page: str, query: Mapping[str, str]) -> View:
        """The view of a page and its URL parameters; parameters that are no field are options.

        Raises:
            ValueError: one sentence saying what cannot be read.
        """
        fields = {name: value for name, value in query.items() if name in FIELDS}
        options = {name: value for name, value in query.items() if name not in cls.model_fields}
        reserved = sorted(set(query) & {"page", "options"})
        if reserved or len(options) > MOST_OPTIONS:
            what = f"{reserved[0]!r} is no parameter" if reserved else f"it has more than {MOST_OPTIONS} options"
            raise ValueError(f"The view cannot be read ({what}): copy it again from the app.")
        try:
            return cls.model_validate({"page": page, **fields, "options": options})
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            where = next((str(part) for part in reversed(fault["loc"]) if part != "[key]"), "view")
            reason = f"{where[:40]!r}: {fault['msg']}"
            raise ValueError(f"The view cannot be read ({reason}): copy it again from the app.") from None

    def query(self) -> dict[str, str]:
        """The URL parameters; what is None is left out."""
        fields = {name: getattr(self, name) for name in FIELDS}
        return {name: value for name, value in fields.items() if value is not None} | dict(sorted(self.options.items()))

    def option(self, name: str, choices: Sequence[Choice]) -> Choice:
        """The option called ``name`` where it is one of ``choices``, else their first."""
        return next((choice for choice in choices if choice == self.options.get(name)), choices[0])

    def chosen(self, name: str, known: Container[str]) -> list[str]:
        """The entries of the option called ``name`` that are ``known``, where it holds several."""
        entries = (unquote(part) for part in self.options.get(name, "").split(","))
        return [entry for entry in dict.fromkeys(entries) if entry in known]

    def changed(self, **changes: Any) -> View:
        """The view with other fields; what hangs on a replaced dataset or user falls back to None."""
        if self.dataset is not None and changes.get("dataset", self.dataset) != self.dataset:
            rest = dict.fromkeys(("run", "compare", "user", "against", "item", "moment"))
            changes = {**rest, "options": {}} | changes
        if self.user is not None and changes.get("user", self.user) != self.user:
            changes = {"item": None, "moment": None} | changes
        return View.model_validate(self.model_dump() | changes)

    def __str__(self) -> str:
        query = urlencode(self.query())
        return f"{self.page}?{query}" if query else self.page


FIELDS = tuple(name for name in View.model_fields if name not in {"page", "options"})
PAGES: tuple[str, ...] = get_args(Page)
