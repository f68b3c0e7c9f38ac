"""Which licences let a page show a paper's figures and quote more than its abstract to the public."""

from __future__ import annotations

import re

# Creative Commons licences and the public domain dedication (https://creativecommons.org/licenses/). arXiv's own
# licence to distribute (nonexclusive-distrib) gives readers no right to republish. An unknown licence is none.
_OPEN = re.compile(
    r"creativecommons\.org/(?:licenses/by(?:-(?:sa|nc|nd|nc-sa|nc-nd))?/|publicdomain/(?:zero|mark)/)"
    r"|^cc[ -]?(?:0|by(?:-(?:sa|nc|nd|nc-sa|nc-nd))?)(?:[ -]\d\.\d)?$|^public domain$",
    re.IGNORECASE,
)


def may_republish(licence: str | None) -> bool:
    """Whether figures and quotations beyond the abstract may be shown to the public, with attribution."""
    return bool(licence) and _OPEN.search((licence or "").strip()) is not None
