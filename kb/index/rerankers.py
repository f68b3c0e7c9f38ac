"""Optional cross-encoders: the second stage of a search, and a further check of what a model wrote."""

from __future__ import annotations

from kb.protocols import Entailment, Reranker
from kb.settings import Settings


def load_reranker(settings: Settings) -> Reranker | None:
    """The cross-encoder that ``settings.reranker`` names (a name on the hub or a folder), or None when none is set.

    Raises:
        EncoderError: when it cannot be loaded; the message says what to do.
    """
    if not settings.reranker:
        return None
    from kb.index.encoders.torch_runtime import load_cross_encoder

    return load_cross_encoder(settings.reranker, device=_device(settings))


def load_entailment(settings: Settings) -> Entailment | None:
    """The NLI cross-encoder that ``settings.entailment`` names, or None when none is set.

    Raises:
        EncoderError: when it cannot be loaded; the message says what to do.
    """
    if not settings.entailment:
        return None
    from kb.index.encoders.torch_runtime import load_entailment as load

    return load(settings.entailment, device=_device(settings))


def _device(settings: Settings) -> str:
    from kb.index.encoders.torch_runtime import has_cuda

    return "cuda" if settings.encoder_device != "cpu" and has_cuda() else "cpu"
