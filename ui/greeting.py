"""What an empty home shows: three ways in. Each works offline where it can."""

from __future__ import annotations

import streamlit as st

from kb.errors import KbError
from kb.records import Topic
from ui import markup, work
from ui.session import library, t


def greet() -> None:
    """The three ways in: the demo papers, a PDF, a topic."""
    st.subheader(t("welcome"), anchor=False)
    st.markdown(t("welcome_text"))
    work.show_work()
    demo, pdf, topic = st.columns(3, border=True)
    with demo:
        st.markdown(f"**:material/play_circle: {t('way_demo')}**")
        st.caption(t("way_demo_text"))
        if st.button(t("way_demo_button"), type="primary", key="way-demo"):
            work.start("demo")
            st.rerun()
    with pdf:
        st.markdown(f"**:material/upload_file: {t('way_pdf')}**")
        st.caption(t("way_pdf_text"))
        drop_files(key="way-pdf")
    with topic, st.form("way-topic", border=False):
        st.markdown(f"**:material/rss_feed: {t('way_topic')}**")
        st.caption(t("way_topic_text"))
        query = st.text_input(t("topic"), placeholder='abs:"diffusion model" AND cat:cs.CV')
        if st.form_submit_button(t("way_topic_button")) and query.strip():
            _follow_topic(query.strip())


def drop_files(*, key: str, verb: str = "add") -> None:
    """A place for files: they are stored in the home and read by a ``kb`` process (PDFs in its guarded child)."""
    limit = max(1, library().settings.max_file_bytes // 1_000_000)
    kinds = [".pdf"] if verb == "note" else library().jobs.readable_endings()
    label = t("drop_note") if verb == "note" else t("drop_files")
    with st.form(f"form-{key}", border=False, clear_on_submit=True):
        files = st.file_uploader(
            label, type=kinds, accept_multiple_files=True, key=key, max_upload_size=limit, label_visibility="collapsed"
        )
        sent = st.form_submit_button(t("make_note") if verb == "note" else t("add"), icon=":material/upload:")
    if not sent or not files:
        return
    paths = []
    for file in files:
        try:
            paths.append(str(library().jobs.keep_upload(file.name, file.getvalue())))
        except KbError as err:
            st.error(markup.plain(str(err)))
    for path in paths if verb == "note" else []:
        work.start("note", path)
    if paths and verb == "add":
        work.start("add", *paths)
    if paths:
        st.rerun()


def _follow_topic(query: str) -> None:
    """Keep the topic, and ask arXiv for its papers."""
    try:
        library().topics.add(Topic(name=markup.shortened(query, 60), query=query))
    except KbError as err:
        st.error(t("failed", reason=markup.plain(str(err))))
        return
    work.start("add", "--query", query, "--limit", "50", "--no-fulltext")
    st.rerun()
