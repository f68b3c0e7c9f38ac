"""The words of a page in each of its languages."""

from __future__ import annotations

from collections.abc import Mapping

from kb.records import Language

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
        "not stated": "not stated",
        "failed": "could not be written: {reason}",
        "withdrawn": "This paper has been withdrawn.",
        "changes": "What changed",
        "license": "License",
        "nothing": "No paper on this page.",
        "made_extractive": "Every sentence below the headings is a verbatim quotation from the paper, with its place;"
        " names, ids and links are those of the record. No language model was used.",
        "made_model": "Summary, takeaways and notes were drafted by {model} from numbered quotations and checked"
        " sentence by sentence against them; marks lead to the quotations."
        " Names, ids and links are those of the record.",
        "made_zh": "",
        "counts": "{new} new, {updated} updated of {found} found",
        "untitled": "All papers",
        "unlicensed": "Figures and quotations beyond the abstract are left out: the paper's licence does not allow them"
        " to be republished, or is not known.",
        "partly": "in part",
        "unsupported": "not found in the source",
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
        "not stated": "文中未说明",
        "failed": "未能生成：{reason}",
        "withdrawn": "该论文已被撤回。",
        "changes": "更新内容",
        "license": "许可",
        "nothing": "本页没有论文。",
        "made_extractive": "标题下的每句话均为论文原文引用并标明出处；作者、编号和链接取自记录。未使用语言模型。",
        "made_model": "总结、要点和笔记由 {model} 根据编号引文起草，并逐句与引文核对；"
        "标记指向引文。作者、编号和链接取自记录。",
        "made_zh": "没有语言模型可用于翻译，引文保留论文原文语言。",
        "counts": "共 {found} 篇：新增 {new} 篇，更新 {updated} 篇",
        "untitled": "全部论文",
        "unlicensed": "论文许可不允许转载或许可未知，此处略去图片和摘要以外的引文。",
        "partly": "部分支持",
        "unsupported": "原文中未找到",
    },
}


def label(language: Language, name: str, **values: object) -> str:
    """A word or sentence of the page in its language."""
    return LABELS[language][name].format(**values)
