"""Digests to pages: one module a form, each with its own escaping."""
