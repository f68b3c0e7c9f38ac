"""Long work as people see it: what runs, how far it is, what failed and why, and trying again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from kb import Job
from kb.errors import KbError
from kb.records import Reason
from ui import address, markup
from ui.session import language, library, t

_STATES = {
    "waiting": ("running", "blue", ":material/hourglass_top:"),
    "running": ("running", "blue", ":material/progress_activity:"),
    "done": ("done", "green", ":material/check:"),
    "partial": ("in_part", "orange", ":material/warning:"),
    "failed": ("stopped", "red", ":material/error:"),
    "lost": ("lost", "red", ":material/error:"),
}
_FOLLOW_SECONDS = 1.0
_TELLING = ("add", "note", "update")
_NEWS = timedelta(minutes=30)
_SILENT = ("--out", "--format", "--language")


def start(*arguments: str) -> bool:
    """Start a ``kb`` process, which goes on whatever page one turns to; False where it was refused, which is shown."""
    try:
        number = library().jobs.start(arguments)
    except KbError as err:
        st.error(t("failed", reason=markup.plain(str(err))))
        return False
    st.session_state["followed"] = [*st.session_state.get("followed", []), number]
    return True


def show_work(*verbs: str) -> None:
    """The latest works of these verbs (all, without any); repainted while one runs, the page when it has ended."""
    following = any(job.is_open for job in _jobs(verbs))
    # The same fragment also when nothing runs: a browser's late question for it must find it, or the page stays old.
    st.fragment(_paint, run_every=_FOLLOW_SECONDS if following else None)(verbs, following)


def _jobs(verbs: tuple[str, ...]) -> list[Job]:
    """The latest works; on a page of their own verbs without those that ended well and have nothing new to say."""
    jobs = [job for job in library().jobs.list() if not verbs or job.command[0] in verbs]
    return [job for job in jobs if not verbs or job.state != "done" or _is_news(job)][:8]


def _is_news(job: Job) -> bool:
    return job.command[0] in _TELLING and datetime.now(UTC) - job.beat < _NEWS


def _paint(verbs: tuple[str, ...], following: bool) -> None:
    found = _jobs(verbs)
    _list(found)
    if following and not any(job.is_open for job in found):
        st.rerun()


def _list(jobs: list[Job]) -> None:
    for job in jobs:
        _show(job)


def _show(job: Job) -> None:
    name, colour, icon = _STATES[job.state]
    with st.container(border=True, key=f"job-{job.number}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":{colour}-badge[{icon} {t(name)}] {markup.plain(_words(job))}", width="content")
            if job.is_open:
                if st.button(t("stop"), key=f"stop-{job.number}", type="tertiary", icon=":material/stop:"):
                    library().jobs.stop(job.number)
            else:
                _end_buttons(job)
        if job.is_open:
            share = min(1.0, job.done / job.total) if job.total else 0.0
            st.progress(share, text=markup.plain(_progress(job)))
        elif job.report is not None:
            _report(job, job.report)


def _words(job: Job) -> str:
    """The command, with the names of files instead of their paths and without what the app adds."""
    parts = zip(("", *job.command), job.command, strict=False)
    names = [part.rsplit("/", 1)[-1] for before, part in parts if not {before, part}.intersection(_SILENT)]
    return markup.shortened(f"kb {' '.join(names)}", 140)


def _progress(job: Job) -> str:
    total = f"/{job.total}" if job.total else ""
    return f"{job.message} {job.done}{total}" if job.message else "…"


def _end_buttons(job: Job) -> None:
    if job.state in ("failed", "lost", "partial") and st.button(
        t("retry"), key=f"retry-{job.number}", type="tertiary", icon=":material/refresh:"
    ):
        library().jobs.forget(job.number)
        start(*job.command)
        st.rerun()
    if st.button(t("dismiss"), key=f"forget-{job.number}", type="tertiary", icon=":material/close:"):
        library().jobs.forget(job.number)
        st.rerun()


def _report(job: Job, report: dict[str, Any]) -> None:
    if "error" in report:
        st.markdown(markup.plain(report["error"]))
    if "added" in report:
        counts = {name: len(report[name]) for name in ("added", "updated", "unchanged")}
        st.caption(t("work_added", **counts))
        lines = [(one["what"].rsplit("/", 1)[-1], one["reason"]) for one in report["failed"]]
        lines += [(one["id"], one["reason"]) for one in report["partial"]]
        if lines:
            st.markdown(markup.bullets(markup.plain(t("work_failed", what=a, reason=b)) for a, b in lines))
    if job.command[0] == "update" and "topics" in report:
        _updated(job, report)
    if job.command[0] == "note" and "paper" in report:
        _noted(job, report["paper"])


def _updated(job: Job, report: dict[str, Any]) -> None:
    """What the daily job brought for each topic and day, or why it brought nothing; what failed."""
    if not report["topics"]:
        st.caption(t("no_topics"))
    for number, row in enumerate(report["topics"]):
        counts, label = row["counts"], markup.plain(f"{row['topic']} · {row['day']}")
        if counts["new"] or counts["updated"]:
            told = t("work_updated", new=counts["new"], updated=counts["updated"])
            key = f"brought-{job.number}-{number}"
            if st.button(f"{label}: {told}", key=key, icon=":material/today:", type="tertiary"):
                address.go("today", {"topic": row["topic"], "day": row["day"]})
        else:
            st.caption(f"{label}: {markup.plain(_why_nothing(row['why_nothing']))}")
    lines = [(one["what"], one["reason"]) for one in report["failures"]]
    if lines:
        st.markdown(markup.bullets(markup.plain(t("work_failed", what=a, reason=b)) for a, b in lines))


def _why_nothing(reason: Mapping[str, Any] | None) -> str:
    if reason is None:
        return t("no_entries")
    return library().view.told(Reason(kind=reason["kind"], values=reason["values"]), language())


def _noted(job: Job, paper: dict[str, Any]) -> None:
    """The way to the note of a dropped file, and into the library for the file."""
    key = next((alias[5:] for alias in [paper["id"], *paper["aliases"]] if alias.startswith("file:")), None)
    if key is None or "/uploads/" not in job.command[1]:
        st.page_link(
            "paper.py", label=markup.with_maths(paper["title"]), query_params={"id": paper["id"], "tab": "note"}
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            "paper.py", label=markup.with_maths(paper["title"]), icon=":material/article:",
            query_params={"visit": key, "id": paper["id"], "tab": "note"},
        )  # fmt: skip
        if st.button(t("keep_it"), key=f"keep-{job.number}", icon=":material/add:"):
            start("add", job.command[1])
            st.rerun()
