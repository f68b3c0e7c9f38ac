"""What the library says of papers, as sentences in each language of a page.

Reasons (why records were joined, what was assumed of a file, why a statement is in doubt) come as records. Why a paper
is on a page and what changed stand in the data in English: a page in another language has its own sentences, and
reading a page gives the English again, so that it can be checked. Their templates are told apart by their fixed words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kb.records import Language, Reason
from kb.rendering.labels import template_pattern

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


# ------------------------------------------------------------------------ sentences that the data have in English


class _Phrase(NamedTuple):
    """A template in English and in Chinese; ``personal`` ones tell what the user likes and has."""

    en: str
    zh: str
    personal: bool = False


_REASONS = (
    _Phrase("it is an example of the topic", "是该主题的示例论文"),
    _Phrase("the query holds ({terms})", "符合查询（{terms}）"),
    _Phrase("the query holds", "符合查询"),
    _Phrase("the topic asks for nothing", "该主题没有条件"),
    _Phrase("the topic has shown it before", "该主题曾展示过"),
    _Phrase("it says {words}", "含有 {words}"),
    _Phrase("it is by {name}", "作者为 {name}"),
    _Phrase("it is in {category} (cross-listed)", "属于 {category}（交叉列表）"),
    _Phrase("it is in {category}", "属于 {category}"),
    _Phrase("like {paper} (an example of the topic)", "与该主题的示例 {paper} 相近"),
    _Phrase("like {paper} (you like it)", "与你喜欢的 {paper} 相近", personal=True),
    _Phrase("like {paper} (you dislike it)", "与你不喜欢的 {paper} 相近", personal=True),
    _Phrase("like {paper} (you tagged it)", "与你标记过的 {paper} 相近", personal=True),
    _Phrase("like {paper} (in your library)", "与你库中的 {paper} 相近", personal=True),
    _Phrase("like {paper} (tagged {tag})", "与标有“{tag}”的 {paper} 相近", personal=True),
    _Phrase("words for it: {words}", "有利的词：{words}", personal=True),
    _Phrase("words against it: {words}", "不利的词：{words}", personal=True),
)
_CHANGES = (
    _Phrase("the paper has been withdrawn", "论文已被撤回"),
    _Phrase("title was: {text}", "原标题：{text}"),
    _Phrase("authors added: {text}", "新增作者：{text}"),
    _Phrase("authors removed: {text}", "移除作者：{text}"),
    _Phrase("authors are now in this order: {text}", "作者顺序现为：{text}"),
    _Phrase("comment was: {text}", "原备注：{text}"),
    _Phrase("abstract, removed: {text}", "摘要删去：{text}"),
    _Phrase("abstract, added: {text}", "摘要增加：{text}"),
    _Phrase("version {new} replaces version {old}", "第 {new} 版取代第 {old} 版"),
)
_NOTICES = (
    _Phrase(
        "nothing to show for {since} to {until}: {found} found, each left out for the reason given with it",
        "{since} 至 {until} 没有可展示的论文：找到 {found} 篇，均已略去，理由附于各篇",
    ),
    _Phrase(
        "nothing to show for {day}: {found} found, each left out for the reason given with it",
        "{day} 没有可展示的论文：找到 {found} 篇，均已略去，理由附于各篇",
    ),
    _Phrase(
        "nothing for {since} to {until}: no stored paper that was announced then belongs here;"
        " kb update brings the newest",
        "{since} 至 {until} 没有论文：库中没有当时公布且属于此处的论文；kb update 可取得最新论文",
    ),
    _Phrase(
        "nothing for {day}: no stored paper that was announced then belongs here; kb update brings the newest",
        "{day} 没有论文：库中没有当日公布且属于此处的论文；kb update 可取得最新论文",
    ),
    _Phrase(
        "nothing for {day}: {other} is a Saturday: arXiv lists new papers from Monday to Friday",
        "{day} 没有论文：{other} 为星期六，arXiv 仅在周一至周五公布新论文",
    ),
    _Phrase(
        "nothing for {day}: {other} is a Sunday: arXiv lists new papers from Monday to Friday",
        "{day} 没有论文：{other} 为星期日，arXiv 仅在周一至周五公布新论文",
    ),
    _Phrase(
        "nothing for {day}: arXiv made no announcement on the evening of {evening} ({name})",
        "{day} 没有论文：arXiv 在 {evening} 晚间未公布论文（{name}）",
    ),
    _Phrase(
        "nothing for {day}: arXiv's holiday on Friday {friday} ({name}) may have deferred the announcement of {other}",
        "{day} 没有论文：{friday}（星期五）为 arXiv 假日（{name}），{other} 的公布可能因此推迟",
    ),
    _Phrase(
        "nothing for {day}: arXiv's holidays of {year} are not known here; it usually makes no announcement on {name}",
        "{day} 没有论文：此处不知 {year} 年的 arXiv 假日；通常 {name} 不公布论文",
    ),
)
_PHRASES = (*_REASONS, *_CHANGES, *_NOTICES)


def spoken(sentence: str, language: Language) -> str:
    """A sentence of the data in the language of a page; one that is not known stays as it is."""
    return sentence if language == "en" else _turned(sentence, heard="en", said=language)


def understood(sentence: str, language: Language) -> str:
    """The English of a sentence that stands on a page."""
    return sentence if language == "en" else _turned(sentence, heard=language, said="en")


def is_personal(sentence: str) -> bool:
    """Whether a reason tells a stranger what the user likes and has."""
    phrase = next((phrase for phrase in _REASONS if template_pattern(phrase.en).fullmatch(sentence)), None)
    return phrase is not None and phrase.personal


def _turned(sentence: str, *, heard: Language, said: Language) -> str:
    for phrase in _PHRASES:
        if match := template_pattern(getattr(phrase, heard)).fullmatch(sentence):
            told: str = getattr(phrase, said)
            return told.format(**match.groupdict())
    return sentence
