"""Which records are of one paper: what joins them, what keeps them apart, and that no order matters."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.index.catalog.identity import Cluster, Decisions, Doubt, cluster, pair
from kb.index.catalog.matching import Known, is_placeholder, is_telling, record_id, titles_agree
from kb.records import Metadata, SourceName, SourceRecord

AUTHORS = ("Ada Quill", "Bela Dee", "Carl Eff")
TITLE = "Fast Widget Indexing for Everybody"


def record(
    source: SourceName = "bibtex",
    *,
    ids: tuple[str, ...] = (),
    title: str | None = TITLE,
    authors: tuple[str, ...] | None = AUTHORS,
    kind: str = "",
    page: str = "",
    proposed: tuple[str, ...] = (),
    key: str = "",
    et_al: bool | None = None,
    **fields: str,
) -> Known:
    """A source record as identity sees it."""
    said = Metadata(source=source, ids=ids, title=title, authors=authors, proposed=proposed, et_al=et_al)
    parts = tuple(fields.items()) + ((("first page", page),) if page else ())
    parts = (("title", title or ""), ("ids", " ".join(ids)), *parts)
    made = SourceRecord(source=source, type=kind, key=key, fields=parts, metadata=said)
    if source == "arxiv":
        made = replace(made, fields=())
    return Known(record_id(made), made)


def joined(*records: Known, decisions: Decisions | None = None) -> list[set[int]]:
    """The papers, each as the places of its records in the argument list."""
    clusters, _ = cluster(records, decisions or Decisions())
    return sorted(({records.index(_by_id(records, key)) for key in one.records} for one in clusters), key=min)


def _by_id(records: tuple[Known, ...], key: str) -> Known:
    return next(known for known in records if known.id == key)


def keys_of(records: list[Known]) -> list[tuple[str, ...]]:
    return [one.keys for one in cluster(records)[0]]


# ----------------------------------------------------------------------------------------------- what joins


def test_records_of_the_registry_with_one_id_are_one_paper_whatever_else_they_say() -> None:
    first = record("arxiv", ids=("arxiv:2401.00001",), title="A First Title", authors=("A. Quill",))
    other = record("jsonl", ids=("arxiv:2401.00001",), title="Something Else Entirely", authors=("B. Dee",), kind="kb")
    assert joined(first, other) == [{0, 1}]


def test_an_eprint_of_a_bibliography_joins_where_title_or_authors_agree() -> None:
    arxiv = record("arxiv", ids=("arxiv:2401.00001",))
    same_title = record(ids=("arxiv:2401.00001",), authors=None)
    same_people = record(ids=("arxiv:2401.00001",), title="Its Title in the Journal")
    wrong = record(ids=("arxiv:2401.00001",), title="On the Birds of Iceland", authors=("Ono Uno",))
    assert joined(arxiv, same_title) == joined(arxiv, same_people) == [{0, 1}]
    assert joined(arxiv, wrong) == [{0}, {1}]
    (doubt,) = cluster([arxiv, wrong])[1]
    assert doubt.why.kind == "one-id-several-papers"
    assert doubt.why.values["id"] == "arxiv:2401.00001"


def test_the_id_stays_with_the_registrys_record_when_a_bibliography_claims_it_wrongly() -> None:
    arxiv = record("arxiv", ids=("arxiv:2401.00001",))
    wrong = record(ids=("arxiv:2401.00001",), title="On the Birds of Iceland", authors=("Ono Uno",))
    keys = {keys[0] for keys in keys_of([arxiv, wrong])}
    assert "arxiv:2401.00001" in keys
    assert len([key for key in keys if key.startswith("record:")]) == 1


def test_one_doi_joins_where_title_or_authors_agree() -> None:
    one = record(ids=("doi:10.1234/a",))
    assert joined(one, record("csl", ids=("doi:10.1234/a",), authors=None)) == [{0, 1}]
    assert joined(one, record("ris", ids=("doi:10.1234/a",), title="Under Another Title")) == [{0, 1}]
    assert joined(one, record("ris", ids=("doi:10.1234/a",), title="On Birds at Large", authors=("Ono Uno",))) == [
        {0},
        {1},
    ]


def test_a_preprint_and_its_published_form_are_one_paper_by_title_and_authors() -> None:
    preprint = record("arxiv", ids=("arxiv:2401.00001",))
    published = record(
        ids=("doi:10.1234/a",), title="Fast widget indexing, for everybody", authors=("Quill, A.", *AUTHORS[1:])
    )
    assert joined(preprint, published) == [{0, 1}]
    assert joined(record(ids=("doi:10.1101/2020.01.01.123456",)), published) == [{0, 1}]  # bioRxiv's own DOI


def test_an_entry_that_names_some_authors_and_others_is_of_the_paper_that_names_all() -> None:
    cut = record(authors=("Quill, Ada",), et_al=True, key="quill")
    assert joined(cut, record("pdf", ids=("arxiv:2401.00001",))) == [{0, 1}]
    assert joined(record(authors=("Quill, Ada",), key="quill"), record("pdf")) == [{0}, {1}]  # a paper of her own
    assert joined(record(authors=("Dee, Bela",), et_al=True, key="dee"), record("pdf")) == [{0}, {1}]


def test_a_file_whose_title_could_not_be_read_is_confirmed_by_its_first_page() -> None:
    arxiv = record("arxiv", ids=("arxiv:2401.00001",))
    page = f"arXiv:2401.00001v1 [cs.DL] 1 Jan 2024\n{TITLE}\nA. Quill"
    stamped = record("pdf", ids=("arxiv:2401.00001", "file:aa"), title=None, authors=None, page=page, key="aa")
    other = record("pdf", ids=("arxiv:2401.00001", "file:bb"), title=None, authors=None, page="Birds", key="bb")
    assert joined(arxiv, stamped) == [{0, 1}]
    assert joined(arxiv, other) == [{0}, {1}]


def test_an_id_in_a_files_name_counts_only_with_the_title() -> None:
    arxiv = record("arxiv", ids=("arxiv:2401.00001",))
    named = record("pdf", ids=("file:aa",), authors=None, proposed=("arxiv:2401.00001",), page="x", key="aa")
    misnamed = record("pdf", ids=("file:bb",), title="Birds", proposed=("arxiv:2401.00001",), page="y", key="bb")
    longer = replace_title(named, f"{TITLE} in Speech Separation")
    assert joined(arxiv, named) == [{0, 1}]
    assert joined(arxiv, misnamed) == joined(arxiv, longer) == [{0}, {1}]


def replace_title(known: Known, title: str) -> Known:
    made = replace(known.record, metadata=replace(known.said, title=title), key="cc")
    return Known(record_id(made), made)


def test_an_attachment_is_of_the_entry_that_names_it_unless_its_page_is_known_to_be_another_papers() -> None:
    entry = record(ids=("doi:10.1234/a",))
    misread = record("pdf", ids=("file:aa",), title="arXiv preprint", authors=None, page="…", key="aa")
    other = record("pdf", ids=("doi:10.1234/b", "file:bb"), title="Birds of Iceland", authors=("Ono Uno",), key="bb")
    birds = record(ids=("doi:10.1234/b",), title="Birds of Iceland", authors=("Ono Uno",))
    tie = Decisions(attached=frozenset({pair(entry.id, misread.id), pair(entry.id, other.id)}))
    assert joined(entry, misread, other, decisions=tie) == [{0, 1, 2}]
    assert joined(entry, misread, other, birds, decisions=tie) == [{0, 1}, {2, 3}]
    doubts = cluster([entry, misread, other, birds], tie)[1]
    assert [doubt.why.kind for doubt in doubts] == ["file-of-another-paper"]


def test_the_page_of_an_attachment_has_no_say_against_its_entry() -> None:
    """Pages of one paper, attached to entries of others, tie these to nothing."""
    entries = [record(title=f"On the {bird} of Iceland", authors=("Ono Uno",)) for bird in ("Ravens", "Puffins")]
    pages = [
        record("pdf", ids=("doi:10.1234/a", f"file:{n}"), page=TITLE, key=f"{n}", title=TITLE, authors=AUTHORS)
        for n in (1, 2)
    ]
    tie = Decisions(attached=frozenset(pair(entry.id, page.id) for entry, page in zip(entries, pages, strict=True)))
    assert joined(*entries, *pages, decisions=tie) == [{0, 2}, {1, 3}]
    assert not any(key.startswith("doi:") for keys in keys_of_decided([*entries, *pages], tie) for key in keys)


def keys_of_decided(records: list[Known], decisions: Decisions) -> list[tuple[str, ...]]:
    return [one.keys for one in cluster(records, decisions)[0]]


def test_one_file_that_two_unlike_entries_name_ties_them_to_nothing() -> None:
    one, two = record(ids=("doi:10.1234/a",)), record(title="On Birds at Large", authors=("Ono Uno",))
    whole = record("pdf", ids=("file:aa",), title="Proceedings of Everything", authors=None, page="…", key="aa")
    tie = Decisions(attached=frozenset({pair(one.id, whole.id), pair(two.id, whole.id)}))
    assert joined(one, two, whole, decisions=tie) == [{0}, {1}, {2}]


# --------------------------------------------------------------------------------------------- what parts


@pytest.mark.parametrize(
    "doi",
    [
        "10.1145/1122445.1122456", "10.1145/xxxxxxx.xxxxxxx", "10.1145/nnnnnnn.nnnnnnn", "10.1109/xxxx.2022.1234567",
        "10.1016/j.xxxx.2020.xx.xxx", "10.18653/v1/p19-xxxx", "10.1000/xyz.0000000", "10.1145/3490000.1234567890",
        "10.1007/s11111-111-1111-1", "10.3390/xxxxx", "10.1109/access.2023.0000000", "10.1145/???????", "10.5555/todo",
        "10.1093/nar/gkxxxx", "10.1145/1111111.1111111", "10.1016/j.jjj.2023.00.000", "10.1109/lra.2024.0000",
        "10.18653/v1/2023.acl-long.000", "10.1103/physrevb.00.004400",
    ],
)  # fmt: skip
def test_a_doi_that_a_template_prints_is_no_id(doi: str) -> None:
    assert is_placeholder(doi)
    assert joined(record(ids=(f"doi:{doi}",)), record(ids=(f"doi:{doi}",), title="Birds of Iceland at Large")) == [
        {0},
        {1},
    ]


@pytest.mark.parametrize(
    "doi",
    [
        "10.1093/comjnl/27.2.97", "10.18653/v1/2020.acl-main.207", "10.1145/3292500.3330701",
        "10.1007/978-3-030-58452-8_13", "10.1371/journal.pbio.0000001",
        "10.1016/s0004-3702(99)00052-1", "10.1017/s0140525x00005756", "10.1016/0004-3702(90)90007-m",
        "10.1016/j.neucom.2020.10.001", "10.1109/cvpr.2016.90", "10.1038/nature14539", "10.1162/tacl_a_00300",
        "10.1371/journal.pone.0000217", "10.1145/2939672.2939785", "10.1002/(sici)1097-0258(19980815)17:15",
        "10.1103/physrevd.100.000123",
        "10.1101/2020.01.01.123456", "10.1364/ol.40.001111", "10.1167/19.10.288a",
    ],
)  # fmt: skip
def test_a_real_doi_is_an_id(doi: str) -> None:
    assert not is_placeholder(doi)


def test_chapters_that_carry_their_books_doi_stay_apart_even_of_one_author() -> None:
    book = "doi:10.1007/978-3-540-70517-8"
    one = record(ids=(book,), title="Chapter One on Birds", kind="article")
    two = record(ids=(book,), title="Chapter Two on Fish", kind="article")
    assert joined(one, two) == [{0}, {1}]
    other = "doi:10.1234/handbook"
    parts = [record(ids=(other,), title=title, kind="incollection") for title in ("The Birds of It", "The Fish of It")]
    assert joined(*parts) == [{0}, {1}]
    unlike = [record(ids=(other,), title=f"{word} and what we know") for word in ("Birds", "Fishes", "Mammals")]
    assert joined(*unlike) == [{0}, {1}, {2}]


def test_a_data_sets_doi_joins_nothing() -> None:
    for doi in ("doi:10.5281/zenodo.123", "doi:10.5061/dryad.abc", "doi:10.6084/m9.figshare.1"):
        one = record("pdf", ids=(doi, "file:aa"), title="A Widget Study", authors=("Ono Uno",), page="x", key="aa")
        two = record("pdf", ids=(doi, "file:bb"), title="A Second Study", authors=("Ono Uno",), page="y", key="bb")
        assert joined(one, two) == [{0}, {1}]


@pytest.mark.parametrize(
    "title",
    ["Editorial", "Introduction", "Preface", "Erratum", "Introduction to the special issue", "Book Review", "Reply"],
)
def test_a_title_that_every_issue_has_joins_nothing_and_stays_apart(title: str) -> None:
    assert not is_telling(title)
    two = [record(title=title, year="2001"), record(title=title, year="2002")]
    assert joined(*two) == [{0}, {1}]
    assert len(set(keys_of(two))) == 2


def test_an_undecidable_match_is_left_alone_and_reported() -> None:
    one, two = record("arxiv", ids=("arxiv:2401.00001",)), record("arxiv", ids=("arxiv:2402.00002",))
    published = record(ids=("doi:10.1234/a",))
    assert joined(one, two, published) == [{0}, {1}, {2}]
    (doubt,) = cluster([one, two, published])[1]
    assert doubt.why.kind == "different-arxiv-ids"
    assert len(doubt.records) == 3


def test_a_journal_of_the_founder_of_a_preprint_server_is_no_preprint() -> None:
    one, two = record(ids=("doi:10.1101/gr.123456.111",)), record(ids=("doi:10.1101/gad.654321.222",))
    assert joined(one, two) == [{0}, {1}]


def test_a_file_stamped_with_another_arxiv_id_is_not_of_its_entrys_paper() -> None:
    arxiv = record("arxiv", ids=("arxiv:2401.00001", "doi:10.1234/a"))
    entry = record(ids=("doi:10.1234/a",))
    file = record("pdf", ids=("arxiv:2402.00002", "file:aa"), title="Something Unlike It", authors=None, key="aa")
    tie = Decisions(attached=frozenset({pair(entry.id, file.id)}))
    assert joined(arxiv, entry, file, decisions=tie) == [{0, 1}, {2}]


def test_two_publishers_dois_speak_against_equal_titles_and_authors() -> None:
    assert joined(record(ids=("doi:10.1234/a",)), record(ids=("doi:10.9999/b",))) == [{0}, {1}]


def test_a_comment_on_a_paper_is_not_the_paper() -> None:
    comment = record(ids=("doi:10.1234/a",), title=f"Comment on {TITLE}", authors=("Ono Uno",))
    assert joined(record(ids=("doi:10.1234/a",)), comment) == [{0}, {1}]
    for title in (f"Erratum: {TITLE}", f"{TITLE}: Erratum", f"Author Correction: {TITLE}"):
        assert joined(record(ids=("doi:10.1234/a",)), record(ids=("doi:10.1234/a",), title=title)) == [{0}, {1}]
    parts = [record(ids=("doi:10.1234/a",), title=f"{TITLE} Part {n}", authors=None) for n in (1, 2)]
    assert joined(*parts) == [{0}, {1}]


def test_what_the_user_parted_stays_apart_and_what_she_joined_stays_together() -> None:
    one, two = record("arxiv", ids=("arxiv:2401.00001",)), record(ids=("doi:10.1234/a",))
    parted = Decisions(different=frozenset({pair(one.id, two.id)}))
    assert joined(one, two, decisions=parted) == [{0}, {1}]
    assert cluster([one, two], parted)[1] == []  # it is settled
    birds = record(title="On the Birds of Iceland", authors=("Ono Uno",))
    tied = Decisions(same=frozenset({pair(one.id, birds.id)}))
    assert joined(one, two, birds, decisions=tied) == [{0, 1, 2}]


# ------------------------------------------------------------------------------------------ no order matters

_words = st.sampled_from(
    ["fast", "widget", "indexing", "birds", "of", "iceland", "editorial", "a", "survey", "part", "1", "2"]
)
_titles = st.none() | st.lists(_words, min_size=1, max_size=5).map(" ".join)
_people = st.none() | st.lists(st.sampled_from(["Ada Quill", "A. Quill", "Dee, Bela", "Ono Uno"]), max_size=3).map(
    tuple
)
_ids = st.lists(
    st.sampled_from(
        ["arxiv:2401.00001", "arxiv:2401.00002", "doi:10.1/a", "doi:10.1/b", "doi:10.1101/123456", "doi:10.1/xxxx"]
    ),
    max_size=2,
    unique=True,
).map(tuple)
_records = st.builds(
    record,
    st.sampled_from(["arxiv", "bibtex", "csl", "pdf"]),
    ids=_ids,
    title=_titles,
    authors=_people,
    kind=st.sampled_from(["", "incollection"]),
    page=st.sampled_from(["", "fast widget indexing", "birds of iceland"]),
    proposed=st.sampled_from([(), ("arxiv:2401.00001",)]),
    note=st.sampled_from("abc"),
)  # fmt: skip


@st.composite
def _blocks(draw: st.DrawFn) -> tuple[list[Known], Decisions]:
    records = draw(st.lists(_records, min_size=1, max_size=7, unique_by=lambda known: known.id))
    ids = [known.id for known in records]
    links = st.frozensets(st.tuples(st.sampled_from(ids), st.sampled_from(ids)).map(lambda two: pair(*two)), max_size=2)
    different = frozenset(link for link in draw(links) if link[0] != link[1])
    same = frozenset(link for link in draw(links) if link[0] != link[1]) - different
    files = [known.id for known in records if known.is_file]
    others = [known.id for known in records if not known.is_file]
    attached = frozenset({pair(files[0], others[0])}) if files and others and draw(st.booleans()) else frozenset()
    return records, Decisions(same=same, different=different, attached=attached)


def _result(records: list[Known], decisions: Decisions) -> tuple[list[Cluster], list[Doubt]]:
    return cluster(records, decisions)


@pytest.mark.slow
@given(_blocks(), st.integers(0, 10**6))
def test_the_papers_do_not_depend_on_the_order_of_the_records(block: tuple[list[Known], Decisions], seed: int) -> None:
    records, decisions = block
    shuffled = list(records)
    random.Random(seed).shuffle(shuffled)
    assert _result(records, decisions) == _result(shuffled, decisions)


@given(_records, _records, st.booleans())
def test_whether_titles_agree_does_not_depend_on_which_is_asked_first(one: Known, other: Known, whole: bool) -> None:
    assert titles_agree(one, other, whole=whole) == titles_agree(other, one, whole=whole)


@pytest.mark.slow
@given(_blocks())
def test_a_paper_has_one_arxiv_id_at_most_no_key_of_another_and_every_record_once(
    block: tuple[list[Known], Decisions],
) -> None:
    records, decisions = block
    clusters, doubts = _result(records, decisions)
    assert sorted(key for one in clusters for key in one.records) == sorted(known.id for known in records)
    keys = [key for one in clusters for key in one.keys]
    assert len(keys) == len(set(keys))
    by_id = {known.id: known for known in records}
    place = {key: number for number, one in enumerate(clusters) for key in one.records}
    for one in clusters:
        assert one.keys
        assert len({by_id[key].arxiv for key in one.records} - {None}) <= 1
        # What joined them is a tree: one piece of evidence less than records.
        assert len(one.joins) == len(one.records) - 1
    for one_id, other in decisions.different:
        assert place[one_id] != place[other]
    for doubt in doubts:
        assert len({place[key] for key in doubt.records}) > 1
