"""Any chat model that LangChain's ``init_chat_model`` reaches, as the writing stages see one.

The only module that imports LangChain's chat models. Calls are cached by content, counted, capped and can be
cancelled. Replies are read as JSON, checked against a schema and kept on disk by what was asked. Whatever a provider
raises becomes a ``ModelError`` that names the cure: foreign exceptions are told apart by the names of their classes
and by what they say, so that no provider's package is needed to read them.
"""

from __future__ import annotations

import copy
import hashlib
import ipaddress
import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kb.errors import KbError, ModelError, SettingsError
from kb.records import Usage
from kb.settings import Settings

_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def read_json(text: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first JSON object in a reply that satisfies the schema; code fences, thoughts and chatter are skipped.

    None when there is none. A reply that was cut off has none.
    """
    plain = _THOUGHT.sub("", text)
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", plain):
        try:
            value, _ = decoder.raw_decode(plain, match.start())
        except (ValueError, RecursionError):
            continue
        if satisfies(value, schema):
            return dict(value)
    return None


def satisfies(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value has the types, required fields and allowed values of a JSON schema (lengths are not judged)."""
    kind = schema.get("type")
    kinds = [kind] if isinstance(kind, str) else kind or list(_KINDS)
    if not any(isinstance(value, _KINDS[name]) for name in kinds):
        return False
    if isinstance(value, bool) and "boolean" not in kinds:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, dict):
        fields: Mapping[str, Any] = schema.get("properties", {})
        complete = all(name in value for name in schema.get("required", ()))
        return complete and all(satisfies(value[name], of) for name, of in fields.items() if name in value)
    if isinstance(value, list) and "items" in schema:
        return all(satisfies(item, schema["items"]) for item in value)
    return True


class ReplyCache:
    """Replies on disk under the hash of all that was asked: model, prompts, schema and parameters.

    ``folder`` is made when first needed; None keeps nothing. Losing it loses no data, only calls.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @staticmethod
    def key(*asked: Any) -> str:
        """The name of a reply: the same question to the same model gives the same one."""
        return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def get(self, key: str) -> Any | None:
        """What was kept, or None; a broken file counts as nothing kept."""
        if self._folder is None:
            return None
        try:
            return json.loads(self._path(key).read_text("utf-8"))["reply"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, reply: Any) -> None:
        """Keep a reply. A cache that cannot be written is no reason to fail."""
        if self._folder is None:
            return
        path = self._path(key)
        draft = path.with_suffix(f".{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_text(json.dumps({"reply": reply}, ensure_ascii=False), "utf-8")
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / key[:2] / f"{key}.json"


_RETRIES = 2
_OLLAMA_URL = "http://127.0.0.1:11434"
_JSON_SCHEMA_PROVIDERS = frozenset({"openai", "ollama"})
_EXTRAS = {"openai": "openai", "ollama": "ollama", "anthropic": "anthropic", "google_genai": "google"}
_CANNOT_STRUCTURE = "model-cannot-structure"  # internal: plain text is worth a try


def new_budget(settings: Settings) -> Budget:
    """What the settings let one command spend."""
    return Budget(max_calls=settings.max_calls, max_tokens=settings.max_tokens)


def load_chat_model(settings: Settings, *, cache_folder: Path | None) -> LangChainChat | None:
    """The configured chat model, or None for the extractive mode. No call is made yet.

    Raises:
        ModelError: its package or key is missing, or LangChain does not know the provider.
        SettingsError: the name has no provider before a colon.
    """
    name = settings.model_name
    if name is None:
        return None
    provider, _, model = name.partition(":")
    if not model:
        raise SettingsError(f"the model {name!r} has no provider: write it like ollama:{name} or openai:{name}")
    url = settings.model_url or (_OLLAMA_URL if provider == "ollama" else "")
    arguments = _arguments(provider, url=url, settings=settings)
    try:
        from langchain.chat_models import init_chat_model

        made = init_chat_model(model, model_provider=provider, **arguments)
    except Exception as err:  # the boundary: providers raise what they like, all of it becomes ours
        raise as_model_error(err, name=name, url=url) from err
    return LangChainChat(
        made,
        name=name,
        url=url,
        cache=ReplyCache(cache_folder),
        budget=new_budget(settings),
        timeout_seconds=settings.model_timeout_seconds,
        sampling=f"{settings.model_temperature} {settings.model_reply_tokens} {settings.model_options}",
    )


def _arguments(provider: str, *, url: str, settings: Settings) -> dict[str, Any]:
    """What the provider's class calls the same few things; what is not set is left to the provider."""
    key, seconds = settings.model_api_key.get_secret_value(), settings.model_timeout_seconds
    found: dict[str, Any] = {"base_url": url} if url else {}
    if settings.model_temperature is not None:
        found["temperature"] = settings.model_temperature
    if settings.model_reply_tokens:
        name = {"ollama": "num_predict", "google_genai": "max_output_tokens"}.get(provider, "max_tokens")
        found[name] = settings.model_reply_tokens
    if provider == "ollama":
        return {**found, "client_kwargs": {"timeout": seconds}, **settings.model_options}
    found |= {"timeout": seconds, "max_retries": _RETRIES}
    if provider == "google_genai":
        return {**found, **({"google_api_key": key} if key else {}), **settings.model_options}
    if provider == "openai":
        # A server of one's own asks for no key, but the client insists on one.
        key = key or ("none" if url else "")
        found["stream_usage"] = True
    return {**found, **({"api_key": key} if key else {}), **settings.model_options}


def is_local_address(url: str) -> bool:
    """Whether an address is on this machine (loopback); other machines of the same network are not."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Budget:
    """What one command may spend on language models, all of them together; threads may share it."""

    def __init__(self, *, max_calls: int = 200, max_tokens: int = 500_000) -> None:
        self._max_calls, self._max_tokens = max_calls, max_tokens
        self._calls = self._tokens = 0
        self._counting = threading.Lock()

    def call(self, *, tokens: int) -> None:
        """Count a call with so many tokens, about, in its prompt.

        Raises:
            ModelError: when it would go over a cap.
        """
        with self._counting:
            if self._calls >= self._max_calls:
                raise ModelError(f"the cap of {self._max_calls} model calls is reached: raise --max-calls")
            if self._tokens + tokens > self._max_tokens:
                raise ModelError(f"the cap of {self._max_tokens} model tokens is reached: raise --max-tokens")
            self._calls += 1

    def spend(self, tokens: int) -> None:
        """Count what a call cost in the end."""
        with self._counting:
            self._tokens += tokens


class LangChainChat:
    """ChatModel over one of LangChain's chat models. Threads may share it; what they spend is counted together."""

    def __init__(
        self,
        model: Any,  # langchain_core's BaseChatModel
        *,
        name: str,
        url: str = "",
        cache: ReplyCache | None = None,
        budget: Budget | None = None,
        timeout_seconds: float = 120.0,
        sampling: str = "",
    ) -> None:
        self._model, self._name, self._url = model, name, url
        self._sampling = sampling  # part of what a reply is kept under
        self._counting = threading.Lock()
        self._cache = cache or ReplyCache(None)
        self._budget, self._timeout_seconds = budget or Budget(), timeout_seconds
        self._usage = Usage()
        self._structures = True  # until the server shows that it cannot

    @property
    def name(self) -> str:
        """As configured, provider first."""
        return self._name

    @property
    def is_local(self) -> bool:
        """On this machine: by address; a model that Ollama runs in its cloud is not."""
        return is_local_address(self._url) and not self._name.endswith("cloud")

    @property
    def usage(self) -> Usage:
        """Calls and tokens since this object was made or renewed; cached replies are free."""
        return self._usage

    def renewed(self, budget: Budget) -> LangChainChat:
        """The same model and cache with nothing spent yet, within another budget."""
        other = copy.copy(self)
        other._usage, other._budget = Usage(), budget
        other._counting = threading.Lock()
        return other

    def complete(self, system: str, user: str) -> str:
        """The whole reply. Raises ModelError."""
        return "".join(self.stream(system, user))

    def stream(self, system: str, user: str) -> Iterator[str]:
        """The reply in pieces; a cached one comes in one piece, half a reply is never cached. Raises ModelError."""
        key = ReplyCache.key("text", self._name, self._url, system, user, self._sampling)
        kept = self._cache.get(key)
        if isinstance(kept, str):
            yield kept
            return
        pieces: list[str] = []
        self._count_call(system, user)
        started = time.monotonic()
        whole: Any = None
        with self._boundary():
            for piece in self._model.stream(_messages(system, user)):
                self._check(started)
                whole = piece if whole is None else whole + piece
                if text := _text(piece):
                    pieces.append(text)
                    yield text
        self._count_tokens(whole, asked=system + user, replied="".join(pieces))
        if not "".join(pieces).strip():
            raise ModelError(
                f"the model {self._name} gave an empty reply: try again or choose another KB_MODEL", retry=True
            )
        if _is_cut(whole):
            raise ModelError(
                f"the reply of {self._name} was cut off at its length limit: ask for less or choose another KB_MODEL"
            )
        self._cache.put(key, "".join(pieces))

    def structured(self, system: str, user: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A reply that satisfies the JSON schema, by the provider's own means, else read out of plain text.

        Raises:
            ModelError: the model failed, or its reply has no such JSON.
        """
        key = ReplyCache.key("json", self._name, self._url, system, user, schema, self._sampling)
        kept = self._cache.get(key)
        if isinstance(kept, dict) and satisfies(kept, schema):
            return kept
        found = self._by_provider(system, user, schema) if self._structures else None
        if found is None:
            told = f"{user}\n\nReply with one JSON object and nothing else. Its JSON schema:\n{json.dumps(schema)}"
            found = read_json(self.complete(system, told), schema)
        if found is None:
            raise ModelError(f"the model {self._name} did not reply with the JSON asked for: choose another KB_MODEL")
        self._cache.put(key, found)
        return found

    def _by_provider(self, system: str, user: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
        """The provider's structured output; None when it cannot, or gives something else."""
        provider = self._name.partition(":")[0]
        method = {"method": "json_schema"} if provider in _JSON_SCHEMA_PROVIDERS else {}
        self._count_call(system, user)
        titled = {"title": "reply", "description": "The reply.", **schema}
        try:
            with self._boundary():
                runnable = self._model.with_structured_output(titled, include_raw=True, **method)
                reply: Any = runnable.invoke(_messages(system, user))
        except ModelError as err:
            if err.code != _CANNOT_STRUCTURE:
                raise
            self._structures = False
            return None
        raw, parsed = reply.get("raw"), reply.get("parsed")
        self._count_tokens(raw, asked=system + user, replied=_text(raw))
        if isinstance(parsed, dict) and satisfies(parsed, schema):
            return parsed
        found = read_json(_text(raw), schema)
        self._structures = found is not None
        return found

    @contextmanager
    def _boundary(self) -> Iterator[None]:
        """Foreign exceptions become ours; nothing of a call is sent to a tracing service."""
        from langsmith import tracing_context

        try:
            with tracing_context(enabled=False):
                yield
        except (KbError, GeneratorExit):
            raise
        except Exception as err:  # the boundary: providers raise what they like, all of it becomes ours
            raise as_model_error(err, name=self._name, url=self._url) from err

    def _check(self, started: float) -> None:
        if time.monotonic() - started > self._timeout_seconds:
            raise ModelError(
                f"the model {self._name} took longer than {self._timeout_seconds:g} s:"
                " raise KB_MODEL_TIMEOUT_SECONDS or choose a faster model",
                retry=True,
            )

    def _count_call(self, system: str, user: str) -> None:
        self._budget.call(tokens=(len(system) + len(user)) // 4)
        with self._counting:
            self._usage = replace(self._usage, calls=self._usage.calls + 1)

    def _count_tokens(self, message: Any, *, asked: str, replied: str) -> None:
        counted = getattr(message, "usage_metadata", None) or {}
        # Where the provider counts nothing, four characters a token: no tokenizer is ever downloaded for this.
        sent = int(counted.get("input_tokens") or len(asked) // 4)
        back = int(counted.get("output_tokens") or len(replied) // 4)
        self._budget.spend(sent + back)
        with self._counting:
            self._usage = replace(
                self._usage,
                input_tokens=self._usage.input_tokens + sent,
                output_tokens=self._usage.output_tokens + back,
            )


def _messages(system: str, user: str) -> list[tuple[str, str]]:
    return [("system", system), ("human", user)]


def _text(message: Any) -> str:
    """The plain text of a message or piece; thoughts and other kinds of content are left out."""
    content = getattr(message, "content", "")
    if isinstance(content, str):
        return content
    parts = (part if isinstance(part, str) else part.get("text", "") for part in content or ())
    return "".join(part for part in parts if isinstance(part, str))


def _is_cut(message: Any) -> bool:
    metadata = getattr(message, "response_metadata", None) or {}
    reason = str(metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("done_reason") or "")
    return reason.lower() in {"length", "max_tokens"}


def as_model_error(err: Exception, *, name: str, url: str) -> ModelError:
    """Any exception of a provider, of LangChain or of the network below as ModelError, ending with the cure."""
    said = " ".join(str(err).split())[:200]
    kinds = " ".join(cls.__name__ for cls in type(err).__mro__).casefold()
    lowered = said.casefold()
    where = url or "its provider"
    if isinstance(err, ImportError):
        return ModelError(f"the package for {name} is not installed: {_install(name.partition(':')[0])}")
    if "contextoverflow" in kinds or "context size" in lowered or "context length" in lowered:
        return ModelError(f"the text is too long for {name} ({said}): choose a model with a longer context")
    if "ratelimit" in kinds or "429" in lowered:
        return ModelError(f"{name} asks us to slow down: try again later", retry=True)
    if "timeout" in kinds:
        return ModelError(f"{name} did not reply in time: raise KB_MODEL_TIMEOUT_SECONDS or try later", retry=True)
    if "authentication" in kinds or any(word in lowered for word in ("credential", "api key", "api_key")):
        return ModelError(f"the key for {name} is missing or refused: set KB_MODEL_API_KEY")
    if "permissiondenied" in kinds:
        return ModelError(f"{name} may not be used with this key ({said}): choose another KB_MODEL or key")
    if "modelnotfound" in kinds or ("model" in lowered and "not found" in lowered):
        return ModelError(f"{where} has no model {name} ({said}): correct KB_MODEL")
    if "connect" in kinds or "connection" in lowered:
        return ModelError(f"{name} cannot be reached at {where}: start the server or correct KB_MODEL_URL", retry=True)
    if isinstance(err, ValueError) and "provider" in lowered:
        return ModelError(f"LangChain knows no provider {name.partition(':')[0]!r}: write KB_MODEL like ollama:qwen3")
    code = _CANNOT_STRUCTURE if _is_about_structure(err, kinds) else None
    return ModelError(f"{name} failed ({type(err).__name__}: {said}): try again or choose another KB_MODEL", code=code)


def _install(provider: str) -> str:
    extra = _EXTRAS.get(provider)
    return f"pip install 'paper-kb[{extra}]'" if extra else f"pip install langchain-{provider.replace('_', '-')}"


def _is_about_structure(err: Exception, kinds: str) -> bool:
    """Whether the model or its server just cannot do structured output."""
    named = ("outputparser", "invalidrequest", "badrequest", "lengthfinishreason")
    return isinstance(err, (NotImplementedError, ValueError, TypeError)) or any(name in kinds for name in named)
