"""Archives from outside: whatever is in them, nothing lands outside the folder and nothing grows past the bounds."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from workbench.data import unpack as module
from workbench.data.errors import DataError
from workbench.data.unpack import lay_out, unpack


def archive(files: dict[str, bytes], mode: dict[str, int] | None = None) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode or {}).get(name, stat.S_IFREG | 0o644) << 16
            made.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer


TABLE = {"items.csv": b"item\n1\n", "likes.csv": b"user,item\n1,1\n"}


def test_tables_and_images_come_out_and_the_rest_is_left(tmp_path: Path) -> None:
    files = {f"mine/{name}": content for name, content in TABLE.items()}
    files |= {"mine/images/1.jpg": b"x", "mine/run.py": b"x", "__MACOSX/mine/._1.jpg": b"x", "mine/.hidden.csv": b"x"}
    left_out = unpack(archive(files), tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"items.csv", "likes.csv", "images/1.jpg"}
    assert set(left_out) == {"mine/run.py", "__MACOSX/mine/._1.jpg", "mine/.hidden.csv"}


@pytest.mark.parametrize("name", ["../out.csv", "a/../../out.csv", "/out.csv", "..\\out.csv", "C:/out.csv"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="leads out of its folder"):
        unpack(archive(TABLE | {name: b"x"}), tmp_path / "in")
    assert not list(tmp_path.rglob("out.csv"))


def test_a_link_is_refused(tmp_path: Path) -> None:
    made = archive(TABLE | {"images/1.jpg": b"/etc/passwd"}, {"images/1.jpg": stat.S_IFLNK | 0o777})
    with pytest.raises(DataError, match="leads out of its folder"):
        unpack(made, tmp_path)


def test_bounds_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    with pytest.raises(DataError, match="too large once unpacked"):
        unpack(archive(TABLE | {"images/1.jpg": bytes(2000)}), tmp_path / "a")
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match="once unpacked"):
        unpack(archive(TABLE | {"images/1.jpg": bytes(900), "images/2.jpg": bytes(900)}), tmp_path / "b")
    monkeypatch.setattr(module, "MOST_FILES", 1)
    with pytest.raises(DataError, match="holds 2 files"):
        unpack(archive(TABLE), tmp_path / "c")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no zip", "cannot be unpacked"), (archive({"a.txt": b"x"}).getvalue(), "holds no table")],
)
def test_what_is_no_archive_of_tables_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        unpack(io.BytesIO(content), tmp_path, "mine.zip")


def test_names_that_differ_by_case_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="twice"):
        unpack(archive(TABLE | {"images/a.jpg": b"x", "images/A.jpg": b"y"}), tmp_path)


def test_single_tables_are_put_side_by_side(tmp_path: Path) -> None:
    lay_out([(name, io.BytesIO(content)) for name, content in TABLE.items()], tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == TABLE
    for wrong in ("mine.csv", "../users.csv", "likes.csv"):
        with pytest.raises(DataError):
            lay_out([(wrong, io.BytesIO(b"x"))], tmp_path)
