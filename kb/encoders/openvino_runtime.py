"""Encoder and reader on OpenVINO, the fastest faithful way on a CPU: converted once, kept in the user's cache, run.

OpenVINO converts the torch module itself (``openvino.convert_model``); where the processor computes in bfloat16, NNCF
turns the layers that widen into 8-bit integers. Both need torch and some seconds, once: what is compiled is kept in the
cache, and later processes map it. The only module that imports openvino, nncf and platformdirs.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import json
import logging
import mmap
import os
import struct
import sys
import tempfile
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.encoders.model_files import BertModel, ModelTokenizer, Tokens, clean_text, padded
from kb.errors import EncoderError, SettingsError, foreign_errors
from kb.protocols import Vectors
from kb.settings import Settings

_ABANDONED_SECONDS = 3600.0
_FORM = 1  # raise when something else is converted, or otherwise
_FAITHFUL = 0.9995  # mean cosine to float32 from which "auto" takes 8-bit integers
_SMOOTHING = 0.6  # how much of what stands out in a layer's input moves into its weights (SmoothQuant's alpha)
_HINTS = {"float32": "f32", "bfloat16": "bf16", "mixed": "bf16"}
BATCH = 8  # one request on one core: its numbers stay near the core; 4 to 16 are within a twentieth
SHORT = 32  # tokens of a short query: a graph of this one shape spares it two fifths of its time

Payload = NDArray[np.uint8]
Notice = Callable[[str], None]
"""Told what changes nothing, and what can be done about it."""
_Graph = tuple[Any, Payload | None]  # a compiled graph, and the mapping that its weights stay in


def load_openvino(bert: BertModel, *, precision: str, threads: int, cache: Path, notice: Notice) -> OpenVinoEncoder:
    """The encoder, from the compiled graphs in the cache, else converted by way of torch and put there.

    There are two: one for batches of any shape, a request on each core, and one for a single short query. A graph of
    open shape works out shapes and memory anew whenever the length changes, 1.9 of the 4.7 ms of a query of 19 tokens.

    Args:
        bert: the model.
        precision: "auto" ("mixed" where the CPU computes in bfloat16 and the model takes it well, then "bfloat16",
            else "float32"), "float32" or "bfloat16". Mixed is bfloat16, with 8-bit integers in the layers that widen.
        threads: threads to compute with; 0 for all cores.
        cache: folder of converted encoders; a compiled graph holds for one processor, version and precision.
        notice: told why the cache cannot be used.

    Raises:
        EncoderError: when it cannot be converted or run.
    """
    graphs = _Graphs(bert, precision=precision, processor=_Processor(threads), cache=cache, notice=notice)
    chosen, made = graphs.choose()

    def run_of(length: int) -> _Run:
        return _Run(lambda: made.get(length) or graphs.open(chosen, length=length))

    run_short = run_of(SHORT) if SHORT in graphs.lengths else None
    return OpenVinoEncoder(bert, run_of(0), run_short=run_short, runtime=f"openvino {chosen}")


def load_reader(bert: BertModel, *, threads: int, cache: Path, notice: Notice) -> AnswerReader:
    """The reader over the weights of ``bert`` (see ``AnswerReader``), from the cache, else converted, put there.

    Raises:
        EncoderError: when it cannot be converted or run.
    """
    processor = _Processor(threads)
    updated = hashlib.sha256(_update()).hexdigest()[:8]
    # What follows the "@" may change: an older update's file is removed when a newer one is written.
    file = cache / f"{bert.weights_sha256[:16]}-reader-{processor.cpu}@{updated}-{processor.version}.openvino"

    def graph() -> _Graph:
        kept = _from_cache(processor, file, processor.options(processor.floats))
        if kept is not None:
            return kept
        with foreign_errors(_cannot_run):
            from kb.encoders.torch_runtime import reader_module

            names = ("input_ids", "token_type_ids", "attention_mask")
            model = _converted(reader_module(bert.folder, trained_update()), names)
            made = processor.compiled(model, processor.floats)
            write_converted(file, _exported(made), notice=notice)
        return made, None

    return AnswerReader(bert, _Run(graph))


class OpenVinoEncoder:
    """A BERT on compiled graphs; satisfies ``kb.protocols.Encoder``.

    ``run_short`` runs one query of up to ``SHORT`` tokens, padded to (1, ``SHORT``); None where there is nothing to
    gain by it. ``runtime`` says how vectors are computed, for ``kb status`` and benchmarks: "openvino bfloat16".
    """

    def __init__(self, bert: BertModel, run: _Run, *, run_short: _Run | None, runtime: str) -> None:
        self._bert = bert
        self._run, self._run_short = run, run_short
        self._tokenizer = ModelTokenizer(bert.folder, max_tokens=bert.max_tokens)
        prompt_tokens = sum(self._tokenizer.count([bert.passage_prompt])) if bert.passage_prompt else 0
        self.runtime = runtime
        self.fingerprint = bert.fingerprint
        self.dimension = bert.hidden
        self.max_tokens = bert.max_tokens - prompt_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without special tokens and without truncation."""
        return self._tokenizer.count(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimension) float32, L2-normalised, in the order of ``texts``."""
        cleaned = [clean_text(self._bert.passage_prompt + clean_text(text)) for text in texts]
        # Repeated texts (a paper's title heads each of its chunks) are computed once.
        places = {text: place for place, text in enumerate(dict.fromkeys(cleaned))}
        tokens = self._tokenizer.encode(list(places))
        vectors = np.empty((len(places), self.dimension), dtype=np.float32)
        # Texts of like length share a batch, so little padding is computed; ties keep the order of the input.
        longest_first = sorted(range(len(tokens)), key=lambda i: -len(tokens[i]))
        batches = [longest_first[start : start + BATCH] for start in range(0, len(tokens), BATCH)]
        inputs = (padded([tokens[i] for i in batch], pad=self._bert.pad_token) for batch in batches)
        for batch, found in zip(batches, self._run(inputs), strict=True):
            vectors[batch] = found
        return vectors if len(places) == len(cleaned) else vectors[[places[text] for text in cleaned]]

    def encode_query(self, text: str) -> Vectors:
        """(dimension,) float32, L2-normalised."""
        tokens = self._tokenizer.encode([clean_text(self._bert.query_prompt + clean_text(text))])
        short = self._run_short is not None and len(tokens[0]) <= SHORT
        run = self._run_short if self._run_short is not None and short else self._run
        return run([padded(tokens, pad=self._bert.pad_token, length=SHORT if short else 0)])[0].reshape(-1)


class _Run:
    """Runs batches on a compiled graph that the first call opens, a request on each core; callers take turns."""

    def __init__(self, open_graph: Callable[[], _Graph]) -> None:
        self._open_graph = open_graph
        self._payload: Payload | None = None  # the weights stay in this mapping: it must live as long as the graph
        self._requests: Any = None
        self._lock = threading.Lock()

    def __call__(self, batches: Iterable[Sequence[Tokens]]) -> list[Vectors]:
        """The graph's output (n, d) for the inputs of each batch, float32, in the order of the batches."""
        found: dict[int, Vectors] = {}
        with self._lock, foreign_errors(_cannot_run):
            if self._requests is None:
                self._requests = self._opened()
            self._requests.set_callback(lambda request, at: found.update({at: _output(request)}))
            for at, inputs in enumerate(batches):
                self._requests.start_async(list(inputs), at)
            self._requests.wait_all()
        return [found[at] for at in range(len(found))]

    def _opened(self) -> Any:
        graph, self._payload = self._open_graph()
        return _openvino().AsyncInferQueue(graph)


def _output(request: Any) -> Vectors:
    return np.array(request.get_output_tensor(0).data, dtype=np.float32)


def _cannot_run(said: str) -> EncoderError:
    return EncoderError(f"OpenVINO cannot run the encoder ({said}): set KB_ENCODER_RUNTIME=torch")


def _openvino() -> Any:
    # OpenVINO and NNCF report each conversion to their maker unless this package is missing: here it always is.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino  # type: ignore[import-untyped]

    return openvino


# --------------------------------------------------------------------------------------------- the reader

# Question, sentence and what stands before it in one BERT: the default encoder's own weights with a low-rank update of
# every dense layer (LoRA, Hu et al. 2022), other layer norms and segment embeddings, and a linear head over the first
# and the mean vector. The update (``data/reader.npz``) was trained as answer sentence selection with an "it is not
# there" (``tests/benchmarks/reader_train.py`` has the data and the figures); without the base weights it is nothing, so
# the package stays small.
_QUESTION, _SENTENCE, _BEFORE = 40, 72, 32  # tokens that are read of each part
_CLS, _SEP = 101, 102  # in the vocabulary of the default encoder, which is BERT's


def _update() -> bytes:
    return resources.files("kb.encoders").joinpath("data/reader.npz").read_bytes()


def trained_update() -> dict[str, NDArray[np.float32]]:
    """By layer: ``W.a`` (r, in) and ``W.b`` (out, r), ``b @ a`` of which is added to ``W.weight``; else a new value.

    ``head.weight`` (1, 2 hidden) and ``head.bias`` (1,) are the linear head.
    """
    with np.load(io.BytesIO(_update())) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


class AnswerReader:
    """Reads by ``run``, batches of (numbers, segments, mask) -> (n, 1) each; satisfies ``kb.protocols.Reader``."""

    def __init__(self, bert: BertModel, run: Callable[[Iterable[Sequence[Tokens]]], list[Vectors]]) -> None:
        self._run, self._pad = run, bert.pad_token
        self._tokenizer = ModelTokenizer(bert.folder, max_tokens=bert.max_tokens)

    def answers(self, question: str, sentences: Sequence[tuple[str, str]]) -> Vectors:
        """(n,) float32 log-odds that each of (sentence, what stands before it) answers the question."""
        if not sentences:
            return np.empty(0, dtype=np.float32)
        asked = self._tokenizer.pieces([question])[0]
        told = self._tokenizer.pieces([sentence for sentence, _ in sentences])
        before = self._tokenizer.pieces([context for _, context in sentences])
        rows = [self.row(asked, sentence, context) for sentence, context in zip(told, before, strict=True)]
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i][0]))  # rows of like length share a batch
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        found = np.empty(len(rows), dtype=np.float32)
        for batch, odds in zip(batches, self._run(self._inputs([rows[i] for i in b]) for b in batches), strict=True):
            found[batch] = odds.reshape(-1)
        return found

    def _inputs(self, rows: Sequence[tuple[list[int], list[int]]]) -> tuple[Tokens, Tokens, Tokens]:
        ids, mask = padded([ids for ids, _ in rows], pad=self._pad)
        types, _ = padded([types for _, types in rows], pad=0)
        return ids, types, mask

    @staticmethod
    def row(question: Sequence[int], sentence: Sequence[int], before: Sequence[int]) -> tuple[list[int], list[int]]:
        """Token numbers and segments: the question (0), the sentence (1), what stands before it (0); each cut."""
        first = [_CLS, *question[:_QUESTION], _SEP]
        second = [*sentence[:_SENTENCE], _SEP]
        third = [*before[:_BEFORE], _SEP] if before else []
        return first + second + third, [0] * len(first) + [1] * len(second) + [0] * len(third)


# --------------------------------------------------------------------------------------------- graphs


class _Processor:
    """This machine's processor as OpenVINO sees it: what it can do, how to compile for it, and a name for both."""

    def __init__(self, threads: int) -> None:
        with foreign_errors(_cannot_run):
            openvino = _openvino()
            self.core = openvino.Core()
            able = self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
            name = self.core.get_property("CPU", "FULL_DEVICE_NAME")
            nncf = metadata.version("nncf") if importlib.util.find_spec("nncf") else ""
            made_by = f"{openvino.get_version()} {nncf} {_FORM}"
        self.floats = "bfloat16" if "BF16" in able else "float32"
        self._threads = {"INFERENCE_NUM_THREADS": threads} if threads else {}
        self.cpu = hashlib.sha256(f"{name} {sorted(able)}".encode()).hexdigest()[:8]
        self.version = hashlib.sha256(made_by.encode()).hexdigest()[:8]

    def options(self, arithmetic: str, *, length: int = 0) -> dict[str, Any]:
        """How to compile: all cores for one text of a fixed ``length``, else each core for batches of its own."""
        hint = {"PERFORMANCE_HINT": "LATENCY" if length else "THROUGHPUT"}
        return {**hint, "INFERENCE_PRECISION_HINT": _HINTS[arithmetic], **self._threads}

    def compiled(self, model: Any, arithmetic: str, *, length: int = 0) -> Any:
        """The model ready to run; with a ``length`` for one text of so many tokens."""
        if length:
            model = model.clone()
            model.reshape({place: [1, length] for place in range(len(model.inputs))})
        return self.core.compile_model(model, "CPU", self.options(arithmetic, length=length))


class _Graphs:
    """The compiled graphs of one encoder on this processor: see ``load_openvino``."""

    def __init__(self, bert: BertModel, *, precision: str, processor: _Processor, cache: Path, notice: Notice) -> None:
        self._bert, self._processor, self._cache, self._notice = bert, processor, cache, notice
        able = ["mixed"] if processor.floats == "bfloat16" and importlib.util.find_spec("nncf") else []
        self._choices = [*able, processor.floats] if precision == "auto" else [precision]
        self._begins = f"{bert.weights_sha256[:16]}-{bert.pooling}-{precision}"
        self.lengths = (0, SHORT) if bert.max_tokens >= SHORT else (0,)  # 0: texts of any length, any number of them

    def choose(self) -> tuple[str, dict[int, _Graph]]:
        """The arithmetic that is taken; where that had to be found out, its graphs by length, all of them cached."""
        for chosen in self._choices:
            if _is_there(self._file(chosen, 0)):
                return chosen, {}
        return self._made(self._choices)

    def open(self, chosen: str, *, length: int) -> _Graph:
        """A graph from the cache, else made anew with all others."""
        file, options = self._file(chosen, length), self._processor.options(chosen, length=length)
        return _from_cache(self._processor, file, options) or self._made([chosen])[1][length]

    def _made(self, choices: Sequence[str]) -> tuple[str, dict[int, _Graph]]:
        from kb.encoders.torch_runtime import encoder_module

        with foreign_errors(_cannot_run):
            model = _converted(encoder_module(self._bert.folder), ("input_ids", "attention_mask"))
            chosen = choices[0]
            if chosen == "mixed":
                quantised, likeness = _quantised(model, self._bert, self._processor)
                if likeness >= _FAITHFUL or len(choices) == 1:
                    model = quantised
                else:
                    chosen = choices[1]
            graphs = {length: self._processor.compiled(model, chosen, length=length) for length in self.lengths}
            for length, graph in graphs.items():
                write_converted(self._file(chosen, length), _exported(graph), notice=self._notice)
        return chosen, {length: (graph, None) for length, graph in graphs.items()}

    def _file(self, chosen: str, length: int) -> Path:
        shape = f"-{length}" if length else ""
        name = f"{self._begins}-{chosen}{shape}-{self._processor.cpu}@{self._processor.version}"
        return self._cache / f"{name}.openvino"


def _from_cache(processor: _Processor, file: Path, options: dict[str, Any]) -> _Graph | None:
    payload = read_converted(file)
    if payload is None:
        return None
    try:
        tensor = _openvino().Tensor(payload, shared_memory=True)
        return processor.core.import_model(tensor, "CPU", options), payload
    except RuntimeError:  # made by a build that calls itself the same: make it again
        return None


def _exported(compiled: Any) -> bytes:
    blob = compiled.export_model()
    return blob if isinstance(blob, bytes) else bytes(blob.getbuffer())


# --------------------------------------------------------------------------------------------- conversion


def _converted(module: Any, names: Sequence[str]) -> Any:
    """A torch module of ``names`` as an OpenVINO model: int32 (n, tokens) each -> its output."""
    from kb.encoders.torch_runtime import example_tokens, quietly

    with quietly(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing says what it takes for constant: the shapes stay open all the same
        return _openvino().convert_model(
            module,
            example_input={name: example_tokens() for name in names},
            input=[(name, [-1, -1], np.int32) for name in names],
        )


def calibration_texts() -> list[str]:
    """Titles with abstracts of arXiv (its metadata is CC0), from many fields, as the encoder reads them."""
    file = resources.files("kb.encoders").joinpath("calibration.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _quantised(model: Any, bert: BertModel, processor: _Processor) -> tuple[Any, float]:
    """The model with 8-bit integers in its layers that widen, and its mean cosine to float32 on the calibration texts.

    They are a third of all multiplications and lose next to nothing. What reads the widened numbers loses nine tenths
    of all that 8 bits cost (a few channels are a hundred times the rest), attention the next most.
    """
    texts = ModelTokenizer(bert.folder, max_tokens=bert.max_tokens).encode(calibration_texts())
    inputs = [dict(zip(("input_ids", "attention_mask"), padded([ids], pad=0), strict=True)) for ids in texts]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():  # it draws its progress
        warnings.simplefilter("ignore")
        import nncf  # type: ignore[import-not-found, import-untyped, unused-ignore]

        nncf.set_log_level(logging.ERROR)
        fine = nncf.AdvancedQuantizationParameters(
            smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=_SMOOTHING),
            disable_bias_correction=True,  # it changes nothing here
        )
        quantised = nncf.quantize(
            model.clone(),
            nncf.Dataset(inputs),
            subset_size=len(inputs),
            model_type=nncf.ModelType.TRANSFORMER,
            ignored_scope=nncf.IgnoredScope(names=_all_but_widening(model), validate=False),
            advanced_parameters=fine,
        )
    exact = _vectors(processor.compiled(model, "float32"), inputs)
    near = _vectors(processor.compiled(quantised, "mixed"), inputs)
    return quantised, float(np.einsum("nd,nd->n", exact, near).mean())


def _vectors(graph: Any, inputs: Sequence[Mapping[str, Tokens]]) -> Vectors:
    run = _Run(lambda: (graph, None))
    return np.concatenate(run(list(one.values()) for one in inputs))


def _all_but_widening(model: Any) -> list[str]:
    """Names of all operations but the dense layers with at least twice as many outputs as inputs."""
    return [
        operation.get_friendly_name()
        for operation in model.get_ops()
        if operation.get_type_name() not in ("Constant", "Parameter", "Result")
        and not (operation.get_type_name() == "MatMul" and _widens(operation.input(1)))
    ]


def _widens(weight: Any) -> bool:
    shape = weight.get_partial_shape()
    return shape.is_static and len(shape) == 2 and shape.to_shape()[0] >= 2 * shape.to_shape()[1]


# --------------------------------------------------------------------------------------------- the user's cache

# A file is ``magic, CRC-32 and length of the payload`` padded to one page, then the payload, which starts on a page so
# that it can be mapped instead of read. Writers write beside and rename, so two processes that convert at the same time
# both succeed and neither sees half a file: no lock is needed. Losing the cache loses nothing.
_HEADER = struct.Struct("<8sIQ")
_MAGIC = b"kbenc\x00\x00\x01"
_PAGE = mmap.ALLOCATIONGRANULARITY


def cache_folder(settings: Settings) -> Path:
    """Where converted encoders live: the setting, else the user's cache folder of this platform."""
    with foreign_errors(lambda said: SettingsError(f"there is no folder for caches ({said}): set KB_ENCODER_CACHE")):
        if settings.encoder_cache is not None:
            return settings.encoder_cache.expanduser()
        import platformdirs

        return Path(platformdirs.user_cache_dir("paper-kb")) / "encoders"


def read_converted(file: Path) -> Payload | None:
    """The payload, mapped copy-on-write, or None when the file is absent or damaged."""
    try:
        with file.open("rb") as stream:
            magic, checksum, length = _HEADER.unpack(stream.read(_HEADER.size))
        if magic != _MAGIC or file.stat().st_size != _PAGE + length:
            return None
        payload = np.memmap(file, dtype=np.uint8, mode="c", offset=_PAGE, shape=(length,))
    except (OSError, ValueError, struct.error):
        return None
    return payload if zlib.crc32(payload.data) == checksum else None


def _is_there(file: Path) -> bool:
    """Whether a file is there and may be seen: a cache that cannot be read is as good as none."""
    try:
        return file.exists()
    except OSError:
        return False


def _sweep(folder: Path) -> None:
    """Remove what a process that was stopped left half-written."""
    for part in folder.glob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _ABANDONED_SECONDS:
                part.unlink()


def write_converted(file: Path, payload: bytes, *, notice: Notice) -> None:
    """Write whole or not at all; where it cannot be written that is told (an encoder also works without its cache).

    It need not have reached the disk: what a machine that stopped has lost of it, the checksum tells, and whoever ends
    the process waits for no disk. Older files of the same encoder (same name up to the last "@", which the maker's
    version follows) are removed.
    """
    header = _HEADER.pack(_MAGIC, zlib.crc32(payload), len(payload)).ljust(_PAGE, b"\0")
    beside = ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(file.parent)
        descriptor, beside = tempfile.mkstemp(dir=file.parent, suffix=".part")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(header)
            stream.write(payload)
        Path(beside).replace(file)
    except OSError as err:
        cure = "it is made again each time, until that is a folder that can be written, or KB_ENCODER_CACHE names one"
        notice(f"the converted encoder is not kept in {file.parent} ({err.strerror}): {cure}")
        return
    finally:
        with contextlib.suppress(OSError):
            if beside:
                Path(beside).unlink()
    for other in file.parent.glob(f"{file.name.rpartition('@')[0]}@*"):
        if other != file:
            with contextlib.suppress(OSError):
                other.unlink()
