"""What a page shows, kept in its address: bookmarks, shared links, Back and Forward.

Streamlit's own binding of widgets writes labels into the address (so they would depend on the language) and
replaces the entry of the history (so Back would leave the app). Here the address holds codes, and each change is an
entry of the history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing in the address: what it is when it is not there, and which values it can have."""

    default: Any = ""
    choices: tuple[Any, ...] = ()

    def read(self, text: str) -> Any:
        """The value that the address means; the default where it cannot be one."""
        try:
            value = date.fromisoformat(text) if self.default is None else type(self.default)(text)
        except ValueError:
            return self.default
        if isinstance(self.default, bool):
            value = text == "True"
        return value if not self.choices or value in self.choices else self.default


def restore(page: str, fields: Mapping[str, Field]) -> None:
    """Before the widgets: give them the values of the address. A widget's key is ``<page>-<name>``."""
    given = {name: st.query_params[name] for name in fields if name in st.query_params}
    known = st.session_state.get(f"address-{page}")
    if known is not None and not given and len(st.query_params):
        # On its way to another page Streamlit puts that page's parameters into the history of this one.
        given = known
    for name, field in fields.items():
        key = f"{page}-{name}"
        if given != known or key not in st.session_state:
            st.session_state[key] = field.read(given[name]) if name in given else field.default
    st.session_state[f"address-{page}"] = given


def keep(page: str, fields: Mapping[str, Field]) -> None:
    """After the widgets: write what they say into the address, as a new entry of the history when it changed."""
    values = {name: st.session_state.get(f"{page}-{name}", field.default) for name, field in fields.items()}
    said = {name: str(value) for name, value in values.items() if value != fields[name].default and value is not None}
    if said != st.session_state[f"address-{page}"]:
        st.session_state[f"address-{page}"] = said
        st.query_params.from_dict(said)


def go(page: str, values: Mapping[str, str]) -> None:
    """Turn to a page with these values in its address, also to the page that is open: Streamlit's own links leave
    the address as it is then."""
    if st.session_state.get("shown-page") != page:
        st.switch_page(f"{page}.py", query_params=dict(values))
    st.query_params.from_dict(dict(values))
    st.rerun()
