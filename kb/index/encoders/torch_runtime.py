"""Models run by sentence-transformers on torch: any architecture, any device. Imported only when needed (5 s).

The only module that imports torch, transformers and sentence_transformers.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import EncoderError
from kb.index.encoders.graph_encoder import BATCH, fingerprint_of
from kb.index.encoders.model_files import BertModel, find_model, read_bert, weights_sha256
from kb.index.encoders.tokenizer import clean_text
from kb.protocols import Vectors

_LOAD_ERRORS = (OSError, ValueError, RuntimeError, ImportError, KeyError, TypeError, AttributeError)


def has_cuda() -> bool:
    """Whether torch can use a CUDA device; false at once, without importing torch, where there is no driver."""
    if not any(Path(device).exists() for device in ("/dev/nvidia0", "/dev/dxg")):
        return False
    import torch

    return torch.cuda.is_available()


def load_torch(folder: Path, *, precision: str, device: str, threads: int = 0) -> TorchEncoder:
    """The model of a folder through sentence-transformers.

    Args:
        folder: a model in the layout of sentence-transformers, weights in safetensors.
        precision: "auto" (bfloat16 on CUDA, else float32), "float32" or "bfloat16".
        device: "cpu" or "cuda".
        threads: threads to compute with (torch knows one number for the whole process); 0 for all cores.

    Raises:
        EncoderError: when it cannot be loaded.
    """
    if precision in ("mixed", "int8"):
        raise EncoderError(f"{precision} needs OpenVINO and a BERT model: set KB_ENCODER_PRECISION=auto")
    chosen = precision if precision != "auto" else ("bfloat16" if device == "cuda" else "float32")
    model = _load("SentenceTransformer", str(folder), device=device, precision=chosen)
    if threads:
        import torch

        torch.set_num_threads(threads)
    return TorchEncoder(model, folder, runtime=f"torch {device} {chosen}")


def _load(kind: str, name: str, *, device: str, precision: str) -> Any:
    try:
        import sentence_transformers
        import torch

        with _quietly():
            return getattr(sentence_transformers, kind)(
                name,
                device=device,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"dtype": getattr(torch, precision), "use_safetensors": True},
            )
    except _LOAD_ERRORS as err:
        reason = (str(err).splitlines() or [type(err).__name__])[0][:200]
        raise EncoderError(f"{name!r} cannot be loaded ({reason}): give a folder that holds the model") from err


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep transformers' progress bars and load reports off stderr: that is for our own notices."""
    from transformers.utils import logging as transformers_logging

    logging: Any = transformers_logging  # its functions have no annotations
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


class TorchEncoder:
    """A SentenceTransformer as ``kb.protocols.Encoder``; prompts of the model are applied."""

    def __init__(self, model: Any, folder: Path, *, runtime: str) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._max_tokens = _limit(model)
        self._fingerprint = _fingerprint(folder, self._max_tokens)
        self.runtime = runtime

    @property
    def fingerprint(self) -> str:
        """The same as of any other way to run the same weights; see ``fingerprint_of``."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension())

    @property
    def max_tokens(self) -> int:
        """Tokens that the model reads of a text, special tokens included."""
        return self._max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without special tokens and without truncation."""
        if not texts:
            return []
        cleaned = [clean_text(text) for text in texts]
        encoded = self._model.tokenizer(cleaned, add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimension) float32, L2-normalised, in the order of ``texts``."""
        return self._encoded(self._model.encode_document, [clean_text(text) for text in texts])

    def encode_query(self, text: str) -> Vectors:
        """(dimension,) float32, L2-normalised."""
        return self._encoded(self._model.encode_query, [clean_text(text)]).reshape(-1)

    def _encoded(self, encode: Any, texts: list[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._lock:
            vectors = encode(
                texts, batch_size=BATCH, show_progress_bar=False, convert_to_tensor=True, normalize_embeddings=True
            )
        result = np.asarray(vectors.float().cpu().numpy(), dtype=np.float32)
        # bfloat16 rounds the norm as well: make it one again.
        norms = np.linalg.norm(result, axis=1, keepdims=True)
        return np.asarray(result / np.maximum(norms, np.float32(1e-12)), dtype=np.float32)


def _limit(model: Any) -> int:
    limit = getattr(model, "max_seq_length", None) or getattr(model.tokenizer, "model_max_length", None) or 512
    return int(min(limit, 8192))


def _fingerprint(folder: Path, max_tokens: int) -> str:
    if bert := read_bert(folder):
        return fingerprint_of(bert, precision="float32")
    # Not a plain BERT: what its modules do is named by their configuration files.
    files = sorted([*folder.glob("modules.json"), *folder.glob("*/config.json"), *folder.glob("config_sent*.json")])
    recipe = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:8]
    return f"{weights_sha256(folder)[:16]}:{recipe}:{max_tokens}:faithful"


# --------------------------------------------------------------------------------------------- ONNX


def export_onnx(bert: BertModel) -> bytes:
    """The model as ONNX: int64 ``input_ids`` and ``attention_mask`` (n, tokens) -> float32 ``vectors`` (n, hidden).

    Raises:
        EncoderError: when torch cannot load or trace the model.
    """
    try:
        import torch
        from transformers import BertModel as TorchBert

        bert_class: Any = TorchBert
        with _quietly():
            model = bert_class.from_pretrained(
                bert.folder,
                add_pooling_layer=False,
                attn_implementation="eager",
                use_safetensors=True,
                dtype=torch.float32,
            ).eval()
        stream = io.BytesIO()
        # The newer exporter needs onnxscript; this one is deprecated but complete for BERT.
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _pooled(model, bert.pooling),
                (torch.ones(2, 8, dtype=torch.int64), torch.ones(2, 8, dtype=torch.int64)),
                stream,  # type: ignore[arg-type]
                input_names=["input_ids", "attention_mask"],
                output_names=["vectors"],
                dynamic_axes={name: {0: "n", 1: "tokens"} for name in ("input_ids", "attention_mask")},
                opset_version=17,
                dynamo=False,
            )
    except _LOAD_ERRORS as err:
        raise EncoderError(
            f"the model in {bert.folder} cannot be exported ({str(err)[:200]}): pip install onnx, or set "
            "KB_ENCODER_RUNTIME=torch"
        ) from err
    return stream.getvalue()


def _pooled(model: Any, pooling: str) -> Any:
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            kept = mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean if pooling == "mean" else hidden[:, 0], dim=1)

    pooled: Any = Pooled()
    return pooled.eval()


# --------------------------------------------------------------------------------------------- rerankers


def load_cross_encoder(name: str, *, device: str) -> TorchReranker:
    """A sentence-transformers CrossEncoder by folder, or by its name on the hub.

    Raises:
        EncoderError: when it cannot be found or loaded.
    """
    folder = find_model(name)
    return TorchReranker(_load("CrossEncoder", str(folder), device=device, precision="float32"))


class TorchReranker:
    """A CrossEncoder as ``kb.protocols.Reranker``: reads query and passage together."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._lock = threading.Lock()

    def score(self, query: str, passages: Sequence[str]) -> Vectors:
        """(n,) float32 scores, higher is better, in the order of ``passages``."""
        if not passages:
            return np.empty(0, dtype=np.float32)
        pairs = [(clean_text(query), clean_text(passage)) for passage in passages]
        with self._lock:
            scores = self._model.predict(pairs, batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(scores, dtype=np.float32).reshape(len(passages), -1)[:, -1]


def load_entailment(name: str, *, device: str) -> TorchEntailment:
    """An NLI CrossEncoder by folder, or by its name on the hub.

    Raises:
        EncoderError: when it cannot be found or loaded, or has no label for entailment.
    """
    model = _load("CrossEncoder", str(find_model(name)), device=device, precision="float32")
    labels = {str(label).casefold(): int(index) for index, label in model.config.id2label.items()}
    entailed = next((index for label, index in labels.items() if label.startswith("entail")), None)
    if entailed is None:
        raise EncoderError(f"{name!r} has no label for entailment: name a cross-encoder that was trained for NLI")
    return TorchEntailment(model, entailed=entailed)


class TorchEntailment:
    """A CrossEncoder for natural language inference: how surely a text entails a sentence."""

    def __init__(self, model: Any, *, entailed: int) -> None:
        self._model, self._entailed = model, entailed
        self._lock = threading.Lock()

    def entails(self, sentence: str, evidence: Sequence[str]) -> float:
        """The probability in [0, 1] that the evidence, as a whole or by its surest text, entails the sentence."""
        texts = [clean_text(text) for text in (*evidence, " ".join(evidence))]
        pairs = [(text, clean_text(sentence)) for text in texts]
        with self._lock:
            shares = self._model.predict(
                pairs, batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True, apply_softmax=True
            )
        return float(np.asarray(shares, dtype=np.float32).reshape(len(pairs), -1)[:, self._entailed].max())
