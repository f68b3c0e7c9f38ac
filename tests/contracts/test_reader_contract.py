"""What every reader must do, real or fake: ``kb.protocols.Reader``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb import encoders
from kb.encoders import load_reader, torch_runtime
from kb.encoders.model_files import DEFAULT_MODEL, find_model, read_bert
from kb.encoders.openvino_runtime import AnswerReader, trained_update
from kb.errors import EncoderError
from kb.protocols import Reader, Vectors
from kb.settings import Settings
from tests.fakes import WordReader

HARDWARE = "How many P100 GPUs was the model trained on?"
SENTENCES = [
    ("The encoder is composed of a stack of six identical layers.", "Attention Is All You Need"),
    ("We trained our model on one machine with 8 NVIDIA P100 GPUs.", "Attention Is All You Need: Hardware"),
    ("Sea levels rose by 3.7 mm a year.", ""),
    ("Dropout is applied to the sums of the embeddings and the positional encodings, at a rate of 0.1.", ""),
]


class TorchReader(AnswerReader):
    """The same weights put together here and run by transformers: what the converted reader must agree with."""

    def __init__(self) -> None:
        import torch
        from transformers import BertModel

        folder = find_model(DEFAULT_MODEL)
        bert = read_bert(folder)
        assert bert is not None
        update = {name: torch.from_numpy(values) for name, values in trained_update().items()}
        loaded: Any = BertModel
        self._model = loaded.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager").eval()
        weights = self._model.state_dict()
        weights |= {name: values for name, values in update.items() if name in weights}
        for layer in (name.removesuffix(".a") for name in update if name.endswith(".a")):
            weights[f"{layer}.weight"] = weights[f"{layer}.weight"] + update[f"{layer}.b"] @ update[f"{layer}.a"]
        self._model.load_state_dict(weights)
        self._weight, self._bias = update["head.weight"], update["head.bias"]
        super().__init__(bert, lambda batches: [self._infer(*inputs) for inputs in batches])

    def _infer(self, *inputs: Any) -> Vectors:
        import torch

        ids, types, mask = (torch.from_numpy(values).long() for values in inputs)
        with torch.no_grad():
            hidden = self._model(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
            kept = mask.unsqueeze(-1).float()
            pooled = torch.cat([hidden[:, 0], (hidden * kept).sum(1) / kept.sum(1)], -1)
            return (pooled @ self._weight.T + self._bias).numpy()  # type: ignore[no-any-return]


def _real(folder: Path) -> Reader:
    reader = load_reader(Settings(home=folder, encoder_cache=folder, threads=1))
    assert reader is not None
    return reader


MAKERS: dict[str, Callable[[Path], Reader]] = {
    "words": lambda folder: WordReader(),
    "openvino": _real,
    "torch": lambda folder: TorchReader(),
}


# Torch and transformers take longer to load than all other tests of this file.
@pytest.fixture(scope="module", params=["words", "openvino", pytest.param("torch", marks=pytest.mark.slow)])
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return MAKERS[request.param](tmp_path_factory.mktemp("readers"))


def test_there_is_one_finite_number_for_each_sentence(reader: Reader) -> None:
    odds = reader.answers(HARDWARE, SENTENCES)
    assert odds.shape == (4,)
    assert odds.dtype == np.float32
    assert np.isfinite(odds).all()
    assert reader.answers(HARDWARE, []).shape == (0,)


def test_the_sentence_that_answers_is_the_surest(reader: Reader) -> None:
    assert int(np.argmax(reader.answers(HARDWARE, SENTENCES))) == 1


def test_a_sentence_is_judged_the_same_in_any_company(reader: Reader) -> None:
    together = reader.answers(HARDWARE, SENTENCES * 9)
    alone = [reader.answers(HARDWARE, [pair])[0] for pair in SENTENCES]
    assert np.allclose(together.reshape(9, 4), np.array(alone), atol=0.15)  # bfloat16 where the processor has it


@pytest.mark.parametrize("odd", ["", " ", "?", "\ud800", "注意力", "word " * 3000, "a" * 5000])
def test_odd_texts_are_judged_not_refused(reader: Reader, odd: str) -> None:
    pairs = [(odd, ""), (odd, odd), ("A sentence.", odd)]
    assert np.isfinite(reader.answers(HARDWARE, pairs)).all()
    assert np.isfinite(reader.answers(odd, pairs)).all()


@pytest.mark.slow
def test_the_graph_says_what_the_same_weights_say_in_torch(tmp_path: Path) -> None:
    expected = TorchReader().answers(HARDWARE, SENTENCES)
    assert np.allclose(_real(tmp_path).answers(HARDWARE, SENTENCES), expected, atol=0.15)


def test_the_reader_says_what_it_said_when_it_was_published() -> None:
    published = [-3.9469, 4.1172, -2.5660, -4.2217]
    assert np.allclose(TorchReader().answers(HARDWARE, SENTENCES), published, atol=1e-3)


@pytest.mark.slow
def test_a_graph_of_the_cache_says_the_same_and_is_not_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _real(tmp_path).answers(HARDWARE, SENTENCES)
    assert [file.suffix for file in tmp_path.iterdir()] == [".openvino"]
    monkeypatch.setattr(torch_runtime, "reader_module", None)  # what converting would begin with
    assert np.array_equal(_real(tmp_path).answers(HARDWARE, SENTENCES), made)


def test_there_is_no_reader_where_openvino_is_not_wanted(tmp_path: Path) -> None:
    assert load_reader(Settings(home=tmp_path, encoder_runtime="torch")) is None


def test_there_is_no_reader_without_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "DEFAULT_PACKAGE", "weights_that_nobody_has")
    assert load_reader(Settings(home=tmp_path)) is None


def test_an_openvino_that_cannot_be_loaded_is_one_error_with_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "openvino").mkdir()
    (tmp_path / "openvino" / "__init__.py").write_text("raise ImportError('libtbb.so.12 is missing')")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "openvino"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(EncoderError, match="KB_ENCODER_RUNTIME=torch"):
        load_reader(Settings(home=tmp_path))


@pytest.mark.slow
def test_what_stands_before_a_sentence_is_read_too(tmp_path: Path) -> None:
    def of(context: str) -> Sequence[float]:
        return [float(value) for value in _real(tmp_path).answers("What is SPECTER?", [("It embeds papers.", context)])]

    assert of("SPECTER is a model.") != of("")
