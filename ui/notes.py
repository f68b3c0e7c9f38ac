"""A reading note on the screen: every sentence with its verdict and the mark that leads to its page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kb.errors import KbError
from kb.records import ABSTRACT_PARTS, CONCLUSION_PARTS, Claim, Figure, Note
from ui import markup
from ui.cards import claim_line
from ui.session import language, library, t


def note_head(note: Note, *, key: str) -> None:
    """Summary and takeaways."""
    if note.changes:
        st.markdown(f"**{t('changed')}**")
        changes = [library().view.told(change, language()) for change in note.changes]
        st.markdown(markup.bullets(markup.with_maths(change) for change in changes))
    st.markdown(f"**{t('summary')}**")
    if note.summary is not None:
        claim_line(note.summary, key=f"{key}-summary")
    else:
        _reason(note, "summary")
    _claims(note, "takeaways", note.takeaways, key=key)


def note_body(note: Note, *, key: str) -> None:
    """The rest of the note."""
    for name in ABSTRACT_PARTS:
        _claims(note, name, getattr(note, name), key=key)
    if any(getattr(note.conclusion, name) for name in CONCLUSION_PARTS):
        st.markdown(f"**{t('conclusion')}**")
    for name in CONCLUSION_PARTS:
        _claims(note, name, getattr(note.conclusion, name), key=key)


def show_figures(figures: Sequence[Figure], *, limit: int | None = None) -> None:
    """Figures and tables with label, page and caption."""
    for figure in figures[:limit]:
        try:
            picture = library().view.file(figure.file).read_bytes()
        except KbError:  # it is gone or changed: doctor says so
            continue
        place = t("page_short", page=figure.page)
        said = figure.caption.startswith(figure.label)  # most captions begin with their label
        caption = f"{place} · {figure.caption}" if said else f"{figure.label}, {place}: {figure.caption}"
        with st.container(border=True):
            st.image(picture, alt=markup.shortened(caption, 300))
            st.caption(markup.with_maths(caption))


def _claims(note: Note, name: str, claims: Sequence[Claim], *, key: str) -> None:
    st.markdown(f"**{t(name)}**")
    if not claims:
        _reason(note, name)
    for number, claim in enumerate(claims):
        claim_line(claim, key=f"{key}-{name}-{number}")


def _reason(note: Note, name: str) -> None:
    """Why a field is empty: it never stays silent."""
    status = note.status.get(name)
    why = library().view.told(status.reason, language()) if status else ""
    st.caption(markup.plain(f"{t('not_stated')}: {why}" if why else t("not_stated")))
