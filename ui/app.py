"""Entry of the app: the frame that every page stands in. ``kb ui`` starts it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui import work
from ui.session import errors_shown, t

PAGES = {
    "today": ":material/today:",
    "search": ":material/search:",
    "ask": ":material/forum:",
    "compare": ":material/table_chart:",
    "library": ":material/library_books:",
    "map": ":material/scatter_plot:",
}


def _signed_in() -> bool:
    """Whether the person may see the library: always, unless sign-in is configured."""
    if not st.secrets.load_if_toml_exists() or "auth" not in st.secrets or st.user.get("is_logged_in"):
        return True
    st.button(t("sign_in"), on_click=st.login, type="primary")
    return False


st.set_page_config(page_title="kb", page_icon="📖", layout="wide")
st.html(Path(__file__).with_name("app.css"))
if _signed_in():
    here = Path(__file__).parent
    pages = [
        st.Page(here / f"{name}.py", title=t(name), icon=icon, url_path=name, default=name == "today")
        for name, icon in PAGES.items()
        if (here / f"{name}.py").exists()
    ]
    hidden = [st.Page(here / "paper.py", title=t("paper"), icon=":material/article:", visibility="hidden")]
    page = st.navigation([*pages, *hidden], position="top")
    if page.url_path != "library" and (removal := st.session_state.pop("removal", None)):
        work.start("remove", *removal["ids"])  # to leave the page is to agree
    st.session_state["shown-page"] = page.url_path or "today"
    with errors_shown():
        page.run()
