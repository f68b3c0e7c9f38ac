"""The files that entries name: found in every spelling, in every format, and never what a stranger should not reach."""

from __future__ import annotations

import csv
import io
import os
import unicodedata
from pathlib import Path

import pytest

from kb.records import Found, Item, PassedOver
from kb.sources import bibtex
from kb.sources.formats import reader_for

PDF = b"%PDF-1.4\n%%EOF\n"
FORMATS = ("bib", "ris", "csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = ("storage/X3/a.pdf", "storage/X3/b: two; of_them.pdf", "Müller.pdf", "plain.pdf", "a b.pdf",
             "refs.Data/PDF/0123/Dorn.pdf", "by topic/nlp/2020/deep.pdf")  # fmt: skip
    for name in names:
        path = tmp_path / "lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PDF)
    (tmp_path / "lib" / "page.html").write_text("<p>x</p>")
    (tmp_path / "lib" / "notes.docx").write_bytes(b"PK")
    return tmp_path / "lib"


def entry_naming(*paths: str, ending: str) -> str:
    """A file with one entry that names these paths, as plain as its format writes them."""
    if ending == "ris":
        return "\n".join(["TY  - JOUR", "TI  - A title", *(f"L1  - {path}" for path in paths), "ER  - "])
    if ending == "bib":
        return f"@misc{{k, title={{A title}}, file={{{';'.join(paths)}}}}}"
    stream = io.StringIO()
    fields = {"Key": "K", "Item Type": "journalArticle", "Title": "A title", "File Attachments": "; ".join(paths)}
    writer = csv.DictWriter(stream, fields, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerow(fields)
    return stream.getvalue()


def read(folder: Path, text: str, *, ending: str) -> list[Found]:
    path = folder / f"refs.{ending}"
    path.write_text(text, encoding="utf-8")
    format_ = reader_for(path, named=True)
    assert format_ is not None
    return list(format_.read(path, max_bytes=60_000_000))


def sorted_out(things: list[Found], folder: Path) -> tuple[list[str], list[str], list[str]]:
    """(files found, missing, passed over)."""
    items = [thing for thing in things if isinstance(thing, Item)]
    assert len({item.record for item in items}) == 1
    assert all(item.private and item.file_kind == "pdf" for item in items if item.file)
    assert all(not item.missing for item in items[1:])
    found = [os.path.relpath(item.file, folder) for item in items if item.file]
    return found, list(items[0].missing), [thing.what for thing in things if isinstance(thing, PassedOver)]


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("storage/X3/a.pdf", "storage/X3/a.pdf"),
        ("storage\\X3\\a.pdf", "storage/X3/a.pdf"),
        ("/home/somebody/Zotero/storage/X3/a.pdf", "storage/X3/a.pdf"),
        ("C:\\Users\\me\\Zotero\\storage\\X3\\a.pdf", "storage/X3/a.pdf"),
        ("C:/Users/me/plain.pdf", "plain.pdf"),
        ("\\\\server\\share\\plain.pdf", "plain.pdf"),
        ("/Users/me/Papers/by topic/nlp/2020/deep.pdf", "by topic/nlp/2020/deep.pdf"),
        ("file:///home/somebody/a%20b.pdf", "a b.pdf"),
        ("file://localhost/Users/me/plain.pdf", "plain.pdf"),
        ("file:///C:/Users/me/plain.pdf", "plain.pdf"),
        ("internal-pdf://0123/Dorn.pdf", "refs.Data/PDF/0123/Dorn.pdf"),
        ("attachments:plain.pdf", "plain.pdf"),
        (unicodedata.normalize("NFD", "Müller.pdf"), "Müller.pdf"),
        ("../lib/plain.pdf", "plain.pdf"),
    ],
)
def test_a_path_is_found_alike_in_every_format(folder: Path, ending: str, path: str, found: str) -> None:
    written = path.replace("\\", "\\\\").replace(":\\", "\\:\\") if ending == "bib" else path
    assert sorted_out(read(folder, entry_naming(written, ending=ending), ending=ending), folder) == ([found], [], [])


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("Full Text:storage/X3/a.pdf:application/pdf;Page:page.html:text/html", "storage/X3/a.pdf"),  # Zotero
        (":storage/X3/a.pdf:PDF", "storage/X3/a.pdf"),  # JabRef
        ("storage/X3/a.pdf", "storage/X3/a.pdf"),  # Better BibTeX
        ("a.pdf:storage/X3/b\\: two\\; of\\_them.pdf:application/pdf", "storage/X3/b: two; of_them.pdf"),
        ("A: title.pdf:storage/X3/a.pdf:application/pdf", "storage/X3/a.pdf"),
        (":M{\\\"u}ller.pdf:PDF", "Müller.pdf"),
        (":C$\\backslash$:/Users/me/storage/X3/a.pdf:pdf", "storage/X3/a.pdf"),  # Mendeley on Windows
        ("C:\\Users\\me\\storage\\X3\\a.pdf", "storage/X3/a.pdf"),
        ("a.pdf:C\\:\\\\Users\\\\me\\\\plain.pdf:application/pdf", "plain.pdf"),
        (":home/somebody/else/plain.pdf:pdf", "plain.pdf"),  # Mendeley leaves the first slash out
        ("{plain.pdf:/Users/me/Library/plain.pdf:application/pdf}", "plain.pdf"),  # Papers
    ],
)  # fmt: skip
def test_bibtex_joins_label_path_and_kind(folder: Path, field: str, found: str) -> None:
    things = read(folder, f"@misc{{k, title={{T}}, file={{{field}}}}}", ending="bib")
    assert sorted_out(things, folder)[:2] == ([found], [])


@pytest.mark.parametrize("ending", FORMATS)
def test_each_pdf_is_an_item_of_one_record_and_the_others_are_said(folder: Path, ending: str) -> None:
    paths = ("storage/X3/a.pdf", "plain.pdf", "gone.pdf", "page.html", "notes.docx", "https://example.org/a.pdf")
    assert sorted_out(read(folder, entry_naming(*paths, ending=ending), ending=ending), folder) == (
        ["storage/X3/a.pdf", "plain.pdf"],
        ["gone.pdf"],
        ["page.html", "notes.docx"],
    )


@pytest.mark.parametrize("ending", FORMATS)
def test_outside_of_the_folder_only_what_begins_as_a_pdf_is_taken(folder: Path, tmp_path: Path, ending: str) -> None:
    (tmp_path / "mine.pdf").write_bytes(PDF)
    (tmp_path / "keys").mkdir()
    for name in ("keys/id_rsa", "keys/id_rsa.pdf"):
        (tmp_path / name).write_bytes(b"secret")
    (folder / "link.pdf").symlink_to(tmp_path / "keys" / "id_rsa")
    for path in (str(tmp_path / "mine.pdf"), str(tmp_path / "mine.pdf")[1:], "../mine.pdf"):
        found = sorted_out(read(folder, entry_naming(path, ending=ending), ending=ending), folder)
        assert found == (["../mine.pdf"], [], [])
    paths = ("../keys/id_rsa", "../keys/id_rsa.pdf", "link.pdf", str(tmp_path / "keys/id_rsa"), "/etc/passwd")
    found = sorted_out(read(folder, entry_naming(*paths, ending=ending), ending=ending), folder)
    assert found == ([], [], list(paths))


def test_within_the_folder_a_file_called_pdf_is_taken_so_that_its_fault_is_said(folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"<html>sign in</html>")
    things = read(folder, entry_naming("broken.pdf", ending="ris"), ending="ris")
    assert sorted_out(things, folder) == (["broken.pdf"], [], [])


@pytest.mark.parametrize("ending", FORMATS)
def test_a_device_or_pipe_is_no_attachment(folder: Path, ending: str) -> None:
    os.mkfifo(folder / "pipe.pdf")
    (folder / "null.pdf").symlink_to("/dev/null")
    paths = ["pipe.pdf", "null.pdf", "/dev/null"]
    assert sorted_out(read(folder, entry_naming(*paths, ending=ending), ending=ending), folder) == ([], paths, [])


@pytest.mark.parametrize("ending", FORMATS)
def test_an_entry_names_so_many_files_and_no_more(folder: Path, ending: str) -> None:
    paths = [f"gone{number}.pdf" for number in range(130)]
    found, missing, passed = sorted_out(read(folder, entry_naming(*paths, ending=ending), ending=ending), folder)
    assert (found, missing, passed) == ([], paths[:100], ["gone100.pdf"])


def test_without_a_folder_no_file_is_looked_for() -> None:
    [item] = bibtex.read("@misc{k, title={T}, file={/etc/passwd.pdf}}")
    assert isinstance(item, Item)
    assert (item.file, item.missing) == (None, ())
