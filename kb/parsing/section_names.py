"""How headings are worded: numbers before them, and the names that sections usually have."""

from __future__ import annotations

import re

NUMBERED = re.compile(
    r"^(?P<number>(?:\d{1,2}|[A-Z])(?:\.\d{1,2}){0,3}\.?|[IVX]{1,5}\.|(?:Appendix|APPENDIX) [A-Z]\d?[.:]?"
    r"|(?:Chapter|Section) \d+[.:]?)\s+(?P<title>\S.*)$"
)
KNOWN = re.compile(
    r"^(?:abstract|introduction|(?:prior and )?related works?|background|motivation|preliminaries|methods?|methodology"
    r"|materials and methods|experiments?|experimental (?:setup|results)|results?(?: and discussion)?|evaluation"
    r"|analysis|discussion|conclusions?(?: and .*)?|summary|acknowledge?ments?|references|bibliography|literature cited"
    r"|limitations?(?: and .*)?|ethic(?:s|al).*|appendix(?: [A-Z\d])?|appendices|supplementary materials?"
    r"|broader impacts?.*|reproducibility.*|ccs concepts|key ?words|categories and subject descriptors|general terms"
    r"|funding|author contributions|contributions|future work|(?:data|code) availability.*|competing interests"
    r"|conflicts? of interest.*|references and notes|impact statement)[.:]?$",
    re.IGNORECASE,
)
REFERENCES = re.compile(
    r"^(?:references(?: and notes)?|bibliography|literature cited|works cited|参考文献|参考資料)[.:]?$", re.IGNORECASE
)
APPENDIX = re.compile(r"^(?:appendi(?:x|ces)|supplement|supporting information|[A-Z](?:\.\d+)*\.?\s)", re.IGNORECASE)
FLOAT_TITLE = re.compile(r"^\W?(?:Fig(?:ure|\.)?|Table|Scheme|Algorithm|Listing)(?=\W|$)", re.IGNORECASE)


def bare_title(title: str) -> str:
    """A heading without its number: "3.1 Data" -> "Data"."""
    match = NUMBERED.match(title)
    return match["title"].strip() if match else title.strip()
