"""The contract's JSON: the document of every verb against the JSON Schema that is shipped, and back into its record."""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kb import envelopes, wire
from kb.cli import main
from kb.records import Answer, Claim, Evidence, Reason, Table, TableCell, TableRow
from tests.openai_server import OpenAIServer
from tests.played_model import PlayedModel, number_of

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
DEMO = Path(str(resources.files("kb") / "demo"))
S2ORC = "record:c9f7a6895b45794f"
RECORD = "2402.19481"
Run = Callable[..., tuple[int, dict[str, Any]]]


def schemas() -> dict[str, dict[str, Any]]:
    """The shipped schemas by the name of their form."""
    return {json.loads(path.read_text())["$id"]: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}


def test_the_shipped_schemas_are_those_of_the_records() -> None:
    made = json.loads(json.dumps(envelopes.json_schemas()))
    assert made == schemas(), "make them again: python -m kb.envelopes docs/schemas"
    names = {f"{name.replace('/', '.')}.json" for name in made}
    assert names == {path.name for path in SCHEMAS.iterdir()}


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_one_and_leaves_nothing_open(name: str) -> None:
    schema = schemas()[name]
    Draft202012Validator.check_schema(schema)

    def objects(part: Any) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict):
            if "properties" in part and part.get("type") == "object":
                yield part
            for value in part.values():
                yield from objects(value)
        elif isinstance(part, list):
            for value in part:
                yield from objects(value)

    found = list(objects(schema))
    assert found
    for one in found:
        assert one["additionalProperties"] is False
        assert set(one["required"]) == set(one["properties"])
    assert not {"SourceRecord", "Metadata"} & set(schema["$defs"])  # how kb reads a source is no part of the contract


def test_the_envelopes_are_for_every_door() -> None:
    tree = ast.parse((ROOT / "kb" / "envelopes.py").read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in modules if name and name.startswith("kb")} == {"kb", "kb.records"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a verb with ``--json`` in a home with one PDF and the five records; its status and document, checked."""
    home = tmp_path_factory.mktemp("envelopes") / "home"
    known = schemas()

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        said, told = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(told):
            status = main([arguments[0], "--json", "--home", str(home), *arguments[1:]])
        assert said.getvalue(), told.getvalue()
        document = json.loads(said.getvalue())
        check(document, known)
        assert document["schema"].startswith(f"kb.{arguments[0]}/")
        return status, document

    assert run("add", str(DEMO / "records.jsonl"), str(DEMO / "2020.acl-main.447.pdf"))[0] == 0
    return run


def record_of(document: dict[str, Any]) -> Any:
    """The record that a document is of: known by its schema and, where a verb has several, by its fields."""
    kinds = [kind for kind in envelopes.DOCUMENTS if envelopes.schema_of(kind) == document["schema"]]
    fitting = [kind for kind in kinds if {one.name for one in fields(kind)} == set(document)]
    return wire.from_data(document, (fitting or kinds)[0])


def check(document: dict[str, Any], known: dict[str, dict[str, Any]]) -> None:
    """A document holds to its schema, has its fields in the order of its record, and is its record's again."""
    assert next(iter(document)) == "schema"
    Draft202012Validator(known[document["schema"]]).validate(document)
    assert json.dumps(json.loads(envelopes.to_json(record_of(document)))) == json.dumps(document)


def test_what_is_found_asked_and_compared(run: Run) -> None:
    status, found = run("search", "machine-readable full text", "-k", "3")
    assert (status, found["complete"]) == (0, True)
    assert found["hits"][0]["paper"]["sources"][0].keys() == {"source", "key", "type", "fields"}
    assert run("search", "zzqx", "--mode", "lexical")[1]["hits"] == []
    assert run("ask", "How many papers does S2ORC cover?")[1]["source"] == "passages"
    assert run("ask", "Who wrote S2ORC?", "--session", "one")[1]["source"] == "catalog"
    assert run("ask", "Who won the world cup in 1998?")[1]["answered"] is False
    assert run("compare", "--paper", S2ORC, "--paper", RECORD, "--question", "How many papers are covered?")[0] == 0


def test_what_cannot_be_done_prints_no_document(run: Run, tmp_path: Path) -> None:
    for arguments, expected in ((("show", "2101.99999"), 1), (("topic", "show", "None"), 1), (("review", "Why?"), 1)):
        said, told = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(told):
            assert main([arguments[0], "--json", "--home", str(tmp_path), *arguments[1:]]) == expected
        assert (said.getvalue(), told.getvalue().count("\n")) == ("", 1)


def test_what_a_model_writes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    played = PlayedModel(
        "S2ORC covers 81.1M papers [{81.1M}].",
        sections=lambda prompt: f"S2ORC covers 81.1M papers [{number_of(prompt, '81.1M')}].",
    )
    with OpenAIServer(played) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        answer = run("ask", "How many papers does S2ORC cover?")[1]
        assert (answer["source"], answer["claims"][0]["verdict"]) == ("model", "supported")
        assert run("review", "How many papers does S2ORC cover?", "--papers", "2")[1]["sections"][0]["claims"]


def test_what_is_written_and_checked(run: Run, tmp_path: Path) -> None:
    manuscript = tmp_path / "mine.txt"
    manuscript.write_text("S2ORC holds 99 papers (Lo et al., 2020).\n")
    assert run("check", str(manuscript))[1]["counts"]["sentences"] == 1
    assert run("note", S2ORC)[1]["figures"]
    assert run("note", RECORD)[1]["summary"]
    pages = tmp_path / "pages"
    assert run("digest", "--date", "2024-03-04", "--out", str(pages))[1]["for"] == "self"
    assert run("digest", "--date", "2023-03-04", "--out", str(tmp_path / "none"))[1]["entries"] == []
    data = str(pages / "digest.json")
    assert run("render", data, "--format", "md")[1]["files"]
    assert run("verify", data)[1]["faults"] == []
    wrong = json.loads(Path(data).read_text())
    wrong["entries"][0]["paper"]["title"] = "Another"
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    assert run("verify", str(tmp_path / "wrong.json"))[0] == 4
    assert run("diff", data, str(tmp_path / "wrong.json"))[1]["changed"][0]["fields"] == ["paper.title"]


def test_the_catalog(run: Run, tmp_path: Path) -> None:
    assert len(run("list")[1]["papers"]) == 6
    assert run("list", "--author", "Nobody")[1]["papers"] == []
    assert run("show", S2ORC)[1]["pages"] == 15
    assert run("set", RECORD, "venue=CVPR 2024")[1]["paper"]["venue"] == "CVPR 2024"
    assert run("tag", RECORD, "+read")[1]["paper"]["tags"] == ["read"]
    assert run("like", RECORD)[1]["liking"] == 1
    assert run("dislike", RECORD, "--topic", "Views")[1]["liking"] == -1
    assert run("collection", "add", "Thesis", RECORD, S2ORC)[1]["collections"] == {"Thesis": 2}
    assert run("collection", "arrange", "Thesis", S2ORC)[0] == 0
    assert [paper["id"] for paper in run("collection", "show", "Thesis")[1]["papers"]][1] == f"arxiv:{RECORD}"
    assert run("cite", RECORD, "--format", "bibtex")[1]["citations"][0].startswith("@")
    for form in ("bibtex", "ris", "csl", "jsonl"):
        assert run("export", "--format", form)[1]["text"]
    twin = tmp_path / "twin.bib"
    twin.write_text("@article{twin, title={Of Widgets}, author={Ann Other}, year={2001}}\n@article{broken")
    status, added = run("add", str(twin), "no such thing")
    assert (status, len(added["added"]), bool(added["failed"])) == (3, 1, True)
    assert run("merge", RECORD, "twin")[1]["paper"]["id"] == f"arxiv:{RECORD}"
    assert len(run("split", RECORD)[1]["papers"]) == 2
    status, removed = run("remove", "twin", "nothing-of-that-name")
    assert (status, len(removed["removed"]), len(removed["missing"])) == (3, 1, 1)


def test_topics_and_the_daily_job(run: Run, tmp_path: Path) -> None:
    assert run("topic", "add", "Views", "--query", "abs:views OR abs:diffusion")[1]["topic"]["name"] == "Views"
    assert run("topic", "list")[1]["topics"]
    assert run("topic", "show", "views")[1]["topic"]["limit"] == 20
    assert run("topic", "preview", "Views", "--since", "2024-03-01")[1]["counts"]["inside"] > 0
    assert run("digest", "Views", "--date", "2024-03-04", "--out", str(tmp_path / "out"))[1]["entries"]
    assert run("ledger", "export", str(tmp_path / "ledger.json"))[1]["entries"] > 0
    assert run("ledger", "import", str(tmp_path / "ledger.json"))[0] == 0
    assert run("topic", "remove", "Views")[1]["removed"] == "Views"
    assert run("update", "--out", str(tmp_path / "site"))[1]["topics"] == []


def test_the_care_of_a_home(run: Run, tmp_path: Path) -> None:
    assert run("status")[1]["papers"] == 6
    assert run("doctor")[0] == 0
    assert run("reindex")[1]["chunks"] > 0
    assert run("recover", str(tmp_path / "saved"))[1]["lost"] == []
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text('{"_id": "a", "title": "Cats", "text": "Cats sleep in warm places."}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "sleeping cats"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta\t1\n")
    assert run("eval", "retrieval", str(folder))[1]["modes"]["lexical"]["ndcg@10"] == 1.0


@pytest.mark.slow
def test_the_demo(tmp_path: Path) -> None:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(io.StringIO()):
        assert main(["demo", "--json", "--home", str(tmp_path / "demo")]) == 0
    check(json.loads(said.getvalue()), schemas())


def test_what_can_only_be_written_by_a_model_holds_too() -> None:
    proof = Evidence(marker="1.2", paper_id="arxiv:1", version=1, chunk_id="c", start=0, end=2, quote="So", page=3)
    claim = Claim(text="So.", verdict="partly", verdict_reason=Reason(kind="number-missing"), evidence=(proof,))
    row = TableRow(paper_id=None, cells=(TableCell(text="So", evidence=(proof,)),))
    answer = Answer(
        question="So?", understood="So?", kind="list", source="model", answered=True, language="zh", model="m",
        claims=(claim,), dropped=(claim,), table=Table(columns=("A",), rows=(row,)), missing="More.",
    )  # fmt: skip
    check(json.loads(envelopes.to_json(envelopes.document("ask", answer))), schemas())
