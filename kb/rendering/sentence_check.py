"""The sentences and quotations of a page of ours against the paper's stored text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kb.literals import missing
from kb.records import Chunk, Paper
from kb.rendering.labels import LABELS, QUOTATION_REMARKS, label, template_pattern
from kb.rendering.page_records import ReadEntry, ReadPage, ReadQuote, ReadSentence
from kb.rendering.tally import CheckTally, Sources, differences, flat, likeness
from kb.text import HAN, UNREAD, one_line, sentence_spans

_MEANT = 0.5  # a quotation less like all that the paper says was made up


def check_sentences(entry: ReadEntry, page: ReadPage, paper: Paper, sources: Sources, tally: CheckTally) -> None:
    """Look them all up; ``paper`` is the record in the version that the entry shows."""
    _SentenceCheck(paper, page, sources, tally).run(entry)


class _SentenceCheck:
    """The sentences and quotations of one paper."""

    def __init__(self, paper: Paper, page: ReadPage, sources: Sources, tally: CheckTally) -> None:
        self._page, self._sources, self._tally = page, sources, tally
        self._language = page.language
        self._text = _PaperText(paper, sources)
        self._is_recognised = paper.fulltext.is_recognised

    def run(self, entry: ReadEntry) -> None:
        """Quotations first: sentences are held against them as the paper has them."""
        self._tally.checked += len(entry.quotes) + len(entry.sentences)
        self._settle_markers(entry)
        true_quotes = {quote.marker: self._quote(quote) if quote.text else "" for quote in entry.quotes}
        for sentence in entry.sentences:
            if self._page.excerpt:
                self._unmarked(sentence)
            else:
                self._sentence(sentence, true_quotes)

    def _quote(self, quote: ReadQuote) -> str:
        """The quotation as the paper has it; what differs is kept."""
        where = f"evidence [{quote.marker}]"
        true = quote.text
        if not self._text.has(quote.text):
            true = self._text.nearest(quote.text)
            if likeness(quote.text, true) < _MEANT:
                self._tally.add("quote", quote.text, "a quotation from the paper", where=where)
                return quote.text
            self._tally.compare("quote", quote.text, one_line(true), where=where)
        place, remarks = self._place(quote)
        match = template_pattern(LABELS[self._language]["page"]).fullmatch(place)
        page = int(match["page"]) if match and match["page"].isdigit() else None
        pages = self._text.pages(true)
        expected = ""
        if page is not None and page not in pages:
            expected = label(self._language, "page", page=pages[0]) if pages else label(self._language, "record")
        elif page is None and place not in (label(self._language, "record"), label(self._language, "text")):
            expected = label(self._language, "record")
        elif page is not None and self._is_recognised and label(self._language, "recognised") not in remarks:
            expected = f"{place}, {label(self._language, 'recognised')}"
        if expected:
            self._tally.add("page", quote.place, expected, where=where)
        return one_line(true)

    def _place(self, quote: ReadQuote) -> tuple[str, list[str]]:
        """Where a quotation stands, and what is said behind it of the words that are quoted."""
        # That a sign of it could not be read is no part of its place.
        marked = (
            template_pattern(LABELS[self._language]["unread"]).fullmatch(quote.place) if UNREAD in quote.text else None
        )
        told = str(marked["place"]) if marked else quote.place
        where, *remarks = told.split(", ")
        known = {label(self._language, name) for name in QUOTATION_REMARKS}
        return (where, remarks) if known.issuperset(remarks) else (told, [])

    def _sentence(self, sentence: ReadSentence, true_quotes: Mapping[str, str]) -> None:
        where, text = sentence.where, flat(sentence.text)
        self._torn(sentence, true_quotes)
        lost = [marker for marker in sentence.marks if marker not in true_quotes]
        if lost or not sentence.marks:
            found = f"[{', '.join(lost)}]" if lost else text
            self._tally.add("evidence", found, "a mark that leads to its evidence", where=where)
            if not (set(sentence.marks) - set(lost)):
                return
        quotes = [true_quotes[marker] for marker in sentence.marks if true_quotes.get(marker)]
        if any(text in flat(quote) for quote in quotes):
            return
        if not quotes:  # its quotations were withheld: its numbers must stand somewhere in the paper
            self._absent("number", missing(text, self._text.whole()).numbers, "in the paper", where)
        elif self._page.extractive or sentence.verbatim:
            if self._sources.judge(text, quotes)[0] != "verbatim":
                nearest = max(quotes, key=lambda quote: likeness(text, quote))
                self._tally.compare("sentence", text, nearest, where=where)
        else:
            self._written(sentence, text, quotes)

    def _torn(self, sentence: ReadSentence, true_quotes: Mapping[str, str]) -> None:
        """Marks that lead elsewhere than they say: meant is the one whose quotation bears the sentence out."""
        text = flat(sentence.text)
        for shown, target in sentence.torn.items():
            borne = [one for one in (shown, target) if text in flat(true_quotes.get(one, ""))]
            known = borne or [one for one in (shown, target) if one in true_quotes] or [shown]
            wrong = target if known[0] == shown else shown
            sentence.marks[sentence.marks.index(shown)] = known[0]
            self._tally.add("mark", wrong, known[0], where=sentence.where)

    def _unmarked(self, sentence: ReadSentence) -> None:
        """A sentence of a page without marks: a quotation of the paper, or its numbers and names are the paper's."""
        where, text = sentence.where, flat(sentence.text)
        if self._text.has(text):
            return
        if self._page.extractive:
            nearest = self._text.nearest(text)
            if likeness(text, nearest) < _MEANT:
                self._tally.add("sentence", text, "a sentence of the paper", where=where)
            elif self._sources.judge(text, [nearest])[0] != "verbatim":
                self._tally.compare("sentence", text, one_line(nearest), where=where)
            return
        absent = missing(text, self._text.whole())
        self._absent("number", absent.numbers, "in the paper", where)
        if not sentence.doubt:
            self._absent("name", absent.names, "in the paper", where)

    def _written(self, sentence: ReadSentence, text: str, quotes: Sequence[str]) -> None:
        """A sentence in a model's words: its numbers and names must stand in its evidence, and the verdict agree."""
        verdict, reason = self._sources.judge(text, quotes)
        if verdict in ("verbatim", "supported") or sentence.doubt in ("unsupported", "contradicted"):
            return
        where = sentence.where
        absent = missing(text, "\n".join(quotes))
        pieces = differences(text, max(quotes, key=lambda quote: likeness(text, quote)))
        if pieces and all(piece.kind != "text" for piece in pieces):  # a quotation but for its numbers or links
            for piece in pieces:
                self._tally.add(*piece, where=where)
        elif absent.numbers:
            self._absent("number", absent.numbers, "in its evidence", where)
        elif sentence.doubt == "partly" and verdict == "partly":
            return
        elif absent.names:
            self._absent("name", absent.names, "in its evidence", where)
        elif verdict != "partly" or not re.search(f"[{HAN}]", text):
            self._tally.add("sentence", text, f"supported by its evidence: {reason}", where=where)

    def _absent(self, kind: str, found: Sequence[str], expected: str, where: str) -> None:
        for one in found:
            self._tally.add(kind, one, expected, where=where)

    def _settle_markers(self, entry: ReadEntry) -> None:
        """Lines of evidence whose anchor has another marker than is shown: meant is the one that no other line has,
        else the one that sentences cite."""
        cited = {mark for sentence in entry.sentences for mark in (*sentence.marks, *sentence.torn.values())}
        for quote in entry.quotes:
            shown, leads = quote.marker, quote.anchor
            if not leads or leads == shown:
                continue
            others = {other.marker for other in entry.quotes if other is not quote}
            is_shown = shown not in others and (leads in others or shown in cited or leads not in cited)
            quote.marker = shown if is_shown else leads
            self._tally.add("mark", leads if is_shown else shown, quote.marker, where="evidence")


class _PaperText:
    """All stored text of a paper, to look quotations up in."""

    def __init__(self, paper: Paper, sources: Sources) -> None:
        self._paper, self._sources = paper, sources
        self._chunks: list[Chunk] = sources.chunks(paper.id)

    def whole(self) -> str:
        """Everything."""
        return "\n".join([self._paper.title, self._paper.abstract, *(chunk.text for chunk in self._chunks)])

    def has(self, quote: str) -> bool:
        """Whether it stands somewhere, whatever the white space."""
        wanted = one_line(quote)
        return any(wanted in one_line(text) for text in [self._paper.abstract, *(chunk.text for chunk in self._chunks)])

    def pages(self, quote: str) -> list[int]:
        """The pages on which it begins; none where the text has no pages."""
        words = re.compile(r"\s+".join(re.escape(word) for word in quote.split()))
        found: list[int] = []
        for chunk in self._chunks:
            for match in words.finditer(chunk.text):
                page, _ = self._sources.place_of(chunk, match.start(), match.end())
                found += [page] if page is not None else []
        return list(dict.fromkeys(found))

    def nearest(self, quote: str) -> str:
        """The run of sentences of the paper that has most in common with it."""
        count = max(1, len(sentence_spans(quote)))
        best, best_score = "", -1.0
        for text in sorted(
            [self._paper.abstract, *(chunk.text for chunk in self._chunks)], key=lambda t: -_shared(quote, t)
        )[:5]:
            spans = sentence_spans(text)
            for size in {count, count + 1, max(1, count - 1)}:
                for first in range(max(1, len(spans) - size + 1)):
                    part = spans[first : first + size]
                    run = text[part[0][0] : part[-1][1]] if part else ""
                    if (score := likeness(quote, run)) > best_score:
                        best, best_score = run, score
        return best


def _shared(quote: str, text: str) -> float:
    """Share of the quotation's distinct words that the text has, in [0, 1]."""
    wanted = set(re.findall(r"\w+", quote.casefold()))
    return len(wanted & set(re.findall(r"\w+", text.casefold()))) / max(1, len(wanted))
