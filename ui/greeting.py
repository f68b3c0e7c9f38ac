"""What an empty home shows: three ways in."""

from __future__ import annotations

import streamlit as st

from ui.session import t


def greet() -> None:
    """The three ways in: the demo papers, a topic, a PDF."""
    st.subheader(t("welcome"), anchor=False)
    st.markdown(t("welcome_text"))
