"""``kb topic``: standing queries made, shown, forgotten and tried out."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from typing import Any

from kb import wire
from kb.cli.commands import Result
from kb.library import Library
from kb.library.topics import Preview
from kb.records import Topic

_MOST_OUTSIDE = 20  # shown to people; --json has all


def topic_verb(library: Library, options: argparse.Namespace) -> Result:
    """Do what the action says."""
    return _ACTIONS[options.action](library, options)


def _add(library: Library, options: argparse.Namespace) -> Result:
    fields = {"language": library.settings.language, **_given(options)}  # --language is among the settings, too
    topic = library.add_topic(Topic(name=options.name, **fields))
    return Result(data={"topic": wire.to_data(topic)}, text=f"topic {topic.name!r} is kept\n{_lines(topic)}")


def _list(library: Library, options: argparse.Namespace) -> Result:
    topics = library.topics()
    text = "\n".join(f"{topic.name}\n{textwrap.indent(_lines(topic), '    ')}" for topic in topics)
    return Result(data={"topics": wire.to_data(topics)}, text=text or "no topics: kb topic add makes one")


def _show(library: Library, options: argparse.Namespace) -> Result:
    topic = library.topic(options.name)
    return Result(data={"topic": wire.to_data(topic)}, text=f"{topic.name}\n{_lines(topic)}")


def _remove(library: Library, options: argparse.Namespace) -> Result:
    name = library.remove_topic(options.name)
    return Result(data={"removed": name}, text=f"topic {name!r} is forgotten; what it has shown stays known")


def _preview(library: Library, options: argparse.Namespace) -> Result:
    topic = library.planned_topic(options.name, **_given(options))
    candidates = library.preview_topic(topic, since=options.since, until=options.until)
    inside = sum(candidate.inside for candidate in candidates)
    data = {
        "topic": wire.to_data(topic),
        "since": options.since.isoformat() if options.since else None,
        "until": options.until.isoformat() if options.until else None,
        "counts": {"inside": inside, "outside": len(candidates) - inside},
        "candidates": wire.to_data(candidates),
    }
    return Result(data=data, text=_preview_text(candidates, inside=inside))


_ACTIONS = {"add": _add, "list": _list, "show": _show, "remove": _remove, "preview": _preview}


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The fields that were named."""
    names = ("query", "must", "must_not", "authors", "categories", "examples", "language", "limit")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _lines(topic: Topic) -> str:
    fields = {
        "query": topic.query, "must": ", ".join(topic.must), "must not": ", ".join(topic.must_not),
        "authors": ", ".join(topic.authors), "categories": " ".join(topic.categories),
        "examples": " ".join(topic.examples), "pages": f"in {topic.language}, at most {topic.limit} papers a day",
    }  # fmt: skip
    return "\n".join(f"{name:<11} {value}" for name, value in fields.items() if value)


def _preview_text(candidates: Sequence[Preview], *, inside: int) -> str:
    lines = [f"{inside} in, {len(candidates) - inside} out"]
    left = _MOST_OUTSIDE
    for candidate in candidates:
        if not candidate.inside:
            left -= 1
            if left < 0:
                continue
        mark = f"in  {candidate.score:+.3f}" if candidate.score is not None else "out       "
        lines.append(f"{mark}  {candidate.paper_id}  {textwrap.shorten(candidate.title, 70, placeholder='…')}")
        lines += [f"      {reason}" for reason in candidate.reasons]
    if left < 0:
        lines.append(f"… and {-left} more that are out: --json has all")
    return "\n".join(lines)
