"""The venue that an arXiv comment or journal reference states: a known name, never the raw string."""

from __future__ import annotations

import re

from kb.sources.venue_names import CONFERENCES, FULL_NAMES, JOURNALS, NEED_YEAR, SPELLINGS

_MULTIMEDIA = re.compile(
    r"\bACM\s*MM(?!\s*Asia|Sys)(?=\W|\d|$)|\bACMMM(?!\s*Asia)|\bMM\s?(?=['’]\d\d)|\bMM\s+(?=20\d\d)"
)
_ACRONYM = re.compile(
    r"(?<![A-Za-z0-9./@&-])(?:(?:IEEE|ACM|CVF|SIGCHI|USENIX)[/ -]*)*(?P<name>"
    + "|".join(re.escape(name) for name in sorted(CONFERENCES, key=len, reverse=True))
    + r")(?P<w>[wW](?=\W|\d|$))?(?![a-z]{2}|[A-Z]{2}|[A-Z]\b|-[A-Za-z])"
)
_FULL_NAME = re.compile("|".join(f"(?P<n{i}>{name})" for i, name in enumerate(FULL_NAMES)), re.I)
_JOURNAL = re.compile("|".join(f"(?P<j{i}>{name})" for i, name in enumerate(JOURNALS)))
_YEAR_AFTER = re.compile(
    r"[\s\-_:,.()'’`]{0,4}(?:\([A-Za-z/ ]{2,12}\)[\s,]*)?(?P<year>20[0-4]\d)(?!\d)"
    r"|\s?['’`]\s?(?P<quoted>\d\d)(?!\d)|[\s-]?(?P<short>2\d)(?!\d|%|\s*(?:pages|pp|figures|tables|[x×]))"
)
_YEAR = re.compile(r"(?<![\d./])(20[0-4]\d)(?![\d/])")
_CLAUSES = re.compile(r"(?<=[^A-Z\d]\.)\s+(?=[A-Z\d])|(?<=\d\.)\s+(?=[A-Z])|[;|]\s*|\n\s*\n|(?<=[a-z)])\.\s*$")
_ACCEPTED = re.compile(
    r"\b(?:re)?acc?ept|\baccpet|\bpublished\b|\bto appear\b|\bappear(?:s|ed|ing)? (?:in|at)\b|\bpresented\b"
    r"|\bin press\b|\bpublication in\b|\bproceedings\b|\bcamera[- ]ready\b|\boral\b|\bposter\b|\bspotlight\b"
    r"|\bhighlight\b|\bto be published\b|\bpaper at\b",
    re.I,
)
_NOT_YET = re.compile(
    r"\bsubmi(?:t|tted|ssion)\b|\bsubmitting\b|\bunder (?:peer[- ])?(?:re)?review|\bin (?:peer )?review\b"
    r"|\bunder consideration\b|\bfor review\b|\bunder (?:major |minor )?revision\b|\brejected\b|\bwithdrawn\b"
    r"|\b(?:if|upon|after|until|once|pending) accept|\bARR\b",
    re.I,
)
_EARLIER_PAPER = re.compile(
    r"\b(?:extended|journal|longer|full|updated|improved) (?:version|extension) of\b|\bextension(?: version)? of\b"
    r"|\bextend(?:s|ing)\b|\bbased on\b|\bfollow[- ]?up\b|\bprevious(?:ly)?\b"
    r"|\b(?:earlier|prior|preliminary) (?:\w+ )?(?:paper|version|work)\b",
    re.I,
)
_NOT_A_PAPER = re.compile(
    r"\bsolution\b|\bchallenge\b|\bshared task\b|\bwinn(?:er|ing)\b|\b(?:1st|2nd|3rd|first|second|third)[- ]place\b"
    r"|\btutorial\b|\bcompetition\b|\btemplate\b|\bformat\b|\bstyle\b",
    re.I,
)
_WORKSHOP = re.compile(r"\bworkshops?\b|\bWS\b|\bSRW\b|\bdoctoral consortium\b|\bCVPRW\b|\w\s?@\s?[A-Z]", re.I)


def venue_of(comment: str | None, journal_ref: str | None = None) -> str | None:
    """The venue that the record states, e.g. "CVPR 2025", "Findings of ACL 2025", "ICLR 2025 Workshop", "TMLR".

    A journal reference is believed first (known venue, else its leading name and year). In a comment only known
    venues count, clause by clause: one that speaks of submission, review, a challenge or another paper does not.
    An acronym alone counts ("AAAI2026"); in longer clauses it needs a year or a word like "accepted". None when
    nothing is stated or the venue is not known.
    """
    if journal_ref and (name := _known(" ".join(journal_ref.split())) or _leading_name(journal_ref)):
        return name
    for clause in _CLAUSES.split(" ".join((comment or "").split())):
        if clause and _counts(clause) and (name := _known(clause)):
            return name
    return None


def _counts(clause: str) -> bool:
    accepted = _ACCEPTED.search(clause)
    if (refused := _NOT_YET.search(clause)) and not (accepted and re.match(r"acc|reacc", accepted[0], re.I)):
        return False
    if refused and re.search(r"(?:if|upon|after|until|once|pending) accept", clause, re.I):
        return False
    return not _EARLIER_PAPER.search(clause) and not (_NOT_A_PAPER.search(clause) and not accepted)


def _known(clause: str) -> str | None:
    found = [hit for hit in (_conference(clause), _journal(clause)) if hit]
    return min(found)[1] if found else None


def _conference(clause: str) -> tuple[int, str] | None:
    stated = _ACCEPTED.search(clause) is not None
    clause = re.sub(r"ECML[ ,&/]{1,3}PKDD", "ECML-PKDD", clause)
    for match in sorted([*_ACRONYM.finditer(clause), *_MULTIMEDIA.finditer(clause)], key=lambda m: m.start()):
        name = match.groupdict().get("name") or "ACM MM"
        year = _year_near(clause, match.end())
        alone = len(clause) - len(match[0]) < 25
        if (stated or year or alone) and (year or name not in NEED_YEAR):
            return match.start(), _decorated(clause, name, year=year, workshop=bool(match.groupdict().get("w")))
    full = _FULL_NAME.search(clause)
    if full and (stated or _YEAR.search(clause) or len(clause) < len(full[0]) + 40):
        name = list(FULL_NAMES.values())[int((full.lastgroup or "n0")[1:])]
        return full.start(), _decorated(clause, name, year=_year_near(clause, full.end()), workshop=False)
    return None


def _year_near(clause: str, end: int) -> str | None:
    """The year after the acronym, or the only one in the clause."""
    if match := _YEAR_AFTER.match(clause, end):
        return match["year"] or f"20{match['quoted'] or match['short']}"
    years = set(_YEAR.findall(clause))
    return years.pop() if len(years) == 1 else None


def _decorated(clause: str, name: str, *, year: str | None, workshop: bool) -> str:
    name = SPELLINGS.get(name, name)
    dated = f"{name} {year}" if year else name
    if re.search(r"\b(?:spring|summer|fall) symposi", clause, re.I):
        return f"{dated} Symposium"
    if workshop or _WORKSHOP.search(clause):
        return f"{dated} Workshop"
    return f"Findings of {dated}" if re.search(r"\bfindings\b", clause, re.I) else dated


def _journal(clause: str) -> tuple[int, str] | None:
    match = _JOURNAL.search(clause)
    if match is None or not (_ACCEPTED.search(clause) or len(clause) < len(match[0]) + 30 or _YEAR.search(clause)):
        return None
    return match.start(), list(JOURNALS.values())[int((match.lastgroup or "j0")[1:])]


def _leading_name(journal_ref: str) -> str | None:
    """ "Phys. Rev. D 76, 013009 (2007)" -> "Phys. Rev. D 2007": the words before the first number, and the year."""
    text = " ".join(journal_ref.split())
    match = re.match(r"[^\d(]*[^\W\d_]", text)
    name = re.sub(r"[\s,:;]+(?:vol(?:ume)?|no|pp?|issue|article)\.?$", "", match[0] if match else "", flags=re.I)
    if len(name) < 3 or len(name) > 120:
        return None
    year = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", text)
    return f"{name} {year[0]}" if year else name
