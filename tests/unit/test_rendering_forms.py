"""Every form: the record's own names and links, the same bytes from the data, and nothing of a paper as markup."""

from __future__ import annotations

import csv
import email
import email.policy
import html
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import cast
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kb import wire
from kb.errors import UsageError
from kb.records import (
    AbstractSentence,
    AlsoMatched,
    Cell,
    Claim,
    Comparison,
    Digest,
    FieldStatus,
    Fulltext,
    Language,
    Link,
    MadeWith,
    Note,
    Paper,
    Reason,
    SentenceRole,
    Skipped,
)
from kb.rendering import (
    FORMS,
    PageSettings,
    render_comparison,
    render_digest,
    render_note,
)
from kb.rendering.display import commonmark, link, markdown, obsidian, obsidian_name, plain, readable, yaml
from kb.rendering.labels import LABELS, label
from kb.text import one_line
from tests.rendering_pages import (
    DAY,
    PICTURE,
    PICTURE_KEY,
    digest_of,
    note_of,
    of_full_text,
    read_file,
    seed_papers,
    with_figure,
)

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
    said = Reason(kind="title-was", values={"text": HOSTILE})
    why = Reason(kind="like-liked", values={"title": HOSTILE}, personal=True)
    lines = (AbstractSentence(text=f"{HOSTILE} is so.", role="method"),)
    return replace(
        with_figure(of_full_text(note)), changes=(said,), why=(why,), abstract_sentences=lines, summary=None,
        status={"summary": FieldStatus(state="failed", reason=(Reason(kind="as-stated", values={"text": HOSTILE}),))},
    )  # fmt: skip


def whole_digest() -> Digest:
    """A day with all that a page can have: three states, a full text, what was cut and what was left out."""
    papers = seed_papers()
    new = replace(with_figure(of_full_text(note_of(papers[0]))), state="new")
    changes = (Reason(kind="replaces", values={"new": "2", "old": "1"}),)
    updated = replace(note_of(replace(papers[1], version=2)), state="updated", changes=changes)
    withdrawn = replace(note_of(replace(papers[2], withdrawn=True)), state="withdrawn")
    return digest_of(
        [withdrawn, updated, new, replace(note_of(papers[3]), state="new")],
        also_matched=(AlsoMatched(paper_id="arxiv:2401.00001", title="Cut $x^2$", url="https://arxiv.org/abs/2401.00001"),),
        skipped=(
            Skipped(
                paper_id="arxiv:2401.00002", title="Known", url=None,
                reason=Reason(kind="shown-before", values={"day": "2024-03-01"}),
            ),
        ),
    )  # fmt: skip


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


def read_by_a_browser(page: str) -> str:
    """What is seen of HTML, on one line."""
    return one_line(html.unescape(re.sub(r"<[^<>]*>", "", page)))


@given(text=texts | st.text("$_*\\{}[]()<>|`~^&#!-+.1aé \"'=:/@w", max_size=30))
def test_escaped_text_reads_as_the_text_without_commands_of_latex(text: str) -> None:
    for escaped in (markdown(text), commonmark(text)):
        seen = read_by_a_browser(MarkdownIt("commonmark").render(escaped))
        assert seen == one_line(readable(text)), escaped


@pytest.mark.parametrize("formula", [r"$33\%$", r"$a\,b$", r"$\{0, 1\}$", r"$a_{i}*b_{j}*c$", r"$x < y \& z$"])
def test_a_formula_comes_out_of_markdown_as_it_was(formula: str) -> None:
    for escaped in (markdown(f"We gain {formula} more."), commonmark(f"We gain {formula} more.")):
        assert f"We gain {formula} more." in html.unescape(MarkdownIt("commonmark").render(escaped))
    assert formula in obsidian(formula)  # which reads formulas first


LATEX = {
    r"gains of 81.43\% and \$9": "gains of 81.43% and $9",
    r"\textbf{\textsc{FastCuRL}}, \emph{i.e.}, {\em one} \underline{P}runing": "FastCuRL, i.e., one Pruning",
    r"``robust'' na\"{\i}ve Do\~nana, M\"uller": "“robust” naïve Doñana, Müller",
    r"code at \href{https://x.org/a\_b}{here} or \url{https://y.org}": "code at here (https://x.org/a_b) or https://y.org",
    r"\href{https://x.org}{https://x.org}": "https://x.org",
    r"sets, \eg, cars": "sets, e.g., cars",
    r"Fig.~3 of ~50 a--b, c -- d": "Fig. 3 of ~50 a–b, c – d",
    r"360{\deg}, 0.6 \pm 0.1, {\alpha}-helix": "360°, 0.6 ± 0.1, α-helix",
    r"benchmark~\cite{a2022, b} shows": "benchmark shows",
    r"a \textbf{bold $x_1$ claim} ends": "a bold $x_1$ claim ends",
    r"\(7\times\) faster": r"$7\times$ faster",
    # What is no command of text stays: sets, templates, options, commands nobody knows.
    r"{0, 1} {{ x }} {% y %} --flag \ours{} \method": r"{0, 1} {{ x }} {% y %} --flag \ours{} \method",
}


@pytest.mark.parametrize(("text", "told"), LATEX.items())
def test_commands_of_text_are_carried_out_alike_for_all_forms(text: str, told: str) -> None:
    assert readable(text) == told
    assert read_by_a_browser(MarkdownIt("commonmark").render(markdown(text))) == told
    paper = replace(seed_papers()[0], title=f"On {text}", abstract=f"We see {text}.")
    digest = digest_of([note_of(paper)])
    shown = f"On {plain(text)}"
    assert shown in mail_parts(text_of(digest, "mail"))[0].replace("\n  ", " ")
    assert text_of(digest, "rss").count(html.escape(shown, quote=False)) >= 1


def test_formulas_are_plain_signs_where_nothing_sets_them() -> None:
    assert plain(r"$O(n^2)$ and $x_i$, $6.1\times$, $k^{10}$, $\frac{a}{b}$") == "O(n²) and x_i, 6.1×, k¹⁰, a/b"
    beyond = r"$\begin{matrix}a\end{matrix}$"
    assert plain(beyond) == beyond


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
    first = with_figure(of_full_text(note_of(seed_papers()[0])))
    digest = digest_of([first, *map(note_of, seed_papers()[1:])], topic="Diffusion Models")
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
        name = f"{paper.id[6:]}v{paper.version}"
        assert f"[arXiv](https://arxiv.org/abs/{name}) · [PDF](https://arxiv.org/pdf/{name})" in page
    part = page.split("\n## ")[1]
    order = ["**Authors:", "[arXiv]", "**Summary**", "**Key Takeaways**", "<summary>Reading note", "<summary>Figures"]
    assert sorted(order, key=part.index) == order
    numbered = re.findall(r"^\d\. ([^:]+):", part, re.M)
    assert numbered == ["Authors", "Links", "Abstract", "Method, step by step", "Conclusion"]
    assert "[Code](https://github.com/mit-han-lab/distrifuser)" in part
    assert pages[f"2024-03-04-diffusion-models/{PICTURE_KEY}"] == PICTURE


@pytest.mark.parametrize("form", ["hexo", "md", "html", "obsidian"])
def test_a_page_opens_with_a_line_for_each_paper(form: str) -> None:
    text = text_of(whole_digest(), form)
    opening = text.split("<article")[0] if form == "html" else text.split("\n# New")[0]
    places = [opening.index(note.paper.title[:40].replace(":", "" if form == "obsidian" else ":")) for note in
              (whole_digest().entries[place] for place in (2, 3, 1, 0))]  # fmt: skip
    assert places == sorted(places)
    assert "2 new, 1 updated, 1 withdrawn" in opening
    assert cast(Claim, whole_digest().entries[3].summary).text in read_by_a_browser(opening)
    for badge in ("v2", "withdrawn", "updated", "Code", "https://github.com/mit-han-lab/distrifuser"):
        assert badge in opening
    assert "0 " not in read_by_a_browser(opening).split("2 new")[1].split("DistriFusion")[0]


@pytest.mark.parametrize("form", ["hexo", "md", "html", "mail", "obsidian"])
def test_new_updated_and_withdrawn_papers_have_their_sections_and_what_was_cut_is_named(form: str) -> None:
    text = text_of(whole_digest(), form)
    if form == "mail":
        text = mail_parts(text)[1]
    heads = [read_by_a_browser(head) for head in re.findall(r"^# .*$|<h2\b.*?</h2>", text, re.M)]
    told = [head.lstrip("# ") for head in heads]
    assert [head for head in told if head in ("New", "Updated", "Withdrawn", "Also matched")] == [
        "New", "Updated", "Withdrawn", "Also matched"
    ]  # fmt: skip
    assert "https://arxiv.org/abs/2401.00001" in text
    assert "shown on 2024-03-01" in text
    one = text_of(digest_of(map(note_of, seed_papers())), form)
    assert "Withdrawn" not in one
    assert "Also matched" not in one


def times(needle: str, text: str) -> int:
    return re.sub(r"\W+", "", text).count(re.sub(r"\W+", "", needle))


@pytest.mark.parametrize("form", ["hexo", "md", "html"])
def test_no_sentence_of_an_entry_stands_on_it_more_than_twice(form: str) -> None:
    text = text_of(whole_digest(), form)
    entries = re.split(r"<article" if form == "html" else r"\n## ", text)[1:]
    for note, entry in zip((whole_digest().entries[place] for place in (2, 3, 1, 0)), entries, strict=True):
        seen = read_by_a_browser(re.sub(r"<sup.*?</sup>", "", entry))
        found = [times(readable(sentence.text), seen) for sentence in [*note.takeaways, *note.method]]
        assert found
        assert max(found) <= 2
        assert min(found) >= 1


@pytest.mark.parametrize("form", ["hexo", "md", "html", "obsidian"])
def test_a_paper_known_by_its_abstract_has_no_note_and_nothing_is_said_of_its_text(form: str) -> None:
    text = text_of(digest_of(map(note_of, seed_papers())), form)
    for absent in ("not stated", "Reading note", "Past methods", "Workload", "Keywords", "affiliation"):
        assert absent not in text
    assert text.count("the full text was not read") == len(seed_papers())
    whole = text_of(digest_of([of_full_text(note_of(seed_papers()[0]))]), form)
    assert "the full text was not read" not in whole
    assert "not stated" in whole
    part = replace(seed_papers()[0], fulltext=Fulltext(state="partial"))
    read = of_full_text(note_of(part))
    assert "not stated" not in text_of(digest_of([replace(read, paper=part)]), form)


@pytest.mark.parametrize("form", ["hexo", "html"])
def test_the_role_of_a_sentence_of_the_abstract_is_said_where_it_begins(form: str) -> None:
    note = note_of(seed_papers()[2])
    told = [cast(Claim, claim).text for claim in note.takeaways][:3]
    roles: list[SentenceRole | None] = ["background", "method", "method"]
    lines = tuple(AbstractSentence(text=text, role=role) for text, role in zip(told, roles, strict=True))
    seen = read_by_a_browser(text_of(digest_of([replace(note, abstract_sentences=lines)]), form))
    assert len(re.findall(r"\bBackground\b", seen)) == 1
    assert len(re.findall(r"\bMethod\b", seen)) == 1


def test_a_mark_leads_to_the_sentence_of_the_abstract_or_names_the_page() -> None:
    text = text_of(digest_of([of_full_text(note_of(seed_papers()[0]))]), "html")
    assert re.search(r"one buffer for each layer\.</span>&#8288;<sup[^>]*>\[p\. 4\]</sup>", text)
    assert '<a href="#arxiv-2402-19481-a1"' in text
    assert 'id="arxiv-2402-19481-a1"' in text
    assert "Evidence</summary>" not in text  # no quotation is printed a second time
    claim = cast(Claim, note_of(seed_papers()[0]).summary)
    own = replace(claim, text="It is fast.", evidence=(replace(claim.evidence[0], quote="Other words.", page=2),))
    drafted = text_of(digest_of([replace(note_of(seed_papers()[0]), summary=own)]), "html")
    assert "Other words." in drafted.split("Evidence</summary>")[1]


def test_of_many_authors_the_first_ten_and_the_last_are_shown() -> None:
    names = tuple(f"Author{number} Name" for number in range(1, 31))
    for form in ("hexo", "html", "mail"):
        text = text_of(digest_of([note_of(replace(seed_papers()[0], authors=names))]), form)
        text = mail_parts(text)[0] if form == "mail" else text
        shown = re.findall(r"Author(\d+) Name", " ".join(text.split()))
        assert shown == [*map(str, range(1, 11)), "30"], form
        assert "19 more" in text


def test_reasons_are_told_in_plain_words_likes_first_and_at_most_three() -> None:
    names = ("words-for", "query", "by", "says", "like-disliked", "like-liked", "in")
    values = {"title": "Some Paper", "words": "w", "name": "Ann", "phrases": "p", "category": "cs.CV"}
    why = tuple(Reason(kind=name, values=values) for name in names)
    notes = [replace(note_of(seed_papers()[0]), why=why), note_of(seed_papers()[1])]
    seen = read_by_a_browser(text_of(digest_of(notes), "html"))
    assert "Why it is here: like “Some Paper” that you liked · it is by Ann · it says p" in seen
    assert "words for it" not in seen


def test_a_reason_that_most_papers_of_a_page_have_is_not_told() -> None:
    said = Reason(kind="says", values={"phrases": "diffusion"})
    by = Reason(kind="by", values={"name": "Ann"})
    notes = [replace(note_of(paper), why=((), (said, by), (said,), (said,), (said,))[n])
             for n, paper in enumerate(seed_papers())]  # fmt: skip
    text = text_of(digest_of(notes), "hexo")
    assert text.count("Why it is here") == 1
    assert "it says diffusion" not in text


def test_an_html_page_leads_to_its_neighbours_and_the_first_figure_is_a_thumbnail() -> None:
    text = text_of(whole_digest(), "html", previous="../a/x.html", index="../../index.html", week="../w.html")
    led = {"Previous day": "../a/x.html", "Daily pages": "../../index.html", "The week": "../w.html"}
    for words, address in led.items():
        assert text.count(f'<a href="{address}">{words}</a>') == 2
    assert "Next day" not in text
    assert text.count("<img") == 1
    assert text.index("<img") < text.index("DistriFusion", text.index("<article"))


@given(text=texts | st.text("[]#^|\\/:.文𠀀a ", max_size=300))
def test_the_name_of_a_note_in_obsidian_is_one_for_links_and_file_systems(text: str) -> None:
    name = obsidian_name(text)
    assert 0 < len(name.encode()) <= 200
    assert not re.search(r"[\[\]#^|\\/:*\"<>?\n]|^[. ]|[. ]$", name)


def test_a_note_in_obsidian_has_properties_links_and_attachments() -> None:
    digest = replace(whole_digest(), topic='A: "B" | C', entries=(hostile_note(), *whole_digest().entries))
    (path, data), *pictures = render_digest(digest, "obsidian", read_file=read_file)
    assert path == "2024-03-04 A B C.md"
    assert pictures == [(f"attachments/{PICTURE_KEY}", PICTURE)]
    text = data.decode()
    head = text.split("---\n")[1]
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    assert json.loads(fields["topic"]) == 'A: "B" | C'
    linked = [json.loads(name) for name in re.findall(r'"(?:[^"\\]|\\.)*"', fields["papers"])]
    assert len(linked) == 5
    assert all(re.fullmatch(r"\[\[[^\[\]#^|\\/:*\"<>?]+\]\]", name) for name in linked)
    assert f"![[{PICTURE_KEY}]]" in text
    assert "[[DistriFusion Distributed Parallel Inference" in text
    assert "> [!note]- Reading note" in text
    assert "<details>" not in text


@pytest.mark.parametrize("form", ["hexo", "md", "html", "mail", "rss", "obsidian"])
def test_nothing_of_a_paper_is_markup_in_any_form(form: str) -> None:
    text = "".join(
        data.decode()
        for path, data in render_digest(digest_of([hostile_note()], topic=HOSTILE), form, read_file=read_file)
        if not path.endswith(".png")
    )
    if form == "mail":
        text = mail_parts(text)[1]
    if form in ("hexo", "obsidian"):  # their front matter is YAML, which knows no markup
        text = text.split("---\n", 2)[2]
    if form == "hexo":
        assert not re.search(r"\{[{%#]", re.sub(r"\{% asset_path [0-9a-f]{64}\.png %\}", "", text))
    assert "<script" not in text
    assert not re.search(r"""(?:href|src)=["']?\s*(?:javascript|data:text)""", text, re.IGNORECASE)
    if form in ("hexo", "md", "obsidian"):
        assert not re.search(r"(?<!\\)\]\(javascript", text)


def test_html_page_is_self_contained_and_well_formed() -> None:
    text = text_of(replace(whole_digest(), entries=(hostile_note(), *whole_digest().entries)), "html")
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


def test_formulas_and_accents_are_readable_without_a_script() -> None:
    text = text_of(digest_of([note_of(replace(seed_papers()[0], authors=(r"J\"urgen M\"uller",)))]), "html")
    assert '6.1<span class="tex">×</span>' in text
    assert "naïvely" in text
    assert "Jürgen Müller" in text


def test_feeds_have_all_that_the_formats_ask_for() -> None:
    digest = digest_of([hostile_note(), *map(note_of, seed_papers())])
    pages = dict(render_digest(digest, "rss", read_file=read_file, settings=PageSettings(site_url="https://x.org/p/")))
    channel = cast(ET.Element, ET.fromstring(pages["all-papers.rss.xml"]).find("channel"))
    assert [channel.findtext(name) for name in ("title", "link")] == ["All papers", "https://x.org/p/"]
    assert channel.findtext("description")
    items = channel.findall("item")
    assert len(items) == 6
    assert items[0].findtext("title") == f"[updated] {plain(HOSTILE)}"
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


@pytest.mark.parametrize("form", ["hexo", "html", "md", "obsidian"])
def test_a_page_names_no_day_after_its_own(form: str) -> None:
    days = (DAY - timedelta(days=9), DAY - timedelta(days=3), DAY + timedelta(days=2))
    text = text_of(digest_of([note_of(replace(seed_papers()[0], announced=days))]), form)
    assert str(days[1]) in text
    assert not {str(days[0]), str(days[2])} & {*re.findall(r"20\d\d-\d\d-\d\d", text)}


@pytest.mark.parametrize("topic", ["检索 / RAG", 'naïve <b> & "x"', "100 % {more}"])
def test_the_names_of_a_feed_and_its_items_are_urns_whatever_topics_and_papers_are_called(topic: str) -> None:
    papers = [replace(seed_papers()[0], id="doi:10.1/a<b>[c]#中 %2", version=None), seed_papers()[1]]
    pages = render_digest(digest_of(map(note_of, papers), topic=topic), "rss", read_file=read_file)
    (feed,) = [ET.fromstring(page) for name, page in pages if name.endswith(".atom.xml")]
    names = [str(element.findtext(f"{ATOM}id")) for element in (feed, *feed.findall(f"{ATOM}entry"))]
    assert names[2] == "urn:kb:arxiv:2402.19330v1"
    for name in names:
        # RFC 8141
        assert re.fullmatch(r"urn:[a-z0-9-]+:(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+", name, re.ASCII), name


@pytest.mark.parametrize("name", ["all-papers.rss.xml", "all-papers.atom.xml"])
def test_a_reader_of_feeds_reads_ours(name: str) -> None:
    feedparser = pytest.importorskip("feedparser")
    pages = dict(render_digest(digest_of([hostile_note(), *map(note_of, seed_papers())]), "rss", read_file=read_file))
    feed = feedparser.parse(pages[name])
    assert not feed.bozo
    assert feed.feed.title == "All papers"
    assert [entry.title for entry in feed.entries[1:]] == [paper.title for paper in seed_papers()]
    assert [len(entry.authors) for entry in feed.entries[1:]] == [len(paper.authors) for paper in seed_papers()]
    assert feed.entries[1].link == "https://arxiv.org/abs/2402.19481v1"
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
    why = Reason(kind="saturday", values={"day": "2024-03-02"})
    for form in ("hexo", "md", "html", "mail", "obsidian"):
        text = text_of(digest_of([], notices=(why,)), form)
        assert "No paper on this page" in text
        assert "2024-03-02 is a Saturday" in " ".join(text.replace("=\r\n", "").split())


def test_what_changed_a_withdrawal_and_a_failure_are_said() -> None:
    paper = replace(seed_papers()[0], withdrawn=True, abstract="")
    silent = Reason(kind="model-failed", values={"why": "it was silent"})
    note = replace(
        note_of(paper),
        changes=(Reason(kind="title-was", values={"text": "Old"}),),
        status={"summary": FieldStatus(state="failed", reason=(silent,))},
    )
    for form in ("hexo", "md", "html", "obsidian"):
        text = text_of(digest_of([note]), form)
        assert "This paper has been withdrawn." in text
        assert "title was: Old" in text
        assert "could not be written: the model failed: it was silent" in text


def test_pages_in_chinese_have_chinese_labels_and_say_that_quotations_are_not_translated() -> None:
    for form in ("hexo", "md", "html"):
        text = text_of(digest_of(map(note_of, seed_papers()), language="zh"), form)
        assert "2024-03-04 更新" in text
        assert "引文保留论文原文语言" in text
        assert "要点" in text
        assert "未读全文" in text
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
