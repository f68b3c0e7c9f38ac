"""Reasons as sentences: why records were joined or not, what was assumed of a file, why a statement is in doubt."""

from __future__ import annotations

from collections.abc import Mapping

from kb.records import Language, Reason

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
    "cites-nothing": "it cites no sentence that was shown",
    "number-not-cited": "the cited text does not print {found}",
    "address-not-cited": "the cited text does not print {found}",
    "quotation-not-cited": "the cited text does not have these words: {found}",
    "name-not-cited": "the cited text does not name {found}",
    "not-verified": "no model has checked it against the cited text",
    "not-entailed": "the NLI model does not find it entailed (probability {probability})",
    "leans-on-dropped": "it leans on a statement that was left out",
    "only-missing": "it says only that something is not stated",
    "verifier": "{why}",
    "sign-unread": "a sign on the page could not be read",
    "not-in-library": "not in the library: {keys}",
    "not-read-whole": "the full text is not in the library: {keys}",
    "says-nothing": "it states nothing that could be looked up",
    "word-for-word": "it is a sentence of the paper, word for word",
    "private-not-shown": "it cites a private paper, which was not shown to the model",
    "encoding-assumed": "it is not UTF-8, and was read as {encoding}: save it as UTF-8 if its letters are wrong",
    "encoding-assumed-in-part": (
        "{lines} lines in it are not UTF-8, and were read as {encoding}: save it as UTF-8 if their letters are wrong"
    ),
    "passages-waiting": "{count} passages are not indexed yet: wait for kb add to end, or run kb doctor --fix",
    "index-incomplete": "the index is incomplete ({indexes}), something may be missing here: run kb reindex",
    "file-of-another-paper": "an entry names a file whose first page is another paper's ({file})",
}
_CHINESE = {
    "cites-nothing": "未引用任何所示句子",
    "number-not-cited": "所引原文没有 {found}",
    "address-not-cited": "所引原文没有 {found}",
    "quotation-not-cited": "所引原文没有这些词语：{found}",
    "name-not-cited": "所引原文没有提到 {found}",
    "not-verified": "没有模型将其与所引原文核对",
    "not-entailed": "NLI 模型认为原文不蕴含此句（概率 {probability}）",
    "leans-on-dropped": "它依赖于已删去的句子",
    "only-missing": "它只说某事未说明",
    "sign-unread": "页面上有一个符号无法识别",
    "passages-waiting": "{count} 个段落尚未编入索引：请等待 kb add 结束，或运行 kb doctor --fix",
    "index-incomplete": "索引不完整（{indexes}），结果可能有遗漏：请运行 kb reindex",
}  # the reasons that the app shows
_AGREEING = {"title": "the titles", "authors": "the authors"}


def sentence(reason: Reason, language: Language = "en") -> str:
    """The reason, without a full stop; in English where the language has no words for it, else the kind itself."""
    known = (_CHINESE if language == "zh" else _SENTENCES).get(reason.kind) or _SENTENCES.get(reason.kind)
    if known is None:
        return reason.kind
    return known.format_map(_Values(reason.values))


def told(reason: Reason | str | None, language: Language = "en") -> str:
    """The reason of a verdict; "" for none. Notes have it as an English sentence already."""
    return sentence(reason, language) if isinstance(reason, Reason) else reason or ""


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
