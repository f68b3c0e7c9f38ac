"""BERT on OpenVINO, the fastest faithful way on a CPU. The only module that imports openvino."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import EncoderError
from kb.index.encoders.bert_graph import BertGraph, Weights
from kb.index.encoders.converted import Payload, read_converted, write_converted
from kb.index.encoders.graph_encoder import GraphEncoder, Tokens, batches
from kb.index.encoders.int8_graph import SPIKY, Int8Graph, Range, TappedGraph, calibration_texts
from kb.index.encoders.model_files import BertModel, read_weights
from kb.index.encoders.tokenizer import ModelTokenizer
from kb.protocols import Vectors

_HINTS = {"float32": "f32", "bfloat16": "bf16"}
_FAITHFUL = 0.999  # mean cosine to float32 from which "auto" takes a faster arithmetic


def load_openvino(bert: BertModel, *, precision: str, threads: int, cache: Path) -> GraphEncoder:
    """The encoder, from the compiled graph in the cache, else compiled from the weights and put there.

    Args:
        bert: the model.
        precision: "auto" ("mixed" where the CPU computes in bfloat16 and the model takes it well, then "bfloat16",
            else "float32"), "float32", "bfloat16", "mixed" (bfloat16, and 8-bit integers where they lose next to
            nothing) or "int8".
        threads: threads to compute with; 0 for all cores.
        cache: folder of converted encoders; a compiled graph holds for one processor, version and precision.

    Raises:
        EncoderError: when OpenVINO cannot run the model.
    """
    import openvino  # type: ignore[import-untyped]

    core = openvino.Core()
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    cpu = hashlib.sha256(f"{core.get_property('CPU', 'FULL_DEVICE_NAME')} {sorted(able)}".encode()).hexdigest()[:8]
    version = hashlib.sha256(openvino.get_version().encode()).hexdigest()[:8]

    def file_of(chosen: str) -> Path:
        recipe = f"{bert.weights_sha256[:16]}-{bert.pooling}-{precision}-{chosen}"
        return cache / f"{recipe}-{cpu}@{version}.openvino"

    floats = "bfloat16" if "BF16" in able else "float32"
    choices = (precision,) if precision != "auto" else ("mixed", floats) if floats == "bfloat16" else (floats,)
    try:
        for chosen in choices:
            options["INFERENCE_PRECISION_HINT"] = _HINTS.get(chosen, _HINTS[floats])
            payload = read_converted(file_of(chosen))
            if (compiled := _from_cache(core, payload, options)) is not None:
                return GraphEncoder(bert, _Run(compiled, payload), runtime=f"openvino {chosen}", precision=chosen)
        for chosen in choices:
            options["INFERENCE_PRECISION_HINT"] = _HINTS.get(chosen, _HINTS[floats])
            compiled, likeness = _compile(core, bert, options, chosen=chosen)
            if likeness >= _FAITHFUL or chosen == choices[-1]:
                break
        write_converted(file_of(chosen), _exported(compiled))
    except RuntimeError as err:
        raise EncoderError(f"OpenVINO cannot run the encoder ({str(err)[:200]}): set KB_ENCODER_RUNTIME=torch") from err
    return GraphEncoder(bert, _Run(compiled, None), runtime=f"openvino {chosen}", precision=chosen)


def _from_cache(core: Any, payload: Payload | None, options: dict[str, Any]) -> Any:
    if payload is None:
        return None
    import openvino

    try:
        return core.import_model(openvino.Tensor(payload, shared_memory=True), "CPU", options)
    except RuntimeError:  # made by a build that calls itself the same: make it again
        return None


def _compile(core: Any, bert: BertModel, options: dict[str, Any], *, chosen: str) -> tuple[Any, float]:
    """The compiled graph, and the mean cosine of its vectors of the calibration texts to float32's (1 for floats)."""
    import openvino
    from openvino import opset13

    weights = read_weights(bert)
    if chosen in _HINTS:
        output, parameters = BertGraph(opset13, weights, bert=bert).build()
        return core.compile_model(openvino.Model([output], parameters, "encoder"), "CPU", options), 1.0
    texts = ModelTokenizer(bert.folder, max_tokens=bert.max_tokens).encode(calibration_texts())
    ranges, exact = _calibrated(core, bert, weights, options, texts)
    kept = (SPIKY,) if chosen == "mixed" else ()
    output, parameters = Int8Graph(opset13, weights, bert=bert, ranges=ranges, kept=kept).build()
    compiled = core.compile_model(openvino.Model([output], parameters, "encoder"), "CPU", options)
    run = _Run(compiled, None)
    vectors = np.concatenate([run(ids, mask) for ids, mask in batches(texts, bert)])
    return compiled, float(np.einsum("nd,nd->n", vectors, exact).mean())


def _calibrated(
    core: Any, bert: BertModel, weights: Weights, options: dict[str, Any], texts: list[list[int]]
) -> tuple[dict[str, Range], Vectors]:
    """What each dense layer reads when the float32 model encodes the texts, and their vectors."""
    import openvino
    from openvino import opset13

    graph = TappedGraph(opset13, weights, bert=bert)
    output, parameters = graph.build()
    model = openvino.Model([output, *graph.taps.values()], parameters, "calibration")
    request = core.compile_model(model, "CPU", {**options, "INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    ranges: dict[str, Range] = {}
    vectors = []
    for ids, mask in batches(texts, bert):
        vector, *read = request.infer([ids, mask]).values()
        vectors.append(np.array(vector))
        for name, values in zip(graph.taps, read, strict=True):
            kept = values[mask.astype(bool)]
            ranges[name] = ranges.get(name, Range(kept[0], kept[0])).widened(kept)
    return ranges, np.concatenate(vectors)


def _exported(compiled: Any) -> bytes:
    blob = compiled.export_model()
    return blob if isinstance(blob, bytes) else bytes(blob.getbuffer())


class _Run:
    """One inference request; calls from several threads take turns."""

    def __init__(self, compiled: Any, payload: Payload | None) -> None:
        self._payload = payload  # the weights stay in this mapping: it must live as long as the graph
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()

    def __call__(self, ids: Tokens, mask: Tokens) -> Vectors:
        with self._lock:
            result = self._request.infer([ids, mask])[0]
            return np.array(result, dtype=np.float32)
