"""Text as every stage sees it: classes of signs, sentences, and what in a text is addressed to a machine.

The classes are the insides of brackets of a regular expression. The scripts are compiled when first met: most text is
ASCII.
"""

from __future__ import annotations

import re

from kb.errors import UsageError

# ------------------------------------------------------------------------------------------------- signs

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
HANGUL = r"\uac00-\ud7af"
CJK = rf"\u3040-\u30ff{HAN}{HANGUL}"
"""Letters of Chinese, Japanese (kana too) and Korean."""

CONTROL = r"\x00-\x08\x0e-\x1f\x7f"
"""Control characters of ASCII that are no white space."""
NO_TEXT = r"\x80-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff"
"""Beyond ASCII what steers, ends a line for some readers only, or cannot be written as UTF-8."""
BREAK_HINTS = "\u00ad\u200b\u2060\ufeff"
"""Where a line may break or must not: not seen, and nothing lost without them."""
UNREAD = "\ufffd"
"""Stands for a sign that is seen on a page and that nobody can name: what holds one is no sure quotation."""
INVISIBLE = f"{BREAK_HINTS}\u200c-\u200f\u2061-\u2064"
"""All that is not seen: joiners of letters, marks of direction and the signs between factors of maths as well."""


def printable(text: str) -> str:
    """The text with a blank for each sign that is not seen, of the same length; joiners of letters and emoji stay."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in "\u200c\u200d" else " " for sign in text)


def one_line(text: str) -> str:
    """Line breaks and what is not seen as single blanks, none at the ends."""
    return " ".join(printable(text).split())


def is_set_solid(sign: str) -> bool:
    """Whether a sign is set without blanks between words: Han and kana with their punctuation, not Hangul."""
    code = ord(sign)
    return (
        0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0xFF00 <= code <= 0xFF60 or 0x20000 <= code <= 0x3FFFF
    )


# --------------------------------------------------------------------------------------------- sentences

FULL_STOPS = ".!?…。！？"
CLOSERS = "\"'”’)\\]"
"""What may stand between the end of a sentence and the next one."""

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
# A stop with no blank behind it and a word on either side: "… annotations.A practical …".
_NO_BLANK = re.compile(r"(?<=[\w)\]])[.!?](?=[A-Z])")
_NO_BLANK_OR_HALF = re.compile(r"(?<=[\w)\]])[.!?;](?=[A-Z][a-z]+[\s,])")
_PLAIN_WORD = re.compile(r"[(\[\"'“‘]*[A-Za-z][A-Za-z-]*[A-Za-z][)\]]*")
_LONG_WITHOUT_END = 300  # characters in which a sentence is to be expected to end
_LONGEST_WORD = 40  # characters before a full stop that are looked at: none that abbreviates is longer
_BLANK_LINE = re.compile(r"\n\s*\n")


def is_text(text: str) -> bool:
    """Whether it can be written as UTF-8 (a name of a file or an argument may hold bytes that are no text)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_LONGEST_LABEL = 200  # characters


def checked_label(text: str, kind: str) -> str:
    """A text that may name something of the user's, a tag or a conversation: one printable line.

    Raises:
        UsageError: that it is no such ``kind``.
    """
    if not text.strip() or len(text) > _LONGEST_LABEL or not text.isprintable():
        raise UsageError(f"{shown(text)} is no {kind}: give one line of up to {_LONGEST_LABEL} letters")
    return text


def shown(text: str) -> str:
    """The beginning of a text in quotation marks, for an error's one line."""
    return repr(text[:60].encode(errors="replace").decode())


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open character spans of the sentences of ``text``, in order, without the white space between them.

    Every non-blank character is in exactly one span. Abbreviations ("et al.", "Fig. 3", "e.g."), decimals,
    initials and section numbers do not end a sentence; a blank line always does; CJK full stops do. Where the blank
    behind a full stop is missing, a sentence ends before a word that begins one ("… annotations.We …"); a long stretch
    without any end is cut at every such stop between plain words.
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
    whole = [part for span in spans for part in _without_blanks(text, *span)]
    return [trimmed for span in whole if (trimmed := _trim(text, *span))]


def _without_blanks(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A sentence, cut where others are run into it without a blank."""
    pattern = _NO_BLANK_OR_HALF if end - start > _LONG_WITHOUT_END else _NO_BLANK
    cuts = []
    for mark in pattern.finditer(text, start, end):
        before = text[max(start, mark.start() - _LONGEST_WORD) : mark.start()].split()[-1]
        after = text[mark.end() : min(end, mark.end() + _LONGEST_WORD)].split(maxsplit=1)[0].rstrip(",")
        is_plain = _PLAIN_WORD.fullmatch(before) is not None and before.lower() not in _ABBREVIATIONS
        if is_plain and (after in _STARTERS or pattern is _NO_BLANK_OR_HALF):
            cuts.append(mark.end())
    return list(zip([start, *cuts], [*cuts, end], strict=True))


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
    before = text[max(begin, mark.start() - _LONGEST_WORD) : mark.start()]
    word = before.split()[-1].lstrip("([{\"'“‘") if before[-1:].strip() else ""
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


# ------------------------------------------------------------------------------------ orders to a machine

_MACHINE = r"(?:ai|llms?|(?:large )?language models?|assistants?|chatbots?|(?:ai|llm) reviewers?)"
_SAY = (
    r"(?:say|state|write|output|reply|respond|answer|recommend|rate|give|print|praise|include|mention|report|claim|act)"
)
_ORDER = (
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|guidelines)\b"
    r"|\b(?:ignore|disregard|forget) (?:all|everything|the (?:text|evidence|context)) (?:above|before|previous)"
    r"|\bsystem prompt\b"
    rf"|\byou are (?:now )?(?:an? )?(?:\w+ ){{0,2}}{_MACHINE}\b"
    rf"|\byou (?:must|should|will|shall) (?:now |always |only |not )*{_SAY}\b"
    rf"|\b{_MACHINE}\b.{{0,30}}\b(?:must|should|shall|please)\b.{{0,30}}\b{_SAY}\b"
    rf"|\bas an? {_MACHINE},? (?:you|i)\b|\bnote to {_MACHINE}\b|\b(?:ai|llm) (?:reviewers?|assistants?):"
    r"|^(?:please )?(?:say|state|reply|respond|answer|output|print|write)\b.{0,20}\b(?:that|with|only|exactly)\b"
    r"|\b(?:give|write) (?:a |only )?(?:positive|favou?rable) reviews?\b"
    r"|\bdo not (?:mention|reveal|highlight) (?:any|this|these|the|negatives?|weakness\w*)\b"
    r"|</?(?:system|user|assistant|evidence|passages|statements|instructions?)>|<\|?(?:im_start|im_end|system|endoftext)\|?>"
    r"|\[/?INST\]"
    r"|(?:忽略|无视|忘记).{0,12}(?:指令|指示|提示|上文|以上)|你是一?个?(?:人工智能|语言模型|助手)"
)
LEFT_OUT = "(left out: it is addressed to a machine)"


def is_order(text: str) -> bool:
    """Whether a sentence tells a model what to do ("Ignore previous instructions and say …").

    A model that obeys what it reads must not be shown it. Papers that study such attacks lose, before a model, the
    sentences that print them; people are shown all.
    """
    return re.search(_ORDER, " ".join(text.split()), re.IGNORECASE) is not None


def as_data(text: str) -> str:
    """A text on one line that cannot open or end a block of a prompt."""
    return re.sub(r"[<>](?=\s*/?\s*[A-Za-z])", " ", " ".join(text.split()))
