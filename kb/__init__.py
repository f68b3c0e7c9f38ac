"""A paper knowledge base that shows where every sentence comes from.

>>> from kb import Library, Settings
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kb.library import Library
    from kb.settings import Settings

__version__ = "0.1.0"
__all__ = ["Library", "Settings", "__version__"]


def __getattr__(name: str) -> Any:
    # Imported when first used, so that `kb --help` does not pay for what it does not need.
    if name == "Library":
        from kb.library import Library

        return Library
    if name == "Settings":
        from kb.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
