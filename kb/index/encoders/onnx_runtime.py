"""BERT on onnxruntime in float32: portable, exact, the same bits in any batch. The only module that imports it.

Half as fast as OpenVINO where the processor has bfloat16; it serves platforms for which OpenVINO is not built.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import EncoderError
from kb.index.encoders.converted import read_converted, write_converted
from kb.index.encoders.graph_encoder import GraphEncoder, Tokens
from kb.index.encoders.model_files import BertModel
from kb.protocols import Vectors

_EXPORT_VERSION = 1  # raise when the exported graph changes


def load_onnx(bert: BertModel, *, threads: int, cache: Path) -> GraphEncoder:
    """The encoder, from the ONNX graph in the cache, else exported by torch once and put there.

    Raises:
        EncoderError: when the model cannot be exported or run.
    """
    import onnxruntime  # type: ignore[import-untyped]

    file = cache / f"{bert.weights_sha256[:16]}-{bert.pooling}@{_EXPORT_VERSION}.onnx"
    payload = read_converted(file)
    if payload is None:
        graph = _exported(bert)
        write_converted(file, graph)
    else:
        graph = payload.tobytes()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except RuntimeError as err:  # onnxruntime's own errors derive from it
        raise EncoderError(
            f"onnxruntime cannot run the encoder ({str(err)[:200]}): set KB_ENCODER_RUNTIME=torch"
        ) from err
    return GraphEncoder(bert, _Run(session), runtime="onnxruntime float32", precision="float32")


def _exported(bert: BertModel) -> bytes:
    from kb.index.encoders.torch_runtime import export_onnx

    return export_onnx(bert)


class _Run:
    """One session; calls from several threads take turns, since they would only share the same cores."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._lock = threading.Lock()

    def __call__(self, ids: Tokens, mask: Tokens) -> Vectors:
        feed = {"input_ids": ids.astype(np.int64), "attention_mask": mask.astype(np.int64)}
        with self._lock:
            result = self._session.run(["vectors"], feed)[0]
        return np.asarray(result, dtype=np.float32)
