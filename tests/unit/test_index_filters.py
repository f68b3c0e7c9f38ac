"""Authors and titles of the catalog: found under all spellings, gone with their last paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kb.index.catalog.database import Database
from kb.index.catalog.filters import AuthorTable, passing
from kb.names import asked_forms
from kb.records import Filters

PAPERS = [
    ("Elastic waves in solids: a study", ["Jürgen Müller", "Søren Ørsted"]),
    ("Fluid effects", ["Laurens van der Maaten", "Juan de la Cruz Jr."]),
    ("Revisiting adversarial graphs", ["Jian-Guo Zhang", "Anna Müller"]),
    ("扩散模型综述", ["张建国"]),
]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(tmp_path / "catalog.sqlite", create=True)
    table = AuthorTable(made)
    with made.transaction():
        for number, (title, authors) in enumerate(PAPERS):
            made.run(
                "INSERT INTO papers (number, id, record, title, added, changed) VALUES (?, ?, x'', ?, '', '')",
                (number, f"p{number}", title),
            )
            table.put(number, title=title, authors=authors)
    return made


def found(database: Database, **filters: Sequence[str]) -> list[int]:
    given = Filters(**{name: tuple(values) for name, values in filters.items()})  # type: ignore[arg-type]
    return sorted(row[0] for row in database.rows(*passing(given)))


@pytest.mark.parametrize(
    ("author", "papers"),
    [
        ("Müller", [0, 2]),
        ("Mueller", [0, 2]),
        ("Muller, J.", [0]),
        ("jürgen müller", [0]),
        ("Müller, Jürgen", [0]),
        ("Jürgen", [0]),
        ("Jürgen,", []),
        ("Mueller,", [0, 2]),
        ("Orsted", [0]),
        ("Oersted, Soren", [0]),
        ("van der Maaten", [1]),
        ("L. van der Maaten", [1]),
        ("de la Cruz", [1]),
        ("Jianguo Zhang", [2]),
        ("Zhang Jianguo", [2]),
        ("Zhang JG", [2]),
        ("张建国", [3]),
        ("Karl Müller", []),
        ("Mull", []),
        ("J.", []),
        ("%", []),
        ("' OR 1=1 --", []),
        ("", []),
    ],
)
def test_an_author_is_found_however_she_is_typed(database: Database, author: str, papers: list[int]) -> None:
    assert found(database, authors=[author]) == papers


@pytest.mark.parametrize(
    ("title", "papers"),
    [
        ("waves", [0]),
        ("STUDY elastic", [0]),
        ("wave", []),
        ('"elastic waves"', [0]),
        ('"waves elastic"', []),
        ('"solids a study"', [0]),
        ("扩散", [3]),
        ("扩散 综述", [3]),
        ("%", []),
        ('"', []),
    ],
)
def test_a_title_is_found_by_all_its_words(database: Database, title: str, papers: list[int]) -> None:
    assert found(database, titles=[title]) == papers


def test_alternatives_add_and_fields_restrict(database: Database) -> None:
    assert found(database, authors=["Ørsted", "Zhang"]) == [0, 2]
    assert found(database, titles=["fluid", "graphs"]) == [1, 2]
    assert found(database, authors=["Müller"], titles=["graphs"]) == [2]


def test_a_name_goes_with_its_last_paper(database: Database) -> None:
    table = AuthorTable(database)
    with database.transaction():
        table.put(0, title="Another", authors=["Ada Noether", "Ada Noether"])
        database.run("DELETE FROM papers WHERE number = 2")
    assert table.names(asked_forms("Müller")) == table.names(asked_forms("Zhang")) == []
    assert found(database, authors=["Noether"]) == found(database, titles=["another"]) == [0]
    for left in ("names", "authors", "titles"):
        assert all("ller" not in str(row) for row in database.rows(f"SELECT * FROM {left}"))
    assert database.rows("SELECT * FROM name_forms WHERE form LIKE '%muller%'") == []


def test_papers_are_counted_by_key_and_by_name(database: Database) -> None:
    table = AuthorTable(database)
    assert table.paper_counts(["muller", "zhang", "nobody"]) == {"muller": 2, "zhang": 1}
    assert table.papers_by("Müller, J.") == 1
    assert dict(table.names(asked_forms("Ørsted"))) == {"orsted": "Søren Ørsted", "oersted": "Søren Ørsted"}
