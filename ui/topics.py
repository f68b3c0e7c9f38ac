"""The editor of topics: standing queries, with a preview of what they catch and why."""

from __future__ import annotations

import streamlit as st

from kb.errors import KbError
from kb.records import Topic
from ui import markup
from ui.session import language, library, t
from ui.words import LANGUAGES

_MOST_SHOWN = 30


def show_topics() -> None:
    """Choose or begin a topic, change it, see what it catches, keep it."""
    known = {topic.name: topic for topic in library().topics.list()}
    name = st.selectbox(t("topic"), ["", *known], format_func=lambda one: one or t("topic_new"), key="topic-chosen")
    topic = known.get(name or "", Topic(name="", language=language()))
    with st.form(f"topic-{topic.name}"):
        edited = _fields(topic)
        with st.container(horizontal=True, gap="small"):
            preview = st.form_submit_button(t("preview"), icon=":material/preview:")
            save = st.form_submit_button(t("save"), icon=":material/save:", type="primary")
            remove = st.form_submit_button(t("remove"), icon=":material/delete:") if name else False
    try:
        if remove:
            library().topics.remove(topic.name)
            st.rerun()
        if save:
            library().topics.add(edited)
            st.toast(f"{t('save')}: {markup.plain(edited.name)}", icon=":material/check:")
        if preview:
            _preview(edited)
    except KbError as err:
        st.error(t("failed", reason=markup.plain(str(err))))


def _fields(topic: Topic) -> Topic:
    """The topic as the form says it."""
    left, right = st.columns(2)
    with left:
        name = st.text_input(t("topic_name"), value=topic.name, disabled=bool(topic.name))
        query = st.text_input(t("topic_query"), value=topic.query, placeholder='abs:"diffusion model" AND cat:cs.CV')
        categories = st.text_input(t("categories"), value=" ".join(topic.categories), placeholder="cs.CV cs.LG")
        authors = st.text_input(
            t("topic_authors"), value="; ".join(topic.authors), placeholder="Ada Lovelace; A. Turing"
        )
        speaks = st.selectbox(
            t("topic_language"), list(LANGUAGES), index=list(LANGUAGES).index(topic.language),
            format_func=LANGUAGES.__getitem__,
        )  # fmt: skip
    with right:
        must = st.text_area(t("topic_must"), value="\n".join(topic.must), height=82)
        must_not = st.text_area(t("topic_must_not"), value="\n".join(topic.must_not), height=82)
        examples = st.text_area(t("topic_examples"), value="\n".join(topic.examples), height=82)
        limit = st.number_input(t("topic_limit"), value=topic.limit, min_value=1, max_value=500)
    return Topic(
        name=topic.name or name.strip(),
        query=query.strip(),
        must=_lines(must),
        must_not=_lines(must_not),
        categories=tuple(categories.replace(",", " ").split()),
        authors=tuple(name.strip() for name in authors.split(";") if name.strip()),
        examples=_lines(examples),
        language=speaks,
        limit=int(limit),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _preview(topic: Topic) -> None:
    """Each stored paper in or out, with the reasons."""
    with st.spinner(t("asking")):
        preview = library().topics.preview(topic)
    count, found = preview.counts.inside, preview.candidates
    st.markdown(f"**{t('topic_caught', count=count, total=len(found))}**")
    for one in [*found[:count][:_MOST_SHOWN], *found[count:][:_MOST_SHOWN]]:
        badge = f":green-badge[{t('inside')}]" if one.inside else f":gray-badge[{t('outside')}]"
        st.markdown(f"{badge} {markup.with_maths(one.title)}")
        st.caption(markup.plain(library().view.told(one.reasons, language())))
