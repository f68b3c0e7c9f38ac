"""Papers × questions: what each paper says to each question, quoted with its page, or "not stated"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from kb.protocols import ChatModel, Corpus
from kb.records import NO_FILTERS, Cell, Claim, Comparison, Disagreement, Filters, Language, Paper
from kb.writing import particulars
from kb.writing.answering import answer, usage_of, usage_since
from kb.writing.particulars import Number

_CLAIMS = 2  # sentences of an extractive cell
_REACH = 60  # characters between a metric and its number
_METRICS = re.compile(
    r"\b(?:accurac(?:y|ies)|f1(?:[- ]score)?|f-score|bleu(?:-\d)?|rouge(?:-[l\d])?|perplexity|fid|map|ndcg(?:@\d+)?"
    r"|mrr(?:@\d+)?|recall(?:@\d+)?|precision(?:@\d+)?|auc|auroc|psnr|ssim|lpips|wer|cer|speed-?up|latency|exact match"
    r"|em|iou|miou|top-[15]|error rate|hits@\d+|spearman|pearson|meteor|bertscore|clip score)\b",
    re.IGNORECASE,
)
_NAMED = r"[A-Z][\w@.+-]*(?:[ -][A-Z\d][\w@.+-]*)*"
_DATASET = re.compile(
    rf"\b(?:on|over|in|for|from)\s+(?:the\s+)?(?P<after>{_NAMED})"
    rf"|(?P<before>{_NAMED})\s+(?:data ?sets?|benchmarks?|corpus|corpora|test|dev|validation)\b"
)


@dataclass(frozen=True, slots=True)
class _Measured:
    """Numbers that a sentence gives for a metric, and the datasets that it names."""

    metric: str
    datasets: frozenset[str]
    numbers: tuple[Number, ...]


def compare(
    papers: Sequence[Paper],
    questions: Sequence[str],
    *,
    corpus: Corpus,
    chat: ChatModel | None = None,
    filters: Filters = NO_FILTERS,
    language: Language = "en",
    allow_remote: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """The table. Cell (i, j) holds what paper i says to question j under marker i + 1, with quote, page and boxes.

    A cell is "not stated" by the same calibrated refusal as an answer, asked of that paper alone. Cells of one
    column that give different numbers for the same metric on the same dataset are listed as disagreements.
    ``progress`` is told (cells done, cells in all).
    """
    before = usage_of(chat)
    notices: list[str] = []
    rows: list[tuple[Cell, ...]] = []
    for i, paper in enumerate(papers):
        row = []
        for j, question in enumerate(questions):
            made = answer(
                question,
                corpus=corpus,
                filters=replace(filters, papers=(paper.id,)),
                chat=chat,
                language=language,
                max_claims=_CLAIMS,
                allow_remote=allow_remote,
            )
            notices += made.notices
            claims = tuple(_marked(claim, str(i + 1)) for claim in made.claims)
            row.append(Cell(state="found", claims=claims) if made.answered else Cell(state="not stated"))
            if progress is not None:
                progress(i * len(questions) + j + 1, len(papers) * len(questions))
        rows.append(tuple(row))
    return Comparison(
        papers=tuple(papers),
        questions=tuple(questions),
        cells=tuple(rows),
        disagreements=find_disagreements(rows, papers),
        notices=tuple(dict.fromkeys(notices)),
        usage=usage_since(before, chat),
    )


def _marked(claim: Claim, marker: str) -> Claim:
    return replace(claim, evidence=tuple(replace(item, marker=marker) for item in claim.evidence))


def find_disagreements(rows: Sequence[Sequence[Cell]], papers: Sequence[Paper]) -> tuple[Disagreement, ...]:
    """Pairs of cells of one column, of different papers, with other numbers for a metric on a dataset they share."""
    found = []
    for j in range(len(rows[0]) if rows else 0):
        for (a, first), (b, second) in combinations([(i, row[j]) for i, row in enumerate(rows)], 2):
            if papers[a].id != papers[b].id and (reason := _differ(first, second)):
                found.append(Disagreement(cells=((a, j), (b, j)), reason=reason))
    return tuple(found)


def _differ(first: Cell, second: Cell) -> str | None:
    for ours in _measured(first):
        for theirs in _measured(second):
            shared = ours.datasets & theirs.datasets
            if ours.metric != theirs.metric or not shared:
                continue
            if any(particulars.states(theirs.numbers, number) for number in ours.numbers):
                continue
            if any(particulars.states(ours.numbers, number) for number in theirs.numbers):
                continue
            left, right = (", ".join(n.text for n in side.numbers) for side in (ours, theirs))
            return f"{ours.metric} on {', '.join(sorted(shared))}: {left} against {right}"
    return None


def _measured(cell: Cell) -> list[_Measured]:
    found = []
    for claim in cell.claims:
        for evidence in claim.evidence:
            quote = " ".join(evidence.quote.split())
            datasets = frozenset((m["after"] or m["before"]).rstrip(".") for m in _DATASET.finditer(quote)) - {""}
            for metric in _METRICS.finditer(quote):
                near = (
                    quote[max(0, metric.start() - _REACH) : metric.start()],
                    quote[metric.end() : metric.end() + _REACH],
                )
                numbers = tuple(n for n in particulars.numbers(" ; ".join(near)) if _is_result(n))
                if numbers and datasets:
                    found.append(_Measured(_metric_name(metric[0]), datasets, numbers))
    return found


def _is_result(number: Number) -> bool:
    """A percentage, a multiple or a number with decimals: no year, no count, no page."""
    return not number.in_words and (bool(number.unit) or "." in number.text)


def _metric_name(printed: str) -> str:
    name = printed.casefold().replace("accuracies", "accuracy").replace("speed-up", "speedup")
    return re.sub(r"^f1[- ]score$|^f-score$", "f1", name)
