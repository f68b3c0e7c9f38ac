"""Pages of the old kind, read for what they state: header, abstract, and a note that a language model wrote.

Their notes come in many shapes (lists in HTML, numbered lines, broken levels), so fields are found by their labels.
"""

from __future__ import annotations

import html
import re

from kb.rendering.page_records import ReadEntry, ReadPage

# Tags of HTML; anything else in angle brackets was meant to be seen, or to be replaced.
_TAG = re.compile(
    r"</?(?:a|b|blockquote|br|center|code|dd|details|div|dl|dt|em|font|h[1-6]|hr|i|img|li|ol|p|pre|s|small|span|strong"
    r"|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_HEADER_AUTHORS = re.compile(r"^\*\*Authors?\s*[:：]\s*(?P<names>.*?)\**\s*$", re.IGNORECASE)
_SOURCE = re.compile(r"^\[(?:PDF|Paper|arXiv)\]\((?P<address>[^)\s]*)\)\s*(?P<rest>.*)$", re.IGNORECASE)
_NUMBER = r"^\s*(?:[-*]\s+)?(?:\d+\s*[.、)]\s*)?(?:\*\*)?"
_AUTHORS = re.compile(rf"{_NUMBER}(?:作者|Authors?)(?:\*\*)?\s*[:：]\s*(?P<told>.*)$", re.IGNORECASE)
_AFFILIATION = re.compile(
    rf"{_NUMBER}(?:第一作者|作者)?(?:的)?(?:所属|隶属)?(?:单位|机构|Affiliations?)(?:\*\*)?\s*[:：]\s*(?P<told>.*)$",
    re.IGNORECASE,
)
_KEYWORDS = re.compile(rf"{_NUMBER}(?:关键词|关键字|Key\s?words?)(?:\*\*)?\s*[:：]\s*(?P<told>.*)$", re.IGNORECASE)
_TITLE = re.compile(rf"{_NUMBER}(?:标题|题目|Title)(?:\*\*)?\s*[:：]\s*(?P<told>.*)$", re.IGNORECASE)
_LINK = re.compile(
    r"(?P<label>论文链接|论文地址|链接|Urls?|Links?|Paper|Git\s?hub[^:：]{0,12}|Code|代码[^:：]{0,6})\s*[:：]\s*"
    r"(?P<told>https?://[^\s,，;；、）)<>]+|[^,，;；\n]*)",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s,，;；、。（）()<>\[\]\"'`*]+", re.ASCII)
_NOTHING = re.compile(
    r"^\W*(?:none|无|null|n/?a|nan|没有|暂无|不可用|not available|unknown|未提供|未知)\W*$", re.IGNORECASE
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def read_old_page(text: str) -> ReadPage:
    """A page of the old kind; papers are its headings of the second level."""
    page = ReadPage(own=False, language="zh", extractive=False)
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines) if re.match(r"^##\s", line)]
    for line in lines[: heads[0] if heads else len(lines)]:
        if match := re.match(r"^(?:(?P<front>date:)|#\s)\s*(?P<rest>.*)$", line):
            days = _DAY.findall(match["rest"])
            if days:
                page.days.append(("front matter, date" if match["front"] else "heading", "", days[-1]))
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=False):
        page.entries.append(_read_entry(lines[start:end]))
    return page


def _read_entry(lines: list[str]) -> ReadEntry:
    entry = ReadEntry(title=_bare(re.sub(r"^##\s+", "", lines[0])))
    where = "head"
    for raw in lines[1:]:
        line = _bare(raw)
        if raw.strip().startswith("<details"):
            where = "figures"
        elif where == "figures" or not line:
            continue
        elif match := _HEADER_AUTHORS.match(raw.strip()):
            entry.authors.append(("header", match["names"]))
        elif match := _SOURCE.match(raw.strip()):
            entry.source_line = f"PDF {_bare(match['rest'])}".strip()
            entry.links += [("source", match["address"]), *(("source", url) for url in _urls(match["rest"]))]
            where = "summary"
        elif where == "head":
            entry.abstract = f"{entry.abstract} {line}".strip()
            entry.links += [("abstract", url) for url in _urls(line)]
        elif re.match(r"^\*\*(?:\[|Summary|Key Takeaways)", raw.strip()):
            where = "note" if "[" in raw else "takeaways" if "Key" in raw else "summary"
        else:
            _read_line(entry, where, line)
    return entry


def _read_line(entry: ReadEntry, where: str, line: str) -> None:
    """A line below the header: a field of the note by its label, or text."""
    if where == "note" and (match := _AUTHORS.match(line)):
        entry.authors.append(("note", match["told"]))
    elif where == "note" and (match := _AFFILIATION.match(line)):
        entry.affiliation = match["told"].strip()
    elif where == "note" and (match := _KEYWORDS.match(line)):
        entry.keywords = match["told"].strip()
    elif where == "note" and (match := _TITLE.match(line)):
        entry.translated = match["told"].strip()
    elif where == "note" and _is_link_line(line):
        for match in _LINK.finditer(line):
            _read_link(entry, match["label"].strip(), match["told"].strip())
    else:
        entry.texts.append((where, line))
        entry.links += [(where, url) for url in _urls(line)]


def _is_link_line(line: str) -> bool:
    return (
        re.match(rf"{_NUMBER}(?:论文链接|论文地址|链接|Urls?|Links?|Git\s?hub|Code|代码链接)", line, re.I) is not None
    )


def _read_link(entry: ReadEntry, name: str, told: str) -> None:
    urls = _urls(told)
    if urls:
        entry.links += [(f"note, {name}", url) for url in urls]
    elif not told or _NOTHING.match(told):
        entry.missing_links.append((name, told or "(empty)"))
    else:
        entry.texts.append((f"note, {name}", told))


def _urls(text: str) -> list[str]:
    return [url.rstrip(".,;:!?") for url in _URL.findall(text)]


def _bare(line: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", line)).split())
