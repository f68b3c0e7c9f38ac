"""Whether a sentence has the form of an answer: numbers for "how many", a cause for "why", the kind of thing asked for.

The word lists are what papers of all fields write; they weigh little and decide only between sentences that are
near the question anyway.
"""

from __future__ import annotations

import re

from kb.writing import particulars
from kb.writing.questions import Question
from kb.writing.words import content_stems, stem, words

_CAUSE = re.compile(r"\b(?:because|since|due to|in order to|so that|therefore|thus|motivat\w+|to avoid)\b", re.I)
_CONTRAST = re.compile(
    r"\b(?:than|compar\w+|outperform\w*|whereas|while|unlike|differ\w*|versus|in contrast|better|worse)\b", re.I
)
_MEANING = re.compile(
    r"\b(?:is|are) (?:an?|the|defined|called|those|one of)\b"
    r"|\b(?:refers? to|denotes?|defin\w+|means|consists? of|measures)\b",
    re.I,
)
_ENUMERATION = re.compile(
    r"\bsuch as\b|\b(?:including|includes?|namely|e\.g\.)|\w+, (?:and |or )?[\w-]+,? (?:and|or) \w+|\([a-z1-9]\)", re.I
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
_SIZE = re.compile(r"^how (?:big|large|many|much|long)|\bsize\b", re.I)
_COUNTED = re.compile(
    r"\d[\d,.]*\s?[kKMB]?\+?\s+(?:\w+[ -]){0,2}?(?:sentences?|words?|tokens?|documents?|papers?|articles?|examples?"
    r"|samples?|pairs?|instances?|images?|hours?|users?|tweets?|posts?|messages?|rows?|records?|questions?|utterances?|events?|entries"
    r"|tags?|classes|layers?|parameters?|GPUs?|epochs?|steps?|labels?|items?|participants?|patients?|recipes?|reviews?"
    r"|languages?)\b",
    re.I,
)


def suits(sentence: str, question: Question) -> float:
    """How far a sentence has the form of an answer to the question, in [0, 1]; 0.5 where forms say nothing."""
    if not question.asks:
        return 0.5
    shape = _shape(sentence, question)
    said = [bool(found.search(sentence)) for asked, found in _THINGS if asked.search(question.text)]
    if not said:
        return shape
    return 0.5 * shape + 0.5 * sum(said) / len(said)


def _shape(sentence: str, question: Question) -> float:
    kind = question.kind
    if kind in ("number", "list", "definition") and hopes(sentence):
        return 0.0
    if kind == "number":
        if not (stated := [n for n in particulars.numbers(sentence) if not n.in_words or n.value > 2]):
            return 0.0
        if noun := _counted_noun(question):
            return 1.0 if _counts(sentence, noun) else 0.4 if _COUNTED.search(sentence) else 0.2
        if _SIZE.search(question.text):
            return 1.0 if _COUNTED.search(sentence) else 0.4
        return 1.0 if any(n.unit or "." in n.text for n in stated) else 0.5
    if kind == "definition":
        return _defines(sentence, question)
    if kind == "list":
        return float(bool(_ENUMERATION.search(sentence)))
    pattern = {"reason": _CAUSE, "comparison": _CONTRAST}.get(kind)
    return 0.5 if pattern is None else float(bool(pattern.search(sentence)))


_NUMBER_WORDS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve twenty hundred thousand million".split()
)
_HOW_MANY = re.compile(
    r"\bhow many ((?:[\w-]+ ){0,3}?[\w-]+)"
    r"(?= (?:does|do|did|is|are|was|were|has|have|had|can|of|in|on|there|per|they|it)\b|\s*[?.]|$)",
    re.I,
)
_WORDS_AFTER = 4  # words between a number and what it counts


def _counted_noun(question: Question) -> str | None:
    """The stem of what "how many" asks for: "paper" of "how many scientific papers are …"."""
    asked = _HOW_MANY.search(question.text)
    stems = content_stems(asked[1]) if asked else []
    return stems[-1] if stems else None


def _is_count(word: str) -> bool:
    return word[0].isdigit() or word in _NUMBER_WORDS


def _counts(sentence: str, noun: str) -> bool:
    """Whether a number stands just before the noun: "81.1M English-language academic papers"."""
    tokens = words(sentence)
    pairs = zip(tokens, [*tokens[1:], ""], strict=True)
    at = [i for i, (word, after) in enumerate(pairs) if _is_count(word) and after not in ("times", "fold")]
    return any(stem(word) == noun for i in at for word in tokens[i + 1 : i + 1 + _WORDS_AFTER])


def _defines(sentence: str, question: Question) -> float:
    """1 when the sentence introduces what is asked for or says what it is, 0.4 when it says what something is."""
    for topic in (*question.names, *question.phrases):
        # "retrieval" in the question may be "retriever" in the paper: long words count by their beginning.
        word = r"[\s-]+".join(f"{re.escape(w[:-2])}\\w*" if len(w) > 6 else re.escape(w) for w in topic.split())
        aside = r"(?:\s*\([^)]*\))?"
        named = rf"\b(?:introduc|propos|present|call|term|nam|dub|defin)(?:e|es|ed|ing|s)?\b.{{0,60}}\b{word}\b"
        subject = rf"(?:^|[,;:] )(?:the |our )?{word}\b{aside} (?:is|are) (?:an?|the|our|called|defined|those)\b"
        apposition = rf"\b{word}\b{aside}, (?:an?|our|which)\b"
        verb = rf"\b{word}\b{aside} (?:refers? to|denotes?|means|consists? of|comprises?)\b"
        if re.search(f"{named}|{subject}|{apposition}|{verb}", sentence, re.I):
            return 1.0
    return 0.4 if _MEANING.search(sentence) else 0.0


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
    named = {name.casefold() for name in _PROPER.findall(sentence)} - {name.casefold() for name in question.names}
    return min(1.0, len(named) / 4)
