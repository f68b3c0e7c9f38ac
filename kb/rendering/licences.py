"""What a page may show to the public: figures and the full text's words only under a licence that lets them go on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kb.records import CONCLUSION_PARTS, Claim, Conclusion, Digest, Note, Paper

# Creative Commons licences and the public domain (https://creativecommons.org/licenses/). arXiv's own licence to
# distribute (nonexclusive-distrib) gives readers no right to republish. An unknown licence is none.
_URL = re.compile(
    r"^(?:https?://)?(?:www\.)?creativecommons\.org/"
    r"(?:licenses/(?P<kind>by(?:-(?:sa|nc|nd|nc-sa|nc-nd))?)/(?P<version>\d\.\d)?"
    r"|(?:licenses/)?(?P<domain>publicdomain/zero|publicdomain/mark|publicdomain)/?(?:\d\.\d)?)[\w/.-]*$",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"^(?:cc[ -]?(?P<kind>by(?:-(?:sa|nc|nd|nc-sa|nc-nd))?)(?:[ -](?P<version>\d\.\d))?"
    r"|cc[ -]?(?P<zero>0)(?:[ -]\d\.\d)?|(?P<domain>public[ -]domain))$",
    re.IGNORECASE,
)


def may_republish(licence: str | None) -> bool:
    """Whether figures and quotations beyond the abstract may be shown to the public, with attribution."""
    return licence_name(licence) is not None


def licence_name(licence: str | None) -> str | None:
    """The short name ("CC BY 4.0", "CC0", "public domain") of a licence that lets text and figures go on, else None."""
    text = (licence or "").strip()
    match = _URL.match(text) or _NAME.match(text)
    if match is None:
        return None
    found = match.groupdict()
    if found.get("kind"):
        return f"CC {found['kind'].upper()}" + (f" {found['version']}" if found.get("version") else "")
    return "CC0" if found.get("zero") or (found.get("domain") or "").lower().endswith("zero") else "public domain"


def publishable(digest: Digest) -> Digest:
    """The digest as its audience may see it; doing it twice is doing it once."""
    if digest.audience == "self":
        return digest
    skipped = tuple(one for one in digest.skipped if not one.reason.personal)
    return replace(digest, entries=tuple(publishable_note(note) for note in digest.entries), skipped=skipped)


def publishable_note(note: Note) -> Note:
    """The note without what a stranger learns of the user's taste and papers, and without what may not go on.

    Without a licence only metadata, abstract, our own words and links remain; places of quotations stay. A withheld
    quotation keeps its place with an empty text; a withheld sentence leaves its field's status, so that a page can say
    that it was left out and not that the paper does not state it.
    """
    paper = replace(note.paper, tags=(), collections=(), sources=())
    note = replace(note, paper=paper, why=tuple(reason for reason in note.why if not reason.personal))
    if may_republish(note.paper.license):
        return note

    def allowed(claims: Sequence[Claim]) -> tuple[Claim, ...]:
        return tuple(shown for claim in claims if (shown := _publishable_claim(claim, note.paper)) is not None)

    summary = allowed((note.summary,) if note.summary else ())
    return replace(
        note,
        summary=summary[0] if summary else None,
        takeaways=allowed(note.takeaways),
        background=allowed(note.background),
        past_methods=allowed(note.past_methods),
        method=allowed(note.method),
        results=allowed(note.results),
        conclusion=Conclusion(**{part: allowed(getattr(note.conclusion, part)) for part in CONCLUSION_PARTS}),
        figures=(),
    )


def _publishable_claim(claim: Claim, paper: Paper) -> Claim | None:
    if claim.verdict in (None, "verbatim") and not all(
        in_abstract(evidence.quote, paper) for evidence in claim.evidence
    ):
        return None
    shown = (one if in_abstract(one.quote, paper) else replace(one, quote="") for one in claim.evidence)
    return replace(claim, evidence=tuple(shown))


def in_abstract(quote: str, paper: Paper) -> bool:
    """Whether the words stand in the record's abstract, whatever the white space."""
    return " ".join(quote.split()) in " ".join(paper.abstract.split())
