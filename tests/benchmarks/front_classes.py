"""First pages by the document classes of journals, conferences and societies that TeX Live brings.

Each way takes a paper and gives a LaTeX file; what the class cannot print is taken off the paper. ``HELD_BACK`` names
the classes, drawn by lot before the first was set, of which only sums are looked at.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.benchmarks.front_works import TOWNS, Front, Person


def tex(text: str) -> str:
    """Text for LaTeX."""
    return re.sub(r"([%&#_$])", r"\\\1", text.replace("’", "'")).replace("<", "$<$").replace(">", "$>$")


def place_of(parts: list[str], between: str = ", ") -> str:
    """A place in one text."""
    return tex(between.join(parts))


def body(front: Front, *, numbered: bool = True) -> str:
    """Two pages of text with headings, and a short list of references."""
    star = "" if numbered else "*"
    names = ["Introduction", "Related Work", "Method", "Results"]
    made = [f"\\section{star}{{{name}}}\n" + "\n\n".join(tex(t) for t in front.text[2 * at : 2 * at + 2])
            for at, name in enumerate(names)]  # fmt: skip
    return "\n\n".join(made) + "\n"


def document(head: str, before: str, front: Front, *, abstract: bool = True, after: str = "", numbered: bool = True,
             keywords: str = "", maketitle: str = "\\maketitle") -> str:  # fmt: skip
    """A LaTeX file: class and packages, what stands before ``maketitle``, abstract, text."""
    parts = [head, "\\usepackage[T1]{fontenc}\\usepackage[utf8]{inputenc}", "\\begin{document}", before, maketitle]
    if "achemso" in head:  # it knows its authors before the document begins
        parts[2:4] = [before, "\\begin{document}"]
    if abstract:
        parts.append(f"\\begin{{abstract}}\n{tex(front.abstract)}\n\\end{{abstract}}")
    parts += [keywords, after, body(front, numbered=numbered), "\\end{document}"]
    return "\n".join(part for part in parts if part)


def _numbers(person: Person, shift: int = 1) -> str:
    return ",".join(str(place + shift) for place in person.places)


def _letters(person: Person) -> str:
    return ",".join("abcdefghij"[place] for place in person.places)


def by_and(head: str, *, mails: bool = True, thanks: bool = False) -> Callable[[Front, random.Random], str]:
    """Blocks of name, place, mail, parted by \\and."""

    def made(front: Front, draw: random.Random) -> str:
        between = draw.choice([", ", "\\\\ "])
        with_mail = mails and draw.random() < 0.6
        if thanks:
            blocks = [f"{tex(p.name)}\\thanks{{{'; '.join(place_of(front.places[n]) for n in p.places)}}}"
                      for p in front.people]  # fmt: skip
        else:
            blocks = [
                "\\\\ ".join(
                    [
                        tex(p.name),
                        *(place_of(front.places[n], between) for n in p.places),
                        *([f"\\texttt{{{tex(p.mail)}}}"] if with_mail else []),
                    ]
                )
                for p in front.people
            ]
        sign = " \\and "
        return document(head, f"\\title{{{tex(front.title)}}}\\author{{{sign.join(blocks)}}}\\date{{}}", front)

    return made


def by_authblk(head: str, *, options: str = "") -> Callable[[Front, random.Random], str]:
    """The package authblk: marks and a list of places."""

    def made(front: Front, draw: random.Random) -> str:
        mark = draw.choice([_numbers, _letters])
        names = "".join(f"\\author[{mark(p)}]{{{tex(p.name)}}}" for p in front.people)
        sign = (lambda n: str(n + 1)) if mark is _numbers else (lambda n: "abcdefghij"[n])
        places = "".join(f"\\affil[{sign(n)}]{{{place_of(p)}}}" for n, p in enumerate(front.places))
        date = draw.choice(["\\date{}", "\\date{March 2019}", ""])
        return document(head + f"\\usepackage[{options}]{{authblk}}",
                        f"\\title{{{tex(front.title)}}}{names}{places}{date}", front)  # fmt: skip

    return made


def by_affiliation(
    head: str,
    *,
    mail: bool = True,
    before: str = "",
    place: str = "affiliation",
    abstract_first: bool = True,
    maketitle: str = "\\maketitle",
) -> Callable[[Front, random.Random], str]:
    """\\author, \\affiliation, \\email one after the other: REVTeX, AASTeX, achemso, quantumarticle."""

    def made(front: Front, draw: random.Random) -> str:
        with_mail = mail and draw.random() < 0.5
        if "revtex" in head and "superscript" not in head and "aip" not in head:
            front.people.sort(key=lambda person: person.places)  # the class puts those of one place together
        blocks = [f"\\author{{{tex(p.name)}}}\n" + (f"\\email{{{tex(p.mail)}}}" if with_mail and at == 0 else "")
                  + "".join(f"\\{place}{{{place_of(front.places[n])}}}" for n in p.places)
                  for at, p in enumerate(front.people)]  # fmt: skip
        abstract = f"\\begin{{abstract}}{tex(front.abstract)}\\end{{abstract}}\n"
        made_head = f"\\title{{{tex(front.title)}}}{''.join(blocks)}"
        if abstract_first:
            return document(head, before + made_head + abstract, front, abstract=False, maketitle=maketitle)
        return document(head, before + made_head, front, maketitle=maketitle)

    return made


def elsarticle(head: str) -> Callable[[Front, random.Random], str]:
    """Elsevier's front matter."""

    def made(front: Front, draw: random.Random) -> str:
        mails = draw.random() < 0.5
        names = "".join(f"\\author[{','.join(f'p{n}' for n in p.places)}]{{{tex(p.name)}"
                        f"{chr(92) + 'corref{cor1}' if at == 0 else ''}}}"
                        + (f"\\ead{{{tex(p.mail)}}}" if mails else "")
                        for at, p in enumerate(front.people))  # fmt: skip
        places = "".join(f"\\address[p{n}]{{{place_of(p)}}}" for n, p in enumerate(front.places))
        front.printed = {"venue": front.venue, "year": ""}
        words = " \\sep ".join(front.keywords)
        return document(head, f"\\journal{{{tex(front.venue)}}}\\begin{{frontmatter}}\\title"
                              f"{{{tex(front.title)}}}{names}"
                        f"{places}\\cortext[cor1]{{Corresponding author}}\\begin{{abstract"
                        f"}}{tex(front.abstract)}\\end{{abstract}}"
                        f"\\begin{{keyword}}{words}\\end{{keyword}}\\end{{frontmatter}}", front, abstract=False,
                        maketitle="")  # fmt: skip

    return made


def elsevier_cas(name: str) -> Callable[[Front, random.Random], str]:
    """Elsevier's newer classes."""

    def made(front: Front, draw: random.Random) -> str:
        names = "".join(f"\\author[{_numbers(p)}]{{{tex(p.name)}}}" for p in front.people)
        places = "".join(f"\\address[{n + 1}]{{{place_of(p)}}}" for n, p in enumerate(front.places))
        return document(f"\\documentclass{{{name}}}\\usepackage[numbers]{{natbib}}", f"\\shorttitle{{}}\\tit"
                                                                                     f"le[mode=title]"
                                                                                     f"{{{tex(front.title)}"
                                                                                     f"}}{names}{places}"
                        f"\\begin{{abstract}}{tex(front.abstract)}\\end{{abstract}}\\begin{{keywords}}"
                        f"{' {sep} '.replace('{sep}', chr(92) + 'sep').join(front.keywords)}\\end{{keywords}}",
                        front, abstract=False)  # fmt: skip

    return made


def acmart(form: str) -> Callable[[Front, random.Random], str]:
    """A form of ACM's class."""

    def made(front: Front, draw: random.Random) -> str:
        names = ""
        for p in front.people:
            names += f"\\author{{{tex(p.name)}}}"
            for n in p.places:
                parts = front.places[n]
                town = parts[-1].split(", ") if len(parts) > 1 and parts[-1] in TOWNS else []
                rest = parts[:-1] if town else parts
                names += f"\\affiliation{{\\institution{{{tex(', '.join(rest))}}}"
                names += f"\\city{{{tex(', '.join(town[:-1]) or town[0])}}}" if town else "\\city{}"
                names += f"\\country{{{tex(town[-1])}}}}}" if len(town) > 1 else "\\country{}}"
            names += f"\\email{{{tex(p.mail)}}}" if draw.random() < 0.7 else ""
        meeting = form.startswith("sig")
        short = f"{front.keywords[0][:4].upper()} '{front.year[2:]}"
        venue = f"\\acmConference[{short}]{{{tex(front.venue)}}}{{May 3--5, {front.year}}}{{Paris, France}}"
        if meeting:
            front.printed = {"venue": front.venue, "year": front.year}
        else:
            venue = f"\\acmJournal{{{draw.choice(['TOG', 'JACM', 'TOIS', 'TOCHI', 'TKDD'])}}}\\acmVolume{{37}}"
            venue += f"\\acmNumber{{4}}\\acmArticle{{111}}\\acmMonth{{8}}\\acmYear{{{front.year}}}"
            front.printed = {"venue": "", "year": front.year}
        rights = draw.choice(["acmcopyright", "rightsretained", "acmlicensed"])
        return document(f"\\documentclass[{form}]{{acmart}}", f"\\setcopyright{{{rights}"
                                                              f"}}\\copyrightyear{{{front.year}}}"
                        f"\\acmYear{{{front.year}}}{venue}\\acmDOI{{10.1145/1122445.112245"
                        f"{draw.randint(1, 9)}}}\\title{{{tex(front.title)}}}{names}"
                        f"\\begin{{abstract}}{tex(front.abstract)}\\end{{abstract}}\\keywords"
                        f"{{{', '.join(front.keywords)}}}",
                        front, abstract=False)  # fmt: skip

    return made


def llncs(front: Front, draw: random.Random) -> str:
    """Springer's lecture notes."""
    with_orcid = draw.random() < 0.4
    sign = " \\and "
    names = sign.join(f"{tex(p.name)}\\inst{{{_numbers(p)}}}" + (f"\\orcidID{{{p.orcid}}}" if with_orcid else "")
                      for p in front.people)  # fmt: skip
    mails = draw.random() < 0.5
    places = sign.join(place_of(p) + (f"\\\\ \\email"
                                      f"{{{tex(next((q.mail for q in front.people if n in q.places), ''))}}}"
                                      if mails else "") for n, p in enumerate(front.places))  # fmt: skip
    return document(
        "\\documentclass{llncs}", f"\\title{{{tex(front.title)}}}\\author{{{names}}}\\institute{{{places}}}", front
    )


def amsart(name: str) -> Callable[[Front, random.Random], str]:
    """Classes of the AMS: places stand at the end of the paper."""

    def made(front: Front, draw: random.Random) -> str:
        names = "".join(f"\\author{{{tex(p.name)}}}" + "".join(f"\\address"
                                                               f"{{{place_of(front.places[n])}}}" for n in p.places)
                        + f"\\email{{{tex(p.mail)}}}" for p in front.people)  # fmt: skip
        return document(f"\\documentclass{{{name}}}", f"\\title{{{tex(front.title)}}}{names}"
                                                      f"\\keywords{{{', '.join(front.keywords)}}}"
                        f"\\begin{{abstract}}{tex(front.abstract)}\\end{{abstract}}", front,
                        abstract=False)  # fmt: skip

    return made


def ieee(options: str) -> Callable[[Front, random.Random], str]:
    """IEEE's class: blocks for conferences, notes for journals."""

    def made(front: Front, draw: random.Random) -> str:
        head = f"\\documentclass[{options}]{{IEEEtran}}"
        if "conference" in options:
            if draw.random() < 0.5 and len(front.people) <= 8:
                blocks = [f"\\IEEEauthorblockN{{{tex(p.name)}"
                          f"}}\\IEEEauthorblockA{{{place_of(front.places[p.places[0]], chr(92) * 2 + ' ')}"
                          f"\\\\ {tex(p.mail)}}}" for p in front.people]  # fmt: skip
                for p in front.people:
                    p.places = p.places[:1]
                names = " \\and ".join(blocks)
            else:
                listed = ", ".join(f"{tex(p.name)}\\IEEEauthorrefmark{{{p.places[0] + 1}}}" for p in front.people)
                for p in front.people:
                    p.places = p.places[:1]
                names = f"\\IEEEauthorblockN{{{listed}}}" + "".join(
                    f"\\IEEEauthorblockA{{\\IEEEauthorrefmark{{{n + 1}}}{place_of(p)}}}\n\n"
                    for n, p in enumerate(front.places)
                )
            return document(head, f"\\title{{{tex(front.title)}}}\\author{{{names}}}", front)
        member = lambda: draw.choice(["", ",~\\IEEEmembership{Member,~IEEE}", ",~\\IEEEmembership{Fellow,~IEEE}"])  # noqa: E731
        for p in front.people:
            p.places = p.places[:1]
        groups = [[p for p in front.people if n in p.places] for n in range(len(front.places))]
        notes = "".join(
            f"\\thanks{{{' and '.join(tex(p.given[0] + '. ' + p.family) for p in g)} "
            f"{'is' if len(g) == 1 else 'are'} with "
            f"{place_of(front.places[n])} (e-mail: {tex(g[0].mail)}).}}"
            for n, g in enumerate(groups)
            if g
        )
        names = ", ".join(tex(p.name) + member() for p in front.people)
        front.printed = {"venue": front.venue, "year": front.year}
        return document(head, f"\\title{{{tex(front.title)}}}\\author{{{names}{notes}"
                              f"}}\\markboth{{{tex(front.venue)}, Vol.~14, No.~8, "
                        f"August~{front.year}}}{{{tex(front.people[0].family)} \\MakeLowercase{{\\textit{{et"
                        f" al.}}}}: {tex(front.title[:30])}}}", front,
                        keywords=f"\\begin{{IEEEkeywords}}{', '.join(front.keywords)}"
                                 f"\\end{{IEEEkeywords}}")  # fmt: skip

    return made


def raised(
    head: str, *, before: str = "", italic: bool = False, line: str = "\\\\ "
) -> Callable[[Front, random.Random], str]:
    """One \\author with raised numbers and the places below it, as MNRAS, IOP, jacow and many preprints have it."""

    def made(front: Front, draw: random.Random) -> str:
        mark = draw.choice([_numbers, _numbers, _letters])
        sign = (lambda n: str(n + 1)) if mark is _numbers else (lambda n: "abcdefghij"[n])
        last = draw.choice([", ", " and ", " \\& "])
        listed = [
            f"{tex(p.name)}$^{{{mark(p)}{',*' if at == 0 and draw.random() < 0.5 else ''}}}$"
            for at, p in enumerate(front.people)
        ]
        names = ", ".join(listed[:-1]) + (last if len(listed) > 1 else "") + listed[-1]
        places = line.join(
            f"$^{{{sign(n)}}}${'' if not italic else chr(92) + 'itshape '}{place_of(p)}"
            for n, p in enumerate(front.places)
        )
        return document(
            head, f"{before}\\title{{{tex(front.title)}}}\\author{{{names}{line}{places}}}\\date{{}}", front
        )

    return made


def jmlr(front: Front, draw: random.Random) -> str:
    """The class of JMLR's proceedings."""
    blocks = []
    for p in front.people:
        blocks.append(
            f"\\Name{{{tex(p.name)}}} \\Email{{{tex(p.mail)}}}\\\\ \\addr {place_of(front.places[p.places[0]])}"
        )
        p.places = p.places[:1]
    front.printed = {"venue": "", "year": front.year}
    return document("\\documentclass[wcp]{jmlr}", f"\\jmlrvolume{{85}}\\jmlryear{{{front.year}"
                                                  f"}}\\jmlrworkshop{{{tex(front.venue)}}}"
                    f"\\title{{{tex(front.title)}"
                    f"}}\\author{{{' {and} '.replace('{and}', chr(92) + 'AND').join(blocks)}}}", front)  # fmt: skip


def apa(name: str) -> Callable[[Front, random.Random], str]:
    """Manuscripts and journal pages of the APA."""

    def made(front: Front, draw: random.Random) -> str:
        for p in front.people:
            p.places = p.places[:1]
        marks = ",".join(f"{{{p.places[0] + 1}}}" for p in front.people)
        names = ",".join(f"{{{tex(p.name)}}}" for p in front.people)
        places = ",".join(f"{{{place_of(p)}}}" for p in front.places)
        return document(name, f"\\title{{{tex(front.title)}}}\\shorttitle{{short}}\\authorsnames[{marks}"
                              f"]{{{names}}}\\authorsaffiliations{{{places}}}"
                        f"\\abstract{{{tex(front.abstract)}"
                        f"}}\\keywords{{{', '.join(front.keywords)}}}", front, abstract=False)  # fmt: skip

    return made


def asme(name: str) -> Callable[[Front, random.Random], str]:
    """Conference and journal papers of the ASME."""

    def made(front: Front, draw: random.Random) -> str:
        for p in front.people:
            p.places = p.places[:1]
        if name == "asmeconf":
            names = ", ".join(f"{tex(p.name)}\\affil{{{p.places[0] + 1}}}" for p in front.people)
            places = "".join(f"\\SetAffiliation{{{n + 1}}}{{{place_of(p)}}}" for n, p in enumerate(front.places))
            before = f"\\ConfName{{{tex(front.venue)}}}\\ConfAcronym{{XYZ{front.year}}}"
            before += f"\\ConfDate{{June 1--5, {front.year}}}\\ConfCity{{Paris}}\\PaperNo{{XYZ{front.year}-123}}"
            front.printed = {"venue": front.venue, "year": front.year}
            before += f"\\title{{{tex(front.title)}}}\\SetAuthors{{{names}}}{places}"
        else:
            before = "".join(
                f"\\SetAuthorBlock{{{tex(p.name)}}}{{{place_of(front.places[p.places[0]], chr(92) * 2 + ' ')}}}"
                for p in front.people
            )
            before += f"\\JourName{{{tex(front.venue)}}}\\SetTitle{{{tex(front.title)}}}"
        return document(f"\\documentclass{{{name}}}", before, front)

    return made


def nature(front: Front, draw: random.Random) -> str:
    """Manuscripts of Nature."""
    names = ", ".join(f"{tex(p.name)}$^{{{_numbers(p)}}}$" for p in front.people)
    items = "".join(f"\\item {place_of(p)}\n" for p in front.places)
    return document("\\documentclass{nature}", f"\\title{{{tex(front.title)}}}\\author{{{names}}}", front,
                    numbered=False,
                    maketitle=f"\\maketitle\\begin{{affiliations}}{items}\\end{{affiliations}}")  # fmt: skip


def tugboat(front: Front, draw: random.Random) -> str:
    """The communications of the TeX users group: authors at the end."""
    names = "".join(
        f"\\author{{{tex(p.name)}}}\\address{{{place_of(front.places[p.places[0]])}}}\\netaddress{{{tex(p.mail)}}}"
        for p in front.people
    )
    return document(
        "\\documentclass{ltugboat}", f"\\title{{{tex(front.title)}}}{names}", front, after="", keywords=""
    ).replace("\\end{document}", "\\makesignature\\end{document}")


_A = "\\documentclass[{o}]{{article}}\\usepackage{{{p}}}"
CLASSES: dict[str, Callable[[Front, random.Random], str]] = {
    "article-and": by_and("\\documentclass{article}"),
    "article-times-and": by_and(
        "\\documentclass[11pt,twocolumn]{article}\\usepackage{times}\\usepackage[margin=2cm]{geometry}"
    ),
    "article-thanks": by_and("\\documentclass[11pt]{article}\\usepackage{lmodern}", thanks=True),
    "scrartcl-and": by_and("\\documentclass{scrartcl}\\usepackage{lmodern}"),
    "memoir-and": by_and("\\documentclass[article]{memoir}\\usepackage{lmodern}"),
    "proc-and": by_and("\\documentclass{proc}"),
    "paper-and": by_and("\\documentclass{paper}"),
    "amsproc": amsart("amsproc"),
    "amsart": amsart("amsart"),
    "ijmart": amsart("ijmart"),
    "authblk": by_authblk("\\documentclass{article}\\usepackage{lmodern}"),
    "authblk-blocks": by_authblk("\\documentclass[12pt]{article}\\usepackage{palatino}", options="blocks"),
    "authblk-kp": by_authblk("\\documentclass[twocolumn,10pt]{article}\\usepackage{kpfonts}", options="auth-sc"),
    "revtex-prl": by_affiliation("\\documentclass[aps,prl,reprint]{revtex4-2}"),
    "revtex-prb-super": by_affiliation("\\documentclass[aps,prb,reprint,superscriptaddress]{revtex4-2}"),
    "revtex-rmp": by_affiliation("\\documentclass[aps,rmp,reprint]{revtex4-2}"),
    "revtex-aip": by_affiliation("\\documentclass[aip,jcp,preprint]{revtex4-2}"),
    "revtex-preprint": by_affiliation("\\documentclass[aps,prd,preprint,groupedaddress]{revtex4-1}"),
    "aastex": by_affiliation("\\documentclass[twocolumn]{aastex631}", abstract_first=False, maketitle=""),
    "achemso": by_affiliation("\\documentclass[journal=jacsat]{achemso}", abstract_first=False),
    "elsarticle": elsarticle("\\documentclass[preprint]{elsarticle}"),
    "elsarticle-3p": elsarticle("\\documentclass[3p,times]{elsarticle}"),
    "elsarticle-5p": elsarticle("\\documentclass[final,5p,times,twocolumn]{elsarticle}"),
    "cas-sc": elsevier_cas("cas-sc"),
    "cas-dc": elsevier_cas("cas-dc"),
    "acm-sigconf": acmart("sigconf"),
    "acm-small": acmart("acmsmall"),
    "acm-large": acmart("acmlarge"),
    "acm-sigplan": acmart("sigplan"),
    "acm-manuscript": acmart("manuscript"),
    "llncs": llncs,
    "ieee-conference": ieee("conference"),
    "ieee-journal": ieee("journal"),
    "ieee-compsoc": ieee("10pt,journal,compsoc"),
    "ieee-compsoc-conference": ieee("conference,compsoc"),
    "ieee-onecolumn": ieee("journal,onecolumn,12pt,draftcls"),
    "mnras": raised("\\documentclass{mnras}"),
    "raised-plain": raised("\\documentclass[a4paper,11pt]{article}\\usepackage{mathptmx}"),
    "jacow": raised("\\documentclass{jacow}", line=", "),
    "jmlr": jmlr,
    "apa7-jou": apa("\\documentclass[jou,babel=false]{apa7}"),
    "apa7-man": apa("\\documentclass[man,babel=false]{apa7}"),
    "apa7-doc": apa("\\documentclass[doc,babel=false]{apa7}"),
    "asmeconf": asme("asmeconf"),
    "asmejour": asme("asmejour"),
    "nature": nature,
    "tugboat": tugboat,
    "sugconf": raised("\\documentclass{sugconf}"),
    "extarticle-raised": raised(
        "\\documentclass[9pt,twocolumn]{extarticle}\\usepackage{charter}\\usepackage[margin=2cm]{geometry}", italic=True
    ),
    "rsc-kluwer": by_and("\\documentclass{artikel3}"),
}
HELD_BACK = frozenset(
    "aastex acm-manuscript acm-sigplan acm-small amsproc apa7-doc article-and article-times-and authblk "
    "authblk-kp cas-dc mnras paper-and raised-plain revtex-aip revtex-preprint tugboat".split()
)
"""Drawn by lot."""
