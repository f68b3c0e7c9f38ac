"""Sentences that the library says of a paper (why it is on a page, what changed) in each language of a page.

The data have them in English. A page in another language has its own; reading a page gives the English again, so that
it can be checked. Templates of one language are told apart by their fixed words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from kb.records import Language


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
    phrase = next((phrase for phrase in _REASONS if _pattern(phrase.en).fullmatch(sentence)), None)
    return phrase is not None and phrase.personal


def _turned(sentence: str, *, heard: Language, said: Language) -> str:
    for phrase in _PHRASES:
        if match := _pattern(getattr(phrase, heard)).fullmatch(sentence):
            told: str = getattr(phrase, said)
            return told.format(**match.groupdict())
    return sentence


@lru_cache(maxsize=128)
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile("".join(f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts)), re.S)
