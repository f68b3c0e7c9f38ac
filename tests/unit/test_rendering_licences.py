"""What a page for the public shows of a paper depends on its licence; an unknown licence lets nothing go on."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest

from kb.records import Claim, Evidence, Fulltext, Note
from kb.rendering import FORMS, publishable, render_digest
from kb.rendering.licences import licence_name, may_republish
from tests.rendering_pages import digest_of, note_of, read_file, seed_papers, with_figure

SECRET = "A sentence that only the full text has."
OWN = "The model says this in words of its own."
BY = "http://creativecommons.org/licenses/by/4.0/"


def note_with_fulltext(licence: str | None) -> Note:
    """A note with a sentence of the full text, one in a model's words, and a figure."""
    paper = replace(seed_papers()[0], license=licence, fulltext=Fulltext(state="full"))
    evidence = Evidence(
        marker="99", paper_id=paper.id, version=1, chunk_id="x", start=0, end=len(SECRET), quote=SECRET, page=4
    )
    quoted = Claim(text=SECRET, verdict="verbatim", verdict_reason="", evidence=(evidence,))
    written = Claim(text=OWN, verdict="supported", verdict_reason="", evidence=(evidence,))
    note = with_figure(note_of(paper))
    return replace(note, takeaways=(*note.takeaways, quoted, written), past_methods=(quoted,), method=())


def pages_of(licence: str | None, form: str, *, audience: str) -> str:
    pages = render_digest(digest_of([note_with_fulltext(licence)], audience=audience), form, read_file=read_file)
    return "".join(data.decode("utf-8", "replace") for _, data in pages)


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"bibtex"}))
@pytest.mark.parametrize(
    "licence", [None, "", "http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "all rights reserved"]
)
def test_without_a_licence_the_public_sees_abstract_and_own_words_only(form: str, licence: str | None) -> None:
    text = pages_of(licence, form, audience="public")
    assert SECRET not in text
    assert "PNG" not in text
    assert "data:image" not in text
    assert OWN in text.replace("=\n", "").replace("=\r\n", "")
    assert seed_papers()[0].authors[-1] in text.replace("=\r\n", "")


@pytest.mark.parametrize("form", ["hexo", "md", "html", "json"])
@pytest.mark.parametrize(("licence", "audience"), [(BY, "public"), (None, "self"), (BY, "self")])
def test_with_a_licence_or_for_oneself_all_is_shown(form: str, licence: str | None, audience: str) -> None:
    text = pages_of(licence, form, audience=audience)
    assert SECRET in text
    assert form == "json" or "PNG" in text or "data:image/png" in text


@pytest.mark.parametrize("form", ["hexo", "md", "html"])
def test_what_is_left_out_is_said_to_be_left_out_and_its_place_stays(form: str) -> None:
    text = pages_of(None, form, audience="public")
    assert html.unescape(text).count("left out: the paper's licence") == 3  # of the entry, and in two parts
    assert "p. 4" in text
    assert "quotation left out for want of a licence" in text


@pytest.mark.parametrize("form", ["hexo", "md", "html"])
def test_every_public_entry_carries_its_attribution(form: str) -> None:
    text = pages_of(BY, form, audience="public")
    line = next(line for line in text.splitlines() if "et al.: “" in line)
    assert "Muyang Li, Tianle Cai, Jiaxin Cao et al." in line
    assert "CC BY 4.0" in line
    assert "https://arxiv.org/abs/2402.19481v1" in line
    assert "no licence to republish is known" in pages_of(None, form, audience="public")
    assert "et al.: “" not in pages_of(BY, form, audience="self")


def test_taking_out_what_may_not_be_shown_twice_is_doing_it_once() -> None:
    digest = digest_of([note_with_fulltext(None), note_with_fulltext(BY)], audience="public")
    assert publishable(publishable(digest)) == publishable(digest)
    assert publishable(digest).entries[1] == digest.entries[1]
    assert publishable(replace(digest, audience="self")) == replace(digest, audience="self")


@pytest.mark.parametrize(
    ("licence", "name"),
    [
        (BY, "CC BY 4.0"), ("https://creativecommons.org/licenses/by-nc-nd/4.0/", "CC BY-NC-ND 4.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0"), ("CC-BY-4.0", "CC BY 4.0"), ("cc0", "CC0"),
        ("http://creativecommons.org/licenses/publicdomain/", "public domain"), ("public domain", "public domain"),
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", None), (None, None), ("", None), ("by", None),
        ("http://evil.example/creativecommons.org/licenses/by/4.0/", None), ("not CC BY", None),
    ],
)  # fmt: skip
def test_licences_are_known_by_their_addresses_and_names(licence: str | None, name: str | None) -> None:
    assert licence_name(licence) == name
    assert may_republish(licence) == (name is not None)
