"""What a section's heading promises: introduction, related work, method, experiment, result, conclusion …"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

SectionKind = Literal[
    "abstract", "introduction", "related", "method", "experiment", "result", "conclusion", "limitation", "aside"
]

_NUMBER = re.compile(
    r"^\s*(?:(?:section|chapter|appendix)\s+)?(?:\d+(?:\.\d+)*|[IVX]+(?=[.:)\s])|[A-Z](?=[.:)\s]|\.\d))"
    r"[.:)]?(?:\d+\.?)*\s+",
    re.IGNORECASE,
)
# First that matches decides, so the narrower ones stand first.
_TELLING: Mapping[SectionKind, str] = {
    "abstract": "^(abstract|summary)$",
    "aside": (
        "acknowledg|^references|bibliography|^appendi|supplement|ethic|broader impact|impact statement|funding"
        "|author contribution|conflict|competing|checklist|data availability|code availability|reproducib|licen[cs]e"
        "|^notation|^outline|^contents$|credit"
    ),
    "limitation": "limitation|threats to validity|failure (case|mode)|shortcoming",
    "related": (
        "related work|related research|prior (work|art)|previous work|literature|existing (work|method|approach)"
        "|state of the art|^background|^preliminar|background and related|^review of"
    ),
    "result": (
        "result|finding|ablation|comparison|performance|main experiment|error analys|^analys|quantitative|qualitative"
    ),
    "conclusion": "conclu|discussion|future work|closing|final remarks|outlook|summary|lessons",
    "experiment": (
        "experiment|evaluation|evaluating|setup|set-up|settings?$|baseline|implementation|data ?sets?\\b|corpus|corpora"
        "|^data$|data collection|benchmark|training (details|data|regime|setup)|^training$|hardware|schedule$"
        "|optimi[sz]er|regulari[sz]|hyper-?param|metrics?\\b|case stud|tasks?$"
    ),
    "introduction": "introduction|motivation|overview of (the )?(paper|contribution)|^contribution",
    "method": (
        "method|approach|model|architecture|algorithm|framework|system|our |proposed|design|formulation|objective|loss"
        "|training|learning|inference|overview|problem (statement|setting|definition)|theor|derivation|pipeline|module"
        "|encoder|decoder|attention|network|construction|procedure|technique|annotation|material"
    ),
}
_KINDS = [(kind, re.compile(pattern)) for kind, pattern in _TELLING.items()]


def section_kind(path: Sequence[str]) -> SectionKind | None:
    """The kind of the section whose headings are ``path`` (outermost first); None when no heading tells.

    The outermost heading decides when it is an aside, related work or a conclusion ("Related work › Attention models"
    stays related work); else the innermost heading that tells does.
    """
    kinds = [kind for heading in path if (kind := heading_kind(heading))]
    if not kinds:
        return None
    if kinds[0] in ("aside", "related", "conclusion", "limitation", "abstract"):
        return kinds[0]
    if kinds[-1] == "method" and kinds[0] in ("experiment", "result"):
        return kinds[0]  # "Results › Model variations"
    return kinds[-1]


def heading_kind(heading: str) -> SectionKind | None:
    """The kind that one heading tells: ``"4.2 Ablation study"`` -> ``"result"``; None for "DistriFusion"."""
    bare = _NUMBER.sub("", heading).strip(" .:#*\t").casefold()
    return next((kind for kind, pattern in _KINDS if pattern.search(bare)), None)
