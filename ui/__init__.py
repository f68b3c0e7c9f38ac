"""The Streamlit app: one module a page."""
