"""The NLI cross-encoder that an owner may name: loaded by path, and what its word does to a verdict."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from kb import Library
from kb.answering.passages import as_hit, numbered
from kb.answering.screening import Screen
from kb.answering.verifying import Cited, Statement, check
from kb.encoders import load_entailment
from kb.errors import EncoderError
from kb.records import Paper, Verdict
from kb.settings import Settings
from tests.memory_corpus import chunks_of
from tests.unit.test_encoders import DEFAULT

SOURCE = "The model ranks the documents by cosine similarity of their sentences."
SAID = "It is by cosine similarity of the sentences that the model ranks documents."


def _settings(tmp_path: Path, model: str) -> Settings:
    return Settings(home=tmp_path / "home", entailment=model)


def _tiny_model(folder: Path, labels: Sequence[str]) -> str:
    """A cross-encoder of one layer with random weights: it says nothing true, but it says it as a real one does."""
    if find_spec("transformers") is None:
        pytest.skip("transformers is not installed")
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64,
        num_labels=len(labels), initializer_range=0.4, id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(DEFAULT / name, folder / name)
    return str(folder)


def test_an_nli_model_gives_the_probability_of_its_own_label_for_entailment(tmp_path: Path) -> None:
    first = load_entailment(
        _settings(tmp_path, _tiny_model(tmp_path / "a", ["entailment", "neutral", "contradiction"]))
    )
    last = load_entailment(_settings(tmp_path, _tiny_model(tmp_path / "b", ["contradiction", "neutral", "ENTAILMENT"])))
    assert first is not None
    assert last is not None
    shares = first.entails(SAID, [SOURCE]), last.entails(SAID, [SOURCE])
    assert all(0.0 <= share <= 1.0 for share in shares)
    # The weights are the same; only which output means entailment differs.
    assert shares[0] != pytest.approx(shares[1], abs=1e-6)
    assert first.entails(SAID, [SOURCE]) == pytest.approx(shares[0], abs=1e-5)


def test_a_model_without_a_label_for_entailment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no label for entailment"):
        load_entailment(_settings(tmp_path, _tiny_model(tmp_path / "model", ["relevant", "irrelevant"])))


def test_none_is_loaded_unless_it_is_named(tmp_path: Path) -> None:
    assert load_entailment(_settings(tmp_path, "")) is None


@dataclass(frozen=True)
class _Sure:
    """Finds every sentence as likely."""

    share: float

    def entails(self, _text: str, _evidence: Sequence[str]) -> float:
        return self.share


def test_a_wrong_name_is_told_before_the_language_model_is_called(tmp_path: Path) -> None:
    settings = _settings(tmp_path, str(tmp_path / "nothing")).model_copy(update={"model": "openai:any"})
    with Library.open(settings) as library, pytest.raises(EncoderError, match="nothing"):
        library._models.chat()


def test_the_nli_model_lowers_a_verdict_and_lifts_what_code_forbids_never() -> None:
    def judged(text: str, share: float) -> Verdict | None:
        passage = numbered(as_hit(chunks_of("p", SOURCE)[0], paper=Paper(id="p", title="Tides")), "1")
        cited = (Cited(passage=passage, sentence=passage.sentences[0]),)
        (checked,) = check([Statement(text=text, cited=cited)], chat=None, screen=Screen(), entailment=_Sure(share))
        return checked.verdict

    assert judged(SAID, 0.9) == "supported"
    assert judged(SAID, 0.1) == "partly"
    assert judged("It costs 300 dollars.", 1.0) == "unsupported"
    assert judged(SOURCE, 0.0) is None
