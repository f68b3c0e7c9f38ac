"""Records are the same after a journey through JSON, under the names that the contract gives their fields."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from kb import wire
from kb.errors import BadRecord
from kb.records import Digest, DigestCounts, MadeWith, Metadata, Note, Paper

DIGEST = Digest(
    topic=None,
    query="",
    since=date(2024, 3, 4),
    until=date(2024, 3, 4),
    audience="public",
    made_with=MadeWith(version="1", encoder="e"),
    counts=DigestCounts(),
    entries=(
        Note(
            paper=Paper(id="arxiv:2402.19481", title="T", provenance={"audience": "user", "for": "arxiv"}),
            language="en",
            model=None,
            summary=None,
        ),
    ),
)


def test_whom_a_digest_is_for_is_called_for_in_json() -> None:
    data = wire.to_data(DIGEST)
    assert data["for"] == "public"
    assert "audience" not in data
    assert wire.from_data(data, Digest) == DIGEST


@pytest.mark.parametrize("nested", [[DIGEST], {"digest": DIGEST}, {"days": [{"digest": DIGEST}]}])
def test_a_digest_within_other_data_keeps_its_names(nested: object) -> None:
    text = wire.to_json(nested)
    assert text.count('"for": "public"') == 1
    assert '"audience": "public"' not in text


def test_nested_digests_come_back() -> None:
    assert wire.from_json(wire.to_json([DIGEST, DIGEST]), list[Digest]) == [DIGEST, DIGEST]
    assert wire.from_json(wire.to_json({"a": DIGEST}), dict[str, Digest]) == {"a": DIGEST}


def test_no_other_key_is_renamed() -> None:
    provenance = wire.to_data(DIGEST)["entries"][0]["paper"]["provenance"]
    assert provenance == {"audience": "user", "for": "arxiv"}


def test_the_same_record_gives_the_same_text() -> None:
    assert wire.to_json(wire.from_json(wire.to_json(DIGEST), Digest)) == wire.to_json(DIGEST)


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"topic": 1}', b"\xff\xfe"])
def test_what_is_no_digest_is_said_with_the_cure(text: bytes) -> None:
    with pytest.raises(BadRecord, match=r"no digest: .*make it again with kb"):
        wire.from_json(text, Digest)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"authors": 5}, "authors must be a list or nothing, not a whole number"),
        ({"source": "myself"}, "source cannot be 'myself'"),
        ({"published": "soon"}, "published is no datetime"),
        ({"links": [{"url": "x"}]}, r"links\[0\] has no kind"),
    ],
)
def test_the_field_that_does_not_fit_is_named_in_plain_words(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRecord, match=f"^no metadata: {said}: make it again with kb$"):
        wire.from_data({"source": "arxiv", "ids": ["arxiv:1"], "title": "T", **change}, Metadata)


_AT_ONCE = """
import sys, threading
from dataclasses import make_dataclass

from kb import wire

sys.setswitchinterval(1e-6)
for _ in range(40):
    kinds = [make_dataclass("Leaf", [(f"field_{at}", int) for at in range(12)], frozen=True)]
    for depth in range(6):
        kinds.append(make_dataclass(f"Node{depth}", [("first", kinds[-1]), ("others", tuple[kinds[-1], ...])]))
    record = kinds[0](*range(12))
    for kind in kinds[1:]:
        record = kind(record, (record,))
    packed, plain = wire.pack(record), wire.to_data(record)
    ready, found = threading.Barrier(8), []

    def read(at):
        ready.wait()
        found.append(wire.unpack(packed, kinds[-1]) if at % 2 else wire.from_data(plain, kinds[-1]))

    threads = [threading.Thread(target=read, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [record] * 8
"""


def test_threads_that_read_the_first_record_of_a_kind_at_once_all_have_it() -> None:
    # In a process of its own: without a lock this takes the process down.
    done = subprocess.run([sys.executable, "-c", _AT_ONCE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
