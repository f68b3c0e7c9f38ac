"""What changed between two versions of a paper."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from kb.records import Paper, Reason, Version
from kb.text import sentence_spans


def describe_changes(old: Version, new: Paper) -> Iterator[Reason]:
    """Each difference between a version and the record that replaced it: withdrawal, title, authors, comment, and
    the sentences of the abstract that went and came (compared with white space evened out)."""
    if new.withdrawn and not old.withdrawn:
        yield Reason(kind="withdrawn")
    if _plain(old.title) != _plain(new.title):
        yield _changed("title-was", _plain(old.title))
    came = [name for name in new.authors if name not in old.authors]
    gone = [name for name in old.authors if name not in new.authors]
    if came:
        yield _changed("authors-added", ", ".join(came))
    if gone:
        yield _changed("authors-removed", ", ".join(gone))
    if not came and not gone and old.authors != new.authors:
        yield _changed("authors-reordered", ", ".join(new.authors))
    # A feed knows no comment, so its silence says nothing.
    if new.comment and old.comment is not None and _plain(old.comment) != _plain(new.comment):
        yield _changed("comment-was", _plain(old.comment))
    before, after = _sentences(old.abstract), _sentences(new.abstract)
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (_changed("abstract-removed", sentence) for sentence in before[a:b])
            yield from (_changed("abstract-added", sentence) for sentence in after[c:d])


def _changed(kind: str, text: str) -> Reason:
    return Reason(kind=kind, values={"text": text})


def _sentences(text: str) -> list[str]:
    return [_plain(text[start:end]) for start, end in sentence_spans(text)]


def _plain(text: str) -> str:
    return " ".join(text.split())
