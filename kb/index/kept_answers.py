"""Answers kept in conversations: stored as they were made, those of the first edition read in today's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kb import wire
from kb.records import Answer


def pack(answer: Answer) -> bytes:
    """The answer as it is stored."""
    return wire.pack(answer)


def unpack(record: bytes) -> Answer:
    """The answer that was stored, by this edition or the first."""
    data: dict[str, Any] = wire.unpack(record, dict)
    return wire.from_data(data if "understood" in data else _of_the_first_edition(data), Answer)


def _of_the_first_edition(old: Mapping[str, Any]) -> dict[str, Any]:
    """Its loose quotations become passages of their own, numbered as they were cited; its table is in its claims."""
    papers = {reference["paper"]["id"]: reference["paper"] for reference in old.get("references", ())}
    passages: list[dict[str, Any]] = []
    places: dict[tuple[str, int], str] = {}
    claims = [_claim(claim, papers, passages, places) for claim in old.get("claims", ())]
    dropped = [_claim(claim, {}, [], {}) | {"evidence": []} for claim in old.get("dropped", ())]
    for hit in old.get("nearest", ()):
        passages.append(_passage(str(len(passages) + 1), hit["paper"], hit["chunk_id"], hit["section"], hit["page"]))
        passages[-1]["sentences"] = [_sentence(f"{passages[-1]['marker']}.1", hit["text"], 0, len(hit["text"]), ())]
    first: dict[str, dict[str, Any]] = {}
    for passage in passages:
        first.setdefault(passage["paper"]["id"], {"marker": passage["marker"], "paper": passage["paper"]})
    by_model = old.get("model") is not None
    return {
        "question": old["question"],
        "understood": old["question"],
        "kind": "lookup",
        "source": "model" if by_model else "passages",
        "answered": old["answered"],
        "language": old["language"],
        "model": old.get("model"),
        "text": " ".join(_said(claim) for claim in claims) if by_model else "",
        "claims": claims if by_model else [],
        "dropped": dropped,
        "missing": old.get("missing"),
        "passages": passages,
        "references": list(first.values()),
        "notices": list(old.get("notices", ())),
        "usage": old.get("usage", {}),
    }


def _claim(
    old: Mapping[str, Any],
    papers: Mapping[str, Any],
    passages: list[dict[str, Any]],
    places: dict[tuple[str, int], str],
) -> dict[str, Any]:
    evidence = []
    for proof in old["evidence"]:
        place = (proof["chunk_id"], proof["start"])
        if place not in places and proof["paper_id"] in papers:
            marker = str(len(passages) + 1)
            passage = _passage(marker, papers[proof["paper_id"]], proof["chunk_id"], (), proof["page"])
            sentence = _sentence(f"{marker}.1", proof["quote"], proof["start"], proof["end"], proof["boxes"])
            passages.append(passage | {"sentences": [sentence], "answering": [f"{marker}.1"]})
            places[place] = f"{marker}.1"
        evidence.append({**proof, "marker": places.get(place, proof["marker"])})
    verdict = None if old["verdict"] == "verbatim" else old["verdict"]
    return {**old, "verdict": verdict, "evidence": evidence}


def _said(claim: Mapping[str, Any]) -> str:
    marks = ", ".join(dict.fromkeys(proof["marker"] for proof in claim["evidence"]))
    return f"{claim['text']} [{marks}]" if marks else str(claim["text"])


def _passage(marker: str, paper: Any, chunk_id: str, section: Sequence[str], page: int | None) -> dict[str, Any]:
    return {
        "marker": marker, "paper": paper, "chunk_id": chunk_id, "section": list(section), "page": page,
        "page_label": None, "sentences": [],
    }  # fmt: skip


def _sentence(n: str, text: str, start: int, end: int, boxes: Any) -> dict[str, Any]:
    return {"n": n, "text": text, "start": start, "end": end, "boxes": list(boxes)}
