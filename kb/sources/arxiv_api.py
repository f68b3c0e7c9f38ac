"""arXiv's query API through the ``arxiv`` package (its only importer), with our manners, cache and address.

Of the package we use the query parameters, the paging and the reading of Atom. Its own requests, pauses and retries
are replaced: they know neither ``Retry-After`` nor other processes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import arxiv  # type: ignore[import-untyped]  # the package ships no types
from arxiv import _feed

from kb.errors import BadIdInBatch, SourceError, foreign_errors
from kb.ids import arxiv_key, doi_key, parse_arxiv_id
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.sources.http import PoliteClient

PAGE_SIZE = 100
_MAX_ANSWER_BYTES = 20_000_000  # a page of papers with three thousand authors each
_BAD_ID = re.compile(r"incorrect[ _]id[ _]format[ _]for[ _](?P<id>[^\s<]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Eprint:
    """An entry of the API's answer, in our words. White space of titles, abstracts and comments is folded."""

    identifier: str
    version: int | None
    title: str
    authors: tuple[str, ...]
    abstract: str
    categories: tuple[str, ...]
    comment: str | None
    journal_ref: str | None
    doi: str | None
    published: datetime
    updated: datetime
    has_pdf: bool


class ArxivApi:
    """Queries the API.

    Args:
        client: how servers are talked to.
        settings: the API's address and how often a hiccup is asked about again.
    """

    def __init__(self, client: PoliteClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def by_ids(self, ids: Sequence[str]) -> list[Eprint]:
        """The papers of up to 100 well-formed ids (versions allowed), those that arXiv has, in no promised order.

        Raises:
            BadIdInBatch: when the API takes one of them for malformed; then none is answered.
            SourceError: when arXiv says no.
        """
        reader = _Reader(self._client, self._settings, page_size=max(1, len(ids)), max_age_seconds=None)
        search = arxiv.Search(id_list=list(ids), max_results=len(ids))
        with foreign_errors(_unreadable):
            return [_eprint(result) for result in reader.results(search)]

    def by_query(
        self,
        query: str,
        *,
        limit: int,
        newest: Literal["submitted", "updated"] = "submitted",
        max_age_seconds: float | None = None,
    ) -> Iterator[Eprint]:
        """Papers that match a query in arXiv's syntax, newest submission (or newest version) first, up to ``limit``.

        Pages are asked for as they are needed. The API's own total decides when there are no more; an empty page
        before that is a known hiccup and is asked for again.

        Raises:
            SourceError: when arXiv says no, or does not understand the query.
        """
        page_size = min(PAGE_SIZE, limit)
        reader = _Reader(self._client, self._settings, page_size=page_size, max_age_seconds=max_age_seconds)
        criterion = arxiv.SortCriterion
        sort_by = criterion.SubmittedDate if newest == "submitted" else criterion.LastUpdatedDate
        search = arxiv.Search(query=query, max_results=limit, sort_by=sort_by)
        with foreign_errors(_unreadable):
            results = iter(reader.results(search))
        while True:
            with foreign_errors(_unreadable):
                result = next(results, None)
                eprint = _eprint(result) if result is not None else None
            if eprint is None:
                return
            yield eprint


class _Reader(arxiv.Client):  # type: ignore[misc]
    """The package's client with one thing replaced: how a page is fetched."""

    def __init__(
        self, client: PoliteClient, settings: Settings, *, page_size: int, max_age_seconds: float | None
    ) -> None:
        super().__init__(page_size=page_size, delay_seconds=0.0, num_retries=0)
        self.query_url_format = f"{settings.arxiv_api_url.partition('?')[0]}?{{}}"
        self._client = client
        self._max_age_seconds = max_age_seconds

    def _parse_feed(self, url: str, first_page: bool = True, _try_index: int = 0) -> _feed.ParsedFeed:
        data = self._client.get_bytes(
            url,
            accept="application/atom+xml",
            max_bytes=_MAX_ANSWER_BYTES,
            max_age_seconds=self._max_age_seconds,
            complaint=_complaint,
            also_statuses=frozenset({400}),
        )
        if b"/api/errors#" in data:
            raise _refusal(data)
        if b"<feed" not in data[:2000]:  # a status 400 in other words than the API's
            raise SourceError("arXiv's API refused the query without a reason: correct the query")
        return _feed.parse(data)


def _unreadable(said: str) -> SourceError:
    return SourceError(f"arXiv's answer cannot be read ({said}): try again later", retry=True)


def _complaint(data: bytes) -> str | None:
    """What is wrong with an answer that came with status 200.

    The package's parser reads on after a break, so an answer cut short has to be seen here.
    """
    stripped = data.rstrip()
    if b"<feed" not in data[:2000]:
        return "the answer is not an Atom feed"
    if not stripped.endswith((b"</feed>", b"/>")):
        return "the answer is cut short"
    page = _feed.parse(data)
    if page.malformed:
        return "the answer is not well-formed"
    if not page.results and b"/api/errors#" not in data and page.header.total_results > page.header.start_index:
        return "the page has no papers although there are more"
    return None


def _refusal(data: bytes) -> SourceError:
    match = re.search(rb"<summary[^>]*>(.*?)</summary>", data, re.DOTALL)
    said = " ".join(match[1].decode("utf-8", errors="replace").split()) if match else "an error without a reason"
    if bad := _BAD_ID.search(said):
        return BadIdInBatch(f"arXiv does not take {bad['id']!r} for an id: correct it", identifier=bad["id"])
    return SourceError(f"arXiv's API refused the query ({said[:200]}): correct the query")


def _eprint(result: arxiv.Result) -> Eprint:
    identifier, version = parse_arxiv_id(result.get_short_id())
    categories = [result.primary_category, *result.categories]
    doi = doi_key(result.doi) if result.doi else None
    return Eprint(
        identifier=identifier,
        version=version,
        title=_folded(result.title),
        authors=tuple(name for author in result.authors if (name := _folded(author.name))),
        abstract=_folded(result.summary),
        categories=tuple(dict.fromkeys(category for category in categories if category)),
        comment=_folded(result.comment) or None,
        journal_ref=_folded(result.journal_ref) or None,
        doi=None if doi == arxiv_key(identifier) else doi,
        published=result.published,
        updated=result.updated,
        has_pdf=result.pdf_url is not None,
    )


def _folded(text: str | None) -> str:
    return " ".join((text or "").split())
