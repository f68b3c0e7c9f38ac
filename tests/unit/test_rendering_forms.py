"""Every form: the record's own names and links, the same bytes from the data, and nothing of a paper as markup."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import cast
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import wire
from kb.errors import UsageError
from kb.records import (
    Cell,
    Claim,
    Comparison,
    Digest,
    DigestCounts,
    FieldStatus,
    Language,
    Link,
    MadeWith,
    Note,
    Paper,
)
from kb.rendering import (
    FORMS,
    IndexEntry,
    PageSettings,
    render_comparison,
    render_digest,
    render_index,
    render_note,
)
from kb.rendering.display import commonmark, link, markdown, one_line, yaml
from kb.rendering.labels import LABELS, label
from kb.rendering.markdown_reading import plain_text
from tests.rendering_pages import DAY, PICTURE, PICTURE_KEY, digest_of, note_of, read_file, seed_papers, with_figure

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = (
    '<script>alert(1)</script> {{ x }} {% y %} {# z #} "q" \'s\' --- : | *a* _b_ [c](javascript:d) `e` $1 \\" &amp;'
)


def text_of(digest: Digest, form: str, **place: object) -> str:
    """The first page of a form."""
    pages = render_digest(digest, form, read_file=read_file, settings=PageSettings(**place))  # type: ignore[arg-type]
    return pages[0][1].decode()


def hostile_note() -> Note:
    paper = seed_papers()[0]
    links = (*paper.links, Link(kind="code", url="javascript:alert(1)"), Link(kind="project", url="data:text/html,x"))
    changed = replace(
        paper, title=HOSTILE, abstract=f"{HOSTILE} is so.", comment=HOSTILE, authors=(HOSTILE, "B"), links=links,
        keywords=(HOSTILE,), license=HOSTILE,
    )  # fmt: skip
    note = note_of(changed)
    return replace(
        with_figure(note), changes=(HOSTILE,), status={"summary": FieldStatus(state="failed", reason=HOSTILE)}
    )


class Tags(HTMLParser):
    """The tags and attributes of a page, and what is visible of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_data_of_a_digest_give_the_same_bytes_in_every_form(form: str, language: Language) -> None:
    digest = digest_of([with_figure(note_of(paper)) for paper in seed_papers()], language=language)
    again = wire.from_json(wire.to_json(digest), Digest)
    pages = render_digest(digest, form, read_file=read_file)
    assert pages == render_digest(again, form, read_file=read_file)
    assert all(data for _, data in pages)


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@settings(max_examples=40, deadline=None)
@given(
    title=texts,
    abstract=texts,
    names=st.lists(texts, max_size=3),
    comment=st.none() | texts,
    form=st.sampled_from(sorted(FORMS)),
)
def test_any_record_renders_and_is_the_same_from_its_data(
    title: str, abstract: str, names: list[str], comment: str | None, form: str
) -> None:
    paper = Paper(
        id="arxiv:2402.19481", version=1, title=title, abstract=abstract, authors=tuple(names), comment=comment
    )
    digest = digest_of([note_of(paper)], topic=title)
    again = wire.from_json(wire.to_json(digest), Digest)
    assert render_digest(digest, form, read_file=read_file) == render_digest(again, form, read_file=read_file)


@given(text=texts | st.text("$_*\\{}[]()<>|`~^&#!-+.1aé \"'=:/@w", max_size=30))
def test_escaped_text_reads_as_the_text(text: str) -> None:
    for escaped in (markdown(text), commonmark(text)):
        assert plain_text(escaped) == one_line(text)


@given(text=texts | st.text("{}%# x", max_size=20))
def test_no_template_of_nunjucks_is_in_escaped_text(text: str) -> None:
    assert not re.search(r"\{[{%#]|[}%#]\}", markdown(text))


@given(text=texts)
def test_yaml_scalars_are_on_one_line_and_quoted(text: str) -> None:
    assert json.loads(yaml(text)).replace("\u2060", "") == one_line(text)
    assert "\n" not in yaml(text)


def test_the_title_of_a_post_has_no_command_of_tex_outside_its_formulas() -> None:
    told = json.loads(yaml(r"On $\alpha$, $\href{javascript:alert(1)}{x}$ and \(\href{a}{b}\)"))
    assert "$\\alpha$" in told
    assert not re.search(r"\\(?:href|\()", told)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x.org", "http://a b", ""]
)
def test_only_addresses_of_the_web_become_links(url: str) -> None:
    assert link(url) is None


def test_hexo_page_has_the_anatomy_of_the_page_that_people_know() -> None:
    digest = digest_of(
        [with_figure(note_of(seed_papers()[0])), *map(note_of, seed_papers()[1:])], topic="Diffusion Models"
    )
    pages = dict(render_digest(digest, "hexo", read_file=read_file))
    assert set(pages) == {"2024-03-04-diffusion-models.md", f"2024-03-04-diffusion-models/{PICTURE_KEY}"}
    page = pages["2024-03-04-diffusion-models.md"].decode()
    head = page.split("---")[1]
    keys = [line.split(":")[0] for line in head.strip().splitlines() if not line.startswith(" ")]
    assert (
        keys
        == (
            "title date author cover categories tags description keywords toc toc_number toc_style_simple copyright "
            "copyright_author copyright_author_href copyright_url copyright_info mathjax katex aplayer "
            "highlight_shrink aside"
        ).split()
    )
    assert f'cover: "{PICTURE_KEY}"' in head
    assert "# Update of 2024-03-04\n" in page
    for paper in seed_papers():
        assert f"**Authors: {', '.join(paper.authors)}**" in page
        assert f"[PDF](http://arxiv.org/abs/{paper.id[6:]}v{paper.version})" in page
        assert f"2. Authors: {', '.join(paper.authors)}\n" in page
    part = page.split("\n## ")[1]
    numbered = re.findall(r"^(\d)\. ([^:]+):", part, re.M)
    assert numbered == [
        ("1", "Title"), ("2", "Authors"), ("3", "First author's affiliation"), ("4", "Keywords"), ("5", "Links"),
        ("6", "Abstract"), ("7", "Method, step by step"), ("8", "Conclusion"),
    ]  # fmt: skip
    assert "3. First author's affiliation: not stated" in part
    assert "[Code](https://github.com/mit-han-lab/distrifuser)" in part
    assert pages[f"2024-03-04-diffusion-models/{PICTURE_KEY}"] == PICTURE


@pytest.mark.parametrize("form", ["hexo", "md", "html", "mail", "rss"])
def test_nothing_of_a_paper_is_markup_in_any_form(form: str) -> None:
    text = "".join(
        data.decode()
        for path, data in render_digest(digest_of([hostile_note()], topic=HOSTILE), form, read_file=read_file)
        if not path.endswith(".png")
    )
    if form == "mail":
        text = mail_parts(text)[1]
    if form == "hexo":  # its front matter is YAML, which knows no markup
        text = text.split("---\n", 2)[2]
        assert not re.search(r"\{[{%#]", re.sub(r"\{% asset_path [0-9a-f]{64}\.png %\}", "", text))
    assert "<script" not in text
    assert not re.search(r"""(?:href|src)=["']?\s*(?:javascript|data:text)""", text, re.IGNORECASE)
    if form in ("hexo", "md"):
        assert not re.search(r"(?<!\\)\]\(javascript", text)


def test_html_page_is_self_contained_and_well_formed() -> None:
    text = text_of(digest_of([with_figure(hostile_note()), *map(note_of, seed_papers())]), "html")
    page = Tags(text)
    assert (page.open, page.wrong) == ([], [])
    names = [tag for tag, _ in page.tags]
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(names)
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), attributes
        if tag == "img":
            assert str(attributes["src"]).startswith("data:image/png;base64,")
            assert attributes["alt"]
            assert (attributes["width"], attributes["height"]) == ("4", "3")
    assert names.count("h1") == 1
    assert page.tags[0] == ("html", {"lang": "en"})
    policy = next(str(a["content"]) for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "url(" not in text.split("<style>")[1].split("</style>")[0]
    targets = {str(attributes["id"]) for _, attributes in page.tags if "id" in attributes}
    marks = [str(a["href"])[1:] for t, a in page.tags if t == "a" and str(a.get("href", "")).startswith("#")]
    assert marks
    assert set(marks) <= targets


def test_pictures_beyond_the_limit_stand_beside_the_html_page() -> None:
    digest = digest_of([with_figure(note_of(seed_papers()[0]))])
    pages = dict(render_digest(digest, "html", read_file=read_file, settings=PageSettings(embedded_bytes=10)))
    assert f'src="2024-03-04/{PICTURE_KEY}"' in pages["2024-03-04.html"].decode()
    assert pages[f"2024-03-04/{PICTURE_KEY}"] == PICTURE


def test_a_mathjax_of_ones_own_is_the_only_script() -> None:
    paper = replace(seed_papers()[0], title=r"$O(n^2)$")
    text = text_of(digest_of([note_of(paper)]), "html", mathjax="mathjax/tex-chtml.js")
    assert [a["src"] for t, a in Tags(text).tags if t == "script"] == ["mathjax/tex-chtml.js"]
    assert "$O(n^2)$" in text
    assert "O(n<sup>2</sup>)" in text_of(digest_of([note_of(paper)]), "html")


def test_formulas_and_accents_are_readable_without_a_script_and_keep_their_source() -> None:
    text = text_of(digest_of([note_of(seed_papers()[0])]), "html")
    assert '<span class="tex" title="$\\times$">×</span>' in text
    assert 'na<span class="tex" title="\\&quot;{\\i}">ï</span>vely' in text


def test_feeds_have_all_that_the_formats_ask_for() -> None:
    digest = digest_of([hostile_note(), *map(note_of, seed_papers())])
    pages = dict(render_digest(digest, "rss", read_file=read_file, settings=PageSettings(site_url="https://x.org/p/")))
    channel = cast(ET.Element, ET.fromstring(pages["all-papers.rss.xml"]).find("channel"))
    assert [channel.findtext(name) for name in ("title", "link")] == ["All papers", "https://x.org/p/"]
    assert channel.findtext("description")
    items = channel.findall("item")
    assert len(items) == 6
    assert items[0].findtext("title") == f"[updated] {one_line(HOSTILE)}"
    assert items[1].findtext("pubDate") == "Mon, 04 Mar 2024 00:00:00 +0000"
    assert len({item.findtext("guid") for item in items[1:]}) == 5
    feed = ET.fromstring(pages["all-papers.atom.xml"])
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert element.findtext(f"{ATOM}{name}"), name
    entry = feed.findall(f"{ATOM}entry")[1]
    assert [author.findtext(f"{ATOM}name") for author in entry.findall(f"{ATOM}author")] == list(
        seed_papers()[0].authors
    )
    assert [e.get("href") for e in feed.findall(f"{ATOM}link") if e.get("rel") == "self"] == [
        "https://x.org/p/all-papers.atom.xml"
    ]


@pytest.mark.parametrize("name", ["all-papers.rss.xml", "all-papers.atom.xml"])
def test_a_reader_of_feeds_reads_ours(name: str) -> None:
    feedparser = pytest.importorskip("feedparser")
    pages = dict(render_digest(digest_of([hostile_note(), *map(note_of, seed_papers())]), "rss", read_file=read_file))
    feed = feedparser.parse(pages[name])
    assert not feed.bozo
    assert feed.feed.title == "All papers"
    assert [entry.title for entry in feed.entries[1:]] == [paper.title for paper in seed_papers()]
    assert [len(entry.authors) for entry in feed.entries[1:]] == [len(paper.authors) for paper in seed_papers()]
    assert feed.entries[1].link == "http://arxiv.org/abs/2402.19481v1"
    assert "<script" not in str([entry.get("summary", "") for entry in feed.entries])


def mail_parts(text: str) -> tuple[str, str]:
    message = cast("email.message.EmailMessage", email.message_from_string(text, policy=email.policy.default))
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return str(plain.get_content()), str(html.get_content())


def test_mail_has_a_text_alternative_and_no_header_is_injected() -> None:
    topic = "T\r\nBcc: victim@example.org"
    text = text_of(
        digest_of(map(note_of, seed_papers()), topic=topic), "mail", mail_from="a@x.org", mail_to=("b@x.org", "c@x.org")
    )
    message = email.message_from_string(text, policy=email.policy.default)
    assert message["Bcc"] is None
    assert message["Subject"] == "T Bcc: victim@example.org · Update of 2024-03-04"
    assert (message["From"], message["To"]) == ("a@x.org", "b@x.org, c@x.org")
    plain, html = mail_parts(text)
    for paper in seed_papers():
        assert paper.authors[0] in plain
        assert paper.authors[0] in html
        assert f"https://arxiv.org/abs/{paper.id[6:]}" in plain
    assert "<img" not in html


def test_bibtex_has_every_paper() -> None:
    text = text_of(digest_of(map(note_of, seed_papers())), "bibtex")
    assert [paper.id[6:] in text for paper in seed_papers()] == [True] * 5


def test_an_empty_digest_is_a_page_that_says_so() -> None:
    for form in ("hexo", "md", "html", "mail"):
        assert "No paper on this page" in text_of(digest_of([]), form)


def test_updated_withdrawn_failed_and_absent_are_said() -> None:
    paper = replace(seed_papers()[0], withdrawn=True, abstract="")
    status = {
        "summary": FieldStatus(state="failed", reason="the model was silent"),
        "results": FieldStatus(state="not stated"),
    }
    note = replace(note_of(paper), changes=("title was: Old",), status=status)
    for form in ("hexo", "md", "html"):
        text = text_of(digest_of([note]), form)
        assert "This paper has been withdrawn." in text
        assert "title was: Old" in text
        assert "could not be written: the model was silent" in text
        assert "not stated" in text


def test_pages_in_chinese_have_chinese_labels_and_say_that_quotations_are_not_translated() -> None:
    for form in ("hexo", "md", "html"):
        text = text_of(digest_of(map(note_of, seed_papers()), language="zh"), form)
        assert "2024-03-04 更新" in text
        assert "引文保留论文原文语言" in text
        assert "研究背景" in text
        assert "Key Takeaways" not in text


def test_both_languages_have_the_same_labels() -> None:
    assert set(LABELS["en"]) == set(LABELS["zh"])
    fields = {name: set(re.findall(r"\{(\w+)\}", text)) for name, text in LABELS["en"].items()}
    assert fields == {name: set(re.findall(r"\{(\w+)\}", text)) for name, text in LABELS["zh"].items()}


def test_a_model_is_named_and_what_it_did_not_write_says_so() -> None:
    note = note_of(seed_papers()[0])
    made = MadeWith(version="0", encoder="e", model="ollama:x")
    quoted = text_of(digest_of([note], made_with=made), "hexo")
    assert "drafted by ollama:x" in quoted
    assert "no language model wrote it" in quoted
    drafted = text_of(digest_of([replace(note, model="ollama:x")], made_with=made), "hexo")
    assert "(quoted from the paper)" in drafted
    doubted = replace(note, model="ollama:x", summary=replace(cast(Claim, note.summary), verdict="partly"))
    assert "*(in part)*" in text_of(digest_of([doubted], made_with=made), "hexo")


def test_a_form_that_there_is_not_is_a_wrong_use() -> None:
    with pytest.raises(UsageError, match="'pdf' is not a form: choose from hexo, html"):
        render_digest(digest_of([]), "pdf", read_file=read_file)


@pytest.mark.parametrize("form", ["md", "html", "json"])
def test_a_note_is_a_page_of_its_own(form: str) -> None:
    paper = seed_papers()[0]
    (path, page), *pictures = render_note(with_figure(note_of(paper)), form, read_file=read_file)
    assert path == f"arxiv-2402-19481-v1.{form}"
    assert all(name in page.decode() for name in paper.authors)
    assert [data for _, data in pictures] == ([PICTURE] if form == "md" else [])
    if form == "json":
        assert wire.from_json(page, Note) == with_figure(note_of(paper))


def comparison() -> Comparison:
    papers = tuple(seed_papers()[:2])
    claim = cast(Claim, note_of(replace(papers[0], abstract='=1+1 | "x", y'), page=3).summary)
    row = (Cell(state="found", short=claim.text, claims=(claim,)), Cell(state="not stated"))
    return Comparison(
        papers=papers, questions=("What | data?", "=cmd()"), cells=(row, row),
        differences=("One has 12, the other 13.", None), notices=("a notice",),
    )  # fmt: skip


def test_a_comparison_is_a_table_in_every_form() -> None:
    def told(form: str) -> str:
        [(name, page)] = render_comparison(comparison(), form)
        assert name == f"comparison.{form}"
        return page.decode()

    table = told("md")
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
    assert "(p. 3)" in table
    assert "not stated" in table
    assert "One has 12, the other 13." in table
    page = Tags(told("html"))
    assert (page.open, page.wrong) == ([], [])
    assert [tag for tag, _ in page.tags].count("tr") == 3
    assert wire.from_json(told("json"), Comparison) == comparison()
    with pytest.raises(UsageError, match="choose from md, csv"):
        render_comparison(comparison(), "pdf")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_quotation_with_a_sign_that_could_not_be_read_says_so_in_every_form(language: Language) -> None:
    paper = replace(seed_papers()[0], abstract="We show that a\ufffdb holds for all of them.")
    note = replace(note_of(paper, page=3), language=language)
    said = label(language, "unread", place=label(language, "page", page=3))
    for form in ("html", "md"):
        assert said in render_note(note, form, read_file=read_file)[0][1].decode()
    cell = Cell(state="found", short=note.summary.text, claims=(note.summary,)) if note.summary else Cell(state="found")
    table = Comparison(papers=(paper,), questions=("What?",), cells=((cell,),), differences=(None,))
    for form in ("html", "md", "csv"):
        assert label(language, "unread", place="") in render_comparison(table, form, language=language)[0][1].decode()


def test_no_cell_of_a_csv_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(render_comparison(comparison(), "csv")[0][1].decode())))
    assert len(rows) == 3
    assert rows[0][3] == "'=cmd()"
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert rows[1][1] == seed_papers()[0].title


def test_the_index_lists_topics_and_days_the_latest_first() -> None:
    entries = [
        IndexEntry(
            topic=topic,
            since=day,
            until=day,
            counts=DigestCounts(found=1, new=1),
            files=(f"{day}/x y.html", "/etc/x.html"),
        )
        for topic, day in (("b <i>", DAY), ("A", DAY), ("A", DAY.replace(day=5)))
    ]
    ((path, data),) = render_index(entries)
    text = data.decode()
    assert path == "index.html"
    assert (
        text.index(">A</h2>")
        < text.index("2024-03-05</strong>")
        < text.index("2024-03-04</strong>")
        < text.index(">b &lt;i&gt;</h2>")
    )
    assert 'href="2024-03-05/x%20y.html"' in text
    assert "/etc/x" not in text
    assert render_index(list(reversed(entries))) == render_index(entries)


def test_accents_in_names_are_readable_and_keep_their_source() -> None:
    text = text_of(digest_of([note_of(replace(seed_papers()[0], authors=(r"J\"urgen M\"uller",)))]), "html")
    assert 'J<span class="tex" title="\\&quot;u">ü</span>rgen' in text
