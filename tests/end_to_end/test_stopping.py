"""Ctrl-C and SIGTERM: whatever a command waits for, it ends within three seconds, with one line that says how to go on.

What was done by then is kept: ``tests/campaigns/kills.py --by SIGTERM`` compares homes with those of calm runs.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

import psutil
import pytest

from kb.cli import main
from tests.pdf_writer import nested_forms

DEMO = Path(str(resources.files("kb") / "demo"))
STOPPED = "kb: stopped; what was done is kept, run the same again to go on"
LONGEST_SECONDS = 3.0
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@contextmanager
def running(words: Sequence[str], home: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    command = [sys.executable, "-m", "kb", *words, "--home", str(home), "--quiet"]
    child = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean | environment
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def stopped(child: subprocess.Popen[str], number: signal.Signals) -> str:
    """What it says on stderr after the signal; it must end in time and leave no child behind."""
    below = psutil.Process(child.pid).children(recursive=True)
    child.send_signal(number)
    began = time.monotonic()
    _, said = child.communicate(timeout=30)
    assert time.monotonic() - began < LONGEST_SECONDS
    assert child.returncode == 130
    left = psutil.wait_procs(below, timeout=1)[1]  # one that has ended may wait to be collected by the system's first
    assert [process for process in left if process.status() != psutil.STATUS_ZOMBIE] == []
    return said.strip()


def wait_for(condition: object, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_reading(pid: int) -> bool:
    """Whether a child of the process reads a file."""
    for child in psutil.Process(pid).children():
        with suppress(psutil.Error):  # it has just ended
            if "kb.parsing.worker" in child.cmdline():
                return True
    return False


@pytest.fixture
def silent_server() -> Iterator[tuple[str, socket.socket]]:
    """An address where every request is taken and none is answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1", server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stopping") / "home"
    with running(["add", str(DEMO / "records.jsonl")], folder) as child:
        child.communicate(timeout=120)
        assert child.returncode == 0
    return folder


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("words", [("ask", "What is SPECTER?"), ("note", "2402.19481"), ("update",)])
def test_a_server_that_never_answers_is_not_waited_for(
    home: Path, silent_server: tuple[str, socket.socket], words: tuple[str, ...], number: signal.Signals
) -> None:
    url, server = silent_server
    model = {"KB_MODEL": "openai:silent", "KB_MODEL_URL": url, "KB_MODEL_API_KEY": "none"}
    feed = {"KB_ARXIV_FEED_URL": url, "KB_ARXIV_API_URL": url, "KB_ALLOW_PRIVATE_ADDRESSES": "true",
            "KB_ALLOWED_HOSTS": "127.0.0.1"}  # fmt: skip
    if words == ("update",):
        with running(["topic", "add", "Graphs", "--query", "cat:cs.CL"], home) as child:
            child.communicate(timeout=60)
    with running(words, home, **(feed if words == ("update",) else model)) as child:
        server.settimeout(60)
        asked, _ = server.accept()
        assert stopped(child, number) == STOPPED
        asked.close()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_file_that_is_being_read_is_let_go_and_is_no_failure(tmp_path: Path, number: signal.Signals) -> None:
    slow = tmp_path / "slow.pdf"
    slow.write_bytes(nested_forms(depth=12, width=8))
    home = tmp_path / "home"
    with running(["add", str(DEMO / "records.jsonl"), str(slow)], home) as child:
        wait_for(lambda: is_reading(child.pid))
        time.sleep(0.5)
        assert stopped(child, number) == STOPPED
    with running(["list", "--json"], home) as child:
        papers = json.loads(child.communicate(timeout=60)[0])["papers"]
    assert len(papers) == 5  # what was ready when it was stopped
    with running(["status", "--json"], home) as child:
        assert "slow.pdf" not in child.communicate(timeout=60)[0]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_call_that_hears_no_signal_ends_with_the_process(home: Path, number: signal.Signals) -> None:
    script = (
        "import ctypes, sys\n"
        "import kb.cli.commands as commands\n"
        "from kb.cli import main\n"
        "commands.run = lambda options, **_: (print('in', flush=True), ctypes.CDLL(None).usleep(60_000_000), 0)[-1] or"
        " ctypes.CDLL(None).usleep(60_000_000)\n"
        "sys.argv = ['kb', 'list']\n"
        "raise SystemExit(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "in\n"
        child.send_signal(number)
        began = time.monotonic()
        _, said = child.communicate(timeout=30)
        assert time.monotonic() - began < LONGEST_SECONDS
        assert (child.returncode, said.strip()) == (130, STOPPED)


def test_the_app_ends_when_it_is_told_to(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    command = [sys.executable, "-m", "kb", "ui", "--home", str(home), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean) as child:
        assert child.stdout is not None
        wait_for(lambda: "URL" in child.stdout.readline())  # type: ignore[union-attr]
        child.terminate()
        began = time.monotonic()
        child.communicate(timeout=30)
        assert time.monotonic() - began < LONGEST_SECONDS


def test_a_program_that_calls_the_command_line_keeps_its_own_signals(home: Path) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    assert main(["list", "--home", str(home), "--quiet"]) == 0
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_what_a_library_made_of_an_interruption_is_no_result(home: Path, number: signal.Signals) -> None:
    script = (
        "import contextlib, signal, sys\n"
        "import kb.library.health as health\n"
        "from kb.cli import main\n"
        "from kb.records import Problem\n"
        "def examine(*_, **__):\n"
        "    with contextlib.suppress(KeyboardInterrupt):\n"  # as a library does that takes it for a fault of its file
        f"        signal.raise_signal({int(number)})\n"
        "    return [Problem(kind='index', what='cannot be read', severity='error', cure='kb reindex')]\n"
        "health.examine = examine\n"
        f"sys.argv = ['kb', 'doctor', '--quiet', '--home', {str(home)!r}]\n"
        "raise SystemExit(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", STOPPED)


@pytest.mark.parametrize("words", [("doctor",), ("search", "graph"), ("note", "2402.19481")])
def test_a_command_that_is_stopped_anywhere_says_one_line_or_has_ended(home: Path, words: tuple[str, ...]) -> None:
    began = time.monotonic()
    with running(words, home) as child:
        _, calm = child.communicate(timeout=120)
        ended = (child.returncode, calm.strip())  # "doctor" ends with 4 where an earlier stop left work to go on with
    whole = time.monotonic() - began
    for share in (0.2, 0.6, 0.95):
        with running(words, home) as child:
            time.sleep(max(0.5, share * whole))  # before that the interpreter is still starting
            child.send_signal(signal.SIGTERM)
            told, said = child.communicate(timeout=30)
            assert (child.returncode, said.strip()) in ((130, STOPPED), ended), told


_STOPPED_AT_AN_IMPORT = """
import os, sys
module, number = sys.argv[1:]
class Stops:
    def find_spec(self, name, *_):
        if name == module:
            os.kill(os.getpid(), int(number))
sys.meta_path.insert(0, Stops())
sys.argv[1:] = ["--version"]
from kb.__main__ import run
raise SystemExit(run())
"""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("module", ["kb.cli", "kb.cli.parser", "kb.cli.streams", "kb.errors", "argparse"])
def test_a_command_that_is_stopped_while_it_is_still_being_loaded_ends_without_a_word(
    module: str, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", _STOPPED_AT_AN_IMPORT, module, str(int(number))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr, ended.stdout) == (130, "", "")
