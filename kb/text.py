"""Text as every stage sees it: sentences, words, and one way of comparing strings."""

from __future__ import annotations

import re

# A full stop after one of these does not end a sentence.
_ABBREVIATIONS = frozenset(
    "al approx ca cf co corp def dept dr ed eds e.g eg eq eqn eqns eqs et etc ex fig figs i.e ie inc jr ltd max min mr"
    " mrs ms no nos op p pp prof ref refs resp sec secs sect st suppl tab thm vol vols vs viz w.r.t wrt".split()
)
# After a single capital letter ("the matrix X. The …") one of these begins a sentence; other words may be a name.
_STARTERS = frozenset(
    "A After All Also An And As At But By Each Finally First For From Given Here Hence However If In It Its Let"
    " Moreover Next Note Now On Our Since So Some Such That The Then There Therefore These They This Those Thus To"
    " Unlike We When Where While With".split()
)
# A citation may stand right after the full stop: "… is shown.[12] The next …".
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?:\[\d[\d,\s–-]*\])?|[。！？]+[”’）」』]*")
_NEXT = re.compile(r"\s+[\"'“‘(\[]*(?P<first>\S)")
_LAST_WORD = re.compile(r"(\S+)$")
_BLANK_LINE = re.compile(r"\n\s*\n")


def is_text(text: str) -> bool:
    """Whether it can be written as UTF-8 (a name of a file or an argument may hold bytes that are no text)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open character spans of the sentences of ``text``, in order, without the white space between them.

    Every non-blank character is in exactly one span. Abbreviations ("et al.", "Fig. 3", "e.g."), decimals,
    initials and section numbers do not end a sentence; a blank line always does; CJK full stops do.
    """
    spans: list[tuple[int, int]] = []
    position = 0
    for gap in [*_BLANK_LINE.finditer(text), None]:
        end = gap.start() if gap else len(text)
        spans.extend(_paragraph_spans(text, position, end))
        position = gap.end() if gap else end
    return spans


def _paragraph_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    begin = start
    for mark in _END.finditer(text, start, end):
        if _ends_sentence(text, begin, mark, end):
            spans.append((begin, mark.end()))
            begin = mark.end()
    spans.append((begin, end))
    return [trimmed for span in spans if (trimmed := _trim(text, *span))]


def _ends_sentence(text: str, begin: int, mark: re.Match[str], end: int) -> bool:
    if mark[0][0] in "。！？":
        return True
    following = _NEXT.match(text, mark.end(), end)
    if following is None:
        return False
    first = following["first"]
    if first.islower() or first in ",;:)]%":
        return False
    if mark[0][0] in "!?…":
        return True
    before = _LAST_WORD.search(text, begin, mark.start())
    word = before[1].lstrip("([{\"'“‘") if before else ""
    bare = word.lower().rstrip(".")
    if bare in _ABBREVIATIONS:
        # "et al." and "etc." may end a sentence: they do when a capitalised word of prose follows.
        return bare in {"al", "etc"} and first.isupper() and not word[:1].isupper()
    if re.fullmatch(r"[A-Z]", word) and text[mark.end() : min(end, mark.end() + 40)].split(maxsplit=1)[0] in _STARTERS:
        return True
    if re.fullmatch(r"[A-Z]", word) or re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]", word):
        return False  # an initial ("J. Smith") or "U.S."
    return not re.fullmatch(r"\d{1,2}(?:\.\d+)*", word) or begin < mark.start() - len(word)


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
