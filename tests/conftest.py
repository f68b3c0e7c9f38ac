"""Fixtures of all tests: no network beyond localhost, the shared data where it is, one encoder for the whole run."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# How long one example takes says more of the machine's other work than of ours: speed is measured by benchmarks.
hypothesis.settings.register_profile("kb", deadline=None, max_examples=40)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)  # --hypothesis-profile thorough
hypothesis.settings.load_profile("kb")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
_connect = socket.socket.connect


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):  # a Unix socket
        return True
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return address[0] == "localhost"


def _guarded_connect(self: socket.socket, address: Any) -> Any:
    if not _is_local(address):
        raise AssertionError(f"a test tried to reach {address!r}: tests stay on localhost")
    return _connect(self, address)


socket.socket.connect = _guarded_connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data folder beside the checkout; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared data folder is not beside this checkout")
    return SHARED


_SLOW_FOLDERS = ("end_to_end", "integration")
_SLOW_FILES = ("test_encoder_contract.py", "test_encoders.py")  # they convert encoders


def _is_slow(path: Path) -> bool:
    return path.parent.name in _SLOW_FOLDERS or path.name in _SLOW_FILES


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whoever leaves slow tests out does not wait for their modules either."""
    return True if config.option.markexpr == "not slow" and _is_slow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole homes, processes, browsers and servers are slow, wherever a single test of them is quick."""
    for item in items:
        if _is_slow(Path(item.path)):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file stays with one worker, so that what its tests share is made once; files with quick tests come last."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are processors: browsers, servers and processes are waited for half of the time."""
    return (os.cpu_count() or 1) + 1
