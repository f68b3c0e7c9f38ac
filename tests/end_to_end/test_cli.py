"""The command line as the contract has it: verbs, JSON, exit statuses, and what it says to wrong input."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import kb
from tests.openai_server import OpenAIServer
from tests.played_model import PlayedModel, number_of

DEMO = Path(str(resources.files("kb") / "demo"))
VERBS = (
    "demo add search ask review compare note topic digest render verify diff list show set merge split collection tag "
    "check like dislike remove cite export update ledger status doctor reindex recover eval ui"
).split()


def data(*arguments: str, home: Path) -> dict[str, Any]:
    """The one JSON document that a verb prints."""
    done = kb(*arguments, "--json", home=home)
    assert done.returncode in (0, 3, 4), done.stderr
    document = json.loads(done.stdout)
    # Documents that hold papers, or what became of records, changed with the second edition.
    second = arguments[0] in ("add", "ask", "compare", "digest", "list", "note", "search", "set", "show", "tag")
    assert document["schema"] == f"kb.{arguments[0]}/{2 if second else 1}"
    return document  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one PDF and the five records."""
    folder = tmp_path_factory.mktemp("cli") / "home"
    report = data("add", str(DEMO / "records.jsonl"), str(DEMO / "2020.acl-main.447.pdf"), home=folder)
    assert len(report["added"]) == 6
    assert (report["updated"], report["unchanged"], report["partial"], report["failed"]) == ([], [], [], [])
    assert folder.stat().st_mode & 0o777 == 0o700
    return folder


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_that_ends_with_an_example(verb: str) -> None:
    done = kb(verb, "--help")
    assert done.returncode == 0
    assert f"example:\n  kb {verb}" in done.stdout


def test_search_hits_have_all_fields_of_the_contract(home: Path) -> None:
    found = data("search", "machine-readable full text", "-k", "2", home=home)
    assert (found["query"], found["mode"], len(found["hits"])) == ("machine-readable full text", "hybrid", 2)
    hit = found["hits"][0]
    assert set(hit) == {
        "rank", "score", "found_by", "paper", "chunk_id", "section", "page", "text", "boxes", "equations"
    }  # fmt: skip
    assert [h["rank"] for h in found["hits"]] == [1, 2]
    assert set(hit["found_by"]) <= {"lexical", "dense"}
    assert set(hit["boxes"][0]) == {"page", "x0", "y0", "x1", "y1"}
    fields = (
        "id aliases version title authors abstract categories comment published updated announced announced_from "
        "license venue url private withdrawn links affiliation affiliations keywords tags provenance fulltext "
        "names et_al precision collections sources"
    ).split()
    assert set(hit["paper"]) == set(fields)
    assert [set(one) for one in hit["paper"]["sources"]] == [{"source", "key", "type", "fields"}]
    assert (found["matched"], found["suggestion"], found["complete"]) == ("words", None, True)


def test_one_hit_a_paper_and_filters(home: Path) -> None:
    papers = [hit["paper"]["id"] for hit in data("search", "model", "--by", "paper", home=home)["hits"]]
    assert len(papers) == len(set(papers)) > 1
    only = data("search", "model", "--author", "Muyang Li", home=home)["hits"]
    assert {hit["paper"]["id"] for hit in only} == {"arxiv:2402.19481"}
    day = data("search", "model", "--since", "2024-03-04", "--until", "2024-03-04", home=home)["hits"]
    assert len({hit["paper"]["id"] for hit in day}) == 5
    assert data("search", "model", "--category", "math.AG", home=home)["hits"] == []


def test_an_answer_without_a_model_is_the_best_passages_with_pages_and_boxes(home: Path) -> None:
    answer = data("ask", "How many papers does S2ORC cover?", home=home)
    assert answer["answered"] is True
    assert (answer["model"], answer["source"], answer["kind"], answer["text"]) == (None, "passages", "number", "")
    best = answer["passages"][0]
    assert best["paper"]["title"].startswith("S2ORC")
    assert best["page"] is not None
    (told,) = [sentence for sentence in best["sentences"] if sentence["n"] in best["answering"]]
    assert "81.1M" in told["text"]
    assert told["boxes"]
    first = {passage["paper"]["id"]: passage["marker"] for passage in reversed(answer["passages"])}
    assert {r["paper"]["id"]: r["marker"] for r in answer["references"]} == first


def test_what_the_records_state_is_answered_from_them(home: Path) -> None:
    answer = data("ask", "Who wrote S2ORC?", home=home)
    assert (answer["source"], answer["answered"]) == ("catalog", True)
    assert "Kyle Lo" in answer["text"]


def test_what_the_papers_do_not_say_is_answered_by_the_nearest_passages(home: Path) -> None:
    done = kb("ask", "Who won the football world cup in 1998?", "--json", home=home)
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert (answer["answered"], answer["claims"]) == (False, [])
    assert answer["passages"]
    assert answer["confidence"] < 0.5


def test_a_review_is_written_by_a_model_as_one_document_or_as_latex_with_its_bibliography(
    home: Path, tmp_path: Path
) -> None:
    played = PlayedModel(sections=lambda prompt: f"S2ORC covers 81.1M papers [{number_of(prompt, '81.1M')}].")
    question = "How many papers does S2ORC cover?"
    done = kb("review", question, "--home", str(home))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.rstrip().endswith("name one with --model or KB_MODEL")
    with OpenAIServer(played) as server:
        out = tmp_path / "related.tex"
        asked = ("review", question, "--papers", "2")
        done = kb(*asked, "--json", home=home, **server.environment())
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        written = kb(*asked, "--format", "tex", "--out", str(out), home=home, **server.environment())
    assert made["schema"] == "kb.review/1"
    assert made["sections"][0]["text"].startswith("S2ORC covers 81.1M papers [1.")
    assert made["sections"][0]["claims"][0]["evidence"][0]["page"]
    assert made["trace"][0].keys() >= {"step", "calls", "tokens"}
    assert made["table"]["columns"]
    assert written.returncode == 0, written.stderr
    (cited,) = set(re.findall(r"\\cite\{(.+?)\}", out.read_text(encoding="utf-8")))
    assert f"{{{cited}," in out.with_suffix(".bib").read_text(encoding="utf-8")
    assert played.usage.calls == made["usage"]["calls"]  # the second time every reply was kept


def test_a_manuscript_is_checked_against_the_papers_that_it_cites(home: Path, tmp_path: Path) -> None:
    text = (
        "S2ORC has 81.1M papers (Lo et al., 2020).\n\nIt has 18.1M papers (Lo et al., 2020; Nobody and Sons, 2019).\n"
    )
    (tmp_path / "own.txt").write_text(f"{text}\nIt has 18.2M papers (Lo et al., 2020).\n", encoding="utf-8")
    checked = data("check", str(tmp_path / "own.txt"), home=home)
    assert [(one["line"], one["verdict"]) for one in checked["sentences"]] == [(1, None), (3, None), (5, "unsupported")]
    right, elsewhere, wrong = checked["sentences"]
    assert set(right) == {"file", "line", "text", "cites", "verdict", "reason", "passages", "missing"}
    assert right["cites"][0]["paper"]["title"].startswith("S2ORC")
    assert right["passages"][0]["page"] is not None
    assert [cite["paper"] is None for cite in elsewhere["cites"]] == [False, True]
    assert wrong["missing"] == {"numbers": ["18.2M"], "names": []}
    assert checked["counts"]["sentences"] == 3
    done = kb("check", str(tmp_path / "own.txt"), "--format", "html", "--out", str(tmp_path / "own.html"), home=home)
    assert (done.returncode, (tmp_path / "own.html").read_text("utf-8")[:15]) == (0, "<!DOCTYPE html>")


def test_show_list_status_and_export_agree(home: Path) -> None:
    listed = data("list", home=home)["papers"]
    assert data("status", home=home)["papers"] == len(listed) == 6
    shown = data("show", "2402.19481", home=home)
    assert shown["paper"] == next(paper for paper in listed if paper["id"] == "arxiv:2402.19481")
    text = kb("export", "--format", "bibtex", home=home).stdout
    assert text.count("@") >= 6
    assert "2402.19481" in text


def test_json_is_alone_on_stdout_and_notices_are_not_there(home: Path) -> None:
    command = [sys.executable, "-m", "kb", "--json", "search", "model", "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # what a library prints would show, too
    assert json.loads(done.stdout)["schema"] == "kb.search/2"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["search", ""], 2, "no word"),
        (["search", '"" AND ()'], 0, ""),
        (["search", "\x01 '\"*?:(){}[]^~\\/ OR"], 0, ""),
        (["show", "2402.99999"], 1, "kb add"),
        (["show", "not-an-id"], 1, "arXiv id"),
        (["set", "2402.19481", "colour=red"], 2, "choose one of"),
        (["set", "2402.19481", "published=soon"], 2, "2024-03-04"),
        (["digest", "No Such Topic"], 1, "kb topic add"),
        (["digest", "--date", "yesterday"], 2, "2024-03-04"),
        (["verify", "no-such-file.json"], 1, "check"),
        (["search", "x", "-k", "0"], 2, "positive"),
        (["nonsense"], 2, "choose from"),
        (["ui", "--port", "99999"], 2, "65535"),
    ],
)
def test_wrong_input_gets_one_line_with_the_cure(home: Path, arguments: list[str], status: int, said: str) -> None:
    done = kb(*arguments, home=home)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if status == 1:
        assert len(done.stderr.strip().splitlines()) == 1


def test_adding_nothing_that_can_be_added_says_why(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = kb("add", str(empty), home=tmp_path / "home")
    assert done.returncode == 1
    assert "no papers" in done.stdout + done.stderr
    assert kb("add", home=tmp_path / "home").returncode == 2


def test_citing_says_what_the_style_leaves_out_and_what_was_withdrawn(tmp_path: Path) -> None:
    pytest.importorskip("citeproc")
    records = tmp_path / "refs.jsonl"
    records.write_text(
        '{"id": "2402.11111", "title": "Taken back", "authors": ["Ann Lee"], "withdrawn": true}\n'
        '{"id": "2402.11112", "title": "Kept", "authors": ["Ann Lee"]}\n'
    )
    entries = tmp_path / "refs.bib"
    entries.write_text("@unpublished{draft, title={A draft}, author={Lee, Ann}, year={2001}}\n")
    kb("add", str(records), str(entries), home=tmp_path / "home")
    both = kb("cite", "2402.11111", "2402.11112", "--style", "ieee", home=tmp_path / "home")
    assert both.returncode == 0
    assert [line[:3] for line in both.stdout.splitlines()] == ["[1]", "[2]"]
    assert "2402.11111 was withdrawn" in both.stderr
    part = kb("cite", "draft", "2402.11112", "--style", "chicago-notes-bibliography", home=tmp_path / "home")
    assert (part.returncode, len(part.stdout.splitlines())) == (3, 1)
    assert "lists nothing for draft: choose another" in part.stderr


def test_a_search_says_that_a_stopped_add_left_passages_unindexed(tmp_path: Path) -> None:
    assert kb("add", str(DEMO / "records.jsonl"), home=tmp_path / "home").returncode == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "home" / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE chunks SET indexed = 0")  # as after a stop between catalog and indexes
    for verb in ("search", "ask"):
        done = kb(verb, "diffusion", home=tmp_path / "home")
        assert "not indexed yet" in done.stderr
        assert "kb doctor --fix" in done.stderr
    assert kb("doctor", "--fix", home=tmp_path / "home").returncode == 0
    assert "not indexed" not in kb("search", "diffusion", home=tmp_path / "home").stderr


def test_some_in_and_some_not_is_done_in_part(tmp_path: Path) -> None:
    broken = tmp_path / "x.pdf"
    broken.write_bytes(b"not a pdf at all")
    done = kb("add", str(broken), str(DEMO / "records.jsonl"), home=tmp_path / "home")
    assert done.returncode == 3
    assert "not-a-pdf" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    done = kb("add", str(DEMO / "records.jsonl"), home=locked / "home")
    assert done.returncode == 1
    assert "permissions" in done.stderr


def test_reading_a_home_that_is_not_there_makes_none(tmp_path: Path) -> None:
    done = kb("list", home=tmp_path / "none")
    assert done.returncode == 1
    assert "kb add" in done.stderr
    assert not (tmp_path / "none").exists()


def test_help_imports_nothing_heavy() -> None:
    script = "import sys; from kb.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "pydantic", "torch", "chromadb", "openvino", "tantivy", "langchain", "sqlite3", "msgspec"}
    assert not heavy & set(loaded)


def test_a_cold_search_does_not_import_torch_and_words_alone_no_encoder(home: Path) -> None:
    for mode, forbidden in (
        ("hybrid", {"torch", "transformers", "sentence_transformers", "langchain"}),
        ("lexical", {"torch", "transformers", "openvino", "chromadb", "langchain", "tokenizers"}),
    ):
        script = (
            f"import sys; from kb.cli import main\nmain(['search','graph','--mode','{mode}','--home',{str(home)!r}])"
        )
        command = [sys.executable, "-c", f"{script}\nprint('MODULES', *sys.modules)"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        loaded = set(re.sub(r".*MODULES", "", output, flags=re.DOTALL).split())
        assert not forbidden & loaded


def test_tags_and_the_options_of_every_verb_may_follow_the_paper(home: Path) -> None:
    tagged = data("tag", "2402.19481", "+gpu", "+later", "-later", home=home)
    assert tagged["paper"]["tags"] == ["gpu"]
    assert data("tag", "2402.19481", "-gpu", home=home)["paper"]["tags"] == []
    assert kb("tag", "2402.19481", "--gpu", home=home).returncode == 2


def test_streams_that_are_closed_full_or_narrow_lead_to_no_traceback(home: Path) -> None:
    def run(line: str, **environment: str) -> tuple[int, str]:
        command = f"{sys.executable} -m kb list --home {home} {line}"
        done = subprocess.run(
            command, shell=True, capture_output=True, check=False, env={**os.environ, **environment}, timeout=60
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    assert run(">&- 2>&- <&-") == (1, "")
    status, said = run(">&-")
    assert (status, len(said.splitlines())) == (1, 1)
    assert "output cannot be written" in said
    help_command = [sys.executable, "-m", "kb", "--help"]
    lost = subprocess.run(f"{shlex.join(help_command)} >&-", shell=True, capture_output=True, text=True, check=False)
    assert (lost.returncode, lost.stderr.count("\n")) == (1, 1)
    assert run("| head -1")[0] == 0
    narrow = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    assert run("", **narrow)[0] == 0
    assert len(json.loads(run("--json", **narrow)[1])["papers"]) == 6
    if Path("/dev/full").exists():
        status, said = run("> /dev/full")
        assert (status, len(said.splitlines())) == (1, 1)


def test_a_title_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text('{"title": "A \\u001b[2J title \\u202e turned"}\n', encoding="utf-8")
    assert kb("add", str(tmp_path / "odd.jsonl"), home=tmp_path / "home").returncode == 0
    assert "A ?[2J title ? turned" in kb("list", home=tmp_path / "home").stdout
    assert data("list", home=tmp_path / "home")["papers"][0]["title"] == "A \x1b[2J title \u202e turned"
    assert kb("list", home=tmp_path / "a\nb\x1b[2J").stderr.count("\n") == 1


def test_a_misspelt_variable_is_told_and_quiet_is_quiet(home: Path) -> None:
    assert "is it KB_MAX_PAGES?" in kb("status", home=home, KB_MAXPAGES="3").stderr
    assert kb("status", "--quiet", home=home, KB_MAXPAGES="3").stderr == ""


def test_arguments_that_are_no_text_are_refused_in_one_line(home: Path) -> None:
    for arguments in (["show"], ["like"], ["search"], ["set", "2402.19481"]):
        command = [sys.executable, "-m", "kb", *arguments, b"venue=\xff", "--home", home]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1
