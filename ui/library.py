"""Library: the papers as a table, adding, topics, health and settings."""

from __future__ import annotations

import streamlit as st

from ui import address, health, markup, papers, topics, work
from ui.address import Field
from ui.greeting import drop_files
from ui.session import errors_shown, header, library, t

_ROOMS = ("papers", "add_papers", "topics", "health", "settings", "jobs")
_FIELDS = {"room": Field(default="papers", choices=_ROOMS), **papers.FIELDS}
_SECRET = ("api_key", "password")


def show() -> None:
    """The page."""
    header(t("library"))
    address.restore("library", _FIELDS)
    room = st.segmented_control(
        t("library"), _ROOMS, format_func=t, key="library-room", label_visibility="collapsed", required=True
    )
    with errors_shown():
        _ROOM_OF[room or "papers"]()
    address.keep("library", _FIELDS)


def _add() -> None:
    left, right = st.columns(2, gap="large")
    with left, st.form("add-ids", clear_on_submit=True):
        label = t("add_ids" if library().settings.browser_paths else "add_ids_only")
        text = st.text_area(label, placeholder=t("add_ids_hint"), height=110)
        fulltext = st.toggle(t("with_fulltext"), value=True)
        if st.form_submit_button(t("add"), icon=":material/add:", type="primary"):
            names = [line.strip() for line in text.splitlines() if line.strip()]
            # Behind "--" nothing that a person types is read as an option.
            if names and work.start("add", *([] if fulltext else ["--no-fulltext"]), "--", *names):
                st.rerun()
    with right:
        st.markdown(t("drop_files"))
        drop_files(key="library-drop")
    work.show_work("add", "demo")


def _settings() -> None:
    settings = library().settings
    st.markdown(t("settings_where", path=markup.plain(str(settings.home / "kb.toml"))))
    names = {"default": "from_default", "kb.toml": "from_file", "environment": "from_environment", "flag": "from_flag"}
    origins = settings.origins()
    fields = type(settings).model_fields
    values = {name: getattr(settings, name) for name in fields}
    st.dataframe(
        {
            t("setting"): list(fields),
            t("value"): [_setting(name, value) for name, value in values.items()],
            t("from"): [t(names[origins[name]]) for name in fields],
            t("meaning"): [field.description or "" for field in fields.values()],
        },
        hide_index=True, height=560, alt=t("settings"),
    )  # fmt: skip


def _setting(name: str, value: object) -> str:
    """A value as text; secrets say only whether they are set."""
    if name.endswith(_SECRET):
        return "•••" if str(value) else ""
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    return ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


def _jobs() -> None:
    if not library().jobs.list():
        st.info(t("nothing_here"))
    work.show_work()


_ROOM_OF = {
    "papers": papers.show_papers, "add_papers": _add, "topics": topics.show_topics, "health": health.show_health,
    "settings": _settings, "jobs": _jobs,
}  # fmt: skip
show()
