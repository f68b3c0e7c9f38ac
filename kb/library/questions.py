"""What is asked of the stored papers and written of one: answers, comparisons, checks, reviews, reading notes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kb.errors import BadIdentifier, HomeBusy, HomeUnwritable, ModelError, ParseError, UnknownPaper, UsageError
from kb.ids import doi_key, find_arxiv_ids
from kb.library.corpus import CatalogQuestions, LibraryCorpus
from kb.library.parts import limits
from kb.names import answers_to, fold, same_person
from kb.parsing import PARSER
from kb.records import (
    NO_FILTERS,
    Answer,
    Box,
    Citation,
    Comparison,
    Effort,
    Failure,
    Figure,
    Filters,
    Item,
    Language,
    ManuscriptCheck,
    Metadata,
    Note,
    Paper,
    Passage,
    PicturePlace,
    PrintedEquation,
    Reason,
    Review,
    SourceRecord,
)
from kb.rendering.reasons import sentence
from kb.settings import Settings
from kb.text import checked_label

if TYPE_CHECKING:
    from kb.answering.asking import Asking
    from kb.guard import Limits
    from kb.index.catalog import Catalog
    from kb.index.catalog.ledger import PictureKind
    from kb.index.catalog.passages import Source
    from kb.library.indexing import Progress
    from kb.library.parts import Models, Store
    from kb.protocols import ChatModel
    from kb.sources.manuscripts import Manuscript

NOTE_RECIPE = "note-7"
"""Grows when the way in which notes are made changes, so that kept ones are made again."""
_FIGURES_RECIPE = "figures-2"
_EQUATIONS_RECIPE = "equations-1"
_MOST_EQUATIONS = 1_000
_OF_LIMITS = frozenset({"parse-timeout", "parse-memory", "too-large"})
_LONGEST_QUESTION = 4_000
_AUTHOR_AND_YEAR = re.compile(r"(?P<people>.+), (?P<year>\d{4})[a-z]?")
_YEARS_APART = 1  # a preprint and its publication

Noticing = TypeVar("Noticing", Answer, ManuscriptCheck, Review)


class Questions:
    """What the store answers with the models, within one budget of calls."""

    def __init__(self, store: Store, models: Models, settings: Settings) -> None:
        self._store, self._models, self._settings = store, models, settings

    def ask(
        self,
        question: str,
        *,
        session: str | None,
        effort: Effort,
        filters: Filters,
        on_draft: Callable[[str], None] | None,
        on_answer: Callable[[Answer], None] | None,
    ) -> Answer:
        """Answer a question; in a session, read it in the context of what was asked before and keep the answer.

        The next question of the session waits until this one is answered. Where the home cannot be written the answer
        is not kept, and says so.
        """
        from kb.answering.asking import ask as ask_papers

        asked = _checked(question)
        if session is not None:
            checked_label(session, "name of a conversation")
        store, catalog = self._store, self._store.catalog()
        asking = self._asking(filters=filters, effort=effort, on_draft=on_draft)
        with ExitStack() as held:
            if session is not None:
                with suppress(HomeUnwritable):  # nothing can be kept: there is nothing to wait for
                    held.enter_context(store.home.conversation(session, on_wait=store.on_wait))
            turns = catalog.ledger.turns(session) if session is not None else ()
            made = ask_papers(asked, asking, turns=turns)
            if on_answer is not None:
                on_answer(self._with_notices(made))
            made = replace(made, passages=self._pictured(made.passages))
            if session is None:
                return self._with_notices(made)
            try:
                with store.changing():
                    if len(catalog.papers.many(made.paper_ids)) == len(made.paper_ids):  # none was removed meanwhile
                        catalog.ledger.put_turn(session, made)
                    else:
                        lost = f"the answer is not kept in {session!r}: a paper that it cites was removed meanwhile"
                        made = replace(made, notices=(*made.notices, lost))
            except (HomeBusy, HomeUnwritable) as err:  # what was answered is shown, and may have cost something
                made = replace(made, notices=(*made.notices, f"the answer is not kept in {session!r}: {err}"))
        return self._with_notices(made)

    def compare(
        self, papers: Sequence[Paper], questions: Sequence[str], *, progress: Progress | None = None
    ) -> Comparison:
        """Papers × questions; ``progress`` is told how many cells are done."""
        from kb.answering.comparing import compare as compare_papers

        if not papers:
            raise UsageError("nothing to compare: name papers with --paper, or a --collection")
        if not questions:
            raise UsageError("nothing to compare: name papers with --paper and questions with --question")
        made = compare_papers(
            list({paper.id: paper for paper in papers}.values()),
            [_checked(question) for question in dict.fromkeys(questions)],
            self._asking(),
            progress=None if progress is None else lambda done, total: progress("comparing", done, total),
        )
        cells = (tuple(replace(cell, passages=self._pictured(cell.passages)) for cell in row) for row in made.cells)
        return replace(made, cells=tuple(cells))

    def review(self, question: str, *, papers: int, filters: Filters, progress: Progress | None = None) -> Review:
        """A review of what the papers say to a question; ``progress`` is told how far each step is."""
        from kb.answering.reviewing import MOST_PAPERS
        from kb.answering.reviewing import review as review_papers

        if not 1 <= papers <= MOST_PAPERS:
            raise UsageError(f"{papers} papers are not looked at for one review: give 1 to {MOST_PAPERS} with --papers")
        asking = self._asking(filters=filters)
        made = review_papers(_checked(question), asking, papers=papers, progress=progress)
        return self._with_notices(replace(made, passages=self._pictured(made.passages)))

    def check(
        self, path: Path, *, bibliographies: Sequence[Path], effort: Effort, progress: Progress | None
    ) -> ManuscriptCheck:
        """The citing sentences of a manuscript, checked against the papers that they cite. Nothing is ever added.

        Raises:
            ParseError: when the manuscript or a bibliography cannot be read.
        """
        from kb.answering.checking import check as check_sentences
        from kb.sources.manuscripts import read_manuscript

        manuscript = read_manuscript(path, max_bytes=self._settings.max_file_bytes)
        named = [*bibliographies, *(one for one in manuscript.bibliographies if one not in bibliographies)]
        cited = _CitedWorks(
            self._store.catalog(), self._store.corpus(), manuscript, named, file_limits=limits(self._settings)
        )
        sentences = []
        for said in manuscript.sentences:
            keys = tuple(key for key in said.keys if not cited.is_no_citation(key))
            if keys:
                sentences.append(replace(said, keys=keys))
        citations = {key: cited.of(key) for said in sentences for key in said.keys}
        notices = [*manuscript.notices, *cited.notices]
        if not named and any(cite.paper is None and not cite.title for cite in citations.values()):
            notices.append("no bibliography says what some keys mean: name one with --bib")
        asking = self._asking(effort=effort)
        made = check_sentences(str(path), sentences, citations, asking, notices=notices, progress=progress)
        checked = (replace(one, passages=self._pictured(one.passages)) for one in made.sentences)
        return self._with_notices(replace(made, sentences=tuple(checked)))

    def note(self, paper_id: str, *, language: Language | None = None, progress: Progress | None = None) -> Note:
        """The note of a paper. Its sentences are made once for the same text, model and language (that of the settings
        if None), and kept unless a model failed; record, keywords and figures are those of now."""
        catalog = self._store.catalog()
        paper = catalog.papers.get(paper_id)
        spoken = language or self._settings.language
        recipe = note_recipe(catalog, self._settings, paper, language=spoken)
        pictures = figures(self._store, self._settings, paper)
        made = catalog.ledger.note(paper_id, recipe)
        if made is None:
            made, is_whole = _write(paper, replace(self._asking(), language=spoken))
            try:
                with self._store.changing():
                    catalog.papers.get(paper_id)  # it may have been removed meanwhile
                    if is_whole:
                        catalog.ledger.put_note(paper_id, recipe, made)
            except (HomeBusy, HomeUnwritable) as err:  # what was written is shown, and may have cost something
                self._store.notice(f"the note of {paper_id} is not kept: {err}")
        if progress is not None:
            progress("notes", 1, 1)
        return _of_record(made, paper, figures=pictures)

    def _asking(
        self,
        *,
        filters: Filters = NO_FILTERS,
        effort: Effort = "normal",
        on_draft: Callable[[str], None] | None = None,
    ) -> Asking:
        """What the library answers with."""
        from kb.answering.asking import Asking

        settings, models, corpus = self._settings, self._models, self._store.corpus()
        return Asking(
            corpus=corpus,
            records=CatalogQuestions(self._store.catalog(), corpus),
            chat=models.chat(),
            verifier=models.verifier(),
            filters=filters,
            language=settings.language,
            effort=effort,
            passage_tokens=settings.passage_tokens,
            allow_remote=settings.allow_remote,
            on_draft=on_draft,
            note=self.note,  # within the same budget
            screen=models.screen(),
        )

    def _pictured(self, passages: Iterable[Passage]) -> tuple[Passage, ...]:
        """The passages with the pictures of the equations that stand in sentences that answer."""
        shown = []
        for passage in passages:
            if passage.answering_equations:
                files: dict[Box | None, str] = {}
                with suppress(UnknownPaper):  # it was removed meanwhile: what was answered is there all the same
                    cut = equation_pictures(self._store, self._settings, passage.paper)
                    files = {figure.box: figure.file for figure in cut}
                equations = tuple(
                    replace(one, file=files.get(one.box)) if one.box else one for one in passage.equations
                )
                passage = replace(passage, equations=equations)
            shown.append(passage)
        return tuple(shown)

    def _with_notices(self, made: Noticing) -> Noticing:
        """What was made, with why something may be missing now."""
        reasons: tuple[Reason, ...] = self._store.corpus().notices()
        return replace(made, notices=(*made.notices, *(sentence(why, self._settings.language) for why in reasons)))


def _checked(question: str) -> str:
    words = " ".join(question.replace("\0", " ").split())
    if not words:
        raise UsageError("the question is empty: ask something")
    if len(words) > _LONGEST_QUESTION:
        raise UsageError(f"the question has {len(words)} characters: ask in at most {_LONGEST_QUESTION}")
    return words


# ------------------------------------------------------------------------------------------ notes


def kept_note(catalog: Catalog, settings: Settings, paper_id: str) -> Note | None:
    """The note of a paper if it was written; nothing is written here."""
    paper = catalog.papers.get(paper_id)
    kept = catalog.ledger.note(paper_id, note_recipe(catalog, settings, paper, language=settings.language))
    return _of_record(kept, paper, figures=kept_figures(catalog, paper_id) or []) if kept is not None else None


def kept_figures(catalog: Catalog, paper_id: str) -> list[Figure] | None:
    """The figures of a paper if they were cut; None when nobody asked for them yet."""
    source = catalog.passages.source(paper_id)
    return catalog.ledger.figures(source.sha256) if source is not None else []


def figures(store: Store, settings: Settings, paper: Paper) -> list[Figure]:
    """The figures of the paper's PDF, cut once and kept in the file store; none where there is no PDF."""

    def cut(path: Path) -> list[tuple[Figure, bytes]]:
        from kb.parsing.worker import cut_pictures, parse_file

        document = store.catalog().passages.document(paper.id)
        places = document.figures if document else None
        if places is None:  # an earlier parser read the file and did not look for them, or time was short
            places = parse_file(path, kind="pdf", limits=replace(limits(settings), ocr_seconds=0.0)).figures
        if places is None:
            raise ParseError("its figures were not found in time: raise parse_timeout_seconds", code="parse-timeout")
        places = places[: settings.max_figures]
        images = cut_pictures(path, [place.picture for place in places], limits=limits(settings)) if places else []
        return [
            (
                Figure(label=place.label, kind=place.kind, caption=place.caption, page=place.page, box=place.box,
                       file=store.home.files.key_of(png, suffix=".png")),
                png,
            )
            for place, png in zip(places, images, strict=True)
        ]  # fmt: skip

    source = store.catalog().passages.source(paper.id)
    recipe = f"{_FIGURES_RECIPE} {settings.max_figures}"
    if source is not None and source.parser == PARSER:
        recipe += f" {PARSER}"  # whose document says where they stand
    return _cut_once(store, settings, paper, cut, source=source, kind="figures", recipe=recipe)


def equation_pictures(store: Store, settings: Settings, paper: Paper) -> list[Figure]:
    """The display equations of the paper's PDF as pictures with their numbers, cut once and kept like figures."""
    from kb.index.chunking import equations_of

    document = store.catalog().passages.document(paper.id)
    places = [(one, one.box) for one in (equations_of(document) if document else ())[:_MOST_EQUATIONS] if one.box]
    if document is None or not places:
        return []

    def cut(path: Path) -> list[tuple[Figure, bytes]]:
        from kb.parsing.worker import cut_pictures

        wanted = [PicturePlace(box=box, is_grown=True) for _, box in places]
        images = cut_pictures(path, wanted, limits=limits(settings))
        return [
            (
                Figure(label=f"Equation {one.label}" if one.label else "Equation", kind="equation",
                       caption=document.text[one.start : one.end], page=box.page, box=box,
                       file=store.home.files.key_of(png, suffix=".png")),
                png,
            )
            for (one, box), png in zip(places, images, strict=True)
        ]  # fmt: skip

    made_from = hashlib.sha256(repr([box for _, box in places]).encode()).hexdigest()[:16]
    source, recipe = store.catalog().passages.source(paper.id), f"{_EQUATIONS_RECIPE} {made_from}"
    return _cut_once(store, settings, paper, cut, source=source, kind="equations", recipe=recipe)


def printed_equations(store: Store, settings: Settings, paper: Paper, label: str) -> tuple[PrintedEquation, ...]:
    """The display equations of a number ("3", "Eq. (3)"), or all of them ("all"), with their pictures.

    Raises:
        UsageError: when the text has none of this number.
    """
    from kb.index.chunking import equations_of

    document = store.catalog().passages.document(paper.id)
    every = equations_of(document) if document else ()
    wanted = re.sub(r"^(?:equations?|eqs?\.?)\s*", "", label.strip(), flags=re.IGNORECASE).strip("()[] ").casefold()
    found = [one for one in every if wanted == "all" or (one.label and one.label.casefold() == wanted)]
    if document is None or not found:
        known = ", ".join(dict.fromkeys(one.label for one in every if one.label)) or "it has none with a number"
        raise UsageError(f"no equation {label!r} in its text: choose from all, {known}")
    files = {figure.box: figure.file for figure in equation_pictures(store, settings, paper)}
    return tuple(
        PrintedEquation(
            label=one.label, text=document.text[one.start : one.end], is_tex=one.box is None, page=one.page,
            box=one.box, file=files.get(one.box) if one.box else None,
        )
        for one in found
    )  # fmt: skip


def _cut_once(
    store: Store,
    settings: Settings,
    paper: Paper,
    cut: Callable[[Path], list[tuple[Figure, bytes]]],
    *,
    source: Source | None,
    kind: PictureKind,
    recipe: str,
) -> list[Figure]:
    """The pictures that were cut by this recipe, or that are cut now and kept."""
    catalog, files = store.catalog(), store.home.files
    if source is None or not source.file.endswith(".pdf"):
        return []
    beyond = f"{recipe} beyond {limits(settings)}"  # that there are none within limits is no news within others
    if (kept := catalog.ledger.figures(source.sha256, recipes=(recipe, beyond), kind=kind)) is not None:
        return kept
    try:
        path = files.get(source.file)
    except ParseError:
        return []  # the file may come back: that there are no pictures is not kept
    try:
        images = cut(path)
    except ParseError as err:
        if err.code == "file-unreadable":
            return []
        images = []  # the text was read, its pictures could not be: the note says that there are none
        recipe = beyond if err.code in _OF_LIMITS else recipe
    found = [figure for figure, _ in images]
    try:
        for _, png in images:
            files.put(png, suffix=".png")
        with store.changing():
            for _, png in images:  # a doctor may have taken them for strays meanwhile
                files.put(png, suffix=".png")
            if catalog.passages.source_of_file(source.sha256) is None:  # the paper was removed meanwhile
                files.drop({one.file for one in found} - catalog.files())
                raise UnknownPaper(f"{paper.id} was removed while its pictures were cut: kb list shows what is there")
            catalog.ledger.put_figures(source.sha256, found, recipe=recipe, kind=kind)
    except (HomeBusy, HomeUnwritable) as err:
        store.notice(f"the {kind} of {paper.id} are not kept: {err}")
        return []
    return found


def _of_record(note: Note, paper: Paper, *, figures: Sequence[Figure]) -> Note:
    from kb.notes.note import of_record

    return of_record(note, paper, figures=figures)


class _Watched:
    """A chat model of which one can tell afterwards whether a call of it failed."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.has_failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def structured(self, system: str, user: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """As the model does."""
        try:
            return self._model.structured(system, user, schema)
        except ModelError:
            self.has_failed = True
            raise


def _write(paper: Paper, asking: Asking) -> tuple[Note, bool]:
    """The note, and whether all models that had to do with it did their part."""
    from kb.answering.noting import with_model
    from kb.notes.note import write_note

    watched = [_Watched(model) if model is not None else None for model in (asking.chat, asking.verifier)]
    chat, verifier = watched
    asking = replace(asking, chat=chat, verifier=verifier)
    made = with_model(write_note(paper, corpus=asking.corpus, language=asking.language), asking)
    failed = any(model is not None and model.has_failed for model in watched)
    return made, not (failed or asking.screen.failure)


def note_recipe(catalog: Catalog, settings: Settings, paper: Paper, *, language: Language) -> str:
    """A hash of all that the sentences of a note are made from and with, and of nothing else: a tag, a venue or the
    next version of the product loses no note."""
    made_from = [
        NOTE_RECIPE, language, catalog.fact("encoder") or "", paper.title,
        *(f"{chunk.id} {chunk.version}" for chunk in catalog.passages.chunks(paper.id)),
    ]  # fmt: skip
    if settings.model_name is not None:
        from kb.answering.screening import lines_of

        is_barred = paper.private and not settings.allow_remote  # from a model on another machine
        made_from += [
            settings.model_name, settings.model_url, settings.verifier_name or "", str(settings.model_temperature),
            str(settings.model_reply_tokens), json.dumps(settings.model_options, sort_keys=True, default=str),
            settings.entailment, str(settings.passage_tokens), str(is_barred), *lines_of(paper),
        ]  # fmt: skip
    return hashlib.sha256("\x1f".join(made_from).encode(errors="surrogatepass")).hexdigest()


# ------------------------------------------------------------------------------------- manuscripts


class _CitedWorks:
    """What the keys of a manuscript stand for: entries of its bibliographies or its own list, keys of the library."""

    def __init__(
        self,
        catalog: Catalog,
        corpus: LibraryCorpus,
        manuscript: Manuscript,
        bibliographies: Sequence[Path],
        *,
        file_limits: Limits,
    ) -> None:
        from kb.sources.guarded import RecordReader

        self._papers, self._corpus, self._manuscript = catalog.papers, corpus, manuscript
        self.notices: list[str] = []
        self._entries: dict[str, SourceRecord] = {}
        self._reader = RecordReader(file_limits)
        for path in bibliographies:
            self._read(path)
        self._reader.close()
        self.of = cache(self._of)

    def is_no_citation(self, key: str) -> bool:
        """Whether what may be none ("Vancouver, 2010") is none: neither here nor in any list is there such a work."""
        return key in self._manuscript.unsure and self.of(key) == Citation(key=key, paper=None)

    def _read(self, path: Path) -> None:
        things = self._reader.read(path.absolute(), named=True) if path.is_file() else None
        if things is None:
            raise ParseError(f"{path} is no bibliography that can be read: name a .bib, .ris or CSL-JSON file")
        failed = 0
        for thing in things:
            if isinstance(thing, Item) and thing.record is not None and thing.record.key:
                self._entries.setdefault(thing.record.key, thing.record)
            failed += isinstance(thing, Failure)
        if failed:
            self.notices.append(f"{failed} entries of {path.name} could not be read: kb add {path.name} says which")

    def _of(self, key: str) -> Citation:
        record = self._entries.get(key) or self._entries.get(key.casefold())
        if record is not None:
            paper = self._paper(self._papers.matching(record)) or self._of_title(record.metadata)
            return Citation(key=key, paper=paper, title=record.metadata.title or "")
        if entry := self._manuscript.references.get(key):
            return Citation(key=key, paper=self._of_entry(entry), title=entry)
        if match := _AUTHOR_AND_YEAR.fullmatch(key):
            sure = key not in self._manuscript.unsure
            return Citation(key=key, paper=self._of_author(match["people"], int(match["year"]), dated=not sure))
        with suppress(BadIdentifier, UnknownPaper):
            if not key.isdigit():
                return Citation(key=key, paper=self._paper(self._papers.resolve(key)))
        return Citation(key=key, paper=None)

    def _paper(self, paper_id: str | None) -> Paper | None:
        return self._papers.get(paper_id) if paper_id is not None else None

    def _of_entry(self, entry: str) -> Paper | None:
        """The paper of an entry of a printed list of references: by an id in it, else by title and first author."""
        ids = {f"arxiv:{found}" for found, _ in find_arxiv_ids(entry)}
        ids |= {key for word in entry.split() if (key := doi_key(word.strip("()[]<>,;{}"))) is not None}
        printed = f" {fold(entry)} "
        likely = []
        for paper in self._corpus.mentioned(entry):
            paper = replace(paper, sources=())
            if ids.intersection((paper.id, *paper.aliases)):
                return paper
            family = fold(paper.authors[0]).split()[-1:] if paper.authors else []
            if all(f" {words} " in printed for words in (fold(paper.title), *family)):
                likely.append(paper)
        return max(likely, key=lambda paper: len(paper.title), default=None)

    def _of_title(self, said: Metadata) -> Paper | None:
        """The paper with an entry's title and first author; "and others" leaves the authors open, a join needs more."""
        title, authors = fold(said.title or ""), said.authors or ()
        for paper in self._corpus.mentioned(said.title or "") if said.et_al and authors else ():
            if fold(paper.title) == title and paper.authors and same_person(paper.authors[0], authors[0]):
                return replace(paper, sources=())
        return None

    def _of_author(self, people: str, year: int, *, dated: bool) -> Paper | None:
        """The one paper by these authors of about that year; ``dated``: its year must be known."""
        named = re.split(r",\s*(?:(?:and|&)\s+)?|\s+(?:and|&)\s+", re.sub(r"\s+et\s+al\b.*", "", people))
        found = []
        for paper_id in self._papers.ids(Filters(authors=(named[0],))):
            paper = self._papers.get(paper_id)
            day = paper.published or (paper.announced[0] if paper.announced else None)
            near = abs(day.year - year) <= _YEARS_APART if day is not None else not dated
            several = "et al" in people
            fits = len(paper.authors) == len(named) if not several else len(paper.authors) > 1
            pairs = zip(paper.authors, named, strict=False)
            if near and (fits or paper.et_al) and all(answers_to(name, asked) for name, asked in pairs):
                found.append(paper)
        return found[0] if len(found) == 1 else None
