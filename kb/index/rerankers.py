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
    from kb.index.encoders.torch_runtime import has_cuda, load_cross_encoder

    use_cuda = settings.encoder_device != "cpu" and has_cuda()
    return load_cross_encoder(settings.reranker, device="cuda" if use_cuda else "cpu")


def load_entailment(settings: Settings) -> Entailment | None:
    """The NLI cross-encoder that ``settings.entailment`` names, or None when none is set.

    Raises:
        EncoderError: when it cannot be loaded; the message says what to do.
    """
    if not settings.entailment:
        return None
    from kb.index.encoders.torch_runtime import has_cuda
    from kb.index.encoders.torch_runtime import load_entailment as load

    use_cuda = settings.encoder_device != "cpu" and has_cuda()
    return load(settings.entailment, device="cuda" if use_cuda else "cpu")
