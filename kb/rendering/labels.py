"""The words of a page in each of its languages; how pages, files and headings are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from kb.records import Digest, Evidence, Figure, Language, Passage
from kb.structure import float_label

_NAME_BYTES = 200  # file systems take 255

LABELS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "update": "Update of {day}",
        "period": "Update of {since} to {until}",
        "authors": "Authors",
        "summary": "Summary",
        "takeaways": "Key Takeaways",
        "note": "Reading note",
        "title": "Title",
        "translated": "Title (translated)",
        "affiliation": "First author's affiliation",
        "keywords": "Keywords",
        "links": "Links",
        "paper": "Paper",
        "code": "Code",
        "project": "Project page",
        "abstract": "Abstract",
        "background": "Background",
        "past_methods": "Past methods and their problems",
        "method": "Method",
        "results": "Task and performance",
        "methods": "Method, step by step",
        "conclusion": "Conclusion",
        "significance": "Significance",
        "innovation": "Innovation",
        "performance": "Performance",
        "workload": "Workload",
        "figures": "Figures of the paper",
        "evidence": "Evidence",
        "record": "abstract of the record",
        "page": "p. {page}",
        "page_printed": "p. {page} (printed {printed})",
        "recognised": "read by machine",
        "flattened": "its signs in one line",
        "equation": "Equation {number}",
        "equation_unnumbered": "Equation without a number",
        "earlier": "from an earlier reading",
        "not stated": "not stated",
        "full text not read": "full text not read",
        "failed": "could not be written: {reason}",
        "withdrawn": "This paper has been withdrawn.",
        "changes": "What changed",
        "why": "Why it is here",
        "license": "License",
        "nothing": "No paper on this page.",
        "made_extractive": "Every sentence about a paper is a quotation from it; names, ids and links are those of the"
        " record. No language model was used.",
        "made_model": "Summary, takeaways and notes were drafted by {model} from numbered quotations and checked"
        " sentence by sentence against them; marks lead to the quotations."
        " Names, ids and links are those of the record.",
        "made_zh": "",
        "new": "new",
        "counted": "{count} {what}",
        "separator": ", ",
        "section_new": "New",
        "section_updated": "Updated",
        "section_withdrawn": "Withdrawn",
        "state_withdrawn": "withdrawn",
        "also_matched": "Also matched",
        "more_authors": "… {count} more …",
        "more_titles": "and {count} more",
        "abstract_only": "the full text was not read",
        "see_abstract": "see the abstract",
        "previous": "Previous day",
        "next": "Next day",
        "week": "The week",
        "trend": "New papers, the latest day last:",
        "no_text_place": "text",
        "role_background": "Background",
        "role_problem": "Problem",
        "role_objective": "Objective",
        "role_method": "Method",
        "role_result": "Result",
        "role_significance": "Significance",
        "role_availability": "Availability",
        "untitled": "All papers",
        "unlicensed": "Figures and quotations beyond the abstract are left out: the paper's licence does not allow them"
        " to be republished, or is not known.",
        "partly": "in part",
        "unsupported": "not found in the source",
        "contradicted": "the source says otherwise",
        "withheld": "left out: the paper's licence does not allow it to be republished, or is not known",
        "withheld_quote": "quotation left out for want of a licence",
        "unread": "{place}; a sign on the page could not be read",
        "quoted": "quoted from the paper",
        "quoted_entry": "This note is quoted from the paper; no language model wrote it.",
        "text": "the paper's text",
        "attribution": "{authors}: “{title}”, {where}, {licence}.",
        "no_address": "no address is known",
        "no_licence": "no licence to republish is known",
        "updated": "updated",
        "contents": "Papers",
        "skipped": "Left out",
        "comment": "Comment",
        "venue": "Venue",
        "index": "Daily pages",
        "topic": "Topic",
        "days": "Days",
        "question": "Question",
        "state": "Licence",
        "differences": "How they differ",
        "date": "Announced",
        "cites": "{sentences} sentences cite {works} works.",
        "checked_by": "Judged by {model} against the passages shown; numbers, addresses, quotations and names were"
        " looked for in all that the cited papers print. A verdict says “found in the source”, not “true”.",
        "checked_without": "No language model was used, so nothing is called supported: numbers, addresses, quotations"
        " and names were looked for in all that the cited papers print, and the nearest passages are quoted.",
        "kept_private": "{count} private paper(s) were not shown to the model: --allow-remote does.",
        "supported": "found in the source",
        "not judged": "not judged",
        "absent_numbers": "numbers that the cited papers do not print: {found}",
        "absent_names": "names that the cited papers do not print: {found}",
        "not_here": "Cited and not in the library",
        "sentences": "Sentences that cite",
        "nearest": "Nearest passages",
        "nearest_sentence": "nearest: {quote}",
        "line": "line {line}",
        "made_review": "Written by {model} from numbered sentences of {papers} papers and checked statement by"
        " statement against them. “Checked” means found in the source, not true.",
        "missing": "Not said in these papers: {text}",
        "doubtful": "Borne out only in part",
        "papers": "The papers",
        "year": "Year",
        "does": "What it does",
        "data": "Data",
        "result": "Main result",
        "references": "References",
        "not_used": "Looked at and not used",
        "relevance": "relevance {relevance} of 10",
        "nothing_relevant": "None of the papers that were looked at bears on the question.",
        "dropped": "Left out: {count} statement(s) of the draft that the papers do not bear out.",
    },
    "zh": {
        "update": "{day} 更新",
        "period": "{since} 至 {until} 更新",
        "authors": "作者",
        "summary": "摘要总结",
        "takeaways": "要点",
        "note": "阅读笔记",
        "title": "标题",
        "translated": "标题（译）",
        "affiliation": "第一作者单位",
        "keywords": "关键词",
        "links": "链接",
        "paper": "论文",
        "code": "代码",
        "project": "项目主页",
        "abstract": "摘要",
        "background": "研究背景",
        "past_methods": "过去方法及问题",
        "method": "研究方法",
        "results": "任务和性能",
        "methods": "方法",
        "conclusion": "结论",
        "significance": "意义",
        "innovation": "创新点",
        "performance": "性能",
        "workload": "工作量",
        "figures": "点此查看论文截图",
        "evidence": "出处",
        "record": "记录中的摘要",
        "page": "第 {page} 页",
        "page_printed": "第 {page} 页（印刷页码 {printed}）",
        "recognised": "机器识别",
        "flattened": "公式符号排成一行",
        "equation": "公式 {number}",
        "equation_unnumbered": "未编号公式",
        "earlier": "出自较早的一次解析",
        "not stated": "文中未说明",
        "full text not read": "未读全文",
        "failed": "未能生成：{reason}",
        "withdrawn": "该论文已被撤回。",
        "changes": "更新内容",
        "why": "收录理由",
        "license": "许可",
        "nothing": "本页没有论文。",
        "made_extractive": "有关论文的每句话均引自论文原文；作者、编号和链接取自记录。未使用语言模型。",
        "made_model": "总结、要点和笔记由 {model} 根据编号引文起草，并逐句与引文核对；"
        "标记指向引文。作者、编号和链接取自记录。",
        "made_zh": "没有语言模型可用于翻译，引文保留论文原文语言。",
        "new": "新增",
        "counted": "{what} {count} 篇",
        "separator": "，",
        "section_new": "新论文",
        "section_updated": "更新",
        "section_withdrawn": "撤回",
        "state_withdrawn": "撤回",
        "also_matched": "同样符合",
        "more_authors": "……另 {count} 位……",
        "more_titles": "另有 {count} 篇",
        "abstract_only": "未读全文",
        "see_abstract": "见摘要",
        "previous": "前一天",
        "next": "后一天",
        "week": "本周",
        "trend": "每日新论文（最近一天在后）：",
        "no_text_place": "正文",
        "role_background": "背景",
        "role_problem": "问题",
        "role_objective": "目的",
        "role_method": "方法",
        "role_result": "结果",
        "role_significance": "意义",
        "role_availability": "代码与数据",
        "untitled": "全部论文",
        "unlicensed": "论文许可不允许转载或许可未知，此处略去图片和摘要以外的引文。",
        "partly": "部分支持",
        "unsupported": "原文中未找到",
        "contradicted": "与原文不符",
        "withheld": "略去：论文许可不允许转载或许可未知",
        "withheld_quote": "因许可略去引文",
        "unread": "{place}；页面上有一个符号无法识别",
        "quoted": "引自论文原文",
        "quoted_entry": "本条笔记引自论文原文，未使用语言模型。",
        "text": "论文正文",
        "attribution": "{authors}：“{title}”，{where}，{licence}。",
        "no_address": "网址未知",
        "no_licence": "未见允许转载的许可",
        "updated": "更新",
        "contents": "论文列表",
        "skipped": "未收录",
        "comment": "备注",
        "venue": "发表于",
        "index": "每日页面",
        "topic": "主题",
        "days": "日期",
        "question": "问题",
        "state": "许可",
        "differences": "差异",
        "date": "公布日期",
        "cites": "{sentences} 句引用 {works} 篇文献",
        "checked_by": "由 {model} 对照所列段落判断；数字、网址、引文和名称在被引论文全文中查找。"
        "判断指“见于原文”，不表示“属实”。",
        "checked_without": "未使用语言模型，因此不判为“得到支持”：数字、网址、引文和名称在被引论文全文中查找，"
        "并列出最相近的段落",
        "kept_private": "{count} 篇私有论文未展示给模型：--allow-remote 可展示。",
        "supported": "见于原文",
        "not judged": "未判断",
        "absent_numbers": "被引论文中没有的数字：{found}",
        "absent_names": "被引论文中没有的名称：{found}",
        "not_here": "引用而不在库中",
        "sentences": "引用文献的句子",
        "nearest": "最相近的段落",
        "nearest_sentence": "最相近：{quote}",
        "line": "第 {line} 行",
        "made_review": "由 {model} 根据 {papers} 篇论文的编号句子撰写，并逐句与原文核对。"
        "“核对”指见于原文，不表示属实。",
        "missing": "这些论文未说明：{text}",
        "doubtful": "仅部分得到支持",
        "papers": "论文一览",
        "year": "年份",
        "does": "内容",
        "data": "数据",
        "result": "主要结果",
        "references": "参考文献",
        "not_used": "看过而未采用",
        "relevance": "相关度 {relevance}/10",
        "nothing_relevant": "看过的论文均与问题无关。",
        "dropped": "略去草稿中 {count} 句论文不支持的话。",
    },
}


QUOTATION_REMARKS = ("recognised", "earlier")
"""What may stand behind the page of a quotation: a text recogniser read it; the file was read again since."""


def page_of(language: Language, quoted: Evidence | Passage) -> str:
    """The page of a quotation, with what a reader must know of its words; empty where it has no page."""
    if not quoted.page:
        return ""
    holds = (quoted.recognised, quoted.earlier_reading)
    remarks = [name for name, is_so in zip(QUOTATION_REMARKS, holds, strict=True) if is_so]
    page = numbered_page(language, quoted.page, printed=quoted.page_label if isinstance(quoted, Passage) else None)
    return ", ".join([page, *(label(language, name) for name in remarks)])


def numbered_page(language: Language, page: int, *, printed: str | None) -> str:
    """A page by its place in the file, and beside it the number that it prints, where that is another."""
    if printed in (None, str(page)):
        return label(language, "page", page=page)
    return label(language, "page_printed", page=page, printed=printed)


def label(language: Language, name: str, **values: object) -> str:
    """A word or sentence of the page in its language."""
    return LABELS[language][name].format(**values)


def slug(text: str) -> str:
    """A file or folder name: letters and digits of any script, joined by hyphens, never empty or hidden, and short
    enough for a day before it and an ending behind it."""
    words = "-".join(re.findall(r"\w+", text.casefold()))[:80]
    return words.encode()[:_NAME_BYTES].decode(errors="ignore") or "digest"


def page_name(digest: Digest) -> str:
    """The page's file name without suffix: the day (or period) and the topic."""
    return page_name_of(digest.topic, since=digest.since, until=digest.until)


def page_name_of(topic: str | None, *, since: date, until: date) -> str:
    """The same for a page that is not at hand."""
    days = until.isoformat() if since == until else f"{since}-{until}"
    return f"{days}-{slug(topic)}" if topic else days


def feed_name(digest: Digest) -> str:
    """The feed's file name without suffix: the same for all days of a topic."""
    return slug(digest.topic) if digest.topic else "all-papers"


def page_title(digest: Digest) -> str:
    """The topic, or what stands for all papers."""
    return digest.topic or label(digest.language, "untitled")


def update_title(digest: Digest) -> str:
    """«2024-03-04 更新» / «Update of 2024-03-04»."""
    if digest.since == digest.until:
        return label(digest.language, "update", day=digest.until)
    return label(digest.language, "period", since=digest.since, until=digest.until)


def without_label(caption: str, name: str) -> str:
    """A caption without the label that it begins with."""
    found = float_label(caption.strip())
    return found.rest.strip() if found is not None and found.text == name else caption


def picture_text(figure: Figure) -> str:
    """What stands for a picture where it is not seen: label and caption."""
    return f"{figure.label}: {without_label(figure.caption, figure.label)}"
