"""First pages in styles of our own making, in which everything is drawn at random.

Columns, type, marks, who stands where, what head and foot say, with or without a label of the abstract: a page need
not be beautiful, but must print what it is made from.
"""

from __future__ import annotations

import random
import re

from tests.benchmarks.front_classes import body, place_of, tex
from tests.benchmarks.front_works import TOWNS, Front, Person

_FONTS = ("times;mathptmx;palatino;charter;lmodern;helvet;bookman;newcent;libertine;kpfonts;XCharter;ebgaram"
          "ond;fourier;"
          "tgtermes;tgheros;tgpagella;mathpazo").split(";")  # fmt: skip
_SIGNS = ("*", "\\dag", "\\ddag", "\\S", "\\P", "\\|", "**", "\\dag\\dag", "\\ddag\\ddag", "\\S\\S")
_MONTHS = ("January;February;March;April;May;June;July;August;September;October;November;December").split(";")


_JOURNAL_LINES = (
    r"{v} {n} ({y}) {p}", r"{v}, Vol. {n}, No. {i}, {m} {y}", r"{v} \textbf{{{n}}}, {a} ({y})",
    r"{v} | Volume {n} | {y}", r"{v} {y}, {n}({i}), {p}", r"\textit{{{v}}} {y}, \textit{{{n}}}, {a}",
    r"{v}, vol. {n}, pp. {p}, {y}",
    r"Published in {v} ({i}/{y})", r"{v} {n}: {p}, {y}", r"{v} ({y}) {n}:{a}",
)  # fmt: skip
_MEETING_LINES = (
    "{v}, {w}, {m} {d}, {y}", "{v}, pages {p}, {w}, {m} {d}--30, {y}", "In {v}, {y}", "{v}, {y}, {w}", "{v}. {w}, {y}",
    "Published as a conference paper at {v}", "To appear in {v}, {y}", "{v}, pp. {p}. {w} ({y})",
    "Accepted at {v}, {y}",
)  # fmt: skip
_RIGHTS = (
    r"\copyright\ {y} The Authors. Published by Elsevier.", r"\copyright\ {y} Association for {w} Studies",
    r"Copyright \copyright\ {y} by the authors", r"\copyright{y} IEEE. Personal use is permitted.",
    "Received {m} {d}, {y}; accepted {m} 30, {y}", "Published: {d} {m} {y}",
)  # fmt: skip


class OwnStyle:
    """A way to set a first page, drawn at random."""

    def __init__(self, front: Front, draw: random.Random) -> None:
        self.front, self.draw = front, draw
        one = draw.choice
        self.twocolumn = draw.random() < 0.5
        self.align = one(
            ["\\centering", "\\centering", "\\raggedright", "\\raggedright", "\\raggedleft"][: one([4, 4, 5])]
        )
        self.name_type = one(
            [
                "",
                "",
                "\\bfseries ",
                "\\itshape ",
                "\\scshape ",
                "\\sffamily ",
                "\\large ",
                "\\large\\bfseries ",
                "\\Large ",
            ]
        )
        self.place_type = one(
            ["", "", "\\itshape ", "\\small ", "\\small\\itshape ", "\\footnotesize ", "\\sffamily\\footnotesize "]
        )
        self.upper_names = draw.random() < 0.12
        self.mark = one(["number", "number", "number", "letter", "sign", "bracket"])
        self.most_signs = len(front.places) <= len(_SIGNS)
        self.raised_before = draw.random() < 0.85
        self.behind_mark, self.behind_raised = one([" ", ". ", ") "]), one(["", "", " "])
        self.gap = one(["", "", " ", "\\,"])

    def name(self, person: Person) -> str:
        """A printed name."""
        text = person.name.upper() if self.upper_names else person.name
        return tex(text)

    def sign(self, place: int) -> str:
        """The mark of a place, without its raising."""
        if self.mark == "letter" and place < 26:
            return "abcdefghijklmnopqrstuvwxyz"[place]
        if self.mark == "sign" and self.most_signs:
            return f"${_SIGNS[place]}$"
        return str(place + 1)

    def marks(self, person: Person, *, extra: str = "") -> str:
        """The marks of a name, set."""
        text = (
            self.draw.choice([",", ",", ", "]).join(self.sign(p) for p in person.places)
            if len(self.front.places) > 1 or "!" in extra
            else ""
        )
        text += ("," if text and extra.strip("!") else "") + extra.strip("!")
        if not text:
            return ""
        return f" ({text})" if self.mark == "bracket" else f"{self.gap}\\textsuperscript{{{text}}}"

    def extra(self, at: int) -> str:
        """Equal contribution, correspondence, an icon."""
        if at == 0 and self.corresponding:
            return self.corresponding
        if at < 2 and self.equal:
            return self.equal
        return ""

    def byline(self) -> str:
        """Names and places in one of the usual schemes; notes go into ``self.notes``."""
        draw, front = self.draw, self.front
        self.notes: list[str] = []
        self.corresponding = draw.choice(["", "", "*", "$\\dag$", "\\Letter"])
        self.equal = draw.choice(["", "", "", "$\\ddag$", "$\\ast$", "$\\diamond$"])
        scheme = draw.choices(
            ["list", "grid", "stack", "line", "notes", "end", "sentence"], [36, 15, 12, 17, 10, 6, 4]
        )[0]
        if scheme == "grid" and len(front.people) > 9:
            scheme = "list"
        if scheme == "line" and any(len(p.places) > 1 for p in front.people):
            scheme = "stack"
        if self.corresponding and scheme in ("list", "notes", "end"):
            told = draw.choice(
                [
                    "Corresponding author",
                    "Corresponding author. E-mail: {m}",
                    "Correspondence: {m}",
                    "To whom correspondence should be addressed",
                ]
            )
            self.notes.append(f"\\textsuperscript{{{self.corresponding}}}{told.format(m=tex(front.people[0].mail))}")
        else:
            self.corresponding = ""
        if self.equal and scheme == "list":
            self.notes.append(
                f"\\textsuperscript{{{self.equal}"
                f"}}{draw.choice(['These authors contributed equally.', 'Equal contribution', 'Joint first authors'])}"
            )
        else:
            self.equal = ""
        return getattr(self, f"_{scheme}")()

    def listed(self, names: list[str]) -> str:
        """A list of names on one or more lines."""
        draw = self.draw
        between = draw.choice([", ", ", ", ", ", "; ", " \\quad ", " $\\cdot$ ", "\\\\ "])
        last = draw.choice([between, between, " and ", ", and ", " \\& ", " AND " if self.upper_names else " and "])
        if between in (" \\quad ", "\\\\ "):
            last = between
        return between.join(names[:-1]) + (last if len(names) > 1 else "") + names[-1]

    def _list(self) -> str:
        draw, front = self.draw, self.front
        by = draw.choice(["", "", "", "By ", "by\\\\ "])
        degree = draw.choice(["", "", "", "", "", ", PhD", ", M.D.", " (Member, IEEE)"])
        icons = draw.random() < 0.12
        names = []
        for at, p in enumerate(front.people):
            icon = "\\,{\\tiny iD}" if icons else ""
            names.append(
                f"{self.name(p)}{degree if draw.random() < 0.5 else ''}{self.marks(p, extra=self.extra(at))}{icon}"
            )
        text = f"{{{self.name_type}{by}{self.listed(names)}\\par}}"
        between = draw.choice(["\\\\ ", "\\\\ ", "\\\\ ", "; ", ", ", "\\quad "])
        rows = [f"{self._place_mark(n)}{place_of(p)}" for n, p in enumerate(front.places)]
        mails = draw.choice(
            [
                "",
                "",
                f"\\\\ \\texttt{{{tex(front.people[0].mail)}}}",
                "\\\\ " + ", ".join(f"\\texttt{{{tex(p.mail)}}}" for p in front.people[:4]),
                "\\\\ \\texttt{\\{"
                + ",".join(tex(p.mail.split("@")[0]) for p in front.people[:5])
                + "\\}@example.org}",
            ]
        )
        end = draw.choice(["", "", "."])
        places = f"{{{self.place_type}{between.join(rows)}{end}{mails}\\par}}"
        middle = draw.choice(["", "\\smallskip ", "\\bigskip "])
        return text + middle + places

    def _place_mark(self, place: int) -> str:
        if len(self.front.places) < 2:
            return ""
        if self.mark == "bracket":
            return f"({self.sign(place)}) "
        if self.raised_before:
            return f"\\textsuperscript{{{self.sign(place)}}}{self.behind_raised}"
        return f"{self.sign(place)}{self.behind_mark}"

    def _block(self, person: Person, *, mail: bool, between: str) -> str:
        rows = [f"{{{self.name_type}{self.name(person)}}}"]
        rows += [f"{{{self.place_type}{place_of(self.front.places[n], between)}}}" for n in person.places]
        rows += [f"\\texttt{{{tex(person.mail)}}}"] if mail else []
        return "\\\\ ".join(rows)

    def _grid(self) -> str:
        draw, front = self.draw, self.front
        count = min(len(front.people), draw.choice([2, 3, 3]))
        mail, between = draw.random() < 0.6, draw.choice(["\\\\ ", "\\\\ ", ", "])
        width = 0.92 / count
        boxes = [
            f"\\parbox[t]{{{width:.2f}\\linewidth}}{{{self.align}{self._block(p, mail=mail, between=between)}}}"
            for p in front.people
        ]
        rows = ["\\hfil ".join(boxes[at : at + count]) for at in range(0, len(boxes), count)]
        return "\\\\[2ex] ".join(rows) + "\\par"

    def _stack(self) -> str:
        mail, between = self.draw.random() < 0.5, self.draw.choice([", ", ", ", "\\\\ "])
        gap = self.draw.choice(["\\smallskip ", "\\medskip ", ""])
        return gap.join(f"{self._block(p, mail=mail, between=between)}\\par " for p in self.front.people)

    def _line(self) -> str:
        form = self.draw.choice(
            [
                "{n}, {p}",
                "{n} ({p})",
                "{n}, \\textit{{{p}}}",
                "\\textbf{{{n}}}, {p}",
                "\\textsc{{{n}}}, {p}",
                "{n} -- {p}",
            ]
        )
        return (
            "\\\\ ".join(
                form.format(n=self.name(p), p=place_of(self.front.places[p.places[0]])) for p in self.front.people
            )
            + "\\par"
        )

    def _notes(self) -> str:
        draw, front = self.draw, self.front
        names = [f"{self.name(p)}{self.marks(p, extra='!' + self.extra(at))}" for at, p in enumerate(front.people)]
        self.notes = [
            f"\\textsuperscript{{{self.sign(n)}}}{draw.choice(['', ' '])}{place_of(p)}."
            for n, p in enumerate(front.places)
        ] + self.notes
        if self.mark == "bracket":
            self.mark = "number"
            names = [f"{self.name(p)}{self.marks(p, extra='!')}" for p in front.people]
        return f"{{{self.name_type}{self.listed(names)}\\par}}"

    def _sentence(self) -> str:
        front = self.front
        for p in front.people:
            p.places = p.places[:1]
        for n, place in enumerate(front.places):
            whose = [p for p in front.people if n in p.places]
            told = " and ".join(tex(f"{p.given[0]}. {p.family}") for p in whose)
            self.notes.append(
                f"{told} {'is' if len(whose) == 1 else 'are'} with {place_of(place)}"
                + (f" (e-mail: {tex(whose[0].mail)})." if whose else ".")
            )
        return f"{{{self.name_type}{self.listed([self.name(p) for p in front.people])}\\par}}"

    def _end(self) -> str:
        """Names below the title, places at the end of the paper."""
        self.at_end = "\\bigskip\\noindent " + "\\\\ ".join(
            f"{{\\scshape {self.name(p)}}}, {', '.join(place_of(self.front.places[n]) for n in p.places)}"
            for p in self.front.people
        )
        return f"{{{self.name_type}{self.listed([self.name(p) for p in self.front.people])}\\par}}"

    def head(self) -> tuple[str, str, str]:
        """What stands above the title, in the head and in the foot."""
        draw, front = self.draw, self.front
        volume, first = draw.randint(1, 300), draw.randint(1, 4000)
        said = {
            "v": tex(front.venue),
            "y": front.year,
            "n": str(volume),
            "i": str(draw.randint(1, 12)),
            "p": f"{first}--{first + draw.randint(3, 30)}",
            "m": draw.choice(_MONTHS),
            "d": str(draw.randint(1, 28)),
            "a": str(draw.randint(1000, 99999)),
            "w": draw.choice(TOWNS).split(",")[0],
        }
        meeting = re.search(r"Proceedings|Conference|Workshop|Symposium|\d", front.venue) is not None
        kind = draw.choice(
            ["Research Article", "ARTICLE", "Original Paper", "Regular Article", "Letter", "OPEN ACCESS", "Review"]
        )
        line = draw.choice(_MEETING_LINES if meeting else _JOURNAL_LINES).format(**said)
        above, top, foot = "", "", ""
        place = draw.choice(["above", "top", "top", "foot", "foot", "none"])
        if place == "above":
            above = f"{{{draw.choice(['', chr(92) + 'small ', chr(92) + 'sffamily '])}{line}\\par}}\\bigskip"
        elif place == "top":
            top = line
        elif place == "foot":
            foot = line
        if place != "none":
            has_year = front.year in line
            front.printed = {"venue": front.venue, "year": front.year if has_year else ""}
        if draw.random() < 0.3:
            shape = draw.choice(["", "\\bfseries ", "\\sffamily ", "\\Huge ", "\\huge\\bfseries ", "\\Large "])
            above += f"{{{shape}{kind}\\par}}\\medskip "
        if draw.random() < 0.4:
            other = draw.choice(_RIGHTS).format(**said)
            foot = f"{foot}\\\\ {other}" if foot else other
            front.printed = {"venue": front.printed.get("venue", ""), "year": front.year}
        if not top and draw.random() < 0.15:
            top = draw.choice(
                [
                    "Preprint submitted to somewhere",
                    "A PREPRINT",
                    f"{tex(front.people[0].family)} et al.",
                    "Draft version \\today",
                ]
            )
        return above, top, foot

    def abstract(self) -> str:
        """The abstract with or without its label."""
        draw = self.draw
        text = tex(self.front.abstract)
        size = draw.choice(["", "\\small ", "\\small ", "\\footnotesize "])
        kind = draw.choice(["centered", "centered", "left", "runin", "runin", "none", "ruled"])
        word = draw.choice(["Abstract", "Abstract", "ABSTRACT", "Summary", "A B S T R A C T"])
        keys = draw.choice(
            [
                "",
                "",
                "\\par\\smallskip\\textbf{Keywords:} {k}",
                "\\par\\textit{Key words:} {k}",
                "\\par\\textbf{Keywords} {k}",
                "\\par Index Terms---{k}",
            ]
        )
        keys = keys.replace("{k}", draw.choice([", ", "; ", " $\\cdot$ "]).join(self.front.keywords))
        made = {
            "centered": f"{{\\centering\\bfseries {word}\\par}}\\smallskip {size}{text}",
            "left": f"{{\\raggedright\\bfseries\\large {word}\\par}}\\smallskip {size}{text}",
            "runin": f"\\noindent {size}\\textbf{{{word if 'A B' not in word else 'Abstract'}"
            f"{draw.choice(['.', ':', '---', ' '])}}} {text}",
            "none": f"\\noindent {size or chr(92) + 'itshape '}{draw.choice([chr(92) + 'bfseries ', ''])}{text}",
            "ruled": f"\\hrule\\smallskip\\noindent\\textbf{{{word}}}\\par {size}{text}\\par\\smallskip\\hrule",
        }[kind]
        return f"{{{made}{keys}\\par}}\\medskip "

    def source(self) -> str:
        """The LaTeX file."""
        draw, front = self.draw, self.front
        self.at_end = ""
        one = draw.choice
        title_type = one(
            [
                "\\Large",
                "\\LARGE",
                "\\huge",
                "\\Large\\bfseries",
                "\\LARGE\\bfseries",
                "\\huge\\bfseries",
                "\\large\\bfseries",
                "\\Large\\sffamily\\bfseries",
                "\\LARGE\\itshape",
            ]
        )
        title = tex(front.title.upper() if draw.random() < 0.12 else front.title)
        above, top, foot = self.head()
        byline = self.byline()
        dates = one(["", "", "", "Received: 3 May {y} / Accepted: 7 June {y}", "(Dated: March 3, {y})", "{m} {y}"])
        dates = dates.format(y=front.year, m=one(_MONTHS))
        block = [above, f"{{{title_type} {title}\\par}}", one(["\\medskip", "\\bigskip", "\\vspace{2em}"])]
        order = one(["names", "names", "names", "names", "names", "names", "abstract"])
        parts = [byline, f"\\medskip {{\\small {dates}\\par}}" if dates else "", "\\bigskip"]
        abstract = self.abstract()
        wide = not self.twocolumn or draw.random() < 0.4
        if order == "abstract" and wide:
            parts = [abstract, *parts]
            abstract = ""
        headed = "\n".join(
            [f"\\begingroup\\setlength{{\\parindent}}{{0pt}}{self.align}", *block, *parts, "\\par\\endgroup"]
        )
        if wide:
            headed += abstract
            abstract = ""
        rest = abstract + self._text()
        note = "\\\\ ".join(self.notes + ([] if not foot or draw.random() < 0.4 else [foot]))
        foot_text = foot if foot and foot not in note else ""
        rule, of_head, of_foot = one(["0pt", "0.4pt"]), one("LCR"), one("LCR")
        style = (
            f"\\fancyhf{{}}\\renewcommand{{\\headrulewidth}}{{{rule}}}\\fancyhead[{of_head}]{{\\small {top}}}"
            f"\\fancyfoot[{of_foot}]{{\\footnotesize {foot_text or one([chr(92) + 'thepage', ''])}}}"
        )
        marked = f"\\renewcommand{{\\thefootnote}}{{}}\\footnotetext{{\\parindent=0pt {note}}}" if note else ""
        size = one(["9pt", "10pt", "10pt", "11pt", "12pt"])
        margin = one(["1.5cm", "2cm", "2.5cm", "3cm"])
        columns = f"\\twocolumn[{headed}]{marked}" if self.twocolumn else headed + marked
        font = one(_FONTS)
        main = "\\renewcommand{\\familydefault}{\\sfdefault}" if font in ("helvet", "tgheros") else ""
        paper = one(["a4paper", "letterpaper"])
        packages = f"[margin={margin},headheight=26pt]{{geometry}}\\usepackage{{fancyhdr,marvosym,amssymb}}{main}"
        shape = f"\\documentclass[{size},{paper}]{{extarticle}}\\usepackage[T1]{{fontenc}}"
        first = f"\\pagestyle{{plain}}\\fancypagestyle{{first}}{{{style}}}\\begin{{document}}\\thispagestyle{{first}}"
        head = f"{shape}\\usepackage[utf8]{{inputenc}}\\usepackage{{{font}}}\\usepackage{packages}"
        return "\n".join((head, first, columns, "\\thispagestyle{first}", rest, self.at_end, "\\end{document}"))

    def _text(self) -> str:
        draw, front = self.draw, self.front
        if draw.random() < 0.12:  # a letter: no headings
            return "\n\n".join(tex(t) for t in front.text)
        return body(front, numbered=draw.random() < 0.7)


def own(front: Front, draw: random.Random) -> str:
    """A page in a style of our own."""
    return OwnStyle(front, draw).source()
