"""Small PDFs made to order: pages of placed text, and files built to do harm."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple


class Words(NamedTuple):
    """Text at ``x`` and baseline ``y`` (points, from the top left of a 612 by 792 page)."""

    x: float
    y: float
    text: str
    size: float = 10.0
    font: str = "F1"  # F1 Helvetica, F2 Helvetica-Bold, F3 Helvetica-Oblique, F4 Courier
    before: str = ""  # operators before the text: colour, render mode


def content_of(words: Sequence[Words]) -> bytes:
    """A page's content stream."""
    parts = []
    for item in words:
        text = item.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        place = f"1 0 0 1 {item.x} {792 - item.y} Tm"
        parts.append(f"q {item.before} BT /{item.font} {item.size} Tf {place} ({text}) Tj ET Q")
    return "\n".join(parts).encode("cp1252")


def pdf_of(pages: Sequence[Sequence[Words] | bytes], *, page_entries: str = "", encode: bool = False) -> bytes:
    """A PDF whose pages hold the given words (or raw content streams)."""
    fonts = "/Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R /F4 6 0 R >>"
    objects = {
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Oblique /Encoding /WinAnsiEncoding >>",
        6: b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    }
    kids = []
    for index, page in enumerate(pages):
        number = 10 + 2 * index
        kids.append(f"{number} 0 R")
        entries = page_entries or "/MediaBox [0 0 612 792]"
        head = f"<< /Type /Page /Parent 2 0 R {entries} /Resources << {fonts} >> /Contents {number + 1} 0 R >>"
        objects[number] = head.encode()
        objects[number + 1] = stream(page if isinstance(page, bytes) else content_of(page), encode=encode)
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[2] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    return file_of(objects)


def stream(data: bytes, *, encode: bool = False, entries: str = "") -> bytes:
    """A stream object, deflated if asked."""
    body = zlib.compress(data, 9) if encode else data
    filters = "/Filter /FlateDecode" if encode else ""
    return f"<< /Length {len(body)} {filters} {entries} >>\nstream\n".encode() + body + b"\nendstream"


def file_of(objects: dict[int, bytes], *, trailer: str = "/Root 1 0 R") -> bytes:
    """A whole file from numbered objects."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number in sorted(objects):
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + objects[number] + b"\nendobj\n"
    start = len(out)
    highest = max(objects)
    out += f"xref\n0 {highest + 1}\n0000000000 65535 f \n".encode()
    for number in range(1, highest + 1):
        out += f"{places[number]:010d} 00000 n \n".encode() if number in places else b"0000000000 00000 f \n"
    out += f"trailer\n<< /Size {highest + 1} {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def flate_bomb(expanded_bytes: int) -> bytes:
    """A page whose content is ``expanded_bytes`` of text operators behind a small deflated stream."""
    line = b"BT /F1 9 Tf 1 0 0 1 72 700 Tm (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj ET\n"
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(line * 10_000) for _ in range(expanded_bytes // (len(line) * 10_000)))
    packed += packer.flush()
    body = f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream"
    return file_of(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [10 0 R] /Count 1 >>",
            3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            10: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
            b" /Contents 11 0 R >>",
            11: body,
        }
    )


def nested_forms(*, depth: int, width: int) -> bytes:
    """Forms that each paint the next one ``width`` times: ``width ** depth`` things to paint in a few kilobytes."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [10 0 R] /Count 1 >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        10: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792]"
        b" /Resources << /XObject << /X 20 0 R >> >> /Contents 11 0 R >>",
        11: stream(b"/X Do"),
    }
    for level in range(depth):
        last = level == depth - 1
        inner = b"BT /F1 9 Tf 72 700 Td (deep) Tj ET" if last else b"/X Do\n" * width
        resources = "/Font << /F1 3 0 R >>" if last else f"/XObject << /X {21 + level} 0 R >>"
        entries = f"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << {resources} >>"
        objects[20 + level] = stream(inner, entries=entries)
    return file_of(objects)


def endless_shade() -> bytes:
    """Two pages with a figure each, the first of a shade whose function has a hundred thousand steps a pixel."""
    prose = paragraph(72, 400, ["the model reads every passage of the paper once and keeps what it needs"] * 9)
    shade = b"q 100 462 400 130 re W n /S1 sh Q\n" + content_of([Words(200, 352, "Figure 1: A shade."), *prose])
    box = b"q 0.2 0.4 0.8 rg 150 462 300 130 re f Q\n" + content_of([Words(200, 352, "Figure 2: A box."), *prose])
    steps = b"{ " + b"dup mul sqrt " * 100_000 + b"pop }"
    fonts = "/Font << /F1 3 0 R >> /Shading << /S1 12 0 R >>"
    page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << %s >> /Contents %d 0 R >>"
    return file_of({
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [10 0 R 14 0 R] /Count 2 >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        10: (page % (fonts, 11)).encode(),
        11: stream(shade),
        12: b"<< /ShadingType 1 /ColorSpace /DeviceGray /Domain [0 1 0 1] /Matrix [400 0 0 130 100 462]"
        b" /Function 13 0 R >>",
        13: stream(steps, entries="/FunctionType 4 /Domain [0 1 0 1] /Range [0 1]"),
        14: (page % (fonts, 15)).encode(),
        15: stream(box),
    })  # fmt: skip


def many_pages(count: int) -> bytes:
    """``count`` pages that share one object, each with a line of text."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        11: stream(content_of([Words(72, 100, "The same line of text stands on every page of this long file.")])),
    }
    resources = "/Resources << /Font << /F1 3 0 R >> >>"
    head = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {resources} /Contents 11 0 R >>"
    objects[2] = f"<< /Type /Pages /Kids [{'12 0 R ' * count}] /Count {count} >>".encode()
    objects[12] = head.encode()
    return file_of(objects)


def paragraph(
    x: float, y: float, lines: Sequence[str], *, size: float = 10.0, font: str = "F1", leading: float = 12.0
) -> list[Words]:
    """Lines below each other."""
    return [Words(x, y + leading * index, line, size, font) for index, line in enumerate(lines)]
