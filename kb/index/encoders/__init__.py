"""Text to vectors: which encoder the settings mean, and the fastest faithful way to run it here."""

from __future__ import annotations

from kb.errors import EncoderError
from kb.index.encoders import openvino_runtime
from kb.index.encoders.converted import cache_folder
from kb.index.encoders.model_files import BertModel, find_model, read_bert
from kb.protocols import Encoder
from kb.settings import Settings

__all__ = ["load_encoder"]


def load_encoder(settings: Settings) -> Encoder:
    """The encoder that ``settings.encoder`` names, run in the way that suits this machine.

    Raises:
        EncoderError: when it cannot be found, checked or run; the message says what to do.
    """
    bert = read_bert(find_model(settings.encoder))
    if bert is None:
        raise EncoderError(f"{settings.encoder!r} is not a BERT encoder: name another model in KB_ENCODER")
    return _load_bert(bert, settings)


def _load_bert(bert: BertModel, settings: Settings) -> Encoder:
    return openvino_runtime.load_openvino(
        bert, precision=settings.encoder_precision, threads=settings.threads, cache=cache_folder(settings)
    )
