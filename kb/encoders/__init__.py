"""Text to vectors and judgements: which model the settings mean, and the fastest faithful way to run it here.

A plain BERT with mean or first-token pooling (all-MiniLM, bge, e5, gte …) runs on OpenVINO where that is installed;
every other sentence-transformers model on torch. A CUDA device takes large batches. Cross-encoders, the second stage of
a search and the further check of what a model wrote, run on torch; the reader of answers on OpenVINO.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from kb.encoders.model_files import DEFAULT_MODEL, DEFAULT_PACKAGE, find_model, read_bert
from kb.errors import EncoderError
from kb.protocols import Encoder, Entailment, Reader, Reranker, Vectors
from kb.settings import Settings

__all__ = ["DeviceEncoder", "load_encoder", "load_entailment", "load_reader", "load_reranker"]

Notice = Callable[[str], None]


def _unheard(_: str) -> None:
    """Nobody is there to be told."""


def load_encoder(settings: Settings, *, notice: Notice = _unheard) -> Encoder:
    """The encoder that ``settings.encoder`` names, run in the way that suits this machine.

    ``encoder_device`` "auto" keeps queries on the processor and gives large batches to a CUDA device where there is
    one; "cuda" gives it everything. ``encoder_runtime`` "auto" chooses as the module says. ``notice`` is told what
    changes nothing but the time that it takes.

    Raises:
        EncoderError: when it cannot be found, checked or run; the message says what to do.
    """
    folder = find_model(settings.encoder)
    if settings.encoder_device == "cuda":
        return _load_cuda(folder, settings)
    encoder = _load_on_cpu(folder, settings, notice=notice)
    if settings.encoder_device == "auto" and _has_cuda():
        return DeviceEncoder(encoder, lambda: _load_cuda(folder, settings))
    return encoder


def _load_on_cpu(folder: Path, settings: Settings, *, notice: Notice) -> Encoder:
    runtime: str = settings.encoder_runtime
    if runtime == "auto":
        runtime = "openvino" if importlib.util.find_spec("openvino") else "torch"
    bert = read_bert(folder) if runtime == "openvino" else None
    if bert is not None:
        from kb.encoders.openvino_runtime import cache_folder, load_openvino

        precision, threads = settings.encoder_precision, settings.threads
        cache = cache_folder(settings)
        return load_openvino(bert, precision=precision, threads=threads, cache=cache, notice=notice)
    if settings.encoder_runtime == "openvino":
        raise EncoderError(f"{settings.encoder!r} is not a plain BERT: set KB_ENCODER_RUNTIME=auto")
    return _load_torch(folder, settings, device="cpu")


def _load_torch(folder: Path, settings: Settings, *, device: str) -> Encoder:
    from kb.encoders.torch_runtime import load_torch

    return load_torch(folder, precision=settings.encoder_precision, device=device, threads=settings.threads)


def _load_cuda(folder: Path, settings: Settings) -> Encoder:
    if not _has_cuda():
        raise EncoderError("there is no CUDA device that torch can use: set KB_ENCODER_DEVICE=auto")
    return _load_torch(folder, settings, device="cuda")


@cache
def _has_cuda() -> bool:
    from kb.encoders.torch_runtime import has_cuda

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


def load_reranker(settings: Settings) -> Reranker | None:
    """The cross-encoder that ``settings.reranker`` names (a name on the hub or a folder), or None when none is set.

    Raises:
        EncoderError: when it cannot be loaded; the message says what to do.
    """
    if not settings.reranker:
        return None
    from kb.encoders.torch_runtime import load_cross_encoder

    return load_cross_encoder(settings.reranker, device=_device(settings))


def load_entailment(settings: Settings) -> Entailment | None:
    """The NLI cross-encoder that ``settings.entailment`` names, or None when none is set.

    Raises:
        EncoderError: when it cannot be loaded; the message says what to do.
    """
    if not settings.entailment:
        return None
    from kb.encoders.torch_runtime import load_entailment as load

    return load(settings.entailment, device=_device(settings))


def load_reader(settings: Settings, *, notice: Notice = _unheard) -> Reader | None:
    """The reader of answers, over the default encoder's weights.

    None where these weights or OpenVINO are not installed, or another runtime is set: answers are then chosen without.

    Raises:
        EncoderError: when the weights are damaged or OpenVINO cannot run them; the message says what to do.
    """
    there = all(importlib.util.find_spec(package) for package in ("openvino", DEFAULT_PACKAGE))
    if settings.encoder_runtime not in ("auto", "openvino") or not there:
        return None
    from kb.encoders.openvino_runtime import cache_folder
    from kb.encoders.openvino_runtime import load_reader as load

    bert = read_bert(find_model(DEFAULT_MODEL))
    if bert is None:
        return None
    return load(bert, threads=settings.threads, cache=cache_folder(settings), notice=notice)


def _device(settings: Settings) -> str:
    return "cuda" if settings.encoder_device != "cpu" and _has_cuda() else "cpu"
