"""Reasons as sentences: why records were joined or were not, what was assumed of a file."""

from __future__ import annotations

from collections.abc import Mapping

from kb.records import Reason

_SENTENCES = {
    "joined-by-you": "you said that they are one paper",
    "joined-before": "an earlier version of kb had joined them",
    "same-id": "both have the id {id}",
    "its-file": "it is arXiv's file of this paper",
    "same-arxiv-id": "both state {id}, and {agree} agree",
    "same-doi": "both state {id}, and {agree} agree",
    "its-attachment": "the entry names the file as its own",
    "id-in-the-files-name": "the file's name has {id}, and the titles agree",
    "same-title-and-authors": "title and authors agree",
    "one-id-several-papers": "{id} stands on papers whose titles and authors do not agree ({titles})",
    "different-arxiv-ids": "{evidence}, but there are several arXiv ids",
    "different-dois": "{evidence}, but the DOIs differ",
    "parted-by-you": "{evidence}, but you said that they are two papers",
    "encoding-assumed": "it is not UTF-8, and was read as {encoding}: save it as UTF-8 if its letters are wrong",
    "encoding-assumed-in-part": (
        "{lines} lines in it are not UTF-8, and were read as {encoding}: save it as UTF-8 if their letters are wrong"
    ),
    "file-of-another-paper": "an entry names a file whose first page is another paper's ({file})",
}
_AGREEING = {"title": "the titles", "authors": "the authors"}


def sentence(reason: Reason) -> str:
    """The reason in English, without a full stop; the kind itself where it is not known here."""
    known = _SENTENCES.get(reason.kind)
    if known is None:
        return reason.kind
    return known.format_map(_Values(reason.values))


class _Values(dict[str, str]):
    """The values of a reason as a sentence shows them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self["agree"] = _AGREEING.get(values.get("agree", ""), values.get("agree", ""))
        if "evidence" in values:
            inner = {name: value for name, value in values.items() if name != "evidence"}
            self["evidence"] = sentence(Reason(kind=values["evidence"], values=inner))

    def __missing__(self, name: str) -> str:
        return "…"
