"""What stands of a draft: verified, translated, its marks led to the passages that it cites, as claims and a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kb.answering import drafting, passages, translating, verifying
from kb.answering.drafting import Draft
from kb.answering.verifying import Checked, Cited
from kb.protocols import Corpus
from kb.records import Claim, Evidence, Passage, Table, TableCell, TableRow

if TYPE_CHECKING:
    from kb.answering.asking import Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedDraft:
    """A draft as verification and translation left it: its pieces, its statements, and what each says in the end."""

    pieces: tuple[drafting.DraftPiece, ...]
    checked: tuple[Checked, ...]
    said: tuple[str, ...]
    missing: str | None
    notices: tuple[str, ...] = ()

    @property
    def kept(self) -> list[Checked]:
        """The statements that stand."""
        return [each for each in self.checked if not verifying.is_dropped(each)]

    def text(self, markers: Mapping[str, str]) -> str:
        """What stands, as Markdown whose marks name passages by these markers."""
        return drafting.remarked(drafting.together(self.pieces, self.checked, said=self.said), markers)

    def claims(self, markers: Mapping[str, str], corpus: Corpus) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
        """The statements that stand and those that were dropped; what only says that something is missing is none."""
        pairs = list(zip(self.checked, self.said, strict=True))
        kept = [_claim(c, said, markers, corpus) for c, said in pairs if not verifying.is_dropped(c)]
        dropped = [
            _claim(c, said, markers, corpus) for c, said in pairs if verifying.is_dropped(c) and not c.only_missing
        ]
        return tuple(kept), tuple(dropped)


def settle_draft(
    draft: Draft, shown: Mapping[str, Passage], *, question: str, language: str, asking: Asking
) -> VerifiedDraft:
    """A draft from the passages that were shown, verified, and translated where the language is not English."""
    pieces, statements = drafting.part(draft.text, shown, screen=asking.screen)
    checked = verifying.settle(
        statements, question=question, chat=asking.judge, screen=asking.screen, entailment=asking.corpus.entailment()
    )
    only_missing = [c.statement.whole for c in checked if c.only_missing]
    printed = "\n".join([question, *drafting.printed(shown, screen=asking.screen)])
    missing = " ".join(
        dict.fromkeys(_that_may_be_said(said, printed) for said in [draft.missing, *only_missing] if said)
    )
    said = tuple(each.statement.text for each in checked)
    if language != "en" and asking.chat is not None:
        other = translating.translated(pieces, checked, missing or None, language=language, chat=asking.chat)
        return VerifiedDraft(
            pieces=other.pieces, checked=tuple(checked), said=other.said, missing=other.missing, notices=other.notices
        )
    return VerifiedDraft(pieces=tuple(pieces), checked=tuple(checked), said=said, missing=missing or None)


def _that_may_be_said(missing: str, printed: str) -> str:
    """What a model says is missing; where it states something that neither question nor passages print, that it is so.

    Nobody judges this sentence: it is to name what is missing, and the floor holds for what it says besides.
    """
    return "a part of what is asked" if verifying.adds(missing, printed) else missing


def cited_passages(
    kept: Sequence[Checked], shown: Mapping[str, Passage], *, corpus: Corpus
) -> tuple[list[Passage], dict[str, str]]:
    """The passages that statements cite, numbered anew in the order of their citation, cited sentences marked; and
    the new marker for each old one."""
    order = list(dict.fromkeys(each.passage.marker for one in kept for each in one.statement.cited))
    markers = {old: str(new) for new, old in enumerate(order, 1)}
    markers.update(dict.fromkeys(shown.keys() - markers.keys(), ""))  # what is not shown has no number
    found = [passages.renumbered(_answering(shown[old], kept), markers[old]) for old in order]
    return [passages.located(passage, corpus=corpus) for passage in found], markers


def _answering(passage: Passage, kept: Sequence[Checked]) -> Passage:
    cited = {each.sentence.n for one in kept for each in one.statement.cited}
    return replace(passage, answering=tuple(s.n for s in passage.sentences if s.n in cited))


def _claim(checked: Checked, said: str, markers: Mapping[str, str], corpus: Corpus) -> Claim:
    statement = checked.statement
    own = statement.whole.replace("**", "")
    told = replace(statement, text=said).whole.replace("**", "")
    return Claim(
        text=told,
        text_verified=own if told != own else None,
        verdict=checked.verdict,
        verdict_reason=checked.reason,
        evidence=evidence_of(statement.cited, markers, corpus=corpus),
    )


def evidence_of(cited: Iterable[Cited], markers: Mapping[str, str], *, corpus: Corpus) -> tuple[Evidence, ...]:
    """The cited sentences as evidence, under the new markers of their passages."""
    found = [passages.evidence(each.passage, each.sentence, corpus=corpus) for each in cited]
    return tuple(
        replace(each, marker=f"{markers[passage]}.{sentence}" if markers[passage] else "")
        for each in found
        for passage, _, sentence in [each.marker.partition(".")]
    )


def table_of(made: VerifiedDraft, markers: Mapping[str, str], corpus: Corpus) -> Table | None:
    """The first table of a draft, less what was dropped of it."""
    first = next((nth for nth, piece in enumerate(made.pieces) if piece.header), len(made.pieces))
    rows: list[TableRow] = []
    for piece in made.pieces[first + 1 :]:
        if piece.header:
            break
        if not piece.row or drafting.is_row_dropped(piece, made.checked):
            continue
        papers, cells = set(), []
        for cell in piece.row:
            text = drafting.cell_text(cell, made.checked, made.said)
            proof: tuple[Evidence, ...] = ()
            if cell.statement is not None and not verifying.is_dropped(each := made.checked[cell.statement]):
                proof = evidence_of(each.statement.cited, markers, corpus=corpus)
                papers |= {one.passage.paper.id for one in each.statement.cited}
            cells.append(TableCell(text=text, evidence=proof))
        rows.append(TableRow(paper_id=papers.pop() if len(papers) == 1 else None, cells=tuple(cells)))
    return Table(columns=made.pieces[first].header, rows=tuple(rows)) if rows else None
