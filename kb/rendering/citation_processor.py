# mypy: disable-error-code="misc"
"""CSL items set as entries of a bibliography by citeproc-py: the only module that imports it.

Where citeproc-py departs from the specification of CSL (names, groups, substitution, dates, ranges of pages, case of
titles, quotations), the elements of a style are classes of our own, put in for the tree of that style alone.
https://docs.citationstyles.org/en/stable/specification.html

The entries come with ``MARKS`` for what is set in italics and the like, and nothing in them is markup.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from citeproc import (  # type: ignore[import-untyped]
    NAMES,
    NUMBERS,
    Citation,
    CitationItem,
    CitationStylesBibliography,
    CitationStylesStyle,
    model,
)
from citeproc.source import Date, LiteralDate, Reference, VariableError  # type: ignore[import-untyped]
from citeproc.source.json import CiteProcJSON  # type: ignore[import-untyped]
from citeproc.string import join  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]

from kb.formulas import DOLLARS
from kb.names import means_others
from kb.records import Name
from kb.rendering.citation_styles import MARKS
from kb.text import one_line

_MARK = "[\ue010-\ue01b]"
# Quotation marks that a title has itself, the same within the quotation marks of a style, what stands between two
# signs of punctuation that are a title's own, behind the number of an entry, and about what keeps its case.
_OPEN, _CLOSE, _INNER_OPEN, _INNER_CLOSE, _GUARD, _NUMBERED, _KEPT, _KEPT_END = map(chr, range(0xE01C, 0xE024))
_SHOWN = str.maketrans(
    {_OPEN: "“", _CLOSE: "”", _INNER_OPEN: "‘", _INNER_CLOSE: "’", _GUARD: "", _KEPT: "", _KEPT_END: ""}
)
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_RICH = re.compile(r"<(i|b|sup|sub|sc)>([^<>]*)</\1>")  # what CSL-JSON allows within a field
_SMALL_CAPS = re.compile(r"<span style=\"font-variant: ?small-caps;\">([^<>]*)</span>")
_NO_CASE = re.compile(r"<span class=\"nocase\">([^<>]*)</span>")
_STRAIGHT = re.compile(r'(?<![\w.,;:!?)])"(?=\S)([^"]*[^\s"])"(?!\w)')
_CLOSED = re.compile(f"((?:[”{_CLOSE}{_INNER_CLOSE}]{_MARK}*)+)([.,])")
_APART = re.compile(rf" ({_MARK}*)(?=[.,](?:[\s”{_CLOSE}{_INNER_CLOSE}]|{_MARK}|$))")
_MEETING = re.compile(rf"([.,;:?!…])({_MARK}*)([.,])")
_WORD = re.compile(rf"(?P<kept>{_KEPT}[^{_KEPT_END}]*{_KEPT_END}|{DOLLARS})|[^\s/–—-]+")
_NAMESPACE = "http://purl.org/net/xbiblio/csl"
_CSL = f"{{{_NAMESPACE}}}"
_LONGEST = 20_000  # characters of a field that a citation can have
# What the processor raises on a style or an item that it does not know how to set.
STUMBLES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, OSError, RecursionError,
    RuntimeError, SyntaxError, TypeError, ValueError, VariableError, etree.LxmlError,
)  # fmt: skip


class NoBibliography(ValueError):
    """The style sets notes alone."""


def set_entries(items: Sequence[Mapping[str, Any]], path: Path) -> list[str]:
    """The CSL items as entries in their order, numbered from 1 where the style numbers them; "" for an empty one.

    Raises:
        NoBibliography: when the style has none.
        STUMBLES: when the file is no style, or one that the processor cannot set.
    """
    csl = CitationStylesStyle(str(path), validate=False)
    if csl.root.find(f"{_CSL}bibliography") is None:
        raise NoBibliography(path.stem)
    csl.xml.parser.set_element_class_lookup(_elements())
    _expand_dates(csl.root)
    layout = csl.root.bibliography.layout
    if len(layout) and (layout[0].get("variable") == "citation-number" or csl.root.bibliography.get(_ALIGNED)):
        layout[0].set("suffix", layout[0].get("suffix", "") + _NUMBERED)
    source = {f"p{number}": _Item(f"p{number}", item) for number, item in enumerate(items)}
    bibliography = CitationStylesBibliography(csl, source, _Letters)
    for key in source:
        bibliography.register(Citation([CitationItem(key)]))
    american = csl.root.bibliography.get_locale_option("punctuation-in-quote").lower() == "true"
    entries = ["".join(map(str, layout.render_bibliography([item]))) for item in bibliography.items]
    return [_mended(entry, american=american) for entry in entries]


_ALIGNED = "second-field-align"


def _elements() -> Any:
    """Which class each element of a style is of: citeproc's, and ours where we have one."""
    classes = {kind.__name__: kind for kind in model.CitationStylesElement.__subclasses__()}
    ours = {
        "Text": _Text, "Number": _Number, "Label": _Label, "Date": _Date, "Names": _Names, "Name": _PersonName,
        "Name_Part": _NamePart, "Substitute": _Substitute, "Group": _Group,
    }  # fmt: skip
    lookup = etree.ElementNamespaceClassLookup()
    namespace = lookup.get_namespace(_NAMESPACE)
    namespace[None] = model.CitationStylesElement
    namespace.update({name.replace("_", "-").lower(): kind for name, kind in (classes | ours).items()})
    return lookup


def _expand_dates(root: Any) -> None:
    """Write each date of a named form out in the parts that the locale gives to the form."""
    for date in list(root.iter(f"{_CSL}date")):
        form = date.get("form")
        local = root.get_date(form) if form and date.getparent().tag != f"{_CSL}locale" else None
        if local is None:
            continue
        stated = {part.get("name"): dict(part.attrib) for part in date}
        shown = date.get("date-parts", "year-month-day").split("-")
        parts = [copy.deepcopy(part) for part in local if part.get("name") in shown]
        date[:] = parts
        for part in parts:
            part.attrib.update(stated.get(part.get("name"), {}))
        del date.attrib["form"]
        if (delimiter := date.get("delimiter", local.get("delimiter"))) is not None:
            date.set("delimiter", delimiter)


# --------------------------------------------------------------------------------------------- items


class _Item(Reference):
    """The variables of an item, and what was set of them so far."""

    def __init__(self, key: str, item: Mapping[str, Any]) -> None:
        # Not by the superclass, which warns of every variable that came into CSL after it was written. What is no
        # variable is set past its __setattr__, which makes variables.
        self.__dict__.update(
            key=key,
            type=_clean(item.get("type")) or "document",
            cut=set(),  # the names that have others behind them which are not listed
            asked=0,  # how often a variable was asked for
            rendered=[],  # the variables that gave a text, in order
            substituted=set(),  # what stands in the place of names, and is not set again
        )
        for name, value in item.items():
            self._take(_variable("title-short" if name == "shortTitle" else name), value)

    def _take(self, variable: str, value: object) -> None:
        if variable in ("id", "type", "abstract"):
            return
        if isinstance(value, dict):
            if date := _date(value):
                self[variable] = _PARSER.parse_date(date)
        elif isinstance(value, list) or variable in NAMES:
            people = [parts for stated in _listed(value) if (parts := _name(stated))]
            kept = [parts for parts in people if not means_others(parts.get("literal") or parts.get("family", ""))]
            if kept:
                self[variable] = _PARSER.parse_names(kept)
                self.cut |= {variable} if len(kept) < len(people) else set()
        elif text := _rich(value):
            if variable in NUMBERS:
                text = re.sub(r"(?<=\d)\s*--?\s*(?=\d)", "–", text)
            self[variable] = _PARSER.parse_string(text)

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(_variable(name))


_PARSER = CiteProcJSON([])


def _variable(name: str) -> str:
    return name.replace("-", "_")


def _name(stated: object) -> dict[str, str]:
    """The parts of a name; whole where it is of one part, or written without a blank between the two."""
    if not isinstance(stated, dict):
        return {}
    parts = {
        part: text
        for part in ("family", "given", "dropping-particle", "non-dropping-particle", "suffix")
        if (text := _clean(stated.get(part)))
    }
    family, given = parts.get("family", ""), parts.get("given", "")
    whole = _clean(stated.get("literal"))
    if not whole and (not family or str(Name(family=family, given=given)) == f"{family}{given}"):
        whole = family + given
    return {"literal": whole} if whole else parts


def _date(value: Mapping[str, Any]) -> dict[str, Any]:
    """``date-parts`` as numbers, else the words of the date."""
    parts = [end for end in map(_date_parts, _listed(value.get("date-parts"))[:2]) if end]
    if parts:
        return {"date-parts": parts, **({"circa": 1} if value.get("circa") else {})}
    words = _clean(value.get("literal") or value.get("raw"))
    return {"literal": words} if words else {}


def _date_parts(end: object) -> list[int]:
    """Year, month and day up to the first that is none."""
    parts: list[int] = []
    for part, form in zip(_listed(end), (r"-?0*[1-9]\d{0,3}", "0?[1-9]|1[0-2]", r"0?[1-9]|[12]\d|3[01]"), strict=False):
        if not re.fullmatch(form, str(part)):
            break
        parts.append(int(part))
    return parts


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _clean(value: object) -> str:
    """A text or number on one line, without signs that are ours."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return ""
    text = _PRIVATE.sub("", one_line(str(value)[:_LONGEST]))
    return text.replace("“", _OPEN).replace("”", _CLOSE)


def _rich(value: object) -> str:
    """The same with its quotation marks paired and the rich text that CSL-JSON allows within a field in our signs."""
    text = _SMALL_CAPS.sub(r"<sc>\1</sc>", _NO_CASE.sub(rf"{_KEPT}\1{_KEPT_END}", _clean(value)))
    for _ in range(3):  # one within another
        text = _RICH.sub(lambda found: _Letters.marked(found[1], found[2]), text)
    text = _STRAIGHT.sub(rf"{_OPEN}\1{_CLOSE}", text)
    return re.sub(r"(?<=[.,?!…])(?=[.,])", _GUARD, text)


# ------------------------------------------------------------------------------------------ elements


class _Letters:
    """How citeproc marks letters: with our signs, whatever form is written in the end."""

    @staticmethod
    def preformat(text: object) -> str:
        return str(text)

    @staticmethod
    def marked(tag: str, text: object) -> str:
        return f"{MARKS[tag]}{text}{chr(ord(MARKS[tag]) + 1)}"

    Italic = Oblique = staticmethod(lambda text: _Letters.marked("i", text))
    Bold = staticmethod(lambda text: _Letters.marked("b", text))
    Underline = staticmethod(lambda text: _Letters.marked("u", text))
    Superscript = staticmethod(lambda text: _Letters.marked("sup", text))
    Subscript = staticmethod(lambda text: _Letters.marked("sub", text))
    SmallCaps = staticmethod(lambda text: _Letters.marked("sc", text))
    Light = str


class _Called:
    """An element that calls variables: it tells the item what it set, and sets nothing that was substituted."""

    get: Callable[..., Any]

    def render(self, item: Any, *args: Any, **kwargs: Any) -> Any:
        wanted = [_variable(name) for name in self.get("variable", "").split() if name != "year-suffix"]
        entry = item.reference
        entry.__dict__["asked"] += len(wanted)
        if wanted and entry.substituted.issuperset(wanted):
            return None
        text = super().render(item, *args, **kwargs)
        if text:
            entry.rendered.extend(wanted)
        return text


class _Cased:
    get: Callable[..., Any]
    get_root: Callable[..., Any]

    def case(self, text: Any, language: str | None = None) -> Any:
        """The text in the case that the element asks for; titles have capitals in English alone."""
        how = self.get("text-case")
        spoken = language or self.get_root().get("default-locale", "en")[:2]
        return text if how is None or (how == "title" and spoken != "en") else cased(str(text), how)


class _Paged:
    get_root: Callable[..., Any]

    def _format_last_page(self, first: str, last: str) -> str:
        return last_page(first, last, self.get_root().get("page-range-format"))


class _Text(_Called, _Cased, _Paged, model.Text):
    def quote(self, string: Any) -> Any:
        """In the quotation marks of the style; a title's own become those for within."""
        if self.get("quotes", "false").lower() != "true":
            return string
        opening, closing = (str(self.get_single_term(name=f"{side}-quote")) for side in ("open", "close"))
        text = str(string)
        if opening == "“":
            text = text.replace(_OPEN, _INNER_OPEN).replace(_CLOSE, _INNER_CLOSE)
        return f"{opening}{text}{closing}"


class _Number(_Called, _Cased, _Paged, model.Number):
    pass


class _NamePart(_Cased, model.Name_Part):
    pass


class _Label(_Cased, model.Label):
    def _is_plural(self, item: Any) -> bool:
        value = str(item.reference.get(_variable(self.get("variable")), ""))
        if self.get("variable").startswith("number-of"):
            return value.isdigit() and int(value) > 1
        return bool(self.RE_MULTIPLE_NUMBERS.search(value))


class _Group(model.Group):
    def process(self, item: Any, context: Any = None, **kwargs: Any) -> Any:
        """What the elements give; nothing when they asked for variables and none of them is there."""
        entry = item.reference
        asked, rendered = entry.asked, len(entry.rendered)
        texts = list(_rendered(self, item, context=context, delimiter=self.get("delimiter", ""), **kwargs))
        if not texts or (entry.asked > asked and len(entry.rendered) == rendered):
            raise VariableError
        entry.rendered.append("")  # to the group around it a group is a variable that is there
        return self.join(texts)


class _Substitute(model.Substitute):
    def render(self, item: Any, context: Any = None, **kwargs: Any) -> Any:
        """The first element that gives something, which is not set again in the entry."""
        entry = item.reference
        for child in self:
            before = len(entry.rendered)
            if text := next(_rendered([child], item, context=context, **kwargs), None):
                entry.substituted.update(entry.rendered[before:])
                return text
        return None


def _rendered(elements: Any, item: Any, *, delimiter: str = "", **kwargs: Any) -> Iterator[Any]:
    """What each of the elements gives, without those that lack what they ask for."""
    for element in elements:
        passed = {"delimiter": delimiter} if isinstance(element, model.Choose) else {}
        try:
            text = element.render(item, **passed, **kwargs)
        except VariableError:
            continue
        if text is not None:
            yield text


class _Date(_Called, model.Date):
    def process(self, item: Any, **_: Any) -> Any:
        when = item.reference[self.get("variable")]
        names = [part.get("name") for part in self]
        if isinstance(when, LiteralDate):
            return when.text if "year" in names else None
        ends = [when] if isinstance(when, Date) else [when.begin, when.end]
        units = [unit for unit in ("year", "month", "day") if unit in names]
        differing = next((unit for unit in units if len({end.get(unit) for end in ends}) > 1), None)
        first, *rest = ([self._part(part, end) for part in self] for end in ends)
        if differing is None:
            return self._joined(first)
        # From the largest unit that differs downwards all is written twice, what is the same about it once.
        twice = [names.index(unit) for unit in units[units.index(differing) :]]
        start, end = min(twice), max(twice) + 1
        begun = self._joined(first[:end]).rstrip(" ,")
        between = self[start].get("range-delimiter", "–")
        return f"{begun}{between}{self._joined([*rest[0][start:end], *first[end:]]).lstrip(' ,')}"

    def _part(self, part: Any, date: Any) -> str:
        try:
            return str(part.render(date, self) or "")
        except VariableError:
            return ""

    def _joined(self, parts: Sequence[str]) -> str:
        return str(join([part for part in parts if part], self.get("delimiter", "")))

    def markup(self, text: Any) -> Any:
        return self.wrap(self.format(text)) if text else None


class _Names(_Called, model.Names):
    def process(self, item: Any, context: Any = None, **_: Any) -> Any:
        above = next(self.iterancestors(f"{_CSL}substitute"), None)
        stated = self if above is None or self.name is not None else above.getparent()
        context = self if context is None else context
        entry = item.reference
        roles = [role for role in self.get("variable").split() if entry.get(_variable(role))]
        if not roles:
            substitute = self.find(f"{_CSL}substitute")
            return None if substitute is None else substitute.render(item, context=context)
        roles = [role for role in roles if _variable(role) not in entry.substituted]
        if {"editor", "translator"} == set(roles) and entry["editor"] == entry["translator"]:
            roles = ["editortranslator"] if self.get_term("editortranslator") is not None else roles[:1]
        texts = [self._role(role, stated, item, context) for role in roles]
        return self.join(texts, self.get_parent_delimiter(context)) if texts else None

    def _role(self, role: str, stated: Any, item: Any, context: Any) -> Any:
        """The names of one role with their label, in the form that ``stated`` gives."""
        name, label = stated.name, stated.label
        if name is None:
            name = stated.makeelement(f"{_CSL}name", {})
            stated.insert(0, name)
        variable = _variable("editor" if role == "editortranslator" else role)
        text = name.render(item, variable, context=context)
        if label is None:
            return text
        several = len(item.reference[variable]) > 1 or variable in item.reference.cut
        told = label.render(item, role, several) or ""
        return told + text if stated.index(label) < stated.index(name) else text + told


class _PersonName(model.Name):
    def process(self, item: Any, variable: str, context: Any = None, **_: Any) -> str:
        """The names as far as the style lists them, joined; "et al." too where the source itself leaves some out."""

        def option(name: str) -> Any:
            return self.get_option(name, context)

        people = item.reference[variable]
        cut = variable in item.reference.cut
        least, first = option("et-al-min"), option("et-al-use-first")
        short = 0 < least <= len(people) and len(people) > 1
        if option("form") == "count":
            return str(first if short else len(people))
        order = option("name-as-sort-order")
        stated = not self._initialize(context)
        names = [
            self._person(person, option, inverted=order == "all" or (order == "first" and at == 0), only_stated=stated)
            for at, person in enumerate(people)
        ]
        if short and not cut and option("et-al-use-last") and first <= least - 2:
            return str(option("delimiter").join([*names[:first], f"… {names[-1]}"]))
        if short:
            names = names[:first]
        inverted = order == "all" or (order == "first" and len(names) == 1)
        et_al = str(self.et_al() or "") if short or cut else ""
        # Where the source cut the list to fewer than the style would, the comma is as before a last name.
        commas = cut and not short and (option("and") is None or option("delimiter-precedes-last") == "always")
        return self._joined(names, et_al, option, inverted=inverted, commas=commas)

    def _initialize(self, context: Any) -> bool:
        above = (context if context is not None else self).iterancestors(f"{_CSL}bibliography", f"{_CSL}style")
        stated = [value for element in (self, *above) if (value := element.get("initialize"))]
        return stated[:1] != ["false"]

    def _person(self, person: Any, option: Callable[[str], Any], *, inverted: bool, only_stated: bool) -> str:
        given, family, dropping, particle, suffix = (part or "" for part in person.parts())
        mark = option("initialize-with")
        if given and mark is not None:
            hyphens = option("initialize-with-hyphen")
            given = initialized(given, family=family, mark=mark, hyphens=hyphens, only_stated=only_stated)
        demoted = inverted and option("demote-non-dropping-particle") == "display-and-sort"
        if not demoted:
            family = f"{particle} {family}".strip()
        if inverted:
            given = " ".join(filter(None, (given, dropping, particle if demoted else "")))
        elif option("form") != "short":
            family = f"{dropping} {family}".strip()
        for part in self.findall(f"{_CSL}name-part"):
            which = part.get("name")
            if which == "given" and given:
                given = part.format_part(given, "")[0]
            elif which == "family" and family:
                family = part.format_part("", family)[1]
        if option("form") == "short":
            return str(family)
        parts = (family, given, suffix) if inverted else (given, family, suffix)
        return (option("sort-separator") if inverted else " ").join(str(part) for part in parts if part)

    def _joined(
        self, names: list[str], et_al: str, option: Callable[[str], Any], *, inverted: bool, commas: bool
    ) -> str:
        delimiter = option("delimiter")

        def before(name: str, least: int) -> str:
            rule = option(name)
            parted = rule == "always" or (rule == "contextual" and len(names) >= least)
            return str(delimiter) if parted or (rule == "after-inverted-name" and inverted) else " "

        if et_al:
            return str(delimiter.join(names) + before("delimiter-precedes-et-al", 1 if commas else 2) + et_al)
        word = {"text": str(self.get_single_term(name="and")), "symbol": "&"}.get(option("and") or "")
        if word is None or len(names) == 1:
            return str(delimiter.join(names))
        return str(f"{delimiter.join(names[:-1])}{before('delimiter-precedes-last', 3)}{word} {names[-1]}")


def initialized(given: str, *, family: str, mark: str, hyphens: bool, only_stated: bool = False) -> str:
    """Given names as initials: "Jean-Paul le" with the mark ". " gives "J.-P. le".

    A name in a script that has no capitals stays whole, and so does a particle (a word in small letters beside one
    with a capital). Capitals without points ("JRR") are initials where the family name is not in capitals too.
    ``only_stated``: nothing but initials that are stated gets the mark.
    """
    given = unicodedata.normalize("NFC", given)
    if given.isupper() and given.isalpha() and 1 < len(given) <= 4 and not family.isupper():
        given = ".".join(given)
    words = re.sub(r"\.(?=\w)", ". ", given).split()
    capitals = any(letter.isupper() for letter in given)
    told = ""
    for word in words:
        parts = [part for part in re.split("[-‐‑]", word) if part]
        is_particle = capitals and not any(letter.isupper() for letter in word)
        is_name = only_stated and any(len(part.rstrip(".")) > 1 for part in parts)
        if is_particle or is_name or not any(letter.lower() != letter.upper() for letter in word):
            told = f"{told.rstrip()} {word} "
        else:
            told += _initials(parts, mark=mark, hyphens=hyphens)
    return told.strip()


def _initials(parts: Sequence[str], *, mark: str, hyphens: bool) -> str:
    """The initials of the parts of one word that has hyphens; a first part in small letters is an article."""
    letters = [next((sign for sign in part if sign.isalpha()), "") for part in parts]
    article = f"{parts[0]}-" if len(parts) > 1 and parts[0].islower() else ""
    initials = [letter.upper() if at else letter for at, letter in enumerate(letters) if letter][bool(article) :]
    between = f"{mark.rstrip()}-" if hyphens else mark
    return article + between.join(initials) + mark


def last_page(first: str, last: str, form: str | None) -> str:
    """The last page of a range as a style's ``page-range-format`` writes it: 1204, 1222 give "22" where it is short."""
    if form is None or not (first.isdecimal() and last.isdecimal()):
        return last
    if len(last) < len(first):  # the source wrote it short
        last = first[: len(first) - len(last)] + last
    if len(first) != len(last) or int(first) >= int(last) or form == "expanded":
        return last
    common = next(at for at, (one, other) in enumerate(zip(first, last, strict=True)) if one != other)
    least = 2 if form == "minimal-two" else 1
    if form.startswith("chicago"):
        beyond = int(first) % 100
        if int(first) < 100 or beyond == 0 or (form != "chicago-16" and len(first) == 4 and common < 2):
            return last
        least = 1 if beyond < 10 else 2
    return last[min(common, len(last) - least) :]


def cased(text: str, how: str) -> str:
    """The text in a ``text-case`` of CSL. Formulas, and words that have a capital already, are kept as they are."""
    words = list(_WORD.finditer(text))

    def written(found: re.Match[str]) -> str:
        word, bare = found[0], re.sub(r"\W", "", found[0])
        first = found.start() == words[0].start()
        if found["kept"]:
            return word
        if how in ("lowercase", "uppercase"):
            return word.lower() if how == "lowercase" else word.upper()
        if how == "title":
            behind = text[: found.start()].rstrip()[-1:]
            apart = first or found.start() == words[-1].start() or behind in (":", "?", "!")
            raised = apart or bare not in model.TextCased._stop_words
        else:
            raised = first or how == "capitalize-all"
        return _raised(word) if raised and word.islower() else word

    return _WORD.sub(written, text)


def _raised(word: str) -> str:
    return re.sub(r"^([\W_]*)([^\W\d_])", lambda found: found[1] + found[2].upper(), word)


# ------------------------------------------------------------------------------------------- entries


def _mended(entry: str, *, american: bool) -> str:
    """A blank behind the number of an entry, American quotations, and where two parts of the style meet one sign."""
    entry = re.sub(f"{_NUMBERED}({_MARK}*) ?", r"\1 ", entry)
    entry = _APART.sub(r"\1", entry)
    if american:
        entry = _CLOSED.sub(r"\2\1", entry)
    for _ in range(2):  # three signs may meet
        entry = _MEETING.sub(_met, entry)
    return entry.translate(_SHOWN)


def _met(found: re.Match[str]) -> str:
    """A full stop gives way to what ends a sentence and takes the place of a comma; two commas are one."""
    first, marks, second = found.groups()
    if first in ",;" and second == ".":
        return f".{marks}"
    return f"{first}{marks}" if second == "." or first == "," else found[0]
