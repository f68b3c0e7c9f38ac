"""Where papers come from: arXiv, files, bibliographies. Each source turns what a user names into items."""
