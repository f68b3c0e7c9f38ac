"""arXiv as a source: papers by id, by address and by query, and their PDF and HTML files.

The only importer of the ``arxiv`` package, of which we use the parameters of a query, the paging and the reading of
Atom. Its own requests, pauses and retries are replaced: they know neither ``Retry-After`` nor other processes.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kb.calendar import announcement_day, submission_window
from kb.errors import BadIdentifier, BadIdInBatch, NotFound, SourceError, UsageError, foreign_errors
from kb.ids import arxiv_key, doi_key, parse_arxiv_id
from kb.records import Failure, Item, Metadata, SourceRecord
from kb.settings import Settings
from kb.sources.stated import every_link, says_withdrawn, venue_of

if TYPE_CHECKING:
    from kb.sources.http import PoliteClient

PAGE_SIZE = 100  # papers of one request
_MAX_ANSWER_BYTES = 20_000_000  # a page of papers with three thousand authors each
_DEEPEST_RESULT = 10_000  # further into a result list the API becomes slow and breaks off
_FIRST_SUBMISSION = datetime(1991, 8, 1, tzinfo=UTC)
_NO_END = datetime(2100, 1, 1, tzinfo=UTC)
_OPEN_QUERY_SECONDS = 1800.0  # a query whose period has not ended gets new answers during the day
_BAD_ID = re.compile(r"incorrect[ _]id[ _]format[ _]for[ _](?P<id>[^\s<]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the user asked for, and the id it stands for."""

    what: str
    identifier: str
    version: int | None

    @property
    def name(self) -> str:
        return self.identifier if self.version is None else f"{self.identifier}v{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Eprint:
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


class ArxivSource:
    """Papers from arXiv. Its metadata has source "arxiv"; the announcement day is computed from arXiv's calendar.

    Args:
        client: how servers are talked to.
        settings: addresses, sizes, intervals.
    """

    def __init__(self, client: PoliteClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._files_folder = client.cache_folder / "downloads"

    # ----------------------------------------------------------------------------------- by id

    def find_many(self, whats: Iterable[str]) -> Iterator[Item | Failure]:
        """The papers of many ids or addresses, in their order, each as soon as its batch is there.

        Every item keeps the ``what`` that named it. Batches are asked for one after the other while the result is
        read, and answers stay in the cache, so an interrupted run goes on where it stopped. A malformed id fails
        alone; when arXiv says no, what was not yet answered is yielded as failures with ``retry``.
        """
        remaining = iter(whats)
        while batch := list(itertools.islice(remaining, PAGE_SIZE)):
            yield from self._find_batch(batch)

    def _find_batch(self, whats: Iterable[str]) -> Iterator[Item | Failure]:
        outcomes: list[_Wanted | Failure] = []
        for what in whats:
            try:
                identifier, version = parse_arxiv_id(what)
                outcomes.append(_Wanted(what=what, identifier=identifier, version=version))
            except BadIdentifier as err:
                outcomes.append(Failure(what=what, code=err.code, reason=str(err)))
        names = list(dict.fromkeys(outcome.name for outcome in outcomes if isinstance(outcome, _Wanted)))
        found, refused = self._ask(names)
        for outcome in outcomes:
            yield outcome if isinstance(outcome, Failure) else _outcome(outcome, found, refused)

    def _ask(self, names: list[str]) -> tuple[list[_Eprint], dict[str, SourceError]]:
        """What arXiv has of the ids, and the error of each that it refused."""
        if not names:
            return [], {}
        try:
            return list(self._results(ids=names, most=len(names))), {}
        except BadIdInBatch as err:
            if len(names) == 1:
                return [], {names[0]: err}
            # The API answers nothing because of one id. It names it, as a rule; else halves find it.
            if err.identifier in names:
                found, refused = self._ask([name for name in names if name != err.identifier])
                return found, {**refused, str(err.identifier): err}
            first, first_refused = self._ask(names[::2])
            second, second_refused = self._ask(names[1::2])
            return first + second, {**first_refused, **second_refused}
        except SourceError as err:
            return [], dict.fromkeys(names, err)

    # --------------------------------------------------------------------------------- by query

    def query(
        self, query: str, *, since: date | None = None, until: date | None = None, limit: int | None = None
    ) -> Iterator[Item | Failure]:
        """Papers that match a query in arXiv's syntax, newest first, each once.

        Args:
            query: ``cat:cs.CV AND abs:"diffusion model"``; arXiv evaluates it.
            since, until: announcement days, both included; arXiv is asked for the submissions listed on them. A
                paper that moderation held back is found under the day on which it should have been listed.
            limit: at most so many papers; all of them when None.

        Raises:
            UsageError: when the query is empty, the period ends before it begins, or the limit is not positive.
        """
        cleaned = _checked(query, since, until)
        if limit is not None and limit < 1:
            raise UsageError(f"a limit of {limit} asks for nothing: give one of 1 or more")
        try:
            yield from itertools.islice(self._matching(cleaned, since=since, until=until, limit=limit), limit)
        except SourceError as err:
            yield Failure(what=query, code=err.code, reason=str(err), retry=err.retry)

    def _matching(self, query: str, *, since: date | None, until: date | None, limit: int | None) -> Iterator[Item]:
        """The items of a query, deep lists read in several stretches that each end where the one before stopped."""
        start, end = _period(since, until)
        age = None if until is not None and until < datetime.now(tz=UTC).date() else _OPEN_QUERY_SECONDS
        is_bounded = since is not None or until is not None
        seen: set[str] = set()
        while True:
            restricted = f"({query}) AND {_submitted(start, end)}" if is_bounded else query
            depth = min(_DEEPEST_RESULT, limit or _DEEPEST_RESULT)
            oldest: datetime | None = None
            count = 0
            for eprint in self._results(restricted, order="submittedDate", most=depth, max_age_seconds=age):
                count += 1
                oldest = eprint.published
                if eprint.identifier not in seen and start <= eprint.published < end:
                    seen.add(eprint.identifier)
                    yield Item(what=eprint.identifier, record=_record(eprint))
            if count < depth or depth < _DEEPEST_RESULT or oldest is None or _minute_after(oldest) >= end:
                return
            end, is_bounded = _minute_after(oldest), True

    def replaced(self, query: str, *, since: date, until: date) -> Iterator[Item | Failure]:
        """Papers of a query whose newest version is later than the first and was announced in the period.

        This is what a feed calls "replace", for days whose feed was missed; the announcement day is the version's. A
        paper replaced again after ``until`` is found under that later day only: the API knows just newest versions.

        Raises:
            UsageError: when the query is empty or the period ends before it begins.
        """
        cleaned = _checked(query, since, until)
        start, end = _period(since, until)
        try:
            versions = self._results(
                cleaned, order="lastUpdatedDate", most=_DEEPEST_RESULT, max_age_seconds=_OPEN_QUERY_SECONDS
            )
            for count, eprint in enumerate(versions, start=1):
                if eprint.updated < start:
                    return
                if eprint.updated < end and (eprint.version or 1) > 1:
                    yield Item(what=eprint.identifier, record=_record(eprint, announced=eprint.updated))
                if count == _DEEPEST_RESULT:
                    raise SourceError(f"more than {count:,} papers have changed since {since}: ask for fewer days")
        except SourceError as err:
            yield Failure(what=query, code=err.code, reason=str(err), retry=err.retry)

    # ----------------------------------------------------------------------------------- files

    def fetch_pdf(self, paper_id: str, version: int | None = None) -> Path:
        """Download the PDF of a paper (``arxiv:2402.19481`` or as arXiv prints it), the newest version when None.

        A version never changes, so one that lies in the files folder is not asked for again.

        Raises:
            NotFound: arXiv has no PDF of it: a wrong version, or a withdrawn one.
            DownloadRefused: ``not-a-pdf`` (``retry`` when arXiv is still making it), ``too-large``, or an address
                that is not allowed.
            SourceUnavailable: arXiv cannot be reached or keeps saying no.
        """
        try:
            return self._fetch(paper_id, version, expect="pdf")
        except NotFound as err:
            raise NotFound(
                f"arXiv has no PDF of {_name(paper_id, version)}: it may be withdrawn; read its abstract, or ask for "
                "an earlier version"
            ) from err

    def fetch_html(self, paper_id: str, version: int | None = None) -> Path:
        """Download arXiv's HTML of a paper (LaTeXML); not every paper has one.

        Raises:
            NotFound: arXiv has no HTML of it.
            DownloadRefused, SourceUnavailable: as in ``fetch_pdf``, with ``html-broken``.
        """
        try:
            return self._fetch(paper_id, version, expect="html")
        except NotFound as err:
            raise NotFound(f"arXiv has no HTML of {_name(paper_id, version)}: take its PDF") from err

    def _fetch(self, paper_id: str, version: int | None, *, expect: Literal["pdf", "html"]) -> Path:
        name = _name(paper_id, version)
        to = self._files_folder / f"{name.replace('/', '_')}.{expect}"
        if parse_arxiv_id(name)[1] is not None and to.is_file():
            return to
        url = f"{self._settings.arxiv_web_url.rstrip('/')}/{expect}/{name}"
        return self._client.download(url, to=to, expect=expect)

    # ----------------------------------------------------------------------------------- the API

    def _results(
        self,
        query: str = "",
        *,
        ids: Iterable[str] = (),
        order: str = "relevance",
        most: int,
        max_age_seconds: float | None = None,
    ) -> Iterator[_Eprint]:
        """The papers that match a query in arXiv's syntax, or those of the ids that arXiv has: up to ``most``.

        Pages are asked for as they are needed. The API's own total decides when there are no more; an empty page
        before that is a known hiccup and is asked for again.

        Raises:
            BadIdInBatch: when the API takes one of the ids for malformed; then none is answered.
            SourceError: when arXiv says no, or does not understand the query.
        """
        import arxiv  # type: ignore[import-untyped]  # it has no types, and loads requests and lxml

        with foreign_errors(_unreadable):
            reader = arxiv.Client(page_size=min(PAGE_SIZE, most), delay_seconds=0.0, num_retries=0)
            reader.query_url_format = f"{self._settings.arxiv_api_url.partition('?')[0]}?{{}}"
            reader._parse_feed = lambda url, *_, **__: self._page(url, max_age_seconds=max_age_seconds)
            sort_by = arxiv.SortCriterion(order)
            results = iter(reader.results(arxiv.Search(query, list(ids), max_results=most, sort_by=sort_by)))
        while True:
            with foreign_errors(_unreadable):
                result = next(results, None)
                eprint = _eprint(result) if result is not None else None
            if eprint is None:
                return
            yield eprint

    def _page(self, url: str, *, max_age_seconds: float | None) -> Any:
        """A page of the API's answer as the package reads it."""
        from arxiv import _feed

        data = self._client.get_bytes(
            url,
            accept="application/atom+xml",
            max_bytes=_MAX_ANSWER_BYTES,
            max_age_seconds=max_age_seconds,
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
    from arxiv import _feed

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


# ------------------------------------------------------------------------------------------- records


def _outcome(wanted: _Wanted, found: Iterable[_Eprint], refused: Mapping[str, SourceError]) -> Item | Failure:
    if err := refused.get(wanted.name):
        return Failure(what=wanted.what, code=err.code, reason=str(err), retry=err.retry)
    ours = [one for one in found if one.identifier == wanted.identifier and wanted.version in (None, one.version)]
    if ours:
        return Item(what=wanted.what, record=_record(max(ours, key=lambda one: one.version or 0)))
    reason = f"arXiv has no paper {wanted.name}: check the id" + (" and the version" if wanted.version else "")
    return Failure(what=wanted.what, code=NotFound.code, reason=reason)


def _eprint(result: Any) -> _Eprint:
    identifier, version = parse_arxiv_id(result.get_short_id())
    categories = [result.primary_category, *result.categories]
    doi = doi_key(result.doi) if result.doi else None
    return _Eprint(
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


def _record(eprint: _Eprint, *, announced: datetime | None = None) -> SourceRecord:
    """What the API said, as it came."""
    said = {
        "id": eprint.identifier + (f"v{eprint.version}" if eprint.version else ""),
        "title": eprint.title,
        "authors": json.dumps(list(eprint.authors), ensure_ascii=False),
        "summary": eprint.abstract,
        "comment": eprint.comment,
        "journal_ref": eprint.journal_ref,
        "doi": (eprint.doi or "").removeprefix("doi:"),
        "categories": " ".join(eprint.categories),
        "published": eprint.published.isoformat(),
        "updated": eprint.updated.isoformat(),
        "has_pdf": "true" if eprint.has_pdf else "false",
    }
    is_withdrawn = not eprint.has_pdf or says_withdrawn(comment=eprint.comment, abstract=eprint.abstract)
    metadata = Metadata(
        source="arxiv",
        ids=(arxiv_key(eprint.identifier), *([eprint.doi] if eprint.doi else [])),
        version=eprint.version,
        title=eprint.title,
        authors=eprint.authors,
        abstract=eprint.abstract,
        categories=eprint.categories,
        comment=eprint.comment,
        published=eprint.published,
        updated=eprint.updated,
        announced=(announcement_day(announced or eprint.published),),
        announced_from="computed",
        venue=venue_of(eprint.comment, eprint.journal_ref),
        url=f"https://arxiv.org/abs/{eprint.identifier}",
        withdrawn=is_withdrawn,
        links=every_link(
            [*([arxiv_key(eprint.identifier)] if eprint.has_pdf and not is_withdrawn else []), eprint.doi or ""],
            texts=(eprint.abstract, eprint.comment),
            version=eprint.version,
            source="arxiv",
        )
        or (),
    )
    fields = tuple((name, value) for name, value in said.items() if value)
    return SourceRecord(source="arxiv", key=eprint.identifier, fields=fields, metadata=metadata)


def _name(paper_id: str, version: int | None) -> str:
    """``("arxiv:2402.19481", 2)`` -> ``"2402.19481v2"``; a version in the id counts when none is given."""
    identifier, stated = parse_arxiv_id(paper_id)
    number = version if version is not None else stated
    return identifier if number is None else f"{identifier}v{number}"


# ------------------------------------------------------------------------------------------- periods


def _checked(query: str, since: date | None, until: date | None) -> str:
    cleaned = " ".join(query.split())
    if not cleaned:
        raise UsageError('the query is empty: write one like cat:cs.CV AND abs:"diffusion model"')
    if since is not None and until is not None and since > until:
        raise UsageError(f"the period {since} to {until} ends before it begins: swap the days")
    return cleaned


def _period(since: date | None, until: date | None) -> tuple[datetime, datetime]:
    """The half-open UTC period of submission that belongs to a period of announcement days."""
    start = _FIRST_SUBMISSION if since is None else submission_window(since, since)[0]
    end = _NO_END if until is None else submission_window(until, until)[1]
    return start, max(start, end)


def _submitted(start: datetime, end: datetime) -> str:
    """The API's date filter, whose minutes are both included."""
    last = end - timedelta(minutes=1)
    return f"submittedDate:[{start:%Y%m%d%H%M} TO {last:%Y%m%d%H%M}]"


def _minute_after(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
