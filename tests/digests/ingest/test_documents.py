"""Documents in a folder."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import docx
import pytest

from digests.errors import ParseError
from digests.ingest import documentparts, documents
from digests.ingest.documentparts import take_apart
from digests.ingest.documents import folder_fingerprint, read_document, read_documents, read_folder
from digests.ingest.reflow import reflow
from tests.fakes import workerjobs

MARKDOWN = """---
title: "Japan and NATO: a reader"
date: 2026-05-29
---
Opening words of the *document*, with a [link](https://p.example/).

# Background

First line of a paragraph
that goes on. **Bold** and `code <b>`.

- One point
- Two points

## What is next?

| Year | Sum |
|------|-----|
| 2025 | 3   |

```
# not a heading
```

# Background

Another part with the same heading. <script>alert(1)</script>
"""


def pdf(*pages: str, info: str = "") -> bytes:
    """A PDF with one line of text for each line of ``pages``."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for page in pages:
        shown = "".join(f"({line}) Tj 0 -14 Td " for line in page.split("\n"))
        stream = f"BT /F1 12 Tf 72 720 Td {shown}ET"
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {number + 1} 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append(f"<< {info} >>")
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode()
    start = len(out)
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    return (
        out
        + (
            f"xref\n0 {size}\n0000000000 65535 f \n{table}"
            f"trailer << /Size {size} /Root 1 0 R /Info {size - 1} 0 R >>\nstartxref\n{start}\n%%EOF\n"
        ).encode()
    )


def word_document() -> bytes:
    document = docx.Document()
    document.core_properties.created = datetime(2026, 5, 29, 10, 0)  # noqa: DTZ001 - as Word stores it
    document.add_heading("A report", level=0)
    document.add_paragraph("Opening words.")
    document.add_heading("日本の役割", level=1)
    document.add_paragraph("本文です。")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "2025", "3 billion"
    document.add_heading("Outlook", level=2)
    document.add_paragraph("Closing words.")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def changed_package(payload: bytes, name: str, content: bytes) -> bytes:
    """The package with one part replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(payload)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, content)
    return out.getvalue()


def test_a_folder_of_documents_becomes_entries(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "reader.md").write_text(MARKDOWN)
    (tmp_path / "sub" / "report.docx").write_bytes(word_document())
    (tmp_path / "sub" / "law.pdf").write_bytes(pdf("Page one says this.", "Page two says that."))
    (tmp_path / "page.html").write_text(f"<title>A page</title><h1>One</h1><p>{'Words of the page. ' * 20}</p>")
    for passed_over in ("notes.txt", ".hidden.md", "~$report.docx", "picture.png"):
        (tmp_path / passed_over).write_text("# not read")
    feed = read_folder(tmp_path)
    assert feed.problems == ()
    assert [entry.key for entry in feed.entries] == [
        "page.html#§ One",
        "reader.md",
        "reader.md#§ Background",
        "reader.md#§ What is next?",
        "reader.md#§ Background (2)",
        "sub/law.pdf#p. 1",
        "sub/law.pdf#p. 2",
        "sub/report.docx",
        "sub/report.docx#§ 日本の役割",
        "sub/report.docx#§ Outlook",
    ]
    assert all(entry.url is None for entry in feed.entries)
    assert read_documents(tmp_path) == feed.entries


def test_markdown_is_read_by_sections(tmp_path: Path) -> None:
    (tmp_path / "reader.md").write_text(MARKDOWN)
    opening, background, following, again = read_documents(tmp_path)
    assert {entry.title for entry in (opening, background, following, again)} == {"Japan and NATO: a reader"}
    assert opening.published == datetime(2026, 5, 29, tzinfo=UTC)
    assert (opening.locator, opening.html) == (None, "Opening words of the document, with a link.")
    assert background.locator == "§ Background"
    assert background.html == "First line of a paragraph that goes on. Bold and code <b>.\nOne point\nTwo points"
    assert following.html == "Year Sum\n2025 3\n# not a heading"
    assert again.html == "Another part with the same heading. <script>alert(1)</script>"


def test_word_documents_are_read_by_sections() -> None:
    parts = take_apart(word_document(), "docx")
    assert parts.title == "A report"
    assert parts.published == datetime(2026, 5, 29, 10, 0, tzinfo=UTC)
    assert [(part.locator, part.text) for part in parts.parts] == [
        (None, "Opening words."),
        ("§ 日本の役割", "本文です。\n2025 3 billion"),
        ("§ Outlook", "Closing words."),
    ]


def test_pdfs_are_read_by_pages() -> None:
    made = pdf("The cabinet has\ndecided to join.\nNothing more.", "Second.",
               info="/Title (A law) /CreationDate (D:20260529100000+09'00')")  # fmt: skip
    parts = take_apart(made, "pdf")
    assert (parts.title, parts.published) == ("A law", datetime(2026, 5, 29, 1, 0, tzinfo=UTC))
    assert [(part.locator, part.text) for part in parts.parts] == [
        ("p. 1", "The cabinet has decided to join.\nNothing more."),
        ("p. 2", "Second."),
    ]


def test_keys_stay_when_a_document_is_edited_or_the_folder_moves(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder, text in ((first, "# One\n\nText."), (second, "# One\n\nOther text.\n\n# Two\n\nNew.")):
        folder.mkdir()
        (folder / "x.md").write_text(text)
    assert read_documents(first)[0].key == read_documents(second)[0].key == "x.md#§ One"


def test_the_fingerprint_changes_with_the_documents_only(tmp_path: Path) -> None:
    document = tmp_path / "x.md"
    document.write_text("# One\n\nText.")
    before = folder_fingerprint(tmp_path)
    (tmp_path / "notes.txt").write_text("no document")
    assert folder_fingerprint(tmp_path) == before
    document.write_text("# One\n\nOther text.")
    assert folder_fingerprint(tmp_path) != before


def test_names_that_are_no_utf_8_are_made_printable(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md")).write_text("# One\n\nText.")
    (entry,) = read_documents(tmp_path)
    assert entry.key == "caf\ufffd.md#§ One"
    assert folder_fingerprint(tmp_path)


# --- what must not be read ----------------------------------------------------------------------------------


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    folder, outside = tmp_path / "documents", tmp_path / "secret"
    folder.mkdir()
    outside.mkdir()
    (outside / "key.md").write_text("# Secret\n\ncanary")
    (folder / "link.md").symlink_to(outside / "key.md")
    (folder / "linked").symlink_to(outside, target_is_directory=True)
    (folder / "gone.md").symlink_to(folder / "nothing.md")
    (folder / "circle.md").symlink_to(folder / "circle.md")
    (folder / "fine.md").write_text("# Fine\n\nText.")
    feed = read_folder(folder)
    assert [entry.key for entry in feed.entries] == ["fine.md#§ Fine"]
    assert sum("outside the folder" in problem for problem in feed.problems) == 3
    for path in (folder / "link.md", folder / ".." / "secret" / "key.md", outside / "key.md"):
        with pytest.raises(ParseError, match="outside"):
            read_document(path, folder)


def test_links_within_the_folder_are_followed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# One\n\nText.")
    (tmp_path / "b.md").symlink_to(tmp_path / "a.md")
    assert [entry.key for entry in read_documents(tmp_path)] == ["a.md#§ One", "b.md#§ One"]


def test_a_pipe_is_no_document(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert "no ordinary file" in read_folder(tmp_path).problems[0]


def test_one_bad_document_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"no pdf at all")
    (tmp_path / "b.docx").write_bytes(b"PK no zip at all")
    (tmp_path / "c.md").write_text("")
    (tmp_path / "d.pdf").write_bytes(pdf("Fine.")[:-200])
    (tmp_path / "e.md").write_text("Fine.")
    feed = read_folder(tmp_path)
    assert feed.entries[-1].key == "e.md"
    assert [problem.split(":")[0] for problem in feed.problems[:3]] == ["a.pdf", "b.docx", "c.md"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path / "file"):
        (tmp_path / "file").write_text("x")
        with pytest.raises(ParseError, match="folder"):
            read_documents(path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "FILE_LIMIT", 10)
    (tmp_path / "x.md").write_text("# More than ten bytes")
    assert "larger than" in read_folder(tmp_path).problems[0]


def test_a_document_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "take_apart", workerjobs.hang)
    monkeypatch.setattr(documents, "DOCUMENT_SECONDS", 0.2)
    (tmp_path / "x.md").write_text("# One\n\nText.")
    assert "took longer" in read_folder(tmp_path).problems[0]


BODY = b"<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body><w:p/></w:body></w:document>"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("word/document.xml", b"<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + BODY, "entities"),
        ("word/document.xml", b"<!--" + b" " * 70_000 + b"--><!doctype d [<!ENTITY x 'y'>]>" + BODY, "entities"),
        ("word/document.xml", ("<!DOCTYPE d [<!ENTITY x 'y'>]>" + BODY.decode()).encode("utf-16"), "entities"),
        ("word/_rels/document.xml.rels", b"<!DOCTYPE d><Relationships/>", "entities"),
        ("word/document.xml", BODY + b" " * (2 << 20), "its text has more than 1 MiB"),
        ("word/media/bomb.bin", bytes(5 << 20), "unpacked it has more than 4 MiB"),
    ],
    ids=["external entity", "behind a comment", "utf-16", "relations", "text bomb", "zip bomb"],
)
def test_hostile_packages_are_refused(name: str, content: bytes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documentparts, "_XML_LIMIT", 1 << 20)
    monkeypatch.setattr(documentparts, "_ZIP_LIMIT", 4 << 20)
    with pytest.raises(ParseError, match=why):
        take_apart(changed_package(word_document(), name, content), "docx")


def test_a_package_of_very_many_parts_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for number in range(5_001):
            package.writestr(str(number), b"")
    with pytest.raises(ParseError, match="parts"):
        take_apart(out.getvalue(), "docx")


def test_a_pdf_without_text_is_told_apart() -> None:
    with pytest.raises(ParseError, match="scan"):
        take_apart(pdf(""), "pdf")


# --- lines to paragraphs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("The cabinet decided on\nFriday to join.\nThe end.", "The cabinet decided on Friday to join.\nThe end."),
        ("It was a deci-\nsion of the cab-\ninet.", "It was a decision of the cabinet."),
        ("政府は支援を決定し、\n訓練に参加する。\n以上", "政府は支援を決定し、訓練に参加する。\n以上"),
        ("Items of the list are\n• one thing\n• another", "Items of the list are\n• one thing\n• another"),
        (
            "Title\n\nA long line of the text that\nis broken here to fit.",
            "Title\nA long line of the text that is broken here to fit.",
        ),
        ("", ""),
        ("\n\n", ""),
    ],
)
def test_lines_are_put_together_to_paragraphs(lines: str, text: str) -> None:
    assert reflow(lines) == text
