"""Hostile documents in a source's folder, read as the pipeline reads them: apart, in a process that can be killed."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docx
import pytest

from digests.archive import Archive
from digests.ingest import documents
from digests.ingest.documentparts import PART_LIMIT
from digests.search.index import open_index
from digests.story import Story
from tests.attacks.corpus import Case, each
from tests.conftest import StoppedClock
from tests.fakes.pressroom import PILLAR, Pressroom, folder

CANARY = "canary-9c02"
MIB = 1 << 20
SECONDS = 6.0
"""What one document may take here, made short."""
HONEST = f"# The bridge\n\n{PILLAR}\n"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def file(name: str, content: bytes | str | Callable[[], bytes]) -> Callable[[Path], None]:
    def write(place: Path) -> None:
        made = content() if callable(content) else content
        (place / name).write_bytes(made.encode() if isinstance(made, str) else made)

    return write


def word(**parts: bytes) -> bytes:
    """A Word document with one paragraph; ``parts`` replace or add package parts (``__`` stands for ``/``)."""
    plain = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(PILLAR)
    document.save(plain)
    changed = {name.replace("__", "/").replace("_xml", ".xml"): content for name, content in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changed:
                new.writestr(name, old.read(name))
        for name, content in changed.items():
            new.writestr(name, content)
    return out.getvalue()


def body(inner: str, prolog: str = "") -> bytes:
    return f"{prolog}<w:document xmlns:w='{WORD}'><w:body>{inner}</w:body></w:document>".encode()


def zip_bomb() -> bytes:
    return word(**{"word__media__bomb.bin": bytes(250 * MIB)})


def pdf(*objects: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, with a right table."""
    out, offsets = b"%PDF-1.5\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"trailer << /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, start)


def page(stream: bytes, dictionary: bytes = b"") -> bytes:
    """A PDF with one page of this content."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 << /Type "
        b"/Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), dictionary, stream),
    )


def linked_file(place: Path) -> None:
    secret = place.parent / "secret.md"
    secret.write_text(f"# Secret\n\n{CANARY}\n")
    (place / "link.md").symlink_to(secret)


def linked_folder(place: Path) -> None:
    outside = place.parent / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text(f"# Secret\n\n{CANARY}\n")
    (place / "linked").symlink_to(outside, target_is_directory=True)


def circle(place: Path) -> None:
    (place / "circle").symlink_to(place, target_is_directory=True)
    (place / "self.md").symlink_to(place / "self.md")


def deep(place: Path) -> None:
    path = place
    for _ in range(60):
        path = path / "deep"
    path.mkdir(parents=True)
    (path / "x.md").write_text(HONEST)


def hard_name(place: Path) -> None:
    (place / "..\\..\\evil\n\u202e<b>@everyone.md").write_text(HONEST)


@dataclass(frozen=True, kw_only=True)
class DocumentCase(Case):
    """``told``: a word of the problem that the folder's reading tells; "" means that the document is read."""

    write: Callable[[Path], None]
    told: str


CASES: tuple[DocumentCase, ...] = (
    DocumentCase(
        name="a DOCX that unpacks to 250 MiB",
        expected="refused by what its table says, before anything is unpacked",
        write=file("bomb.docx", zip_bomb),
        told="unpacked it has more than",
    ),
    DocumentCase(
        name="a DOCX whose text unpacks to 60 MiB",
        expected="refused: too much text",
        write=file("bomb.docx", lambda: word(word__document_xml=body("<w:p/>") + b" " * (60 * MIB))),
        told="its text has more than",
    ),
    DocumentCase(
        name="a DOCX of ten thousand parts",
        expected="refused: too many parts",
        write=file("parts.docx", lambda: word(**{f"x__{n}": b"" for n in range(10_000)})),
        told="parts",
    ),
    DocumentCase(
        name="a DOCX with an external entity",
        expected="refused; no file is opened",
        write=file(
            "xxe.docx",
            lambda: word(
                word__document_xml=body(
                    "<w:p><w:r><w:t>&x;</w:t></w:r></w:p>", "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
                )
            ),
        ),
        told="entities",
    ),
    DocumentCase(
        name="a DOCX with an entity declaration in UTF-16",
        expected="refused",
        write=file(
            "xxe.docx",
            lambda: word(word__document_xml=body("<w:p/>", "<!DOCTYPE d [<!ENTITY x 'y'>]>").decode().encode("utf-16")),
        ),
        told="entities",
    ),
    DocumentCase(
        name="a DOCX with billion laughs in its relations",
        expected="refused",
        write=file("laughs.docx", lambda: word(**{"word___rels__document.xml.rels": b"<!DOCTYPE d><Relationships/>"})),
        told="entities",
    ),
    DocumentCase(
        name="a DOCX whose declared sizes are lies",
        expected="refused: it cannot be unpacked; or cut off where its table says",
        write=file(
            "liar.docx",
            lambda: word(word__document_xml=body("<w:p/>") + b" " * MIB).replace(
                (MIB + len(body("<w:p/>"))).to_bytes(4, "little"), (10).to_bytes(4, "little")
            ),
        ),
        told=".",
    ),
    DocumentCase(
        name="a DOCX nested a hundred thousand deep",
        expected="refused by the parser, or ended in its own process",
        write=file("deep.docx", lambda: word(word__document_xml=body("<w:sdt>" * 100_000))),
        told=".",
    ),
    DocumentCase(
        name="a DOCX that is no zip",
        expected="refused: no DOCX",
        write=file("fake.docx", b"PK\x03\x04" + b"\0" * 100),
        told="no DOCX",
    ),
    DocumentCase(
        name="a PDF with a page whose stream unpacks to 120 MiB",
        expected="refused, or ended at the limits on time and memory",
        write=file("bomb.pdf", lambda: page(zlib.compress(bytes(120 * MIB), 9), b"/Filter /FlateDecode")),
        told=".",
    ),
    DocumentCase(
        name="a PDF that filters its filter's filter a hundred times",
        expected="refused, or read as a page without words",
        write=file("filters.pdf", lambda: page(b"x", b"/Filter [" + b"/ASCIIHexDecode " * 100 + b"]")),
        told=".",
    ),
    DocumentCase(
        name="a PDF whose pages contain each other",
        expected="refused",
        write=file(
            "circle.pdf",
            lambda: pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"),
        ),
        told=".",
    ),
    DocumentCase(
        name="a PDF that claims a billion pages",
        expected="refused, or ended at the limit",
        write=file(
            "many.pdf",
            lambda: pdf(
                b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1000000000 >>", b"<< >>"
            ),
        ),
        told=".",
    ),
    DocumentCase(
        name="a PDF of two thousand pages",
        expected="refused: too many pages",
        write=file(
            "long.pdf",
            lambda: pdf(
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [" + b" ".join(b"%d 0 R" % n for n in range(3, 2_003)) + b"] /Count 2000 >>",
                *([b"<< /Type /Page /Parent 2 0 R >>"] * 2_000),
            ),
        ),
        told="pages",
    ),
    DocumentCase(
        name="a PDF with a table that points at itself",
        expected="refused",
        write=file(
            "xref.pdf", b"%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer << /Size 1 /Prev 9 >>\nstartxref\n9\n%%EOF"
        ),
        told=".",
    ),
    DocumentCase(
        name="a PDF that is protected with a password",
        expected="refused: it wants a password, or it is broken",
        write=file(
            "locked.pdf",
            lambda: page(b"x").replace(
                b"/Root 1 0 R",
                b"/Root 1 0 R /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (x) /U (y) >> /ID [(a) (a)]",
            ),
        ),
        told=".",
    ),
    DocumentCase(
        name="a PDF that starts a program and opens an address",
        expected="its words are read; actions mean nothing here",
        write=file(
            "action.pdf",
            lambda: page(b"BT /F1 12 Tf 72 720 Td (The third pillar of the bridge) Tj ET").replace(
                b"/Catalog", b"/Catalog /OpenAction << /S /Launch /F (calc.exe) >>"
            ),
        ),
        told="",
    ),
    DocumentCase(
        name="a PDF that is a web page",
        expected="refused: no PDF",
        write=file("page.pdf", "<html><script>alert(1)</script></html>"),
        told="no PDF",
    ),
    DocumentCase(
        name="Markdown with HTML, scripts and javascript: links",
        expected="read as words: no markup and no address comes out of it",
        write=file("x.md", f"{HONEST}\n<script>alert(1)</script>\n\n[click](javascript:alert(1))\n"),
        told="",
    ),
    DocumentCase(
        name="Markdown nested twenty thousand deep",
        expected="read, refused, or ended at the limit",
        write=file("deep.md", ">" * 20_000 + " x\n\n" + "[" * 20_000),
        told="?",
    ),
    DocumentCase(
        name="Markdown of twenty megabytes in one line",
        expected=f"read up to the limits: {PART_LIMIT:,} characters a part",
        write=file("long.md", "The bridge is long. " * MIB),
        told="",
    ),
    DocumentCase(
        name="a web page nested a hundred thousand deep",
        expected="read, refused, or ended at the limit",
        write=file("deep.html", "<div>" * 100_000 + PILLAR),
        told="?",
    ),
    DocumentCase(
        name="a web page that frames and refreshes to other places",
        expected="its words are read; nothing is fetched",
        write=file(
            "frame.html",
            f"<title>x</title><meta http-equiv=refresh content='0;url=http://127.0.0.1:1/'><iframe src='file:///etc/passwd'>"
            f"</iframe><article><h1>Bridge</h1><p>{PILLAR * 4}</p></article>",
        ),
        told="",
    ),
    DocumentCase(
        name="front matter that is a YAML bomb",
        expected="only its title and dates are looked for, by lines",
        write=file("x.md", "---\ntitle: &a [*a, !!python/object:os.system x]\n---\n" + HONEST),
        told="",
    ),
    DocumentCase(
        name="a link to a file outside the folder",
        expected="not followed, and told",
        write=linked_file,
        told="outside the folder",
    ),
    DocumentCase(
        name="a link to a folder outside the folder",
        expected="not followed",
        write=linked_folder,
        told="?",
    ),
    DocumentCase(name="links in a circle", expected="not followed, and told", write=circle, told="outside the folder"),
    DocumentCase(name="folders sixty deep", expected="read", write=deep, told=""),
    DocumentCase(
        name="a file name with line breaks, markup and marks that turn the reading direction",
        expected="read under a name that is made visible",
        write=hard_name,
        told="",
    ),
    DocumentCase(
        name="a pipe that never ends",
        expected="refused: no ordinary file; nobody waits for it",
        write=lambda place: os.mkfifo(place / "pipe.md"),
        told="no ordinary file",
    ),
    DocumentCase(
        name="a file of sixty megabytes",
        expected="refused by its size, unread",
        write=lambda place: os.truncate(os.open(place / "large.md", os.O_CREAT | os.O_WRONLY), 60 * MIB),
        told="larger than",
    ),
)


@pytest.mark.parametrize("case", each(CASES))
async def test_a_hostile_document(
    case: DocumentCase,
    archive: Archive,
    tiny: Story,
    clock: StoppedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(documents, "DOCUMENT_SECONDS", SECONDS)
    place = tmp_path / "documents"
    place.mkdir()
    (place / "zz-honest.md").write_text(HONEST)
    case.write(place)
    problems = documents.read_folder(place).problems
    told = "\n".join(problems)
    if case.told in ("", "?"):
        assert not problems or case.told == "?"
    else:
        assert case.told in told if case.told != "." else told
    assert len(told) < 1_000
    press = Pressroom(archive, tiny, await open_index(archive), clock, sources=[folder("shelf", place)])
    await press.update("shelf")
    items = await press.items()
    assert "zz-honest.md" in {item.key.partition("#")[0] for item in items}, "an honest document is read as ever"
    words = "\n".join(f"{item.key}\n{item.title}\n{item.text}" for item in items)
    assert CANARY not in words + told
    assert "root:" not in words
    assert "\u202e" not in words
    assert {item.url for item in items} == {None}
