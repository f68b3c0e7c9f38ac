"""Data that are an altered copy of some that were made here, told from these value by value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from kb import wire
from kb.records import Digest, Fault, Note, Reason, Unchecked
from kb.verifying.comparing import pieces

_FEW = 3
"""In so many values data may differ from others that were made here and still be those, altered."""
_OF_THE_MAKING = ("topic", "since", "until", "language", "for", "made_with")


def altered(told: Any, made: Digest | Note, kept: Iterable[Any]) -> list[Fault] | None:
    """The faults of data that are an altered copy of some that were made here; None where they are none.

    They are if they differ from some in a few values, or in more where they are said to be of the same topic, period,
    language and audience and made with the same: then this home would have made them as it did. Data of an earlier
    edition, which lack fields, were made otherwise.

    Args:
        told: the data as JSON has them.
        made: the record that they are.
        kept: data that were made here.
    """
    is_earlier = len({place.rpartition(".")[2] for place, _ in _strange_names(wire.to_data(made), told, "")}) > _FEW
    best: tuple[int, list[Fault]] | None = None
    for other in kept:
        found = list(_tree_faults(told, other))
        is_same = not is_earlier and all(_part(told, name) == _part(other, name) for name in _OF_THE_MAKING)
        if (is_same or len(found) <= _FEW) and (best is None or len(found) < best[0]):
            best = len(found), found
    return best[1] if best is not None else None


def unknown_fields(tree: Any, made: Digest | Note) -> list[Unchecked]:
    """The fields of data (as JSON has them) that a record has not: nobody reads them."""
    return [
        Unchecked(entry="page", field=place, found=name, why=Reason(kind="field-not-known"), where=place)
        for place, name in _strange_names(tree, wire.to_data(made), "")
    ]


def _strange_names(tree: Any, known: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, Mapping) and isinstance(known, Mapping):
        for name, value in tree.items():
            inner = f"{place}.{name}".strip(".")
            if name not in known:
                yield inner, name
            else:
                yield from _strange_names(value, known[name], inner)
    elif isinstance(tree, list | tuple) and isinstance(known, list | tuple):
        for number, (one, other) in enumerate(zip(tree, known, strict=False)):
            yield from _strange_names(one, other, f"{place}[{number}]")


def _part(tree: Any, name: str) -> Any:
    return tree.get(name) if isinstance(tree, Mapping) else None


def _tree_faults(told: Any, true: Any) -> Iterator[Fault]:
    for place, found, expected in _tree_differences(told, true, ""):
        entry, name = _named(place, true if isinstance(true, Mapping) else {})
        for one, other in pieces(found, expected):
            yield Fault(entry=entry, field=name, found=one, expected=other, where=place)


def _tree_differences(told: Any, true: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """(place, found, expected) of each value that differs."""
    if isinstance(told, Mapping) and isinstance(true, Mapping):
        for name in dict.fromkeys([*true, *told]):
            yield from _tree_differences(told.get(name), true.get(name), f"{place}.{name}".strip("."))
            if (name in told) != (name in true):
                yield f"{place}.{name}".strip("."), "" if name in true else name, name if name in true else ""
    elif isinstance(told, list) and isinstance(true, list):
        yield from _list_differences(told, true, place)
    elif told != true or type(told) is not type(true):
        yield place, told, true


def _list_differences(told: list[Any], true: list[Any], place: str) -> Iterator[tuple[str, Any, Any]]:
    if len(told) == len(true):
        for number, (one, other) in enumerate(zip(told, true, strict=True)):
            yield from _tree_differences(one, other, f"{place}[{number}]")
        return
    ours, theirs = ([json.dumps(one, sort_keys=True) for one in some] for some in (told, true))
    for tag, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            for step in range(max(b - a, d - c)):
                one, other = (
                    some[at + step] if at + step < end else None for some, at, end in ((told, a, b), (true, c, d))
                )
                yield f"{place}[{c + step if other is not None else a + step}]", _brief(one), _brief(other)


def _brief(value: Any) -> Any:
    """An entry by its title."""
    paper = value.get("paper", value) if isinstance(value, Mapping) else value
    return paper["title"] if isinstance(paper, Mapping) and isinstance(paper.get("title"), str) else value


def _named(place: str, true: Mapping[str, Any]) -> tuple[str, str]:
    """(entry, field) of a place in data."""
    first, _, rest = place.partition(".")
    name, _, number = first.removesuffix("]").partition("[")
    notes = true.get("entries")
    if name == "entries" and isinstance(notes, list) and int(number or 0) < len(notes):
        return str(notes[int(number or 0)]["paper"]["id"]), rest or "paper"
    paper = true.get("paper")
    return str(paper["id"]) if isinstance(paper, Mapping) else "page", place
