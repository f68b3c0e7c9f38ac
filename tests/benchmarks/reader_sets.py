"""The public sets that the reader of answers learned from, as questions with the sentences that answer them.

A folder has them as their authors publish them:

    squad.json            SQuAD 2.0, half its development set   chrischute/squad 85623ad, data/dev-v2.0.json
    new_wiki.json         SquadShifts                           modestyachts/squadshifts-website b7cc4d5,
    reddit.json                                                 datasets/*_v1.0.json
    amazon_reviews.json
    covid.json            COVID-QA, on whole papers             deepset-ai/COVID-QA fb2eb5e, 200423_covidQA.json
    pubmedqa.json         PubMedQA, questions to abstracts      pubmedqa/pubmedqa 1cbae8e, data/ori_pqal.json
    evidence/             Evidence Inference 2.0, comparisons   jayded/evidence-inference b9831b6, annotations/
                          in whole papers                       {v2_annotations,prompts_merged}.csv, txt_files/
    bioasq/*.json         BioASQ, lists, yes/no, facts,         MattMorgis/bioasq-rag b62e49b, 12B[1-4]_golden.json,
                          summaries                             HaXAlvin/BioASQ11b-PhaseB 6bcd292, 10B[1-6]_golden.json
    multispan.json        MultiSpanQA, lists                    haonan-li/MultiSpanQA 39f1c25, valid.json
    boolq.jsonl           BoolQ, yes/no                         dwzhu-pku/boolqQA a88d374, datafile/dev.jsonl
    hotpot.json           HotpotQA, a hundred to train with     yhshu/HippoRAG c3424ec, data/hotpotqa_train.json
    medquad/              MedQuAD, how, why and which           abachaa/MedQuAD 577bd37, folders 1, 3 and 5 to 9

SciFact's training claims, less the quarter that ``verification`` holds back, and CSAbstruct's training abstracts come
from the project's data folder. The questions that the product is measured on (QASPER's and those written for it) are
not among them. Licences: ``kb/encoders/data/LICENSES.md``.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from kb.encoders import load_encoder
from kb.settings import Settings
from kb.text import sentence_spans
from tests.benchmarks.verification import is_held_back

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SCIENCE = ("covid", "pubmed", "scifact", "evidence", "bioasq", "medquad", "abstracts")
WIKI = ("squad", "new_wiki", "multispan", "boolq", "hotpot")
ONE_OF_MANY = ("covid", "pubmed", "evidence", "bioasq", "medquad")  # the text may say it again where nobody marked it
ALIKE = 0.8  # cosine from which a sentence may say what an answer says
MOST = {"evidence": 1500, "abstracts": 700, "medquad": 450, "boolq": 1000, "squad": 1300, "new_wiki": 500}
ASKED = {
    "objective": ("What is the goal of the paper?", "What do the authors propose?", "What problem do they address?"),
    "method": ("How do they do it?", "What method do they use?", "Which methods and data are used?"),
    "result": ("What are the main findings?", "What results do they report?", "How well does it work?"),
    "background": ("Why does the problem matter?", "What is the motivation?", "What is known about the topic?"),
}
COMPARED = (
    "What is the effect of {i} on {o} compared with {c}?",
    "How does {i} compare with {c} in terms of {o}?",
    "Is there a difference in {o} between {i} and {c}?",
    "Does {i} change {o} compared with {c}?",
    "Which is better for {o}, {i} or {c}?",
)
_YES_NO = re.compile(r"(?i)^(is|are|was|were|do|does|did|can|could|has|have|had|will|would|should|may)\b")
_COMPARES = re.compile(r"(?i)\b(compar\w+|versus|vs|differences?|better|than)\b")
_HOW = re.compile(r"(?i)^(how|why)\b(?! (many|much|long|old|often|far|large|big)\b)")


@dataclass
class Group:
    """A question, the sentences of its text, the answers (each some sentences of which one at least holds it)."""

    source: str
    document: str
    question: str
    sentences: list[str]
    title: str
    answers: list[list[int]]
    kind: str = ""
    held: bool = False
    before: list[str] = field(default_factory=list)  # what stands before each sentence
    near: list[float] = field(default_factory=list)  # how near each sentence is by the encoder
    alike: set[int] = field(default_factory=set)  # sentences too like an answer to be called wrong
    strays: list[tuple[str, str, float]] = field(default_factory=list)  # of other texts: what stands before, how near

    def __post_init__(self) -> None:
        self.before = self.before or ["", *self.sentences[:-1]]
        asked = self.question
        if not self.kind:
            kinds = {
                "comparison": _COMPARES.search(asked),
                "how or why": _HOW.search(asked),
                "yes/no": _YES_NO.search(asked),
            }
            self.kind = next((kind for kind, found in kinds.items() if found), "fact")

    @property
    def right(self) -> set[int]:
        """The sentences of all answers."""
        return {i for answer in self.answers for i in answer}


def split(text: str) -> list[str]:
    """The sentences of a text."""
    return [text[a:b] for a, b in sentence_spans(text)]


def squad(path: Path, source: str) -> Iterator[Group]:
    """Questions in SQuAD's layout; the sentence that an answer begins or ends in answers."""
    for article in json.loads(path.read_text("utf-8"))["data"]:
        title = article.get("title", "").replace("_", " ") if source in ("squad", "new_wiki") else ""
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            spans = sentence_spans(text)
            document = str(paragraph.get("document_id") or article.get("title") or text[:40])
            for asked in paragraph["qas"]:
                found: set[int] = set()
                for answer in (asked.get("answers") or [])[:1]:
                    start = answer["answer_start"] + len(answer["text"]) - len(answer["text"].lstrip())
                    end = answer["answer_start"] + len(answer["text"].rstrip())
                    found |= {i for i, (a, b) in enumerate(spans) if a < end and b > start}
                sentences = [text[a:b] for a, b in spans]
                yield Group(
                    source, document, asked["question"].strip(), sentences, title, [sorted(found)] if found else []
                )


def pubmed(path: Path) -> Iterator[Group]:
    """Questions to abstracts: the first three sentences of the conclusion answer."""
    for i, (key, row) in enumerate(sorted(json.loads(path.read_text("utf-8")).items())):
        body = [sentence for part in row["CONTEXTS"] for sentence in split(part)]
        conclusion = split(row["LONG_ANSWER"])
        answers = list(range(len(body), len(body) + len(conclusion)))[:3]
        yield Group("pubmed", key, row["QUESTION"], body + conclusion, "", [answers], held=i % 5 == 0)


def scifact(folder: Path = SHARED / "scifact") -> Iterator[Group]:
    """Claims and the abstracts they cite: sentences that bear them out or deny them answer."""
    with gzip.open(folder / "corpus_sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = {(doc := json.loads(line))["doc_id"]: doc for line in lines}
    for claim in map(json.loads, (folder / "claims_train.jsonl").read_text("utf-8").splitlines()):
        for doc_id in claim["cited_doc_ids"]:
            rationales = claim["evidence"].get(str(doc_id), [])
            answers = [[i] for i in sorted({i for rationale in rationales for i in rationale["sentences"]})]
            doc, held = documents[doc_id], is_held_back(claim["id"])
            yield Group("scifact", str(doc_id), claim["claim"], doc["abstract"], doc["title"], answers, "claim", held)


def evidence(folder: Path) -> Iterator[Group]:
    """Trials: what an intervention does to an outcome beside a comparator; what the annotators cite answers."""
    rng = random.Random(5)
    with (folder / "prompts_merged.csv").open(encoding="utf-8") as rows:
        prompts = {row["PromptID"]: row for row in csv.DictReader(rows)}
    cited: defaultdict[str, defaultdict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    with (folder / "v2_annotations.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            in_prose = row["Annotations"].strip().count("\n") < 2
            if row["Valid Label"] == row["Valid Reasoning"] == "True" and in_prose and row["PromptID"] in prompts:
                cited[row["PMCID"]][row["PromptID"]].append((int(row["Evidence Start"]), int(row["Evidence End"])))
    for number, (paper, asked) in enumerate(sorted(cited.items())):
        text, at, spans = (folder / "txt_files" / f"PMC{paper}.txt").read_text("utf-8"), 0, []
        for line in text.split("\n"):  # a paragraph is a line, and so is a cell of a table
            spans += [
                (at + a, at + b) for a, b in sentence_spans(line) if len(line) > 60 and 4 < len(line[a:b].split()) < 90
            ]
            at += len(line) + 1
        answers = {
            prompt: [
                found
                for start, end in marks
                if (
                    found := [
                        i
                        for i, (a, b) in enumerate(spans)
                        if min(b, end) - max(a, start) > 0.5 * min(b - a, end - start)
                    ]
                )
            ]
            for prompt, marks in asked.items()
        }
        central = {i for found in answers.values() for answer in found for i in answer}
        kept = [i for i in range(len(spans)) if i < 8 or rng.random() < 0.04 or any(abs(i - j) < 3 for j in central)]
        place = {i: row for row, i in enumerate(kept)}
        sentences = [text[a:b] for a, b in (spans[i] for i in kept)]
        before = [text[slice(*spans[i - 1])] if i else "" for i in kept]
        title = next((line.strip() for line in text.split("\n")[1:] if line.strip()), "")
        for prompt, found in answers.items():
            parts = {key[0].lower(): prompts[prompt][key].strip() for key in ("Intervention", "Outcome", "Comparator")}
            marked = [[place[i] for i in answer] for answer in dict.fromkeys(tuple(answer) for answer in found)]
            question = rng.choice(COMPARED).format(**parts)
            if marked:
                yield Group(
                    "evidence", paper, question, sentences, title, marked, "comparison", number % 12 == 0, before
                )


def bioasq(folder: Path) -> Iterator[Group]:
    """Questions of experts and the snippets of abstracts that answer them, each an answer."""
    kinds = {"list": "list", "yesno": "yes/no", "factoid": "fact", "summary": "summary"}
    for path in sorted(folder.glob("*.json")):
        for i, asked in enumerate(json.loads(path.read_text("utf-8"))["questions"]):
            sentences: list[str] = []
            before: list[str] = []
            answers = []
            for text in list(dict.fromkeys(snippet["text"].strip() for snippet in asked["snippets"]))[:6]:
                told = split(text)[:4]
                answers.append(list(range(len(sentences), len(sentences) + len(told))))
                sentences, before = sentences + told, [*before, "", *told[:-1]]
            yield Group(
                "bioasq",
                asked["id"],
                asked["body"].strip(),
                sentences,
                "",
                answers,
                kinds[asked["type"]],
                i % 5 == 0,
                before,
            )


def multispan(path: Path) -> Iterator[Group]:
    """Questions of searchers that have several answers in a paragraph."""
    for i, row in enumerate(json.loads(path.read_text("utf-8"))["data"]):
        text, marks = "", []
        for word, label in zip(row["context"], row["label"], strict=True):
            tight = not text or word in ".,;:!?)]%'" or word.startswith("'") or text[-1] in "([#$"
            text += "" if tight else " "
            if label == "B":
                marks.append(len(text))
            text += word
        spans = sentence_spans(text)
        right = sorted({i for i, (a, b) in enumerate(spans) if any(a <= mark < b for mark in marks)})
        question = " ".join(row["question"]).capitalize() + "?"
        sentences = [text[a:b] for a, b in spans]
        yield Group("multispan", row["id"], question, sentences, "", [[i] for i in right], "list", i % 5 == 0)


def boolq(path: Path) -> Iterator[Group]:
    """Yes/no questions of searchers; somewhere the passage answers."""
    for i, row in enumerate(map(json.loads, path.read_text("utf-8").splitlines())):
        sentences = split(row["passage"])
        answers = [list(range(len(sentences)))]
        question = row["question"].capitalize() + "?"
        yield Group("boolq", f"boolq {i}", question, sentences, row["title"], answers, "yes/no", i % 12 == 0)


def hotpot(path: Path) -> Iterator[Group]:
    """Questions that need two articles: every supporting sentence answers."""
    for i, row in enumerate(json.loads(path.read_text("utf-8"))):
        places = [(title, j) for title, told in row["context"] for j in range(len(told))]
        sentences = [told[j].strip() for _, told in row["context"] for j in range(len(told))]
        before = [
            ": ".join(p for p in (title, sentences[k - 1] if j else "") if p) for k, (title, j) in enumerate(places)
        ]
        right = [[places.index((title, j))] for title, j in map(tuple, row["supporting_facts"]) if (title, j) in places]
        kind = "comparison" if row["type"] == "comparison" else ""
        yield Group("hotpot", row["_id"], row["question"], sentences, "", right, kind, i % 5 == 0, before)


def medquad(folder: Path) -> Iterator[Group]:
    """Questions on one topic each with its own answer: the others' answers are on topic and wrong."""
    for path in sorted(folder.glob("*/*.xml")):
        pairs = [
            (pair.findtext("Question", "").strip(), split(" ".join(pair.findtext("Answer", "").split())))
            for pair in ElementTree.parse(path).iter("QAPair")
        ]
        pairs = [(question, [part for part in told if len(part.split()) > 3][:8]) for question, told in pairs]
        sentences = [sentence for _, told in pairs for sentence in told]
        at = 0
        for question, told in pairs:
            answer, at = list(range(at, at + len(told)))[:5], at + len(told)
            if len(pairs) > 2 and told:
                held = int(path.stem.split("_")[0]) % 8 == 0
                yield Group("medquad", str(path), question, sentences, "", [answer], held=held)


def abstracts(path: Path = SHARED / "csabstruct" / "train.jsonl") -> Iterator[Group]:
    """Abstracts of computer science whose sentences have roles: what is asked of a paper without knowing it."""
    rng = random.Random(11)
    for i, row in enumerate(map(json.loads, path.read_text("utf-8").splitlines())):
        role = rng.choice(sorted(ASKED))
        sure = [
            j
            for j, (label, share) in enumerate(zip(row["labels"], row["confs"], strict=True))
            if label == role and share > 0.5
        ]
        unsure = {j for j, label in enumerate(row["labels"]) if label == role} - set(sure)
        answers = [[j] for j in sure]
        question = rng.choice(ASKED[role])
        yield Group(
            "abstracts", f"cs {i}", question, row["sentences"], "", answers, "of a paper", i % 8 == 0, alike=unsure
        )


def read_groups(data: Path) -> list[Group]:
    """All questions, their sentences measured by the encoder (what is near and does not answer teaches most)."""
    rng = random.Random(7)
    groups = [*squad(data / "squad.json", "squad"), *squad(data / "new_wiki.json", "new_wiki")]
    for name, most in (("reddit", 200), ("amazon_reviews", 100)):
        some = list(squad(data / f"{name}.json", name))
        rng.shuffle(some)
        groups += some[:most]
    whole = list(squad(data / "covid.json", "covid"))
    papers = sorted({group.document for group in whole})
    rng.shuffle(papers)
    articles = sorted({group.document for group in groups if group.source == "squad"})[:2]
    for group in groups + whole:
        group.held = group.document in papers[:30] if group.source == "covid" else group.document in articles
    groups += [*whole, *pubmed(data / "pubmedqa.json"), *scifact(), *evidence(data / "evidence"), *abstracts()]
    groups += [*bioasq(data / "bioasq"), *multispan(data / "multispan.json"), *boolq(data / "boolq.jsonl")]
    groups += [*hotpot(data / "hotpot.json"), *medquad(data / "medquad")]
    rng.shuffle(groups)
    kept: list[Group] = []
    counted: defaultdict[tuple[str, bool], int] = defaultdict(int)
    for group in groups:
        counted[group.source, group.held] += 1
        most = 150 if group.held else MOST.get(group.source, len(groups))
        if group.sentences and counted[group.source, group.held] <= most:
            kept.append(group)
    measure(kept)
    return kept


def measure(groups: Sequence[Group]) -> None:
    """How near each sentence is to its question, which are too like an answer, and near ones of other texts."""
    encoder = load_encoder(Settings.load())
    told = {s: context for group in groups for s, context in zip(group.sentences, group.before, strict=True)}
    texts = list(told)
    place = {text: i for i, text in enumerate(texts)}
    vectors = encoder.encode_passages(texts)
    asked = encoder.encode_passages([group.question for group in groups])
    for group, question in zip(groups, asked, strict=True):
        own = vectors[[place[sentence] for sentence in group.sentences]]
        group.near = (own @ question).tolist()
        if group.source in ONE_OF_MANY and group.answers:
            like = (own @ own[sorted(group.right)].T).max(1)
            group.alike |= set(np.flatnonzero(like > ALIKE).tolist()) - group.right
    for family in (SCIENCE, WIKI):
        some = [i for i, group in enumerate(groups) if group.source in family]
        pool = np.array(sorted({place[text] for i in some for text in groups[i].sentences}))
        for start in range(0, len(some), 128):
            part = some[start : start + 128]
            scores = asked[part] @ vectors[pool].T
            for i, score in zip(part, scores, strict=True):
                group, nearest = groups[i], np.argpartition(-score, 40)[:40]
                answers = vectors[[place[group.sentences[k]] for k in sorted(group.right)]]
                for k in nearest[np.argsort(-score[nearest])][2:].tolist():  # the very nearest may well answer too
                    text = texts[pool[k]]
                    far = not len(answers) or float((answers @ vectors[pool[k]]).max()) < ALIKE
                    if far and text not in group.sentences and len(group.strays) < 14:
                        group.strays.append((text, told[text], float(score[k])))
