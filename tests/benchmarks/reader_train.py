"""How the reader of answers was trained, and how well it does: ``kb/index/encoders/data/reader.npz``.

    python -m tests.benchmarks.reader_train DATA --steps 590 --write

DATA is a folder with public sets of questions whose answers are marked in a text, as their authors publish them:

    squad.json          SQuAD 2.0, a half of its development set     chrischute/squad b7cc4d5, data/dev-v2.0.json
    new_wiki.json       SquadShifts                                  modestyachts/squadshifts-website 85623ad,
    reddit.json                                                      datasets/*_v1.0.json
    amazon_reviews.json
    covid.json          COVID-QA, on whole papers                    deepset-ai/COVID-QA fb2eb5e, 200423_covidQA.json
    pubmedqa.json       PubMedQA, questions to abstracts             pubmedqa/pubmedqa 1cbae8e, data/ori_pqal.json

and SciFact's training claims come from the project's data folder, less the quarter that ``verification`` holds back.
The questions that the product is measured on (QASPER's and those written for it) are not among them.

The task is answer sentence selection with "none of these" (Garg et al. 2020; the null of SQuAD 2.0): of a few sentences
of the same text, the softmax over their log-odds and 0 shall choose the one that holds the answer, or 0 where it was
taken away. The base weights stay as they are; low-rank updates (LoRA, rank 16), layer norms, segments and a linear head
are trained; for the published file the rate fell by the clock, over fifty minutes of two cores. Held back: 30 papers of
COVID-QA, two articles of SQuAD, the quarter of the claims.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional
from transformers import BertModel

from kb.index.encoders import load_encoder
from kb.index.encoders.model_files import DEFAULT_MODEL, find_model
from kb.index.encoders.reader_graph import GraphReader
from kb.index.encoders.tokenizer import ModelTokenizer
from kb.settings import Settings
from kb.text import sentence_spans
from tests.benchmarks.verification import is_held_back

SCIFACT = Path(__file__).resolve().parents[3] / "shared" / "data" / "scifact"
UPDATE = Path(__file__).resolve().parents[2] / "kb" / "index" / "encoders" / "data" / "reader.npz"
RANK, RATE, BATCH, MICRO = 16, 1e-3, 32, 64
TIMES = {"covid": 3, "scifact": 2, "pubmed": 2}  # how often an epoch has the questions nearest to the product's use


@dataclass
class Group:
    """A question, the sentences of its text, which of them answer it, and how near each is by the encoder."""

    source: str
    document: str
    question: str
    sentences: list[str]
    title: str
    answers: list[int]
    held: bool = False
    near: list[float] = field(default_factory=list)


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
                yield Group(source, document, asked["question"].strip(), sentences, title, sorted(found))


def pubmed(path: Path) -> Iterator[Group]:
    """Questions to abstracts: the first three sentences of the conclusion answer."""
    for i, (key, row) in enumerate(sorted(json.loads(path.read_text("utf-8")).items())):
        body = [part[a:b] for part in row["CONTEXTS"] for a, b in sentence_spans(part)]
        conclusion = [row["LONG_ANSWER"][a:b] for a, b in sentence_spans(row["LONG_ANSWER"])]
        answers = list(range(len(body), len(body) + len(conclusion)))[:3]
        yield Group("pubmed", key, row["QUESTION"], body + conclusion, "", answers, held=i % 5 == 0)


def scifact(folder: Path = SCIFACT) -> Iterator[Group]:
    """Claims and the abstracts they cite: sentences that bear them out or deny them answer."""
    with gzip.open(folder / "corpus_sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = {(doc := json.loads(line))["doc_id"]: doc for line in lines}
    for claim in map(json.loads, (folder / "claims_train.jsonl").read_text("utf-8").splitlines()):
        for doc_id in claim["cited_doc_ids"]:
            rationales = claim["evidence"].get(str(doc_id), [])
            answers = sorted({i for rationale in rationales for i in rationale["sentences"]})
            doc, held = documents[doc_id], is_held_back(claim["id"])
            yield Group("scifact", str(doc_id), claim["claim"], doc["abstract"], doc["title"], answers, held=held)


def read_groups(data: Path) -> list[Group]:
    """All questions, their sentences measured by the encoder (what is near and does not answer teaches most)."""
    rng = random.Random(7)
    groups = [*squad(data / "squad.json", "squad"), *squad(data / "new_wiki.json", "new_wiki")]
    for name, most in (("reddit", 6000), ("amazon_reviews", 3000)):
        some = list(squad(data / f"{name}.json", name))
        rng.shuffle(some)
        groups += some[:most]
    whole = list(squad(data / "covid.json", "covid"))
    papers = sorted({group.document for group in whole})
    rng.shuffle(papers)
    articles = sorted({group.document for group in groups if group.source == "squad"})[:2]
    for group in groups + whole:
        group.held = group.document in papers[:30] if group.source == "covid" else group.document in articles
    groups += [*whole, *pubmed(data / "pubmedqa.json"), *scifact()]
    encoder = load_encoder(Settings.load())
    texts = list(dict.fromkeys(sentence for group in groups for sentence in group.sentences))
    place = {text: i for i, text in enumerate(texts)}
    vectors = encoder.encode_passages(texts)
    for group, asked in zip(groups, encoder.encode_passages([group.question for group in groups]), strict=True):
        group.near = (vectors[[place[sentence] for sentence in group.sentences]] @ asked).tolist()
    return [group for group in groups if group.sentences]


class LowRank(nn.Module):
    """A dense layer that stays as it is, and a trained product of two thin matrices beside it."""

    def __init__(self, dense: nn.Linear) -> None:
        super().__init__()
        self.dense = dense.requires_grad_(False)
        self.a = nn.Parameter(torch.randn(RANK, dense.in_features) / math.sqrt(dense.in_features))
        self.b = nn.Parameter(torch.zeros(dense.out_features, RANK))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(…, in) -> (…, out)."""
        return self.dense(x) + functional.linear(functional.linear(x, self.a), self.b)


class ReaderModel(nn.Module):
    """The base BERT with low-rank updates, and a head over its first and mean vector."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        loaded: Any = BertModel
        self.bert = loaded.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager", **still)
        self.bert.requires_grad_(False)
        for layer in self.bert.encoder.layer:
            inner, outer = layer.attention.self, layer.attention.output
            for name in ("query", "key", "value"):
                setattr(inner, name, LowRank(getattr(inner, name)))
            for block in (outer, layer.intermediate, layer.output):
                block.dense = LowRank(block.dense)
            outer.LayerNorm.requires_grad_(True)
            layer.output.LayerNorm.requires_grad_(True)
        self.bert.embeddings.token_type_embeddings.weight.requires_grad_(True)
        self.bert.embeddings.LayerNorm.requires_grad_(True)
        self.head = nn.Linear(2 * self.bert.config.hidden_size, 1)

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n,) log-odds."""
        hidden = self.bert(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
        kept = mask.unsqueeze(-1).to(hidden.dtype)
        pooled = torch.cat([hidden[:, 0], (hidden * kept).sum(1) / kept.sum(1)], -1)
        return self.head(pooled.float()).squeeze(-1)  # type: ignore[no-any-return]

    def update(self) -> dict[str, np.ndarray]:
        """What was trained, float16, under the names that ``reader_graph`` reads."""
        trained = {name: value for name, value in self.named_parameters() if value.requires_grad}
        return {
            name.removeprefix("bert."): value.detach().numpy().astype(np.float16) for name, value in trained.items()
        }


Packed = tuple[list[int], list[int]]


class Packer:
    """Question, sentence and what stands before it as token numbers and segments, as ``GraphReader`` packs them."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = ModelTokenizer(folder, max_tokens=256)
        self._known: dict[str, list[int]] = {}

    def pack(self, group: Group, i: int, *, rng: random.Random | None = None) -> Packed:
        """Sentence ``i`` of a group; with ``rng`` title or context are left out now and then, as they are in use."""
        before = group.sentences[i - 1] if i else ""
        title = group.title if rng is None or rng.random() >= 0.4 else ""
        context = ": ".join(part for part in (title, before) if part)
        if rng is not None and rng.random() < 0.2:
            context = ""
        return GraphReader.row(self._ids(group.question), self._ids(group.sentences[i]), self._ids(context))

    def _ids(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = self._tokenizer.pieces([text[:1500]])[0]
        return self._known[text]


def log_odds(model: ReaderModel, packed: Sequence[Packed]) -> torch.Tensor:
    """(n,) log-odds, computed in batches of like length."""
    order = sorted(range(len(packed)), key=lambda i: -len(packed[i][0]))
    parts = []
    for start in range(0, len(order), MICRO):
        rows = [packed[i] for i in order[start : start + MICRO]]
        shape = len(rows), len(rows[0][0])
        ids, types, mask = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
        for row, (numbers, kinds) in enumerate(rows):
            ids[row, : len(numbers)], types[row, : len(numbers)] = torch.tensor(numbers), torch.tensor(kinds)
            mask[row, : len(numbers)] = 1
        with torch.autocast("cpu", dtype=torch.bfloat16):
            parts.append(model(ids, types, mask).float())
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(parts)[back]


def sample(group: Group, packer: Packer, rng: random.Random, others: Sequence[Group]) -> tuple[list[Packed], int]:
    """A few sentences of a group and which of them to choose: 1 the first, 0 none (a quarter loses its answer)."""
    rest = [i for i in range(len(group.sentences)) if i not in group.answers and len(group.sentences[i].split()) > 3]
    rest.sort(key=lambda i: -group.near[i])
    near = rest[: 10 if len(group.sentences) > 30 else 4]
    wrong = rng.sample(near, min(3, len(near)))
    if more := [i for i in rest if i not in wrong]:
        wrong.append(rng.choice(more))
    chosen = [rng.choice(group.answers)] if group.answers and (not wrong or rng.random() > 0.25) else []
    packed = [packer.pack(group, i, rng=rng) for i in (*chosen, *wrong)]
    if not packed or rng.random() < 0.15:
        stray = rng.choice(others)
        packed.append(packer.pack(stray, rng.randrange(len(stray.sentences)), rng=rng))
    return packed, len(chosen)


def train(model: ReaderModel, groups: Sequence[Group], packer: Packer, *, steps: int) -> None:
    """So many steps of ``BATCH`` questions; the rate rises for sixty and then falls to nothing."""
    rng = random.Random(3)
    plan = [group for group in groups for _ in range(TIMES.get(group.source, 1))]
    rng.shuffle(plan)
    trained = [value for value in model.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.01)
    mean = 0.0
    model.train()
    for step in range(min(steps, len(plan) // BATCH)):
        start, done = step * BATCH, step / steps
        for options in optimiser.param_groups:
            options["lr"] = RATE * min(1, (step + 1) / 60) * max(0.02, 1 - done)
        batch = [sample(group, packer, rng, groups) for group in plan[start : start + BATCH]]
        odds = log_odds(model, [row for rows, _ in batch for row in rows])
        loss, at = odds.new_zeros(()), 0
        for rows, target in batch:
            one = torch.cat([odds.new_zeros(1), odds[at : at + len(rows)]])
            loss, at = loss - functional.log_softmax(one, 0)[target] / len(batch), at + len(rows)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        mean = 0.98 * mean + 0.02 * loss.item() if step else loss.item()
        if step % 25 == 0:
            print(f"step {step}, {done:.0%}, loss {mean:.3f}", flush=True)


def evaluate(model: ReaderModel, groups: Sequence[Group], packer: Packer) -> list[str]:
    """Rows of the table: the best of the 25 nearest sentences, and whether there is an answer, beside cosine alone."""
    model.eval()
    lines = [
        "| held back | questions | best sentence answers, cosine | reader | AUC answered or not, cosine | reader |"
    ]
    for source in ("covid", "squad", "scifact", "pubmed"):
        held = [group for group in groups if group.held and group.source == source][:300]
        right: list[tuple[bool, bool]] = []
        tops: list[tuple[float, float, bool]] = []
        for group in held:
            order = sorted(range(len(group.sentences)), key=lambda i: -group.near[i])[:25]
            with torch.no_grad():
                odds = log_odds(model, [packer.pack(group, i) for i in order]).tolist()
            scored = dict(zip(order, odds, strict=True))
            if group.answers:
                right.append((order[0] in group.answers, max(scored, key=lambda i: scored[i]) in group.answers))
            # Where every question has an answer, the same text without it is the question that has none.
            wrong = [i for i in order if i not in group.answers]
            tops.append((group.near[order[0]], max(odds), bool(group.answers)))
            if source in ("covid", "pubmed") and wrong:
                tops.append((group.near[wrong[0]], max(scored[i] for i in wrong), False))
        cosine, reader, labels = zip(*tops, strict=True)
        first = " | ".join(f"{value:.3f}" for value in np.mean(right, axis=0))
        lines.append(
            f"| {source} | {len(held)} | {first} | {roc_auc_score(labels, cosine):.3f}"
            f" | {roc_auc_score(labels, reader):.3f} |"
        )
    return lines


def main() -> None:
    """Train, print the table, write the update when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the sets")
    parser.add_argument("--steps", type=int, default=590, help="how long to train; the published update had about 590")
    parser.add_argument("--write", action="store_true", help="write the update into the package")
    arguments = parser.parse_args()
    torch.manual_seed(1)
    folder = find_model(DEFAULT_MODEL)
    groups, packer, model = read_groups(arguments.data), Packer(folder), ReaderModel(folder)
    train(model, [group for group in groups if not group.held], packer, steps=arguments.steps)
    print("\n".join(evaluate(model, groups, packer)))
    if arguments.write:
        np.savez_compressed(UPDATE, **model.update())


if __name__ == "__main__":
    main()
