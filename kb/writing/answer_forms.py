"""Whether a sentence has the form of an answer: numbers for "how many", a cause for "why", the kind of thing asked for.

The word lists are what papers of all fields write; they weigh little and decide only between sentences that are
near the question anyway.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from kb.writing import particulars
from kb.writing.amounts import asks_amount, states_amount
from kb.writing.questions import Question

_CAUSE = re.compile(
    r"\b(?:because|since|due to|owing to|in order to|so that|therefore|thus|hence|motivat\w+"
    r"|as (?:it|they|this) (?:is|are|can)"
    r"|to (?:avoid|prevent|counteract|reduce|improve|allow|enable|encourage|address|overcome|mitigate|ensure|facilitate"
    r"|capture|handle|better)|(?:allow|enabl|help|permit|lets?)(?:s|es|ing)? \w+"
    r"|(?:this|which|it) (?:is (?:critical|important|necessary|useful|beneficial)|reduces|improves|prevents|avoids))\b",
    re.I,
)
# How something is done: steps, means, tools.
_STEPS = re.compile(
    r"\b(?:we|it|they|system|model|method|approach|is|are|was|were|then|first) (?:\w+ly |then |first |also )?"
    r"(?:us|appl|train|extract|comput|select|choos|collect|sampl|crawl|download|gather|build|built|construct|convert"
    r"|combin|concatenat|encod|rank|split|label|annotat|filter|initiali|fine-tun|pretrain|obtain|deriv|generat|feed"
    r"|predict|measur|defin|denot|calculat|estimat|map|merg|link|identif|replac|compar|evaluat|ask|hir|recruit)\w*\b"
    r"|\bby (?:\w+ly )?\w+ing\b|\b(?:using|based on|via|by means of|through|with the help of)\b",
    re.I,
)
_CONTRAST = re.compile(
    r"\b(?:than|compar\w+|outperform\w*|whereas|while|unlike|differ\w*|versus|in contrast|better|worse)\b", re.I
)
_MEANING = re.compile(
    r"\b(?:is|are) (?:an?|the|defined|called|those|one of)\b"
    r"|\b(?:refers? to|denotes?|defin\w+|means|consists? of|measures)\b",
    re.I,
)
_ENUMERATION = re.compile(
    r"\b(?:such as|including|includes?|namely|ranging from|consist(?:s|ing)? of|following)\b|\be\.g\."
    r"|\w+, (?:and |or )?[\w-]+,? (?:and|or) \w+|\((?:[a-z1-9]|i{1,3}|iv)\)|: .+[;,] .+[;,] ",
    re.I,
)
# What is asked for, and the words that sentences with such a thing have (* stands for any ending, ? for one character).
_THINGS_AS_WORDS = (
    (
        "objective* loss losses",
        "loss losses objective* minimi* maximi* margin triplet* contrastive cross.entropy likelihood",
    ),
    (
        "dataset* data data?set* corpus corpora",
        "dataset* data?set* corpus corpora collection benchmark* samples examples",
    ),
    (
        "metric* evaluat* measure measured measures",
        (
            "metric* accuracy precision recall f1 f-score bleu* rouge* perplexity auc mrr ndcg* map fid"
            " score* error?rate wer meteor human?evaluat* human?judg* measure* measured?by"
        ),
    ),
    (
        "baseline* compare compared compares",
        "baseline* compar* previous* prior state.of.the.art",
    ),
    (
        "obtain* collect* gather* source* come?from get got where acquire* build built construct*",
        (
            "collect* crawl* scrap* download* obtain* gather* taken?from extract* built construct* source*"
            " derived annotat* provided?by from"
        ),
    ),
    (
        "architecture layer* network* encoder* decoder*",
        "layer* encoder* decoder* lstm gru cnn rnn transformer* attention architecture network* stacked",
    ),
    (
        "result* perform* improve* achieve* accurac* score*",
        "result* perform* improve* achiev* outperform* score* accurac* gain* better best highest",
    ),
    (
        "language*",
        (
            "english chinese french german spanish italian dutch russian japanese korean arabic hindi"
            " turkish portuguese persian swedish czech polish finnish monolingual multilingual bilingual"
            " languages"
        ),
    ),
    (
        "annotat* label*",
        "annotat* label* crowd* turk* inter-annotator agreement expert*",
    ),
    (
        ("previous?work* previous?approach* previous?method* previous?model* prior?work* related?work* existing?work*"),
        "previous* prior existing earlier recent recently proposed?by introduced?by et?al",
    ),
    (
        "train* optimi?e* optimi?er* hyper?parameter* hyperparameter* learning?rate batch",
        "train* optimi?e* adam sgd learning?rate batch epoch* dropout steps",
    ),
    (
        "limit* weakness* fail*",
        "limit* however fail* cannot future?work shortcoming* drawback*",
    ),
)


def _any_of(listed: str) -> re.Pattern[str]:
    shapes = (re.escape(word).replace(r"\?", ".").replace(r"\*", r"\w*").replace(r"\.", ".") for word in listed.split())
    return re.compile(rf"\b(?:{'|'.join(shapes)})\b", re.I)


_THINGS = tuple((_any_of(asked), _any_of(said)) for asked, said in _THINGS_AS_WORDS)


def suits(sentence: str, question: Question, *, headed: bool = False) -> float:
    """How far a sentence has the form of an answer to the question, at most 1; 0.5 where forms say nothing.

    ``headed``: it stands below a heading that names what a definition question asks for.
    """
    if not question.asks:
        return 0.5
    shape = _shape(sentence, question, headed=headed)
    said = [bool(found.search(sentence)) for asked, found in _THINGS if asked.search(question.text)]
    if not said or question.kind == "definition":
        return shape
    return 0.5 * shape + 0.5 * sum(said) / len(said) if shape >= 0 else shape


def _shape(sentence: str, question: Question, *, headed: bool) -> float:
    kind = question.kind
    if kind in ("number", "list", "definition") and hopes(sentence):
        return 0.0
    if kind == "number" or (kind == "comparison" and asks_amount(question)):
        return states_amount(sentence, question)
    if kind == "definition":
        return max(_defines(sentence, question), 0.8 if headed else 0.0)
    if kind == "list":
        return float(bool(_ENUMERATION.search(sentence)))
    pattern = {"reason": _CAUSE, "comparison": _CONTRAST, "manner": _STEPS}.get(kind)
    return 0.5 if pattern is None else float(bool(pattern.search(sentence)))


def _loose(topic: str) -> str:
    """A pattern for a term: "retrieval" in the question may be "retriever" in the paper, so long words count by their
    beginning."""
    parts = re.findall(r"[^\W_]+", topic)
    return r"[\s-]*".join(f"{re.escape(w[:-2])}\\w*" if len(w) > 6 else f"{re.escape(w)}s?" for w in parts)


def _defines(sentence: str, question: Question) -> float:
    """1 when the sentence introduces the term or says what it is, 0.3 when it says what something is."""
    for topic in (question.term,) if question.term else (*question.names, *question.phrases):
        if not (word := _loose(topic)):
            continue
        aside = r"[\"”']?(?:\s*\([^)]*\))?"
        named = (
            rf"\b(?:introduc|propos|present|call|dub|defin|denot)(?:e|es|ed|ing|s)?\b.{{0,60}}[\"“'\s]{word}\b"
            rf"|\b(?:named|termed)\b.{{0,20}}\b{word}\b|\brefer(?:red)? to\b.{{0,80}}\bas (?:an? |the )?[\"“']?{word}\b"
        )
        subject = (
            rf"(?:^|[,;:] )(?:an? |the |our |each |[\"“'])*{word}\b{aside},? (?:sometimes called [\w -]+, )?"
            r"(?:is|are) (?:an?|the|our|called|defined|those|one|any)\b"
        )
        apposition = rf"\b{word}\b{aside}, (?:an?|our|which)\b|^{word}\b{aside}: "
        verb = rf"\b{word}\b{aside} (?:refers? to|denotes?|means|consists? of|comprises?|can be described)\b"
        if re.search(f"{named}|{subject}|{apposition}|{verb}", sentence, re.I):
            return 1.0
    return 0.3 if _MEANING.search(sentence) else 0.0


_HOPES = re.compile(
    r"\b(?:future (?:work|research|stud)|(?:is|are) (?:needed|necessary|required|desirable|an open)"
    r"|we (?:hope|plan|intend)|remains? (?:an? )?(?:open|challeng\w+|unclear)|needs? to be)\b",
    re.I,
)
_OTHERS = re.compile(
    r"\bet al\b|\(\w+,? (?:19|20)\d\d\)|\bothers\b|\b(?:previous|prior|existing|earlier) (?:work|stud)"
)
_OURS = re.compile(r"\b(?:we|our|ours|this (?:paper|work)|the proposed)\b", re.I)
_PROPER = re.compile(r"(?<![.!?:] )(?<!^)\b(?:[A-Z][\w-]*[A-Z\d][\w-]*|[A-Z][a-z]+(?:[ -][A-Z][a-z]+)*|BIBREF\d+)\b")
# "(Arora et al., 2017)", "Cohan et al."; "Figure", "Appendix".
_CITED = re.compile(r"\([^()]*\b(?:19|20)\d\d[a-z]?[^()]*\)|\b[A-Z][\w-]+(?: (?:and|&) [A-Z][\w-]+)? et al\.?")
_POINTER = re.compile(r"(?:Fig(?:ure|s)?|Tab(?:le)?|Appendix|Section|Sec|Equation|Eq|Algorithm)s?", re.IGNORECASE)


def names(sentence: str, question: Question, known: Collection[str]) -> float:
    """Share of the question's names that the sentence prints, those in ``known`` (its paper's own) left out; 0.5 for
    a question without any."""
    asked = [name for name in question.names if name not in known]
    if not asked:
        return 0.5
    return sum(particulars.has_name(sentence, name) for name in asked) / len(asked)


def hopes(sentence: str) -> float:
    """1 for what should, could or will be rather than for what is."""
    return float(bool(_HOPES.search(sentence)))


def is_own(sentence: str) -> float:
    """1 when the authors speak of their own work, 0 of that of others, 0.5 when nothing tells."""
    if _OURS.search(sentence):
        return 1.0
    return 0.0 if _OTHERS.search(sentence) else 0.5


def speaks_of_others(sentence: str) -> bool:
    """Whether a sentence is about earlier or other work, as one that answers a question about this paper is not."""
    return bool(re.search(r"\b(?:previous|prior|existing|earlier|of the other)\b", sentence, re.I))


def enumerates(sentence: str, question: Question) -> float:
    """For a question that asks for things of a kind: how many names the sentence prints beyond the question's, of 4."""
    if question.kind != "list":
        return 0.0
    named = {name.casefold() for name in printed_names(sentence)} - {name.casefold() for name in question.names}
    return min(1.0, len(named) / 4)


def printed_names(sentence: str) -> list[str]:
    """The proper names within a sentence, in order, less those of cited authors and of its figures and sections."""
    return [name for name in _PROPER.findall(_CITED.sub(" ", sentence)) if not _POINTER.fullmatch(name)]


def prints_another_name(sentence: str, question: Question) -> bool:
    """Whether a sentence has a name that the question does not have, of no cited author: it may be what is asked for.

    What opens a sentence is a name where its shape says so: "SQuAD", but "Then".
    """
    asked = question.text.casefold()
    named = [*printed_names(sentence), *particulars.names(_CITED.sub(" ", sentence))]
    return any(name.casefold() not in asked for name in named)
