"""What the prose of a record states (abstract, comment, journal reference, list of authors): whether the paper is
withdrawn, who wrote it, where its code and project are, and its venue, a known name and never the raw string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kb.latex import decode_latex
from kb.links import HOSTS, LOOK_BACK, link_kind, same_address, without_punctuation
from kb.names import is_suffix
from kb.records import Link

# -------------------------------------------------------------------------------- withdrawal and authors

_SEPARATOR = re.compile(r"\s*(?:,\s*and|,|\band)\s+|\s*,\s*", re.IGNORECASE)

# "withdrawn from ICLR" speaks of a conference; these speak of the paper on arXiv.
_PAPER = r"(?:paper|article|submission|manuscript|work|preprint|document|version|draft|note)"
_NOT_FROM_A_VENUE = r"(?!\s+from\s+(?!(?:the\s+)?arxiv))"
_WITHDRAWN = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        (
            rf"\b{_PAPER}\s+(?:has\s+been|was|is|is\s+being|have\s+been)\s+(?:temporarily\s+)?"
            rf"(?:withdrawn|retracted)\b{_NOT_FROM_A_VENUE}"
        ),
        r"\bwithdrawn\s+(?:by|at)\s+(?:the\s+)?(?:request|arxiv|(?:\w+\s+)?authors?|submitter)\b",
        r"\bwithdrawn\s+(?:for|due|because|as|since|pending|until)\b",
        rf"^\W*(?:temporarily\s+)?withdrawn\b{_NOT_FROM_A_VENUE}",
        (
            rf"\b(?:authors?|we|i)\s+(?:have\s+|has\s+)?(?:decided\s+to\s+)?withdr(?:aw|ew|awn)\s+(?:this|the|our)\s+"
            rf"{_PAPER}\b{_NOT_FROM_A_VENUE}"
        ),
    )
)
# An abstract speaks of other papers' withdrawals too: it counts only as a notice at its very beginning.
_NOTICE = re.compile(
    rf"\W*(?:(?:this|the|our)\s+(?:\w+\s+)?{_PAPER}\s+(?:has\s+been|was|is)\s+(?:temporarily\s+)?)?withdrawn\b"
    rf"{_NOT_FROM_A_VENUE}",
    re.IGNORECASE,
)


def says_withdrawn(*, comment: str | None = None, abstract: str | None = None) -> bool:
    """Whether the comment, or a notice in place of the abstract, says that arXiv's paper is withdrawn."""
    if any(pattern.search(" ".join((comment or "").split())) for pattern in _WITHDRAWN):
        return True
    return _NOTICE.match(" ".join((abstract or "").split())) is not None


def listed_authors(text: str) -> tuple[str, ...]:
    """Names out of "Ann Bee (Univ. of C), D. Eff, Jr. and Gee H." in order, LaTeX decoded; "Jr." stays with its name.

    Affiliations in parentheses are left out. Linear in the text.
    """
    names: list[str] = []
    for part in _SEPARATOR.split(_without_notes(decode_latex(text))):
        if names and is_suffix(part):
            names[-1] += f", {part}"
        elif part:
            names.append(part)
    return tuple(names)


def _without_notes(text: str) -> str:
    """The text without what stands in parentheses that are closed again."""
    opened: list[int] = []
    notes: list[tuple[int, int]] = []
    for sign in re.finditer(r"[()]", text):
        if sign[0] == "(":
            opened.append(sign.start())
        elif opened:
            start = opened.pop()
            while notes and notes[-1][0] > start:
                notes.pop()
            notes.append((start, sign.end()))
    position, kept = 0, []
    for start, end in notes:
        kept.append(text[position:start])
        position = end
    return " ".join("".join([*kept, text[position:]]).split()).replace(" ,", ",")


# ------------------------------------------------------------------------------------------------- links

# Broken addresses as people write them: "https: //github. com/a/b", "https:github.com/a", "https://github.\ncom/a".
_HEALING = (
    (re.compile(r"\b(https?)\s*:\s*/\s*/\s*(?=\w)", re.I), r"\1://"),
    (re.compile(r"\bhttps?:(?=(?:github|gitlab)\.com/)", re.I), "https://"),
    (re.compile(r"\b(github|gitlab)\s*\.\s*(com|io)\b", re.I), r"\1.\2"),
    # A blank after "github.com/owner/" is healed only when what follows looks like a name, not like a word.
    (
        re.compile(
            r"(https?://(?:github|gitlab)\.com/(?:[\w.-]+/)?)\s+(?=[\w.-]*(?:[-_/]|[a-z][A-Z0-9])[\w./-]*[.\s]*(?:$|[,;)]))"
        ),
        r"\1",
    ),
)
_TEX = (
    (re.compile(r"\\href\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\\text(?:asciitilde|tildelow)\s*(?:\{\})?|\$\\sim\$|\\~\{\}"), "~"),
    (re.compile(r"\\([_#%&~$])"), r"\1"),
)
_ADDRESS = re.compile(
    rf"(?:https?://|(?<![\w/.@-])(?:www\.)?(?={HOSTS}(?:/|\b(?=[^\w.]|$))))[^\s<>\"{{}}|\\^`\[\]$，。；、）（]+",
    re.I,
)
# One of these stands in every address; most texts have none, and this is much faster than to look for addresses.
_SIGNS = ("http", "www.", "github", "gitlab", *re.findall(r"[\w-]+(?:\.[\w-]+)+", HOSTS.replace("\\", "")))


def address_of_id(key: str, *, version: int | None = None) -> str | None:
    """The page of an arXiv id or a DOI; None for the ids that are given here."""
    scheme, _, rest = key.partition(":")
    if scheme == "arxiv":
        return f"https://arxiv.org/abs/{rest}v{version}" if version else f"https://arxiv.org/abs/{rest}"
    return f"https://doi.org/{rest}" if scheme == "doi" else None


def links_of(texts: Iterable[str | None], *, source: str = "") -> tuple[Link, ...]:
    """Links to code and project pages in the texts (abstract, comment), in order, each once.

    Repositories on the known hosts are code, ``*.github.io`` and the like are projects; an address elsewhere
    counts when the words before it say "code" or "project page". Line breaks and blanks inside an address are
    healed, LaTeX around it and punctuation after it are cut; nothing is made up or looked up.
    """
    found: dict[str, Link] = {}
    for text in texts:
        lowered = (text or "").lower()
        if not text or not any(sign in lowered for sign in _SIGNS):
            continue
        for url, before in _addresses(text):
            kind = link_kind(url, before)
            if kind is not None:
                found.setdefault(same_address(url), Link(kind=kind, url=url, source=source))
    return tuple(found.values())


def every_link(
    ids: Iterable[str],
    *,
    stated: Iterable[Link] = (),
    texts: Iterable[str | None] = (),
    version: int | None = None,
    source: str = "",
) -> tuple[Link, ...] | None:
    """The links of a record, each once: the PDF of an arXiv id and the publisher's page of a DOI, those that it states,
    those that its texts name; None for none.
    """
    pages = [(key, page) for key in ids if (page := address_of_id(key, version=version))]
    of_ids = [
        Link(kind="doi", url=page, source=source)
        if key.startswith("doi:")
        else Link(kind="pdf", url=page.replace("/abs/", "/pdf/"), source=source)
        for key, page in pages
    ]
    found = {(link.kind, link.url.rstrip("/")): link for link in (*of_ids, *stated)}
    for link in links_of(texts, source=source):
        found.setdefault((link.kind, link.url.rstrip("/")), link)
    return tuple(found.values()) or None


def _addresses(text: str) -> list[tuple[str, str]]:
    """(address, what stands before it) for each address in a text, healed and trimmed."""
    for pattern, replacement in (*_TEX, *_HEALING):
        text = pattern.sub(replacement, text)
    found = []
    for match in _ADDRESS.finditer(text):
        url = without_punctuation(match[0])
        if not url.lower().startswith("http"):
            url = f"https://{url}"
        if re.match(r"https?://[\w-]+(?:\.[\w-]+)+(?:[:/?#]|$)", url, re.I):
            found.append((url, text[max(0, match.start() - LOOK_BACK) : match.start()]))
    return found


# ------------------------------------------------------------------------------------------------ venues

# Acronyms of conferences: matched with their capitals, and with no word boundary after them ("CVPR2025").
_CONFERENCES = (
    "3DV AAAI AACL AAMAS ACCV ACIIDS ACIVS ACL ACSAC AIED AIES AISTATS ALIFE ALT APSIPA ASE ASRU AutoML AVSS "
    "BigData BMVC CADE CAIP CASE CAV CBMI CBMS CCS CDC CHI CHIIR CHIL CIKM CLeaR CLEF CODS-COMAD CogSci COLING "
    "CoLLAs COLM COLT CONLL CoNLL CoRL CPAL CSCW CUI CVPR DAC DAGM DATE DCASE DICTA DIS DSN EACL ECAI ECCV ECIR "
    "ECML ECML-PKDD ECMR EDBT EDM EMBC EMNLP ESANN ESEC/FSE ESWC EuroS&P EuroSys EUSIPCO EvoStar FAccT FAT* FG "
    "FOCS FSE FUSION GCPR GECCO GLOBECOM HPCA HRI ICAART ICAIL ICANN ICAPS ICASSP ICC ICCAD ICCC ICCS ICCV ICDAR "
    "ICDCS ICDE ICDM ICIAP ICIP ICLR ICME ICMI ICML ICMLA ICMR ICNLSP ICONIP ICPR ICRA ICSE ICSME ICTAI ICTIR "
    "ICWSM IDA IEEE-VIS IJCAI IJCB IJCKG IJCNLP IJCNN INFOCOM INLG Interspeech InterSpeech INTERSPEECH IROS ISBI "
    "ISCA ISIT ISMAR ISMIR ISSTA ISVC ISWC ITSC IUI IV IVA IWCS IWSLT JCDL KDD KR L4DC LAK LoG LREC LREC-COLING "
    "MASS MICCAI MICRO MIDL MIPR MLHC MLSys MMM MMSys MobiCom MobileHCI MobiSys MVA NAACL NDSS NeurIPS Neurips "
    "NIPS NSDI OOPSLA OSDI PacificVis PACLIC PACT PAKDD PerCom PLDI PODC PODS POPL PPoPP PPSN PRICAI PSIVT RANLP "
    "RecSys RO-MAN RoboCup RSS SANER SaTML SC SDM SEMANTICS SEMEVAL SemEval SenSys SIGDIAL SIGGRAPH SIGIR SIGKDD "
    "SIGMOD SIGSPATIAL SLT SMC SODA SOSP SSW STOC TARK TheWebConf UAI UbiComp UIST USENIX-Security VISAPP "
    "VISIGRAPP VLDB WACV WI-IAT WMT WSDM WWW"
).split()
# Acronyms that are also words or other things: they count only with a year right after them.
_NEED_YEAR = frozenset(
    (
        "ALT ASE AutoML BigData CAIP CASE CAV CCS CDC CHI CHIL CLeaR CPAL CUI DAC DATE DIS DSN EDM FG FSE FUSION "
        "HRI ICC ICCS IDA ISCA IUI IV IVA KR LAK LoG MASS MICRO MVA PACT RSS SC SDM SEMANTICS SLT SMC SSW UAI WWW"
    ).split()
)
# Several spellings of one name.
_SPELLINGS = {
    "CONLL": "CoNLL",
    "InterSpeech": "INTERSPEECH",
    "ECML": "ECML PKDD",
    "ECML-PKDD": "ECML PKDD",
    "Interspeech": "INTERSPEECH",
    "NIPS": "NeurIPS",
    "Neurips": "NeurIPS",
    "SEMEVAL": "SemEval",
    "SIGKDD": "KDD",
    "TheWebConf": "WWW",
}
# Full names (regular expressions) and the acronym that people know.
_FULL_NAMES = {
    r"Computer Vision and Pattern Recognition": "CVPR",
    r"International Conference on Computer Vision(?! Theory)": "ICCV",
    r"European Conference on Computer Vision": "ECCV",
    r"Winter Conference on Applications of Computer Vision": "WACV",
    r"British Machine Vision Conference": "BMVC",
    r"(?:Conference on )?Neural Information Processing Systems": "NeurIPS",
    r"International Conference on Learning Representations": "ICLR",
    r"International Conference on Machine Learning(?! and|\s+Applications|\s+Technolog)": "ICML",
    r"North American Chapter of the Association for Computational Linguistics": "NAACL",
    r"European Chapter of the Association for Computational Linguistics": "EACL",
    r"Annual Meeting of the Association for Computational Linguistics": "ACL",
    r"Empirical Methods in Natural Language Processing": "EMNLP",
    r"Conference on Language Modeling": "COLM",
    r"Conference on Robot Learning": "CoRL",
    r"International Conference on Robotics and Automation": "ICRA",
    r"Intelligent Robots and Systems": "IROS",
    r"Acoustics,? Speech,? and Signal Processing": "ICASSP",
    r"ACM (?:International Conference on |Intl\.? Conf\.? on )?Multimedia(?! Asia| Systems| Retrieval)": "ACM MM",
    r"Medical Image Computing and Computer[- ]Assisted Intervention": "MICCAI",
    r"Knowledge Discovery and Data Mining": "KDD",
    r"(?:The )?(?:ACM )?Web Conference": "WWW",
}
# Journals (regular expressions) and the name to show.
_JOURNALS = {
    r"\bT-?PAMI\b|Transactions on Pattern Analysis and Machine Intelligence": "IEEE TPAMI",
    r"\bTIP\b|Transactions on Image Processing": "IEEE TIP",
    r"\bTMM\b|IEEE Transactions on Multimedia": "IEEE TMM",
    r"\bTCSVT\b|Transactions on Circuits and Systems for Video Technology": "IEEE TCSVT",
    r"\bTNNLS\b|Transactions on Neural Networks and Learning Systems": "IEEE TNNLS",
    r"\bTMI\b|Transactions on Medical Imaging": "IEEE TMI",
    r"\bTGRS\b|Transactions on Geoscience and Remote Sensing": "IEEE TGRS",
    r"\bTKDE\b|Transactions on Knowledge and Data Engineering": "IEEE TKDE",
    r"\bTVCG\b|Transactions on Visualization and Computer Graphics": "IEEE TVCG",
    r"\bT-?ITS\b|Transactions on Intelligent Transportation Systems": "IEEE T-ITS",
    r"\bT-?RO\b|Transactions on Robotics": "IEEE T-RO",
    r"\bRA-?L\b|Robotics and Automation Letters": "IEEE RA-L",
    r"\bJBHI\b|Journal of Biomedical and Health Informatics": "IEEE JBHI",
    r"\bTASLP\b|Transactions on Audio,? Speech,? and Language Processing": "IEEE TASLP",
    r"\bTIFS\b|Transactions on Information Forensics and Security": "IEEE TIFS",
    r"\bTAI\b|IEEE Transactions on Artificial Intelligence": "IEEE TAI",
    r"IEEE Internet of Things Journal": "IEEE IoT-J",
    r"\bIEEE Access\b": "IEEE Access",
    r"\bTOMM\b|Transactions on Multimedia Computing": "ACM TOMM",
    r"\bTOIS\b|ACM Transactions on Information Systems": "ACM TOIS",
    r"\bTIST\b|Transactions on Intelligent Systems and Technology": "ACM TIST",
    r"\bTOG\b|ACM Transactions on Graphics": "ACM TOG",
    r"\bACM Computing Surveys\b": "ACM Computing Surveys",
    r"\bTMLR\b|Transactions on Machine Learning Research": "TMLR",
    r"\bTACL\b|Transactions of the Association for Computational Linguistics": "TACL",
    r"\bJMLR\b|Journal of Machine Learning Research": "JMLR",
    r"\bJAIR\b|Journal of Artificial Intelligence Research": "JAIR",
    r"\bIJCV\b|International Journal of Computer Vision": "IJCV",
    r"\bIJDAR\b|International Journal on Document Analysis and Recognition": "IJDAR",
    r"\bMELBA\b|Machine Learning for Biomedical Imaging": "MELBA",
    r"\bMedical Image Analysis\b": "Medical Image Analysis",
    r"\bPattern Recognition Letters\b": "Pattern Recognition Letters",
    (
        r"(?:(?:in|by|to|at),? |^)(?:the )?(?:journal )?(?:of )?Pattern Recognition\b"
        r"(?= ?[,.;(\d]|$| journal)"
    ): "Pattern Recognition",
    r"(?:in|by|to)\s+(?:the )?(?:journal )?Neural Networks\b": "Neural Networks",
    r"\bNeurocomputing\b": "Neurocomputing",
    r"\bExpert Systems with Applications\b": "Expert Systems with Applications",
    r"\bKnowledge-Based Systems\b": "Knowledge-Based Systems",
    r"\bInformation Fusion\b": "Information Fusion",
    r"\bComputational Linguistics\b(?= journal|,? (?:MIT|Vol|\d))": "Computational Linguistics",
    r"\bScientific Reports\b": "Scientific Reports",
    r"\bNature Communications\b": "Nature Communications",
    r"\bNature Machine Intelligence\b": "Nature Machine Intelligence",
    r"\bnpj Digital Medicine\b": "npj Digital Medicine",
}
_MULTIMEDIA = re.compile(
    r"\bACM\s*MM(?!\s*Asia|Sys)(?=\W|\d|$)|\bACMMM(?!\s*Asia)|\bMM\s?(?=['’]\d\d)|\bMM\s+(?=20\d\d)"
)
_ACRONYM = re.compile(
    r"(?<![A-Za-z0-9./@&-])(?:(?:IEEE|ACM|CVF|SIGCHI|USENIX)[/ -]{0,3}){0,4}(?P<name>"
    + "|".join(re.escape(name) for name in sorted(_CONFERENCES, key=len, reverse=True))
    + r")(?P<w>[wW](?=\W|\d|$))?(?![a-z]{2}|[A-Z]{2}|[A-Z]\b|-[A-Za-z])"
)
_FULL_NAME = re.compile("|".join(f"(?P<n{i}>{name})" for i, name in enumerate(_FULL_NAMES)), re.I)
_JOURNAL = re.compile("|".join(f"(?P<j{i}>{name})" for i, name in enumerate(_JOURNALS)))
_YEAR_AFTER = re.compile(
    r"[\s\-_:,.()'’`]{0,4}(?:\([A-Za-z/ ]{2,12}\)[\s,]*)?(?P<year>20[0-4]\d)(?!\d)"
    r"|\s?['’`]\s?(?P<quoted>\d\d)(?!\d)|[\s-]?(?P<short>2\d)(?!\d|%|\s*(?:pages|pp|figures|tables|[x×]))"
)
_YEAR = re.compile(r"(?<![\d./])(20[0-4]\d)(?![\d/])")
_CLAUSES = re.compile(r"(?<=[^A-Z\d]\.)\s+(?=[A-Z\d])|(?<=\d\.)\s+(?=[A-Z])|[;|]\s*|\n\s*\n|(?<=[a-z)])\.\s*$")
_ACCEPTED = re.compile(
    r"\b(?:re)?acc?ept|\baccpet|\bpublished\b|\bto appear\b|\bappear(?:s|ed|ing)? (?:in|at)\b|\bpresented\b"
    r"|\bin press\b|\bpublication in\b|\bproceedings\b|\bcamera[- ]ready\b|\boral\b|\bposter\b|\bspotlight\b"
    r"|\bhighlight\b|\bto be published\b|\bpaper at\b",
    re.I,
)
_NOT_YET = re.compile(
    r"\bsubmi(?:t|tted|ssion)\b|\bsubmitting\b|\bunder (?:peer[- ])?(?:re)?review|\bin (?:peer )?review\b"
    r"|\bunder consideration\b|\bfor review\b|\bunder (?:major |minor )?revision\b|\brejected\b|\bwithdrawn\b"
    r"|\b(?:if|upon|after|until|once|pending) accept|\bARR\b",
    re.I,
)
_EARLIER_PAPER = re.compile(
    r"\b(?:extended|journal|longer|full|updated|improved) (?:version|extension) of\b|\bextension(?: version)? of\b"
    r"|\bextend(?:s|ing)\b|\bbased on\b|\bfollow[- ]?up\b|\bprevious(?:ly)?\b"
    r"|\b(?:earlier|prior|preliminary) (?:\w+ )?(?:paper|version|work)\b",
    re.I,
)
_NOT_A_PAPER = re.compile(
    r"\bsolution\b|\bchallenge\b|\bshared task\b|\bwinn(?:er|ing)\b|\b(?:1st|2nd|3rd|first|second|third)[- ]place\b"
    r"|\btutorial\b|\bcompetition\b|\btemplate\b|\bformat\b|\bstyle\b",
    re.I,
)
_WORKSHOP = re.compile(r"\bworkshops?\b|\bWS\b|\bSRW\b|\bdoctoral consortium\b|\bCVPRW\b|\w\s?@\s?[A-Z]", re.I)
_PREPRINTS = re.compile(
    r"arxiv\b.*|corr(?:[\s,]+(?:vol\S*\s+)?abs/.*)?|abs/\S+|computing research repository\b.*"
    r"|(?:e-?prints?|preprints?)\W+(?:(?:at|on|in)\s+)?arxiv\b.*|.*\barxiv (?:e-?prints?|preprints?)\b.*",
    re.I | re.S,
)
_LONGEST_STATED = 1_000  # characters of a comment or a reference that may state a venue


def is_of_preprints(venue: str) -> bool:
    """Whether what stands for a venue is where arXiv's preprints lie: "CoRR", "arXiv preprint arXiv:2402.19481"."""
    return _PREPRINTS.fullmatch(venue.strip()) is not None


def venue_of(comment: str | None, journal_ref: str | None = None) -> str | None:
    """The venue that the record states, e.g. "CVPR 2025", "Findings of ACL 2025", "ICLR 2025 Workshop", "TMLR".

    A journal reference is believed first (known venue, else its leading name and year). In a comment only known
    venues count, clause by clause: one that speaks of submission, review, a challenge or another paper does not.
    An acronym alone counts ("AAAI2026"); in longer clauses it needs a year or a word like "accepted". None when
    nothing is stated or the venue is not known.
    """
    reference = " ".join((journal_ref or "")[:_LONGEST_STATED].split())
    if reference and (name := _known(reference) or _leading_name(reference)):
        return name
    for clause in _CLAUSES.split(" ".join((comment or "")[:_LONGEST_STATED].split())):
        if clause and _counts(clause) and (name := _known(clause)):
            return name
    return None


def _counts(clause: str) -> bool:
    accepted = _ACCEPTED.search(clause)
    if (refused := _NOT_YET.search(clause)) and not (accepted and re.match(r"acc|reacc", accepted[0], re.I)):
        return False
    if refused and re.search(r"(?:if|upon|after|until|once|pending) accept", clause, re.I):
        return False
    return not _EARLIER_PAPER.search(clause) and not (_NOT_A_PAPER.search(clause) and not accepted)


def _known(clause: str) -> str | None:
    found = [hit for hit in (_conference(clause), _journal(clause)) if hit]
    return min(found)[1] if found else None


def _conference(clause: str) -> tuple[int, str] | None:
    stated = _ACCEPTED.search(clause) is not None
    clause = re.sub(r"ECML[ ,&/]{1,3}PKDD", "ECML-PKDD", clause)
    for match in sorted([*_ACRONYM.finditer(clause), *_MULTIMEDIA.finditer(clause)], key=lambda m: m.start()):
        name = match.groupdict().get("name") or "ACM MM"
        year = _year_near(clause, match.end())
        alone = len(clause) - len(match[0]) < 25
        if (stated or year or alone) and (year or name not in _NEED_YEAR):
            return match.start(), _decorated(clause, name, year=year, workshop=bool(match.groupdict().get("w")))
    full = _FULL_NAME.search(clause)
    if full and (stated or _YEAR.search(clause) or len(clause) < len(full[0]) + 40):
        name = list(_FULL_NAMES.values())[int((full.lastgroup or "n0")[1:])]
        return full.start(), _decorated(clause, name, year=_year_near(clause, full.end()), workshop=False)
    return None


def _year_near(clause: str, end: int) -> str | None:
    """The year after the acronym, or the only one in the clause."""
    if match := _YEAR_AFTER.match(clause, end):
        return match["year"] or f"20{match['quoted'] or match['short']}"
    years = set(_YEAR.findall(clause))
    return years.pop() if len(years) == 1 else None


def _decorated(clause: str, name: str, *, year: str | None, workshop: bool) -> str:
    name = _SPELLINGS.get(name, name)
    dated = f"{name} {year}" if year else name
    if re.search(r"\b(?:spring|summer|fall) symposi", clause, re.I):
        return f"{dated} Symposium"
    if workshop or _WORKSHOP.search(clause):
        return f"{dated} Workshop"
    return f"Findings of {dated}" if re.search(r"\bfindings\b", clause, re.I) else dated


def _journal(clause: str) -> tuple[int, str] | None:
    match = _JOURNAL.search(clause)
    if match is None or not (_ACCEPTED.search(clause) or len(clause) < len(match[0]) + 30 or _YEAR.search(clause)):
        return None
    return match.start(), list(_JOURNALS.values())[int((match.lastgroup or "j0")[1:])]


def _leading_name(journal_ref: str) -> str | None:
    """ "Phys. Rev. D 76, 013009 (2007)" -> "Phys. Rev. D 2007": the words before the first number, and the year."""
    match = re.match(r"[^\d(]*[^\W\d_]", journal_ref)
    name = re.sub(r"[\s,:;]+(?:vol(?:ume)?|no|pp?|issue|article)\.?$", "", match[0] if match else "", flags=re.I)
    if len(name) < 3 or len(name) > 120:
        return None
    year = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", journal_ref)
    return f"{name} {year[0]}" if year else name
