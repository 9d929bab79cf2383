"""Your data: tables and images of one's own are checked, looked at, and become a dataset of this app."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import pandas as pd
import streamlit as st

from workbench.app import desk, pictures, state, widgets
from workbench.app.main import FOLDER
from workbench.data.errors import DataError, Fault
from workbench.data.importers.tables import findings, import_tables
from workbench.data.unpack import lay_out, unpack
from workbench.demo import home

if TYPE_CHECKING:
    from workbench.data.schema import DatasetCard

MEGABYTES: Final = 500
TYPES: Final = ["zip", "csv", "parquet", "json"]
ROWS: Final = 8
PICTURES: Final = 8
TILE: Final = 88
Origin = Literal["upload", "folder"]
ORIGINS: Final[dict[Origin, str]] = {"upload": "upload files", "folder": "a folder on this machine"}
SPLITS: Final = {
    "given": "as given, else two likes each",
    "leave-one-out": "two likes of each user",
    "chronological": "the latest likes",
}


@dataclass(frozen=True)
class Source:
    """A folder of tables that was checked.

    Attributes:
        folder: where it is.
        faults: what is wrong with it.
        card: what it says of itself.
        tables: the tables that can be read.
        left_out: files of an archive that are neither tables nor images.
    """

    folder: Path
    faults: tuple[Fault, ...]
    card: DatasetCard
    tables: dict[str, pd.DataFrame]
    left_out: tuple[str, ...] = ()


def show() -> None:
    """Draw the page."""
    st.header("Your data")
    st.markdown(
        "Who liked what, as tables, with images if there are any. They are checked here first, and nothing leaves this "
        "machine."
    )
    _imported()
    st.download_button(
        "Template to fill in",
        _template,
        "my-data.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption("A small dataset as CSV tables and images, with a README.txt that explains every column.")
    origin = widgets.switch("Take it from", tuple(ORIGINS), "origin", name=ORIGINS.__getitem__)
    with desk.sentences():
        source = _uploaded() if origin == "upload" else _named()
    if source is None:
        return
    _findings(source)
    _preview(source)
    if not source.faults:
        _import(source)


def _template() -> bytes:
    from workbench.data.template import template_zip

    return template_zip()


def _uploaded() -> Source | None:
    files: list[Any] = st.file_uploader(
        "A zip of the folder, or its tables",
        TYPES,
        accept_multiple_files=True,
        max_upload_size=MEGABYTES,
        key="tables",
        help="Images need a zip. What is uploaded is kept only while this page is open.",
    )
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
        file.seek(0)
    return _unpacked(digest.hexdigest(), [(file.name, file) for file in files])


def _forget(source: Source | DataError) -> None:
    if isinstance(source, Source):
        shutil.rmtree(source.folder, ignore_errors=True)


def _unpacked(digest: str, files: Sequence[tuple[str, IO[bytes]]]) -> Source:
    found = _kept(digest, files)
    if isinstance(found, DataError):
        raise found
    return found


@st.cache_resource(max_entries=2, show_spinner="Unpacking and checking", scope="session", on_release=_forget)
def _kept(digest: str, _files: Sequence[tuple[str, IO[bytes]]]) -> Source | DataError:
    """What was uploaded, unpacked into a folder that goes when the session does."""
    folder = Path(tempfile.mkdtemp(prefix="workbench-"))
    try:
        archives = [(name, file) for name, file in _files if name.casefold().endswith(".zip")]
        if archives and len(_files) > 1:
            raise DataError(f"{archives[0][0]} comes with other files; give one zip alone, or tables alone.")
        left_out: list[str] = []
        if archives:
            left_out = unpack(archives[0][1], folder, archives[0][0])
        else:
            lay_out(_files, folder)
        return _checked(folder, left_out, Path(_files[0][0]).stem if archives else "mine")
    except DataError as fault:
        shutil.rmtree(folder, ignore_errors=True)
        return fault


def _named() -> Source | None:
    path = st.text_input("Folder", key="folder", placeholder="/home/me/my-data")
    if not path.strip():
        return None
    folder = Path(path.strip()).expanduser()
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}; give the folder that holds items.csv or items.parquet.")
    with st.spinner("Checking"):
        return _checked(folder, (), folder.resolve().name)


def _checked(folder: Path, left_out: Sequence[str], name: str) -> Source:
    card, tables, faults = findings(folder, name)
    return Source(folder, tuple(faults), card, tables, tuple(left_out))


def _findings(source: Source) -> None:
    """What is wrong, a row for each fault, or that nothing is."""
    if source.left_out:
        names = widgets.text(", ".join(source.left_out[:5]))
        st.caption(f"Left out, being neither tables nor images: {names}{' and more' * (len(source.left_out) > 5)}.")
    if not source.faults:
        st.success("Every table and image is sound.", icon=":material/check_circle:")
        return
    count = len(source.faults)
    st.error(f"{count:,} fault{'s' * (count > 1)} to mend before it can be imported.", icon=":material/error:")
    rows = [
        {"file": fault.file, "row": fault.row, "column": fault.column, "what is wrong, and the remedy": fault.message}
        for fault in source.faults
    ]
    st.dataframe(rows, hide_index=True, height=min(38 + 35 * len(rows), 400), alt="What is wrong with the tables.")


def _preview(source: Source) -> None:
    if not source.tables:
        return
    st.subheader("What it holds")
    tabs = st.tabs([f"{name} ({len(table):,})" for name, table in source.tables.items()])
    for tab, (name, table) in zip(tabs, source.tables.items(), strict=True):
        with tab:
            st.dataframe(table.head(ROWS), hide_index=True, alt=f"The first rows of {name}.")
    items = source.tables.get("items")
    if items is None or "image" not in items or source.faults:
        return
    paths = [
        (str(item), path) for item, path in zip(items["item"], items["image"], strict=True) if isinstance(path, str)
    ]
    with st.container(horizontal=True, gap="small"):
        for item, path in paths[:PICTURES]:
            file = source.folder / path
            tile = pictures.square(file, pictures.modified(file), item, widgets.theme())
            st.image(tile, width=TILE, alt=f"image {item}")


def _import(source: Source) -> None:
    st.subheader("Import it")
    with st.form("import", border=False):
        grid = st.grid(2, min_column_width=240)
        with grid.cell():
            name = st.text_input("Name of the dataset", _free(source.card.name), key=f"name-{source.folder}")
        with grid.cell():
            split = st.selectbox("Held out to measure with", list(SPLITS), format_func=SPLITS.__getitem__, key="split")
        submitted = st.form_submit_button("Import", type="primary", icon=":material/input:")
    if submitted:
        with desk.sentences(), st.spinner("Importing"):
            _write(source, name.strip(), split)
        state.change(dataset=name.strip())
        st.session_state["imported"] = name.strip()
        st.rerun()


def _imported() -> None:
    """What the last import came to, once, and where to go from there."""
    name = st.session_state.pop("imported", None)
    if name is None:
        return
    st.success(f"{widgets.text(name)} is a dataset of this app now, and open.", icon=":material/check_circle:")
    query = state.view().changed(page="train", options={}).query()
    st.page_link(FOLDER / "train.py", label="Train a model", icon=":material/model_training:", query_params=query)


def _free(name: str) -> str:
    """A name like this one that no folder at home has."""
    plain = "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in name).strip(".-")[:60] or "mine"
    names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, 1_000_000))
    return next(one for one in names if not (home() / one).exists())


def _write(source: Source, name: str, split: Any) -> None:
    if not name or name.startswith(".") or not all(sign.isalnum() or sign in "._-" for sign in name) or len(name) > 80:
        raise DataError("The name of a dataset is made of letters, digits, dots, hyphens and underscores, 80 at most.")
    import_tables(source.folder, home() / name, split, name, source.card.seed)


show()
