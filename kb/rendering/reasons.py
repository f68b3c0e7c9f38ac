"""What the library says of papers, as sentences in each language of a page: made last, from records alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
    # why a paper is on a topic's page
    "example": "it is an example of the topic",
    "query": "the topic's query holds",
    "asks-nothing": "the topic asks for nothing",
    "shown-by-topic": "the topic has shown it before",
    "says": "it says {phrases}",
    "by": "it is by {name}",
    "in": "it is in {category}",
    "cross-listed": "it is cross-listed in {category}",
    "like-example": "like “{title}”, an example of the topic",
    "like-liked": "like “{title}” that you liked",
    "like-disliked": "like “{title}” that you dislike",
    "like-tagged": "like “{title}” that you tagged",
    "like-tagged-as": "like “{title}” that you tagged for the topic",
    "like-collected": "like “{title}” in a collection of yours",
    "like-library": "like “{title}” in your library",
    "words-for": "words for it: {words}",
    "words-against": "words against it: {words}",
    # why it is not
    "query-fails": "the query does not hold (not found: {terms})",
    "query-excludes": "the query excludes it",
    "must-occur": "“{phrase}” must occur and does not",
    "must-not-occur": "“{phrase}” must not occur and does",
    "by-none": "none of its authors is {names}",
    "in-none": "it is in {found}, not in {wanted}",
    "limit": "not among the {limit} most relevant of {day}",
    "shown-before": "shown on {day}",
    "version-of-unshown": "version {version} of a paper that this topic has not shown",
    "no-note": "no note: {why}",
    # what changed
    "withdrawn": "the paper has been withdrawn",
    "title-was": "title was: {text}",
    "authors-added": "authors added: {text}",
    "authors-removed": "authors removed: {text}",
    "authors-reordered": "authors are now in this order: {text}",
    "comment-was": "comment was: {text}",
    "abstract-removed": "abstract, removed: {text}",
    "abstract-added": "abstract, added: {text}",
    "replaces": "version {new} replaces version {old}",
    "replaces-unseen": "version {new}; version {old} was shown before and is not stored here, so what changed is not"
    " known",
    # why there is nothing
    "none-shown": "nothing to show: {found} found, each left out for the reason given with it",
    "none-stored": "no stored paper that was announced then belongs here; kb update brings the newest",
    "saturday": "{day} is a Saturday: arXiv lists new papers from Monday to Friday",
    "sunday": "{day} is a Sunday: arXiv lists new papers from Monday to Friday",
    "no-announcement": "arXiv made no announcement on the evening of {evening} ({name})",
    "perhaps-deferred": "arXiv's holiday on Friday {friday} ({name}) may have deferred the announcement of {day}",
    "holidays-unknown": "arXiv's holidays of {year} are not known here; it usually makes no announcement on {name}",
    "no-listing": "arXiv announces nothing on {day}",
    "arxiv-not-reached": "arXiv could not be asked about {day}: run kb update again, it makes up for that day",
    "feed-is-old": "arXiv's feed still carries {day}: run kb update again later",
    "feed-lists-none": "arXiv's feed of {day} lists nothing in {categories}",
    "feed-lists-others": "arXiv's feed of {day} lists {listed} in {categories}, and none of them belongs here",
    "api-has-none": "arXiv was asked for {query} and has nothing of {day} that is new here",
    "done-before": "the day was done before, and nothing was found then",
    "library-empty": "the library has no papers yet: kb update brings the newest, kb add brings others",
    "none-in-period": (
        "none of the {papers} stored papers is of these days: choose others, or bring papers with kb update"
    ),
    # what a page is made of
    "roundup": "put together from the pages of {days}",
    "roundup-lacks": "no page is kept of {days}, which had been looked at",
    # how a field of a note came about
    "quoted": "sentences of the paper",
    "quoted-from-abstract": "sentences of the abstract",
    "no-sentence": "no sentence tells it",
    "no-text": "neither an abstract nor a full text with prose is stored",
    "abstract-is-one-sentence": "the abstract is a single sentence, and an abstract is no summary",
    "no-part-stated": "none of its parts is stated",
    "full-text-not-read": "the full text was not read",
    "title-as-recorded": "the title is shown as the record has it",
    "no-figure": "no figure or table was cut from the full text",
    "no-full-text": "no full text is stored ({why})",
    "no-keywords": "no keywords were found in the paper",
    "papers-own": "the paper's own",
    "model-failed": "the model failed: {why}",
    "model-failed-briefly": "the model failed",
    "model-wrote-nothing": "the model wrote nothing for it",
    "draft-unsupported": "the model's draft had no support",
    "drafts-dropped": "{count} drafted without support and dropped",
    "not-screened": "{why}",
    "orders-left-out": "{count} addressed to a machine",
    "model-barred": "{model} is on another machine and the paper is private: allow it with --allow-remote",
    "no-translator": "in the paper's language: there is no model to translate it",
    "not-translated": "not translated: {why}",
    "translation-failed": "{count} left in the paper's language: their translation changed a number, a name or a term",
    "title-translation-failed": "its translation changed a name",
    "title-is-order": "the title is addressed to a machine",
    "title-is-chinese": "the title is in Chinese",
    # why something on a page cannot be checked
    "paper-not-here": "the paper is not in the library: kb add puts it in",
    "id-not-here": "no paper of the library has this id",
    "topic-not-here": "the library has no such topic",
    "topic-changed": "the topic says otherwise now",
    "version-not-stored": "the record of that version is not stored",
    "read-otherwise": "the full text was read otherwise here",
    "not-in-the-record": "the record does not state it",
    "quotation-withheld": "its quotation was left out",
    "picture-not-here": "the picture is not here",
    "figures-not-cut": "no figures of its full text were cut here",
    "translation": "it is a translation",
    "not-kept": "what it hangs on is not kept",
    "field-not-known": "this version of kb has no such field",
    "as-stated": "{text}",
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
    "example": "是该主题的示例论文",
    "query": "符合该主题的查询",
    "asks-nothing": "该主题没有条件",
    "shown-by-topic": "该主题曾展示过",
    "says": "含有 {phrases}",
    "by": "作者为 {name}",
    "in": "属于 {category}",
    "cross-listed": "交叉列入 {category}",
    "like-example": "与该主题的示例“{title}”相近",
    "like-liked": "与你喜欢的“{title}”相近",
    "like-disliked": "与你不喜欢的“{title}”相近",
    "like-tagged": "与你标记过的“{title}”相近",
    "like-tagged-as": "与你为该主题标记的“{title}”相近",
    "like-collected": "与你收藏集中的“{title}”相近",
    "like-library": "与你库中的“{title}”相近",
    "words-for": "支持的词：{words}",
    "words-against": "反对的词：{words}",
    "query-fails": "不符合查询（未找到：{terms}）",
    "query-excludes": "被查询排除",
    "must-occur": "须含“{phrase}”而没有",
    "must-not-occur": "含有不应出现的“{phrase}”",
    "by-none": "作者中没有 {names}",
    "in-none": "属于 {found}，不属于 {wanted}",
    "limit": "不在 {day} 最相关的 {limit} 篇之内",
    "shown-before": "已于 {day} 展示",
    "version-of-unshown": "该主题未展示过的论文的第 {version} 版",
    "no-note": "没有笔记：{why}",
    "withdrawn": "论文已被撤回",
    "title-was": "原标题：{text}",
    "authors-added": "新增作者：{text}",
    "authors-removed": "移除作者：{text}",
    "authors-reordered": "作者顺序现为：{text}",
    "comment-was": "原备注：{text}",
    "abstract-removed": "摘要删去：{text}",
    "abstract-added": "摘要增加：{text}",
    "replaces": "第 {new} 版取代第 {old} 版",
    "replaces-unseen": "第 {new} 版；此前展示的第 {old} 版未存于此处，故无法得知改动",
    "none-shown": "没有可展示的论文：找到 {found} 篇，均已略去，理由附于各篇",
    "none-stored": "库中没有当时公布且属于此处的论文；kb update 可取得最新论文",
    "saturday": "{day} 为星期六，arXiv 仅在周一至周五公布新论文",
    "sunday": "{day} 为星期日，arXiv 仅在周一至周五公布新论文",
    "no-announcement": "arXiv 在 {evening} 晚间未公布论文（{name}）",
    "perhaps-deferred": "{friday}（星期五）为 arXiv 假日（{name}），{day} 的公布可能因此推迟",
    "holidays-unknown": "此处不知 {year} 年的 arXiv 假日；通常 {name} 不公布论文",
    "no-listing": "arXiv 在 {day} 不公布论文",
    "arxiv-not-reached": "无法就 {day} 查询 arXiv：请再次运行 kb update，它会补上当日",
    "feed-is-old": "arXiv 的订阅源仍为 {day}：请稍后再运行 kb update",
    "feed-lists-none": "arXiv {day} 的订阅源在 {categories} 中没有论文",
    "feed-lists-others": "arXiv {day} 的订阅源在 {categories} 中列出 {listed} 篇，均不属于此处",
    "api-has-none": "已向 arXiv 查询 {query}，{day} 没有此处尚无的论文",
    "done-before": "当日已处理过，当时没有找到论文",
    "library-empty": "库中尚无论文：kb update 可取得最新论文，kb add 可加入其他论文",
    "none-in-period": "库中 {papers} 篇论文均不属于这些日期：请选择其他日期，或用 kb update 取得论文",
    "roundup": "由 {days} 的页面汇总而成",
    "roundup-lacks": "{days} 已处理过，但未存有页面",
    "abstract-is-one-sentence": "摘要只有一句话，不能作为总结",
    "no-text": "未存有摘要或正文",
    "full-text-not-read": "未读全文",
    "model-failed": "模型出错：{why}",
    "model-failed-briefly": "模型出错",
    "model-wrote-nothing": "模型未就此写出内容",
    "draft-unsupported": "模型的草稿没有依据",
    "drafts-dropped": "{count} 句草稿没有依据，已舍去",
    "orders-left-out": "{count} 句是写给机器的",
    "model-barred": "{model} 在另一台机器上，而该论文不公开：可用 --allow-remote 允许",
    "not-translated": "未翻译：{why}",
    "translation-failed": "{count} 句保留论文原文语言：其译文改动了数字、名称或术语",
    "title-translation-failed": "其译文改动了名称",
    "title-is-order": "标题是写给机器的",
    "title-is-chinese": "标题为中文",
    "no-translator": "保留论文原文语言：没有模型可用于翻译",
}
_AGREEING = {"title": "the titles", "authors": "the authors"}


def sentence(reason: Reason, language: Language = "en") -> str:
    """The reason, without a full stop; in English where the language has no words for it, else the kind itself."""
    known = (_CHINESE if language == "zh" else _SENTENCES).get(reason.kind) or _SENTENCES.get(reason.kind)
    if known is None:
        return reason.kind
    return known.format_map(_Values(reason.values))


def told(reason: Reason | Iterable[Reason] | str | None, language: Language = "en") -> str:
    """The reason of a verdict or of a field's state, several joined by semicolons; "" for none."""
    if reason is None or isinstance(reason, str):
        return reason or ""
    several = (reason,) if isinstance(reason, Reason) else reason
    return ("；" if language == "zh" else "; ").join(sentence(one, language) for one in several)


_MOST_WHY = 3
# What a reader wants to know first; what holds of every paper of the page, or speaks against it, is not told.
_WHY = (
    "like-liked", "like-tagged-as", "like-tagged", "like-example", "like-collected", "like-library", "example", "by",
    "says", "words-for", "shown-by-topic",
)  # fmt: skip


def told_why(reasons: Iterable[Reason], language: Language = "en") -> list[str]:
    """Why a paper is on a page, for its reader: at most three sentences, what the reader liked first."""
    worth = sorted((one for one in reasons if one.kind in _WHY), key=lambda one: _WHY.index(one.kind))
    return list(dict.fromkeys(sentence(one, language) for one in worth))[:_MOST_WHY]


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
