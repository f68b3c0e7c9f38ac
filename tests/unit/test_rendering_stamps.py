"""A stamp is one line in any form's comment, says again what was put in, and is none once a letter of it is altered."""

from __future__ import annotations

import email
import email.policy
import hashlib
import xml.etree.ElementTree as ET
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rendering.entries import PageSettings
from kb.rendering.stamps import PageStamp, is_stamp, read_stamp, stamped

PAGES = {
    "a.md": "text\n", "a.html": "<html></html>\n", "a.xml": '<?xml version="1.0" encoding="utf-8"?>\n<rss/>\n',
    "a.bib": "@misc{a,\n}\n", "a.eml": "Subject: x\r\n\r\nhello\r\n",
}  # fmt: skip
HOSTILE = st.text(st.sampled_from("-<>!{}%#@&=+ \n\r\t'\"aé中"), max_size=30)


def page_with(name: str, **settings: object) -> tuple[PageStamp, str]:
    place = PageSettings(**settings)  # type: ignore[arg-type]
    stamp = PageStamp(made="digest", form="mail" if name.endswith(".eml") else "rss", data="0a" * 32, settings=place)
    return stamp, stamped(name, PAGES[name].encode(), stamp).decode()


@pytest.mark.parametrize("name", PAGES)
@given(author=HOSTILE, folder=HOSTILE, pages=st.dictionaries(HOSTILE, HOSTILE, max_size=3))
def test_whatever_the_settings_are_a_page_stays_a_page_and_says_them_again(
    name: str, author: str, folder: str, pages: dict[str, str]
) -> None:
    stamp, page = page_with(name, author=author, folder=folder, pages={} if name == "a.eml" else pages)
    assert read_stamp(page) == stamp
    (line,) = [line for line in page.splitlines() if " digest " in line]
    inside = line.removeprefix("<!-- ").removesuffix(" -->")
    for sign in ("--", "<", ">", "{", "}", "@", "#"):
        assert sign not in inside
    if name.endswith(".xml"):
        ET.fromstring(page)


def test_a_long_stamp_of_a_mail_is_folded_as_mails_are_and_read_all_the_same() -> None:
    many = tuple(f"someone-{number}@example.org" for number in range(200))
    stamp, page = page_with("a.eml", mail_to=many)
    assert max(map(len, page.splitlines())) < 998
    assert read_stamp(page) == stamp
    message = email.message_from_string(page, policy=email.policy.default)
    assert message["Subject"] == "x"
    assert is_stamp(f"X-KB-Page: {message['X-KB-Page']}")


def test_what_a_month_of_items_is_given_takes_little_of_a_feed() -> None:
    days = {f"urn:kb:arxiv:2603.{number:05}v1": date(2026, 3, 1 + number // 10) for number in range(200)}
    pages = {name: f"topic/{day}/{day}-topic.html" for name, day in days.items()}
    stamp, page = page_with("a.xml", days=days, pages=pages)
    assert read_stamp(page) == stamp
    assert len(page) < 70 * len(days)


@pytest.mark.parametrize("name", PAGES)
def test_any_altered_sign_of_a_stamp_is_noticed(name: str) -> None:
    _, page = page_with(name, author="Ann")
    (line,) = [line for line in page.splitlines() if " digest " in line]
    start = line.index("digest")
    for at in range(start, len(line.removesuffix(" -->"))):
        other = "x" if line[at] != "x" else "y"
        assert read_stamp(page.replace(line, line[:at] + other + line[at + 1 :])) is None, at


@pytest.mark.parametrize(
    ("settings", "end"),
    [
        ("-", ""),  # which hides what is behind it
        ('x="--><h1>More</h1><!--"', " -->"),
        ('author="--><h1>More</h1><!--"&author="kb"', " -->"),
        ('author="@misc{more,}"', " -->"),
        ('mail_from="Dean"', " -->"),
        ('language="en"&author="Ann"', " -->"),
    ],
)
def test_a_stamp_that_nobody_of_ours_wrote_so_is_none_whatever_its_check_says(settings: str, end: str) -> None:
    told = ["digest", "html", "0a" * 32, settings]
    check = hashlib.sha256(" ".join(told).encode()).hexdigest()[:8]
    assert read_stamp(f"<p>text</p>\n<!-- kb {' '.join(told)} {check}{end}\n") is None


def test_a_form_without_comments_has_no_stamp() -> None:
    stamp = PageStamp(made="digest", form="json", data="0" * 64, settings=PageSettings())
    assert stamped("a.png", b"x", stamp) == b"x"
    assert stamped("digest.json", b"{}", stamp) == b"{}"


def test_who_gets_mail_stands_in_mails_alone() -> None:
    for name in PAGES:
        _, page = page_with(name, mail_to=("someone@example.org",))
        assert ("someone" in page) == (name == "a.eml")
