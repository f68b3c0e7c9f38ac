"""The workflow of the documents, step by step: each day on a machine that has nothing but the repository."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import feedparser
import pytest
import yaml

from kb import Settings
from kb.encoders.openvino_runtime import cache_folder
from tests.arxiv_server import ArxivServer, Fault
from tests.documents import fences
from tests.end_to_end.test_update import day, record, shown

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "workflows" / "daily-page.yml"
WORKFLOW: dict[Any, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
JOBS: dict[str, Any] = WORKFLOW["jobs"]
GIVEN = {
    "steps.pages.outputs.base_url": "https://ann.example/papers",
    "steps.deployment.outputs.page_url": "https://ann.example/papers/",
    "vars.PAPER_KB": "paper-kb @ git+https://host.example/ann/kb",
}
"""What GitHub puts in the place of expressions; what is not set is empty."""


def test_the_documents_show_the_very_file() -> None:
    (block,) = fences((ROOT / "docs" / "daily-page.md").read_text(encoding="utf-8"), "yaml")[-1:]
    assert block == FILE.read_text(encoding="utf-8")


def test_the_repository_itself_does_not_run_it() -> None:
    assert not list((ROOT / ".github").rglob("*.yml"))


def test_every_expression_names_what_the_workflow_has() -> None:
    for job in JOBS.values():
        made = {step["id"] for step in job["steps"] if "id" in step}
        for expression in re.findall(r"\$\{\{ (.*?) \}\}", yaml.safe_dump(job)):
            context, _, rest = expression.partition(".")
            assert context in ("vars", "secrets", "steps"), expression
            assert context != "steps" or rest.split(".")[0] in made, expression


def test_no_expression_stands_in_a_script() -> None:
    """What others can set would run as a command there."""
    assert not [step for job in JOBS.values() for step in job["steps"] if "${{" in step.get("run", "")]


def test_the_job_that_publishes_has_its_environment_and_rights_and_waits_for_the_pages() -> None:
    (name,) = [name for name, job in JOBS.items() if any("deploy-pages" in s.get("uses", "") for s in job["steps"])]
    job = JOBS[name]
    assert job["environment"]["name"] == "github-pages"
    assert job["permissions"] == {"pages": "write", "id-token": "write"}
    maker = JOBS[job["needs"]]
    assert maker["permissions"]["contents"] == "write"
    uses = [step["uses"].split("@")[0] for step in maker["steps"] if "uses" in step]
    assert uses[0] == "actions/checkout"
    assert uses[-1] == "actions/upload-pages-artifact"
    assert maker["steps"][-1]["with"]["path"] == "site"
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is False


# ------------------------------------------------------------------------------------------- a rehearsal


@dataclass
class Run:
    """One day's run: what its steps said, the summary, and the folder that was uploaded."""

    status: int = 0
    said: str = ""
    summary: str = ""
    checkout: Path = Path()
    ran: list[str] = field(default_factory=list)


class Runners:
    """Hosted machines: each run has a home of its own, a fresh clone, and the environment that is here for pip's."""

    def __init__(self, folder: Path, arxiv: ArxivServer) -> None:
        self._folder, self._arxiv = folder, arxiv
        self.remote = folder / "site.git"
        self._git("init", "--quiet", "--bare", "--initial-branch", "main", str(self.remote))
        seed = folder / "seed"
        self._git("clone", "--quiet", str(self.remote), str(seed))
        self._git("-C", str(seed), "checkout", "--quiet", "-b", "main")
        self._git("-C", str(seed), *_AUTHOR, "commit", "--quiet", "--allow-empty", "--message", "Begin")
        self._git("-C", str(seed), "push", "--quiet", "origin", "main")
        self._tools = folder / "tools"
        self._tools.mkdir()
        self._tool("pip", f'echo "$@" >> {shlex.quote(str(folder / "installed"))}')
        # The calendar: the job takes today's date, and it is to be that of the local arXiv.
        command = f'{shlex.quote(sys.executable)} -P -m kb "$@"'
        self._tool("kb", f'if [ "$1" = update ]; then exec {command} --date "$REHEARSED"; fi; exec {command}')

    @property
    def installed(self) -> list[str]:
        """What pip was asked for."""
        return (self._folder / "installed").read_text().splitlines()

    def run(self, number: int, *, variables: Mapping[str, str] | None = None) -> Run:
        """The workflow's first job on a day of March 2026."""
        given = {**GIVEN, **(variables or {})}
        machine = self._folder / f"machine-{len(list(self._folder.glob('machine-*')))}"
        (machine / "home").mkdir(parents=True)
        run, job = Run(checkout=machine / "work"), JOBS["make"]
        self._git("clone", "--quiet", "--depth", "1", f"file://{self.remote}", str(run.checkout))
        outside = {name: os.environ[name] for name in ("LANG", "TZ", "PYTHONPATH") if name in os.environ}
        base = {
            **outside,
            **self._arxiv.environment(threads=1, encoder_cache=cache_folder(Settings())),
            "PATH": f"{self._tools}:/usr/bin:/bin",
            "HOME": str(machine / "home"),
            "GITHUB_STEP_SUMMARY": str(machine / "summary"),
            "REHEARSED": day(number).isoformat(),
            **job["env"],
        }
        for step in job["steps"]:
            if "run" not in step:
                continue
            script = machine / "step.sh"
            script.write_text(step["run"])
            told = {name: _filled(str(value), given) for name, value in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", str(script)], cwd=run.checkout, env={**base, **told},
                capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
            run.said += done.stdout + done.stderr
            run.ran.append(step["name"])
            if done.returncode:
                run.status = done.returncode
                break
        summary = machine / "summary"
        run.summary = summary.read_text() if summary.exists() else ""
        return run

    def commits(self) -> int:
        """How many there are in the repository."""
        done = self._git("-C", str(self.remote), "rev-list", "--count", "main")
        return int(done.stdout)

    def _tool(self, name: str, script: str) -> None:
        path = self._tools / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)


_AUTHOR = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


def _filled(text: str, given: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda match: given.get(match[1], ""), text)


@pytest.fixture
def arxiv() -> Iterator[ArxivServer]:
    records = [record(10 * d + n, d, 2) for d in (2, 3, 4) for n in range(2)]
    with ArxivServer(records, clock_day=day(2)) as server:
        yield server


def items(site: Path) -> dict[str, str]:
    """The name of each item of the RSS feed, and its day."""
    (path,) = site.glob("*/*.rss.xml")
    read = feedparser.parse(path.read_bytes())
    assert not read.bozo
    return {entry.id: entry.published for entry in read.entries}


def test_three_days_on_three_machines_are_one_site(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.replace("2603.00020", day=day(4), abstract="We rank documents otherwise, by dense retrieval. It is better.")
    runners = Runners(tmp_path, arxiv)
    feeds: list[dict[str, str]] = []
    for number in (2, 3, 4):
        arxiv.clock_day = day(number)
        run = runners.run(number)
        assert (run.status, run.ran) == (0, ["Install", "Ledger", "Topics", "Pages", "Keep"]), run.said
        assert "2 new" in run.summary
        assert "::warning" not in run.said
        feeds.append(items(run.checkout / "site"))
    assert runners.installed == [f"install {GIVEN['vars.PAPER_KB']}"] * 3
    assert runners.commits() == 4

    # Each feed goes on from the one before: nothing that was in it has gone, or moved to another day.
    assert [len(feed) for feed in feeds] == [2, 4, 7]
    assert all(before.items() <= after.items() for before, after in pairwise(feeds))

    site = run.checkout / "site"
    assert all(len(days) == 1 for days in shown(site).values())
    assert len(shown(site)) == 6
    third = json.loads((site / "dense-retrieval" / "2026-03-04" / "digest.json").read_text())
    (updated,) = [note for note in third["entries"] if note["state"] == "updated"]
    # The machine has never seen the first version, so it does not say what changed.
    assert [change["kind"] for change in updated["changes"]] == ["replaces-unseen"]
    index = (site / "index.html").read_text()
    assert all(f"Retrieval over {n} documents" in index for n in (20, 30, 31, 40))
    assert "https://ann.example/papers/dense-retrieval/2026-03-04/" in next(site.glob("*/*.rss.xml")).read_text()


def test_a_run_without_news_commits_nothing(arxiv: ArxivServer, tmp_path: Path) -> None:
    runners = Runners(tmp_path, arxiv)
    assert runners.run(2).status == 0
    before = runners.commits()
    again = runners.run(2)
    assert again.status == 0, again.said
    assert runners.commits() == before


def test_what_is_done_in_part_is_published_and_said(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/pdf/2603.00020", Fault.html(), times=9)
    arxiv.fail("/html/2603.00020", Fault(status=404), times=9)
    runners = Runners(tmp_path, arxiv)
    run = runners.run(2)
    assert (run.status, run.ran[-1]) == (0, "Keep"), run.said
    assert "::warning title=Done in part::" in run.said
    assert "failed: arxiv:2603.00020" in run.summary
    assert runners.commits() == 2


def test_what_could_not_be_done_fails_and_publishes_nothing(arxiv: ArxivServer, tmp_path: Path) -> None:
    runners = Runners(tmp_path, arxiv)
    unset = runners.run(2, variables={"vars.PAPER_KB": ""})
    assert (unset.status, unset.ran) == (1, ["Install"])
    assert "::error::Set the repository variable PAPER_KB" in unset.said
    assert runners.commits() == 1
