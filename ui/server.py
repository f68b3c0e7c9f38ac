"""What ``kb ui`` starts: Streamlit's server behind the check of who asks. Its arguments are the names it answers to."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from kb.serving.hosts import OwnHosts

app = st.App(Path(__file__).with_name("app.py"), middleware=[Middleware(OwnHosts, names=sys.argv[1:])])
