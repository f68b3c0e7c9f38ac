"""Text to vectors: which encoder the settings mean, and the fastest faithful way to run it here.

A plain BERT with mean or first-token pooling (all-MiniLM, bge, e5, gte …) runs on OpenVINO, or on onnxruntime where
that is not to be had; every other sentence-transformers model on torch. A CUDA device takes large batches.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from kb.errors import EncoderError
from kb.index.encoders.converted import cache_folder
from kb.index.encoders.model_files import BertModel, find_model, read_bert
from kb.protocols import Encoder, Vectors
from kb.settings import Settings

__all__ = ["DeviceEncoder", "load_encoder"]


def load_encoder(settings: Settings) -> Encoder:
    """The encoder that ``settings.encoder`` names, run in the way that suits this machine.

    ``encoder_device`` "auto" keeps queries on the processor and gives large batches to a CUDA device where there is
    one; "cuda" gives it everything. ``encoder_runtime`` "auto" chooses as the module says.

    Raises:
        EncoderError: when it cannot be found, checked or run; the message says what to do.
    """
    folder = find_model(settings.encoder)
    if settings.encoder_device == "cuda":
        return _load_cuda(folder, settings)
    encoder = _load_on_cpu(folder, settings)
    if settings.encoder_device == "auto" and settings.encoder_precision not in ("mixed", "int8") and _has_cuda():
        return DeviceEncoder(encoder, lambda: _load_cuda(folder, settings))
    return encoder


def _load_on_cpu(folder: Path, settings: Settings) -> Encoder:
    runtime: str = settings.encoder_runtime
    bert = read_bert(folder) if runtime != "torch" else None
    if bert is None:
        if runtime in ("openvino", "onnxruntime"):
            raise EncoderError(f"{settings.encoder!r} is not a plain BERT: set KB_ENCODER_RUNTIME=auto")
        return _load_torch(folder, settings, device="cpu")
    if runtime == "auto":
        runtime = _best_installed()
    if runtime == "torch":
        return _load_torch(folder, settings, device="cpu")
    return (_load_openvino if runtime == "openvino" else _load_onnx)(bert, settings)


def _best_installed() -> str:
    """The fastest that is there; onnxruntime needs the package onnx besides, to write its graph."""
    there = {name for name in ("openvino", "onnxruntime", "onnx") if importlib.util.find_spec(name)}
    if "openvino" in there:
        return "openvino"
    return "onnxruntime" if {"onnxruntime", "onnx"} <= there else "torch"


def _load_openvino(bert: BertModel, settings: Settings) -> Encoder:
    from kb.index.encoders.openvino_runtime import load_openvino

    return load_openvino(
        bert, precision=settings.encoder_precision, threads=settings.threads, cache=cache_folder(settings)
    )


def _load_onnx(bert: BertModel, settings: Settings) -> Encoder:
    if settings.encoder_precision in ("bfloat16", "mixed", "int8"):
        raise EncoderError(f"{settings.encoder_precision} needs OpenVINO: pip install openvino, or set "
                           "KB_ENCODER_PRECISION=auto")  # fmt: skip
    from kb.index.encoders.onnx_runtime import load_onnx

    return load_onnx(bert, threads=settings.threads, cache=cache_folder(settings))


def _load_torch(folder: Path, settings: Settings, *, device: str) -> Encoder:
    from kb.index.encoders.torch_runtime import load_torch

    return load_torch(folder, precision=settings.encoder_precision, device=device, threads=settings.threads)


def _load_cuda(folder: Path, settings: Settings) -> Encoder:
    if not _has_cuda():
        raise EncoderError("there is no CUDA device that torch can use: set KB_ENCODER_DEVICE=auto")
    return _load_torch(folder, settings, device="cuda")


@cache
def _has_cuda() -> bool:
    from kb.index.encoders.torch_runtime import has_cuda

    return has_cuda()


class DeviceEncoder:
    """Queries and small batches on the processor, large ones on a device that is loaded when the first one comes.

    Starting a CUDA device takes seconds, a query milliseconds: a search must not pay for it. Both run the same
    weights, their vectors agree to a mean cosine of 0.999 or better and carry the same fingerprint.
    """

    LARGE = 256  # passages: about two seconds of work for two cores

    def __init__(self, near: Encoder, load_device: Callable[[], Encoder]) -> None:
        self._near = near
        self._load_device = load_device
        self._device: Encoder | None = None
        self.fingerprint = near.fingerprint
        self.dimension = near.dimension
        self.max_tokens = near.max_tokens

    @property
    def runtime(self) -> str:
        """How vectors are computed."""
        return " + ".join(str(getattr(e, "runtime", "")) for e in (self._near, self._device) if e is not None)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without special tokens and without truncation."""
        return self._near.count_tokens(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimension) float32, L2-normalised, in the order of ``texts``."""
        if len(texts) < self.LARGE:
            return self._near.encode_passages(texts)
        if self._device is None:
            self._device = self._load_device()
        return self._device.encode_passages(texts)

    def encode_query(self, text: str) -> Vectors:
        """(dimension,) float32, L2-normalised."""
        return self._near.encode_query(text)
