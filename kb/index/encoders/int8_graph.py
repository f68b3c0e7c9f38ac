"""BERT with dense layers in 8-bit integers: those that lose next to nothing by it, or all of them by choice.

Static quantisation, after SmoothQuant (Xiao et al. 2023): what a layer reads is scaled per
channel so that its outliers move into the weights, then quantised over the range that calibration saw (256 levels
with an exact zero); weights are quantised symmetrically per output channel (255 levels). Attention, normalisation
and pooling stay in floating point. The quantisation points are FakeQuantize nodes, from which OpenVINO makes
integer arithmetic.

The calibration texts are abstracts of arXiv, whose metadata is CC0. The same weights, texts and processor give the
same graph.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.index.encoders.bert_graph import BertGraph, Weights
from kb.index.encoders.model_files import BertModel

Row = NDArray[np.float32]
# How much of an outlier moves into the weights (1: all), by the kind of layer: what gave the least error of the layer's
# output over the calibration texts, and for the last kind of the whole model's.
_SMOOTHING = {"attention.self": 0.85, "attention.output": 0.85, "intermediate": 0.7, "output": 0.95}
# The second layer of each feed-forward block reads what GELU made, a few channels of which are a hundred times the
# rest: it alone makes nine tenths of all the error that 8 bits cost, and stays in floating point unless asked for.
SPIKY = "output"


def calibration_texts() -> list[str]:
    """Titles with abstracts, from many fields, as the encoder reads them."""
    file = resources.files("kb.index.encoders").joinpath("calibration.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True, slots=True)
class Range:
    """Least and greatest value of each channel that a dense layer read, (channels,) each."""

    low: Row
    high: Row

    def widened(self, values: Row) -> Range:
        """The range that also holds ``values`` (n, channels)."""
        return Range(np.minimum(self.low, values.min(axis=0)), np.maximum(self.high, values.max(axis=0)))


class TappedGraph(BertGraph):
    """The float graph, which also remembers what each dense layer reads (``taps``, by the layer's name)."""

    def __init__(self, ops: Any, weights: Weights, *, bert: BertModel) -> None:
        super().__init__(ops, weights, bert=bert)
        self.taps: dict[str, Any] = {}

    def _dense(self, x: Any, name: str) -> Any:
        self.taps[name] = x
        return super()._dense(x, name)


class Int8Graph(BertGraph):
    """The graph with its dense layers quantised over ``ranges``; those of the kinds in ``kept`` stay as they are."""

    def __init__(
        self, ops: Any, weights: Weights, *, bert: BertModel, ranges: Mapping[str, Range], kept: Collection[str] = ()
    ) -> None:
        super().__init__(ops, weights, bert=bert)
        self._ranges = ranges
        self._kept = kept

    def _dense(self, x: Any, name: str) -> Any:
        kind = name.split(".", 3)[3].rpartition(".")[0]  # encoder.layer.4.attention.self.query: attention.self
        if kind in self._kept:
            return super()._dense(x, name)
        ops, seen, share = self._ops, self._ranges[name], _SMOOTHING[kind]
        weight = self._weights[f"{name}.weight"]
        peaks = np.maximum(np.maximum(-seen.low, seen.high), 1e-5)
        scale = (peaks**share / np.maximum(np.abs(weight).max(axis=0), 1e-5) ** (1 - share)).astype(np.float32)
        smooth = ops.multiply(x, ops.constant((1 / scale)[None, None]))
        low, high = (ops.constant(np.full((1, 1, 1), value, np.float32))
                     for value in (min((seen.low / scale).min(), 0), max((seen.high / scale).max(), 0)))  # fmt: skip
        quantised = ops.fake_quantize(smooth, low, high, low, high, 256)
        rows = weight * scale
        top = np.maximum(np.abs(rows).max(axis=1, keepdims=True), np.float32(1e-12))
        bottom, top = ops.constant(-top), ops.constant(top)
        rounded = ops.fake_quantize(ops.constant(rows), bottom, top, bottom, top, 255)
        return ops.add(
            ops.matmul(quantised, rounded, False, True), ops.constant(self._weights[f"{name}.bias"][None, None])
        )
