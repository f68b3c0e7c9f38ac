"""What every encoder must do, real or fake: ``kb.protocols.Encoder``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kb.encoders import DeviceEncoder, load_encoder
from kb.protocols import Encoder
from kb.settings import Settings
from tests.fakes import WordEncoder

TEXTS = [
    "Displaced patch parallelism splits an image over several devices.",
    "The image is cut up, and each of several devices computes a patch.",
    "BLEU improves by 2.0 points over the best ensemble.",
    "Sea levels rose by 3.7 mm a year.",
]


def _real(folder: Path, **flags: str) -> Encoder:
    return load_encoder(Settings(home=folder, encoder_cache=folder, threads=1, encoder_device="cpu", **flags))


def _device(folder: Path) -> Encoder:
    encoder = DeviceEncoder(_real(folder), lambda: _real(folder, encoder_precision="float32"))
    encoder.LARGE = 8  # so that the large batches below really take the other way
    return encoder


MAKERS: dict[str, Callable[[Path], Encoder]] = {
    "words": lambda folder: WordEncoder(),
    "openvino": _real,
    "openvino bfloat16": lambda folder: _real(folder, encoder_precision="bfloat16"),
    "openvino float32": lambda folder: _real(folder, encoder_precision="float32"),
    "device": _device,
    "torch": lambda folder: _real(folder, encoder_runtime="torch"),
}


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all makers keep their converted weights, so that each form is made once."""
    return tmp_path_factory.mktemp("encoders")


@pytest.fixture(scope="module", params=MAKERS)
def encoder(request: pytest.FixtureRequest, converted: Path) -> Encoder:
    return MAKERS[request.param](converted)


@pytest.mark.slow
def test_vectors_are_float32_of_the_stated_dimension_and_length_one(encoder: Encoder) -> None:
    vectors = encoder.encode_passages(TEXTS)
    assert vectors.shape == (4, encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    query = encoder.encode_query(TEXTS[0])
    assert query.shape == (encoder.dimension,)
    assert query.dtype == np.float32


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode_passages([]).shape == (0, encoder.dimension)
    assert encoder.count_tokens([]) == []


def test_the_same_texts_give_the_same_bytes(encoder: Encoder) -> None:
    assert encoder.encode_passages(TEXTS).tobytes() == encoder.encode_passages(TEXTS).tobytes()
    assert encoder.encode_query(TEXTS[1]).tobytes() == encoder.encode_query(TEXTS[1]).tobytes()


@pytest.mark.slow
def test_a_text_means_the_same_alone_and_among_others_and_vectors_keep_the_order(encoder: Encoder) -> None:
    texts = [f"{text} {filler}" for filler in ("", "As shown. " * 9, "We agree. " * 30) for text in TEXTS]
    together = encoder.encode_passages([*texts, texts[0]])
    alone = np.vstack([encoder.encode_passages([text]) for text in texts])
    cosines = (together[:-1] * alone).sum(axis=1)
    # Where a sum is rounded to 8 bits the batch's shape can move it by one step, and a device computes otherwise
    # anyway; a phrase said thirty times over is nothing that the ranges were calibrated for.
    in_steps = getattr(encoder, "runtime", "").endswith("mixed")
    assert cosines.min() >= (0.997 if isinstance(encoder, DeviceEncoder) else 0.9985 if in_steps else 0.99999)
    assert (alone @ together[:-1].T).argmax(axis=1).tolist() == list(range(len(texts)))
    assert together[-1].tobytes() == together[0].tobytes() or together[-1] @ together[0] > 0.99999


def test_a_text_is_nearest_to_one_that_shares_its_words(encoder: Encoder) -> None:
    scores = encoder.encode_passages(TEXTS[1:]) @ encoder.encode_query(TEXTS[0])
    assert scores.argmax() == 0


def test_tokens_are_counted_without_truncation_and_without_special_tokens(encoder: Encoder) -> None:
    assert encoder.count_tokens(["", "word", "word " * 1000]) == [0, 1, 1000]


def test_tokens_of_sentences_add_up_to_the_tokens_of_their_text(encoder: Encoder) -> None:
    assert sum(encoder.count_tokens(TEXTS)) == encoder.count_tokens(["\n\n".join(TEXTS)])[0]


def test_text_beyond_the_token_limit_is_not_read_and_text_up_to_it_is(encoder: Encoder) -> None:
    room = encoder.max_tokens - 2
    full, beyond = "word " * (room - 1) + "glacier", "word " * room + "glacier"
    vectors = encoder.encode_passages([full, "word " * room, beyond])
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3  # the last token that fits counts
    assert vectors[1] @ vectors[2] > 0.99995  # the one after it does not


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\x00",
        "a\x00b",
        "\ud800",
        "x\udfffy",
        "🧪" * 50,
        "[MASK] [SEP] </s>",
        "文字" * 400,
        "a" * 1_000_000,
    ],
    ids=["empty", "blank", "nul", "nul inside", "surrogate", "low surrogate", "emoji", "special", "cjk", "1 MB word"],
)
def test_any_string_has_a_vector(encoder: Encoder, text: str) -> None:
    vectors = encoder.encode_passages([text, "word"])
    assert np.isfinite(vectors).all()
    assert np.isfinite(encoder.encode_query(text)).all()
    assert encoder.count_tokens([text])[0] >= 0


def test_the_fingerprint_is_one_line_and_does_not_change(encoder: Encoder) -> None:
    before = encoder.fingerprint
    encoder.encode_query("word")
    assert before == encoder.fingerprint
    assert before
    assert before.isprintable()
