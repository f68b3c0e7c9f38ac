"""How arXiv writes: pages of its API, its feeds in both forms, its errors, and stand-ins for its files."""

from __future__ import annotations

import base64
import hashlib
import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from kb.calendar import EASTERN

_NAMESPACES = (
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" '
    'xmlns="http://www.w3.org/2005/Atom"'
)


@dataclass(frozen=True)
class Eprint:
    """One version of a paper as arXiv holds it."""

    id: str
    version: int
    listed: date
    title: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    comment: str | None
    abstract: str
    journal_ref: str | None
    doi: str | None
    license: str
    published: datetime
    updated: datetime
    has_pdf: bool = True

    @property
    def name(self) -> str:
        """Id with version."""
        return f"{self.id}v{self.version}"


@dataclass(frozen=True)
class Announced:
    """A version under the announcement type that a feed gives it."""

    eprint: Eprint
    type: str


def atom_page(page: Sequence[Eprint], *, total: int, start: int, size: int, title: str) -> str:
    """A page of the API's answer, in the order of elements of the recorded ones."""
    mark = base64.b64encode(hashlib.sha1(title.encode()).digest()).decode().rstrip("=")
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<feed {_NAMESPACES}>\n  <id>https://arxiv.org/api/{mark}</id>\n"
        f"  <title>arXiv Query: {escape(title)}</title>\n  <updated>2026-04-12T22:09:26Z</updated>\n"
        f'  <link href={quoteattr(f"https://arxiv.org/api/query?{title}")} type="application/atom+xml"/>\n'
        f"  <opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>\n"
        f"  <opensearch:totalResults>{total}</opensearch:totalResults>\n"
        f"  <opensearch:startIndex>{start}</opensearch:startIndex>\n{''.join(map(_atom_entry, page))}</feed>\n"
    )


def atom_error(summary: str) -> str:
    """The API's error, which is a feed with one entry."""
    where = f"https://arxiv.org/api/errors#{summary.replace(' ', '_')}"
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<feed {_NAMESPACES}>\n  <id>https://arxiv.org/</id>\n"
        "  <title>arXiv Search Results</title>\n  <updated>2026-04-12T22:59:06Z</updated>\n"
        "  <opensearch:itemsPerPage>1</opensearch:itemsPerPage>\n"
        "  <opensearch:totalResults>1</opensearch:totalResults>\n"
        f"  <opensearch:startIndex>0</opensearch:startIndex>\n  <entry>\n    <id>{escape(where)}</id>\n"
        f'    <title>Error</title>\n    <updated>2026-04-12T22:59:06Z</updated>\n    <link href="{escape(where)}" '
        f'rel="alternate" type="text/html"/>\n    <summary>{escape(summary)}</summary>\n    <author>\n'
        "      <name>arXiv api core</name>\n    </author>\n  </entry>\n</feed>\n"
    )


def _atom_entry(eprint: Eprint) -> str:
    lines = [
        f"<id>http://arxiv.org/abs/{eprint.name}</id>",
        f"<title>{escape(eprint.title)}</title>",
        f"<updated>{eprint.updated:%Y-%m-%dT%H:%M:%SZ}</updated>",
        f'<link href="https://arxiv.org/abs/{eprint.name}" rel="alternate" type="text/html"/>',
    ]
    if eprint.has_pdf:
        lines.append(
            f'<link href="https://arxiv.org/pdf/{eprint.name}" rel="related" type="application/pdf" title="pdf"/>'
        )
    lines.append(f"<summary>{escape(eprint.abstract)}</summary>")
    lines += [f'<category term="{c}" scheme="http://arxiv.org/schemas/atom"/>' for c in eprint.categories]
    lines.append(f"<published>{eprint.published:%Y-%m-%dT%H:%M:%SZ}</published>")
    if eprint.comment:
        lines.append(f"<arxiv:comment>{escape(eprint.comment)}</arxiv:comment>")
    lines.append(f'<arxiv:primary_category term="{eprint.categories[0]}"/>')
    if eprint.journal_ref:
        lines.append(f"<arxiv:journal_ref>{escape(eprint.journal_ref)}</arxiv:journal_ref>")
    lines += [f"<author>\n      <name>{escape(author)}</name>\n    </author>" for author in eprint.authors]
    if eprint.doi:
        lines.append(f"<arxiv:doi>{escape(eprint.doi)}</arxiv:doi>")
        lines.append(f'<link rel="related" href="https://doi.org/{escape(eprint.doi)}" title="doi"/>')
    return "  <entry>\n" + "".join(f"    {line}\n" for line in lines) + "  </entry>\n"


# ---------------------------------------------------------------------------------------------- feeds


def atom_feed(announced: Sequence[Announced], *, day: date, name: str) -> str:
    """The daily feed in its Atom form, made at midnight in arXiv's time zone."""
    made = (_midnight(day) + timedelta(seconds=19, microseconds=866337)).astimezone(UTC).isoformat()
    entries = []
    for one in announced:
        eprint = one.eprint
        categories = "".join(f'    <category term="{c}"/>\n' for c in eprint.categories)
        entries.append(
            f"  <entry>\n    <id>oai:arXiv.org:{eprint.name}</id>\n    <title>{escape(eprint.title)}</title>\n"
            f"    <updated>{made}</updated>\n"
            f'    <link href="https://arxiv.org/abs/{eprint.id}" rel="alternate" type="text/html"/>\n'
            f"    <summary>{escape(_description(one))}</summary>\n{categories}"
            f"    <published>{_midnight(day).isoformat()}</published>\n"
            f"    <arxiv:announce_type>{one.type}</arxiv:announce_type>\n"
            f"    <dc:rights>{escape(eprint.license)}</dc:rights>\n"
            f"    <dc:creator>{escape(', '.join(eprint.authors))}</dc:creator>\n{_published_as(eprint)}  </entry>\n"
        )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us">\n  <id>http://rss.arxiv.org/atom/{name}</id>\n'
        f"  <title>{name} updates on arXiv.org</title>\n  <updated>{made}</updated>\n"
        f'  <link href="http://rss.arxiv.org/atom/{name}" rel="self" type="application/atom+xml"/>\n'
        f"  <subtitle>{name} updates on the arXiv.org e-print archive.</subtitle>\n{''.join(entries)}</feed>\n"
    )


def rss_feed(announced: Sequence[Announced], *, day: date, name: str) -> str:
    """The daily feed in its RSS 2.0 form."""
    stamp = format_datetime(_midnight(day))
    items = []
    for one in announced:
        eprint = one.eprint
        items.append(
            f"    <item>\n      <title>{escape(eprint.title)}</title>\n"
            f"      <link>https://arxiv.org/abs/{eprint.id}</link>\n"
            f"      <description>{escape(_description(one))}</description>\n"
            f'      <guid isPermaLink="false">oai:arXiv.org:{eprint.name}</guid>\n'
            + "".join(f"      <category>{c}</category>\n" for c in eprint.categories)
            + f"      <pubDate>{stamp}</pubDate>\n      <arxiv:announce_type>{one.type}</arxiv:announce_type>\n"
            f"      <dc:rights>{escape(eprint.license)}</dc:rights>\n"
            f"      <dc:creator>{escape(', '.join(eprint.authors))}</dc:creator>\n{_published_as(eprint)}    </item>\n"
        )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:atom="http://www.w3.org/2005/Atom" version="2.0">\n  <channel>\n'
        f"    <title>{name} updates on arXiv.org</title>\n    <link>http://rss.arxiv.org/rss/{name}</link>\n"
        f"    <description>{name} updates on the arXiv.org e-print archive.</description>\n"
        f"    <lastBuildDate>{stamp}</lastBuildDate>\n    <pubDate>{stamp}</pubDate>\n    <skipDays>\n"
        f"      <day>Sunday</day>\n      <day>Saturday</day>\n    </skipDays>\n{''.join(items)}  </channel>\n</rss>\n"
    )


def _description(one: Announced) -> str:
    abstract = " ".join(one.eprint.abstract.split())
    return f"arXiv:{one.eprint.name} Announce Type: {one.type} \nAbstract: {abstract}"


def _published_as(eprint: Eprint) -> str:
    doi = f"    <arxiv:DOI>{escape(eprint.doi)}</arxiv:DOI>\n" if eprint.doi else ""
    journal = eprint.journal_ref
    return doi + (f"    <arxiv:journal_reference>{escape(journal)}</arxiv:journal_reference>\n" if journal else "")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=EASTERN)


# ---------------------------------------------------------------------------------------------- files


def html_of(eprint: Eprint) -> str:
    """A page in the shape of LaTeXML's."""
    paragraphs = "".join(
        f'<div class="ltx_para" id="S1.p{n}"><p class="ltx_p">{html.escape(text)}</p></div>'
        for n, text in enumerate(eprint.abstract.split("\n\n"), start=1)
    )
    return (
        f"<!DOCTYPE html><html><head><title>{html.escape(eprint.title)}</title></head><body>"
        f'<article class="ltx_document"><h1 class="ltx_title ltx_title_document">{html.escape(eprint.title)}</h1>'
        f'<div class="ltx_abstract"><p class="ltx_p">{html.escape(eprint.abstract)}</p></div>'
        f'<section class="ltx_section" id="S1"><h2 class="ltx_title">1 Introduction</h2>{paragraphs}</section>'
        "</article></body></html>"
    )


def pdf_of(eprint: Eprint) -> bytes:
    """A small valid PDF: title, authors, the abstract under "Abstract", and again under "1 Introduction"."""
    body = textwrap.wrap(" ".join(eprint.abstract.split()), 88)
    lines = [(16, line) for line in textwrap.wrap(eprint.title, 56)] + [(10, "")]
    lines += [(10, line) for line in textwrap.wrap(", ".join(eprint.authors), 88)[:6]] + [(10, "")]
    lines += [(12, "Abstract"), *((10, line) for line in body), (10, ""), (12, "1 Introduction")]
    lines += [(10, line) for line in body]
    stream = ["BT", "1 0 0 1 72 740 Tm"]
    for size, line in lines[:56]:
        font = "/F2" if size > 10 else "/F1"
        text = line.encode("cp1252", "replace").decode("cp1252")
        text = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        stream.append(f"{font} {size} Tf 0 -{size * 1.2:.1f} Td ({text}) Tj")
    content = "\n".join([*stream, "ET"]).encode("cp1252", "replace")
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica{} /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 6 0 R "
            b"/Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>"
        ),
        font.format("").encode(),
        font.format("-Bold").encode(),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body_bytes in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body_bytes)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(out))
    )
