"""The sentences and quotations of a page of ours against the paper's stored text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from kb.records import Chunk, Language, Paper
from kb.rendering.comparing_texts import differences, flat, likeness
from kb.rendering.labels import QUOTATION_REMARKS, label
from kb.rendering.markdown_reading import pattern_of
from kb.rendering.page_records import ReadEntry, ReadPage, ReadQuote, ReadSentence
from kb.rendering.tally import Sources
from kb.text import HAN, UNREAD, one_line, sentence_spans

_MEANT = 0.5  # a quotation less like all that the paper says was made up

Wrong = tuple[str, str, str, str]


class SentenceCheck:
    """The sentences of one paper. ``checked`` counts what was looked up."""

    def __init__(self, paper: Paper, page: ReadPage, sources: Sources) -> None:
        self._page, self._sources = page, sources
        self._language: Language = "zh" if page.language == "zh" else "en"
        self._text = PaperText(paper, sources)
        self._is_recognised = paper.fulltext.is_recognised
        self.checked = 0

    def run(self, entry: ReadEntry) -> list[Wrong]:
        """What is wrong: (field, found, expected, where)."""
        wrong: list[Wrong] = list(_settle_markers(entry))
        true_quotes: dict[str, str] = {}
        for quote in entry.quotes:
            self.checked += 1
            true_quotes[quote.marker] = self._quote(quote, wrong) if quote.text else ""
        for sentence in entry.sentences:
            self.checked += 1
            wrong += self._unmarked(sentence) if self._page.excerpt else self._sentence(sentence, true_quotes)
        return wrong

    def _quote(self, quote: ReadQuote, wrong: list[Wrong]) -> str:
        """The quotation as the paper has it; what differs is added to ``wrong``."""
        where = f"evidence [{quote.marker}]"
        true = quote.text
        if not self._text.has(quote.text):
            true = self._text.nearest(quote.text)
            if likeness(quote.text, true) < _MEANT:
                wrong.append(("quote", quote.text, "a quotation from the paper", where))
                return quote.text
            wrong += [_told(piece, "quote", where) for piece in differences(quote.text, one_line(true))]
        place, remarks = self._without_remarks(self._place(quote))
        page = self._page_number(place)
        pages = self._text.pages(true)
        if page is not None and page not in pages:
            expected = label(self._language, "page", page=pages[0]) if pages else label(self._language, "record")
            wrong.append(("page", quote.place, expected, where))
        elif page is None and place not in self._known_places():
            wrong.append(("page", quote.place, label(self._language, "record"), where))
        elif page is not None and self._is_recognised and label(self._language, "recognised") not in remarks:
            wrong.append(("page", quote.place, f"{place}, {label(self._language, 'recognised')}", where))
        return one_line(true)

    def _place(self, quote: ReadQuote) -> str:
        """Where a quotation stands, without the remark that a sign of it could not be read."""
        marked = pattern_of(self._language, "unread").fullmatch(quote.place) if UNREAD in quote.text else None
        return str(marked["place"]) if marked else quote.place

    def _without_remarks(self, place: str) -> tuple[str, list[str]]:
        """The place, and what stands behind it of the words that are quoted."""
        where, *remarks = place.split(", ")
        known = {label(self._language, name) for name in QUOTATION_REMARKS}
        return (where, remarks) if known.issuperset(remarks) else (place, [])

    def _page_number(self, place: str) -> int | None:
        match = pattern_of(self._language, "page").match(place)
        return int(match["page"]) if match and match["page"].isdigit() else None

    def _known_places(self) -> tuple[str, str]:
        return label(self._language, "record"), label(self._language, "text")

    def _sentence(self, sentence: ReadSentence, true_quotes: Mapping[str, str]) -> Iterator[Wrong]:
        where, text = sentence.where, flat(sentence.text)
        yield from self._torn(sentence, true_quotes)
        lost = [marker for marker in sentence.marks if marker not in true_quotes]
        if lost or not sentence.marks:
            expected = "a mark that leads to its evidence"
            yield "evidence", f"[{', '.join(lost)}]" if lost else text, expected, where
            if not (set(sentence.marks) - set(lost)):
                return
        quotes = [true_quotes[marker] for marker in sentence.marks if true_quotes.get(marker)]
        if any(text in flat(quote) for quote in quotes):
            return
        if not quotes:  # its quotations were withheld: its numbers must stand somewhere in the paper
            absent = self._sources.missing(text, self._text.whole())
            yield from (("number", number, "in the paper", where) for number in absent.numbers)
        elif self._page.extractive or sentence.verbatim:
            if self._sources.judge(text, quotes)[0] == "verbatim":
                return
            nearest = max(quotes, key=lambda quote: likeness(text, quote))
            yield from (_told(piece, "sentence", where) for piece in differences(text, nearest))
        else:
            yield from self._written(sentence, text, quotes)

    def _torn(self, sentence: ReadSentence, true_quotes: Mapping[str, str]) -> Iterator[Wrong]:
        """Marks that lead elsewhere than they say: meant is the one whose quotation bears the sentence out."""
        text = flat(sentence.text)
        for shown, target in sentence.torn.items():
            borne = [one for one in (shown, target) if text in flat(true_quotes.get(one, ""))]
            known = borne or [one for one in (shown, target) if one in true_quotes] or [shown]
            wrong = target if known[0] == shown else shown
            sentence.marks[sentence.marks.index(shown)] = known[0]
            yield "mark", wrong, known[0], sentence.where

    def _unmarked(self, sentence: ReadSentence) -> Iterator[Wrong]:
        """A sentence of a page without marks: a quotation of the paper, or its numbers and names are the paper's."""
        where, text = sentence.where, flat(sentence.text)
        if self._text.has(text):
            return
        nearest = self._text.nearest(text)
        if self._page.extractive:
            if likeness(text, nearest) < _MEANT:
                yield "sentence", text, "a sentence of the paper", where
            elif self._sources.judge(text, [nearest])[0] != "verbatim":
                yield from (_told(piece, "sentence", where) for piece in differences(text, one_line(nearest)))
            return
        absent = self._sources.missing(text, self._text.whole())
        yield from (("number", number, "in the paper", where) for number in absent.numbers)
        if not sentence.doubt:
            yield from (("name", name, "in the paper", where) for name in absent.names)

    def _written(self, sentence: ReadSentence, text: str, quotes: Sequence[str]) -> Iterator[Wrong]:
        """A sentence in a model's words: its numbers and names must stand in its evidence, and the verdict agree."""
        verdict, reason = self._sources.judge(text, quotes)
        if verdict in ("verbatim", "supported") or sentence.doubt in ("unsupported", "contradicted"):
            return
        absent = self._sources.missing(text, "\n".join(quotes))
        pieces = differences(text, max(quotes, key=lambda quote: likeness(text, quote)))
        if pieces and all(piece.kind != "text" for piece in pieces):  # a quotation but for its numbers or links
            yield from (_told(piece, "sentence", sentence.where) for piece in pieces)
        elif absent.numbers:
            yield from (("number", number, "in its evidence", sentence.where) for number in absent.numbers)
        elif sentence.doubt == "partly" and verdict == "partly":
            return
        elif absent.names:
            yield from (("name", name, "in its evidence", sentence.where) for name in absent.names)
        elif verdict != "partly" or not re.search(f"[{HAN}]", text):
            yield "sentence", text, f"supported by its evidence: {reason}", sentence.where


def _settle_markers(entry: ReadEntry) -> Iterator[Wrong]:
    """Lines of evidence whose anchor has another marker than is shown: meant is the one that no other line has, else
    the one that sentences cite."""
    cited = {mark for sentence in entry.sentences for mark in (*sentence.marks, *sentence.torn.values())}
    for quote in entry.quotes:
        shown, leads = quote.marker, quote.anchor
        if not leads or leads == shown:
            continue
        others = {other.marker for other in entry.quotes if other is not quote}
        is_shown = shown not in others and (leads in others or shown in cited or leads not in cited)
        yield "mark", leads if is_shown else shown, shown if is_shown else leads, "evidence"
        quote.marker = shown if is_shown else leads


def _told(piece: tuple[str, str, str], field: str, where: str) -> Wrong:
    kind, found, expected = piece
    return (kind if kind != "text" else field), found, expected, where


class PaperText:
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
            [self._paper.abstract, *(chunk.text for chunk in self._chunks)], key=lambda t: -shared(quote, t)
        )[:5]:
            spans = sentence_spans(text)
            for size in {count, count + 1, max(1, count - 1)}:
                for first in range(max(1, len(spans) - size + 1)):
                    part = spans[first : first + size]
                    run = text[part[0][0] : part[-1][1]] if part else ""
                    if (score := likeness(quote, run)) > best_score:
                        best, best_score = run, score
        return best


def shared(quote: str, text: str) -> float:
    """Share of the quotation's distinct words that the text has, in [0, 1]."""
    wanted = set(re.findall(r"\w+", quote.casefold()))
    return len(wanted & set(re.findall(r"\w+", text.casefold()))) / max(1, len(wanted))
