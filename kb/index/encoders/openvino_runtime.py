"""BERT on OpenVINO, the fastest faithful way on a CPU. The only module that imports openvino."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import EncoderError
from kb.index.encoders.bert_graph import BertGraph, Weights
from kb.index.encoders.converted import Payload, read_converted, write_converted
from kb.index.encoders.graph_encoder import SHORT, GraphEncoder, Tokens, batches
from kb.index.encoders.int8_graph import SPIKY, Int8Graph, Range, TappedGraph, calibration_texts
from kb.index.encoders.model_files import BertModel, read_weights
from kb.index.encoders.reader_graph import GraphReader, ReaderGraph, update_digest, updated_weights
from kb.index.encoders.tokenizer import ModelTokenizer
from kb.protocols import Vectors

_HINTS = {"float32": "f32", "bfloat16": "bf16"}
_Graph = tuple[Any, Payload | None]  # a compiled graph, and the mapping that its weights stay in
_FAITHFUL = 0.999  # mean cosine to float32 from which "auto" takes a faster arithmetic


def load_openvino(bert: BertModel, *, precision: str, threads: int, cache: Path) -> GraphEncoder:
    """The encoder, from the compiled graphs in the cache, else compiled from the weights and put there.

    There are two: one for batches of any shape, and one for a single short query. A graph of open shape works out
    shapes and memory anew whenever the length changes, 1.9 of the 4.7 ms that a query of 19 tokens took.

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
    graphs = _Graphs(bert, precision=precision, threads=threads, cache=cache)
    chosen, made = graphs.choose()

    def run_of(length: int) -> _Run:
        return _Run(lambda: made.get(length) or graphs.open(chosen, length=length))

    run_short = run_of(SHORT) if SHORT in graphs.lengths else None
    return GraphEncoder(bert, run_of(0), run_short=run_short, runtime=f"openvino {chosen}", precision=chosen)


def load_reader(bert: BertModel, *, threads: int, cache: Path) -> GraphReader:
    """The reader over the weights of ``bert`` (see ``reader_graph``), from the cache, else compiled and put there.

    Raises:
        EncoderError: when OpenVINO cannot run it.
    """
    with _translated():
        from openvino import opset13  # type: ignore[import-untyped]

        processor = _Processor(threads)
    # What follows the "@" may change: an older update's file is removed when a newer one is written.
    file = cache / f"{bert.weights_sha256[:16]}-reader-{processor.cpu}@{update_digest()}-{processor.version}.openvino"
    options = processor.options(processor.floats)

    def compile_graph() -> Any:
        graph = ReaderGraph(opset13, updated_weights(bert), bert=bert)
        return processor.core.compile_model(_model(*graph.build(), length=0), "CPU", options)

    return GraphReader(bert, _Run(lambda: _from_cache_or(compile_graph, processor.core, file, options)))


class _Processor:
    """This machine's processor as OpenVINO sees it: what it can do, how to compile for it, and a name for both."""

    def __init__(self, threads: int) -> None:
        import openvino

        self.core = openvino.Core()
        able = self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.floats = "bfloat16" if "BF16" in able else "float32"
        self._threads = {"INFERENCE_NUM_THREADS": threads} if threads else {}
        name = self.core.get_property("CPU", "FULL_DEVICE_NAME")
        self.cpu = hashlib.sha256(f"{name} {sorted(able)}".encode()).hexdigest()[:8]
        self.version = hashlib.sha256(openvino.get_version().encode()).hexdigest()[:8]

    def options(self, chosen: str) -> dict[str, Any]:
        """How to compile a graph of that arithmetic."""
        hint = _HINTS.get(chosen, _HINTS[self.floats])
        return {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint, **self._threads}


class _Graphs:
    """The compiled graphs of one model on this processor: see ``load_openvino``."""

    def __init__(self, bert: BertModel, *, precision: str, threads: int, cache: Path) -> None:
        self._bert, self._cache = bert, cache
        self._processor = _Processor(threads)
        faithful = ("mixed", "bfloat16") if self._processor.floats == "bfloat16" else ("float32",)
        self._choices = faithful if precision == "auto" else (precision,)
        self._begins = f"{bert.weights_sha256[:16]}-{bert.pooling}-{precision}"
        self.lengths = (0, SHORT) if bert.max_tokens >= SHORT else (0,)  # 0: texts of any length, any number of them

    def choose(self) -> tuple[str, dict[int, _Graph]]:
        """The arithmetic that is taken; where that had to be found out, its graphs by length, all of them cached."""
        for chosen in self._choices:
            if self._file(chosen, 0).exists():
                return chosen, {}
        with _translated():
            for chosen in self._choices:
                recipe = self._recipe(chosen)
                graph = recipe.compile()
                if recipe.likeness(graph) >= _FAITHFUL:
                    break
            made = {length: recipe.compile(length=length) if length else graph for length in self.lengths}
            for length, one in made.items():
                write_converted(self._file(chosen, length), _exported(one))
        return chosen, {length: (one, None) for length, one in made.items()}

    def open(self, chosen: str, *, length: int) -> _Graph:
        """A graph from the cache, else compiled; with a ``length`` for one text of so many tokens."""
        return _from_cache_or(
            lambda: self._recipe(chosen).compile(length=length),
            self._processor.core,
            self._file(chosen, length),
            self._processor.options(chosen),
        )

    def _recipe(self, chosen: str) -> _Recipe:
        return _Recipe(self._processor.core, self._bert, self._processor.options(chosen), chosen=chosen)

    def _file(self, chosen: str, length: int) -> Path:
        shape = f"-{length}" if length else ""
        return self._cache / f"{self._begins}-{chosen}{shape}-{self._processor.cpu}@{self._processor.version}.openvino"


def _from_cache_or(compile_graph: Callable[[], Any], core: Any, file: Path, options: dict[str, Any]) -> _Graph:
    """The graph of a file of the cache, else compiled and put there."""
    payload = read_converted(file)
    if (graph := _from_cache(core, payload, options)) is not None:
        return graph, payload
    with _translated():
        graph = compile_graph()
        write_converted(file, _exported(graph))
    return graph, None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (ImportError, RuntimeError) as err:
        raise EncoderError(f"OpenVINO cannot run the encoder ({str(err)[:200]}): set KB_ENCODER_RUNTIME=torch") from err


def _from_cache(core: Any, payload: Payload | None, options: dict[str, Any]) -> Any:
    if payload is None:
        return None
    import openvino

    try:
        return core.import_model(openvino.Tensor(payload, shared_memory=True), "CPU", options)
    except RuntimeError:  # made by a build that calls itself the same: make it again
        return None


class _Recipe:
    """What the graphs of one arithmetic are compiled from; calibrated once where it has 8-bit integers."""

    def __init__(self, core: Any, bert: BertModel, options: dict[str, Any], *, chosen: str) -> None:
        self._core, self._bert, self._options = core, bert, options
        self._weights = read_weights(bert)
        self._kept = (SPIKY,) if chosen == "mixed" else ()
        self._ranges: dict[str, Range] = {}
        if chosen not in _HINTS:
            self._texts = ModelTokenizer(bert.folder, max_tokens=bert.max_tokens).encode(calibration_texts())
            self._ranges, self._exact = _calibrated(core, bert, self._weights, options, self._texts)

    def compile(self, *, length: int = 0) -> Any:
        """A compiled graph; with a ``length`` for one text of so many tokens."""
        from openvino import opset13

        graph = BertGraph(opset13, self._weights, bert=self._bert)
        if self._ranges:
            graph = Int8Graph(opset13, self._weights, bert=self._bert, ranges=self._ranges, kept=self._kept)
        return self._core.compile_model(_model(*graph.build(), length=length), "CPU", self._options)

    def likeness(self, compiled: Any) -> float:
        """The mean cosine of a graph's vectors of the calibration texts to float32's; 1 for floats."""
        if not self._ranges:
            return 1.0
        run = _Run(lambda: (compiled, None))
        vectors = np.concatenate([run(ids, mask) for ids, mask in batches(self._texts, self._bert)])
        return float(np.einsum("nd,nd->n", vectors, self._exact).mean())


def _model(output: Any, parameters: list[Any], *, length: int) -> Any:
    import openvino

    model = openvino.Model([output], parameters, "encoder")
    if length:
        model.reshape({place: [1, length] for place in range(len(parameters))})
    return model


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
    """One inference request, opened by the first call; calls from several threads take turns."""

    def __init__(self, open_graph: Callable[[], _Graph]) -> None:
        self._open_graph = open_graph
        self._payload: Payload | None = None  # the weights stay in this mapping: it must live as long as the graph
        self._request: Any = None
        self._lock = threading.Lock()

    def __call__(self, *inputs: Tokens) -> Vectors:
        with self._lock:
            if self._request is None:
                graph, self._payload = self._open_graph()
                self._request = graph.create_infer_request()
            result = self._request.infer(list(inputs))[0]
            return np.array(result, dtype=np.float32)
