"""Health: what ``kb doctor`` finds, each problem with its cure, and a button where a click can cure it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from kb import Job
from ui import markup, work
from ui.session import library, t

_VERBS = ("doctor", "reindex")


def show_health() -> None:
    """Check in a process of its own, and show what the last check found."""
    jobs = library().jobs.list()
    busy = any(job.is_open and job.command[0] in _VERBS for job in jobs)
    if st.button(t("check"), type="primary", icon=":material/health_and_safety:", disabled=busy):
        work.start("doctor")
        st.rerun()
    work.show_work(*_VERBS)
    last = next((job for job in jobs if job.command[0] == "doctor" and job.report and "problems" in job.report), None)
    if last is None or busy:
        return
    st.caption(t("checked_at", when=last.beat.strftime("%Y-%m-%d %H:%M UTC")))
    problems = (last.report or {})["problems"]
    if not [problem for problem in problems if problem["severity"] != "notice"]:
        st.success(t("all_well"), icon=":material/check:")
    _show_problems(last, problems)


def _show_problems(last: Job, problems: list[dict[str, Any]]) -> None:
    for number, problem in enumerate(problems):
        show_one: Callable[..., object] = {"error": st.error, "warning": st.warning}.get(problem["severity"], st.info)
        with st.container(border=False, key=f"problem-{last.number}-{number}"):
            show_one(f"{markup.plain(problem['what'])}  \n→ {markup.plain(problem['cure'])}")
            command = command_of(problem["cure"])
            key = f"cure-{last.number}-{number}"
            is_asked = bool(command) and st.button(t("cure_one"), key=key, icon=":material/healing:")
            if is_asked and work.start(*command):
                st.rerun()


def command_of(cure: str) -> list[str]:
    """The ``kb`` command that a cure names, where a click can run it as it stands; none where a person must act."""
    if cure.startswith("kb doctor --fix"):
        return ["doctor", "--fix"]
    if cure == "kb reindex --parse":
        return ["reindex", "--parse"]
    name = cure.removeprefix("kb add ")
    return ["add", "--", name] if name != cure and not name.startswith("FILE") else []
