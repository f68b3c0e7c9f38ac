"""Choosing papers out of any number: type some words, take from what they find."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.session import Revision, library, state, t

_OFFERED = 40


def pick_papers(given: Sequence[str], *, key: str, most: int | None = None) -> list[str]:
    """Ids of the chosen papers, at first those given. Without words the newest papers are offered."""
    words = st.text_input(t("find_papers"), key=f"{key}-find", type="search", placeholder=t("find_in_table")).strip()
    # As long as the words are the same the options are, too: each change of them would draw the field anew.
    kept = st.session_state.get(f"{key}-options")
    chosen = st.session_state.get(f"{key}-chosen", list(given)) if kept and kept[1] == list(given) else list(given)
    if kept is None or kept[:2] != (words, list(given)):
        kept = (words, list(given), list(dict.fromkeys([*chosen, *_offered(*state(), words)])), list(chosen))
        st.session_state[f"{key}-options"] = kept
    titles = {paper.id: paper.title for paper in library().papers.many(kept[2])}
    picked = st.multiselect(
        t("papers"), list(titles), default=[one for one in kept[3] if one in titles], max_selections=most,
        placeholder=t("choose"), format_func=lambda one: titles.get(one, one), key=f"{key}-picked",
    )  # fmt: skip
    st.session_state[f"{key}-chosen"] = list(picked)
    return list(picked)


@st.cache_data(max_entries=64, show_spinner=False)
def _offered(home: str, revision: Revision, words: str) -> list[str]:
    here = library()
    if not words:
        return [paper.id for paper in here.list(limit=_OFFERED)]
    return [paper.id for paper in here.papers.having(words, limit=_OFFERED)]
