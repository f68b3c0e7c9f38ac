"""The forms of a digest, by name; this module imports nothing, so that ``kb --help`` answers at once."""

from __future__ import annotations

FORMS = ("hexo", "html", "md", "rss", "bibtex", "json", "mail", "obsidian")
PAGE_FORMS = ("hexo", "json")
"""What a digest is written as unless other forms are asked for: the page, and the data that make it again."""
DAILY_FORMS = ("hexo", "html", "rss", "json")
"""The same for the daily job."""
