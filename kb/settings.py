"""The one settings class: defaults < ``kb.toml`` in the home < ``KB_*`` in the environment < flags.

Nothing else in the product reads the environment. Units stand in names. Fields marked "reindex" in their
description change what is stored: after changing one, ``kb reindex`` makes the indexes again.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from kb.errors import FileUnreadable, SettingsError
from kb.input_files import read_utf8

ARXIV_HOSTS = ("arxiv.org", "export.arxiv.org", "www.arxiv.org", "rss.arxiv.org")
_PREFIX = "KB_"
_A_DAY_SECONDS = 86_400
_ADDRESS = r"^https?://\S+$"
_MOST_OF_A_FILE = 1_000_000  # bytes of kb.toml
_MOST = 1 << 40  # of bytes: no machine has them, and the system takes the number


def _listed(value: Any) -> Any:
    """A list in a variable: ``a, b`` or JSON. A ValueError becomes one of ours."""
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                value = json.loads(value)
            except RecursionError as err:
                raise ValueError("lists within lists") from err
        else:
            value = tuple(part for word in value.split(",") if (part := word.strip()))
    if isinstance(value, list | tuple) and not all(isinstance(part, str) for part in value):
        raise ValueError("not all of it is text")  # here, where the whole list can be shown
    return value


def _named(value: Any) -> Any:
    """An object in a variable, as JSON; what is none stays, and is told to be none."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _formerly(*values: str) -> BeforeValidator:
    """Values of earlier versions that mean "auto" now."""
    return BeforeValidator(lambda value: "auto" if value in values else value)


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Options = Annotated[dict[str, Any], NoDecode, BeforeValidator(_named)]


def _absolute(folder: str | Path) -> Path:
    try:
        return Path(folder).expanduser().absolute()
    except RuntimeError as err:  # no HOME, and no such user
        raise SettingsError(f"{folder} has no place here ({err}): give --home DIR or set KB_HOME") from err
    except TypeError as err:
        raise SettingsError(f"home must be {_MUST['path']}, not {folder!r}: give --home DIR or set KB_HOME") from err


class _Environment(EnvSettingsSource):
    """``KB_*``. An empty variable empties text that may be empty and lists; for other settings it is not there."""

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__call__().items() if value != "" or self._may_be_empty(name)}

    def _may_be_empty(self, name: str) -> bool:
        field = self.settings_cls.model_fields.get(name)
        return field is not None and (isinstance(field.default, tuple) or field.default in ("", SecretStr("")))


class Settings(BaseSettings):
    """Everything that can be set. ``Settings(home="~/papers")`` reads that home's ``kb.toml`` and ``KB_*``.

    Raises:
        SettingsError: when a value is not possible; the message names the setting, its value and where to change it.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True, validate_default=True)

    home: Path = Field(default=Path("~/.local/share/kb"), description="the folder that holds everything")

    # Language model
    model: str = Field(default="", description="chat model as init_chat_model names it; empty or 'none' for none")
    model_url: str = Field(default="", description="base URL of a model server of one's own")
    model_api_key: SecretStr = Field(default=SecretStr(""), description="key for the model's provider")
    model_timeout_seconds: float = Field(
        default=120.0, gt=0, le=_A_DAY_SECONDS, description="longest wait for one reply"
    )
    model_temperature: float | None = Field(
        default=None, ge=0, le=2, description="temperature of replies; not set: the provider's default"
    )
    model_reply_tokens: int = Field(default=0, ge=0, description="longest reply; 0: the provider's default")
    model_options: Options = Field(
        default={}, description='more arguments for the provider\'s class as JSON, e.g. {"reasoning": false}'
    )
    max_calls: int = Field(default=200, ge=0, description="cap on model calls of one command")
    max_tokens: int = Field(default=500_000, ge=0, description="cap on model tokens of one command")
    allow_remote: bool = Field(default=False, description="let private papers go to a model on another machine")
    verifier: str = Field(
        default="", description="another chat model that verifies what the model wrote; empty: the same"
    )
    passage_tokens: int = Field(
        default=4_000, ge=500, le=500_000, description="most tokens of passages in one prompt of a question"
    )
    language: Literal["en", "zh"] = Field(default="en", description="language of answers, notes and pages")

    # Encoder and retrieval
    encoder: str = Field(default="all-MiniLM-L6-v2", description="sentence-transformers model, name or path (reindex)")
    encoder_precision: Annotated[Literal["auto", "float32", "bfloat16"], _formerly("mixed", "int8")] = Field(
        default="auto", description="arithmetic of the encoder; auto: the fastest that is faithful here"
    )
    encoder_runtime: Annotated[Literal["auto", "openvino", "torch"], _formerly("onnxruntime")] = Field(
        default="auto", description="what runs the encoder; auto: the fastest faithful way that is installed"
    )
    encoder_device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where the encoder runs")
    encoder_cache: Path | None = Field(default=None, description="folder for converted encoders; default: user cache")
    threads: int = Field(default=0, ge=0, le=4096, description="threads for encoding and parsing; 0: all cores")
    reranker: str = Field(default="", description="cross-encoder as second stage, name or path; empty for none")
    entailment: str = Field(
        default="", description="NLI cross-encoder as a further check of sentences, name or path; empty for none"
    )

    # arXiv and downloads
    arxiv_api_url: str = Field(
        default="https://export.arxiv.org/api/query", pattern=_ADDRESS, description="arXiv's query API"
    )
    arxiv_feed_url: str = Field(
        default="https://rss.arxiv.org/atom", pattern=_ADDRESS, description="arXiv's daily Atom feeds"
    )
    arxiv_web_url: str = Field(
        default="https://arxiv.org", pattern=_ADDRESS, description="where pdf/ and html/ are fetched"
    )
    arxiv_interval_seconds: float = Field(
        default=3.0, ge=0, le=_A_DAY_SECONDS, description="least time between requests to arXiv"
    )
    arxiv_retries: int = Field(default=5, ge=0, le=100, description="tries again after 429, 503 or a broken answer")
    allowed_hosts: Words = Field(default=ARXIV_HOSTS, description="hosts that downloads may go to")
    allow_private_addresses: bool = Field(default=False, description="let downloads go to this machine or network")
    http_timeout_seconds: float = Field(default=60.0, gt=0, le=_A_DAY_SECONDS, description="longest wait for a server")
    http_cache_seconds: int = Field(default=12 * 3600, ge=0, description="how long an API answer is reused")
    max_download_bytes: int = Field(default=60_000_000, gt=0, le=_MOST, description="largest file that is fetched")

    # Parsing
    max_file_bytes: int = Field(default=60_000_000, gt=0, le=_MOST, description="largest file that is read")
    max_pages: int = Field(default=400, gt=0, description="largest PDF that is read, in pages")
    max_characters: int = Field(
        default=2_000_000, gt=0, description="most text of one paper that is read, in characters"
    )
    parse_timeout_seconds: float = Field(default=55.0, gt=0, le=_A_DAY_SECONDS, description="longest time for one file")
    parse_memory_bytes: int = Field(default=1_500_000_000, gt=0, le=_MOST, description="most memory for one file")
    ocr: bool = Field(default=False, description="read scans by machine (kb add --ocr); needs the extra ocr")
    ocr_timeout_seconds: float = Field(
        default=900.0, gt=0, le=_A_DAY_SECONDS, description="longest time for one scan that is read by machine"
    )
    max_figures: int = Field(default=40, ge=0, description="most figures and tables cut from one paper")

    # The app
    browser_paths: bool = Field(
        default=True, description="let the app add files of this machine by path; kb ui says no where others reach it"
    )

    # Delivery
    smtp_host: str = Field(default="", description="mail server for digests; empty for none")
    smtp_port: int = Field(default=587, gt=0, le=65_535, description="its port")
    smtp_user: str = Field(default="", description="its user")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="its password (environment only)")
    smtp_starttls: bool = Field(default=True, description="encrypt the connection to the mail server")
    mail_from: str = Field(default="", description="sender of digests")
    mail_to: Words = Field(default=(), description="receivers of digests")
    site_url: str = Field(default="", description="address under which pages are published, for feeds")
    site_mathjax: str = Field(
        default="", description="address of a MathJax of one's own for HTML pages; empty for none"
    )
    site_author: str = Field(default="kb", description="author in the front matter of pages")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the home's ``kb.toml``."""
        environment = _Environment(settings_cls)
        home = init_settings().get("home") or environment().get("home") or cls.model_fields["home"].default
        return init_settings, environment, InitSettingsSource(settings_cls, _of_the_home(_absolute(home) / "kb.toml"))

    def model_post_init(self, context: Any) -> None:
        """Make the home absolute, so that a later change of folder does not move it."""
        object.__setattr__(self, "home", _absolute(self.home))

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as err:
            raise SettingsError(_in_words(err)) from err

    @classmethod
    def load(cls, **flags: Any) -> Settings:
        """Settings with the flags that are not None.

        Raises:
            SettingsError: as when they are made.
        """
        return cls(**{name: value for name, value in flags.items() if value is not None})

    @property
    def model_name(self) -> str | None:
        """The configured chat model, or None for the extractive mode."""
        return None if self.model in ("", "none") else self.model

    @property
    def verifier_name(self) -> str | None:
        """The chat model that verifies, where it is another one than the model that writes."""
        return None if self.model_name is None or self.verifier in ("", "none", self.model) else self.verifier

    def origins(self) -> dict[str, Literal["default", "kb.toml", "environment", "flag"]]:
        """Where the value of each setting comes from."""
        environment = _Environment(type(self))()
        file = _of_the_home(self.home / "kb.toml")
        plain = type(self).model_construct()
        origins: dict[str, Literal["default", "kb.toml", "environment", "flag"]] = {}
        for name in type(self).model_fields:
            if name in environment:
                origins[name] = "environment"
            elif name in file:
                origins[name] = "kb.toml"
            else:
                same = name == "home" or getattr(self, name) == getattr(plain, name)
                origins[name] = "default" if same else "flag"
        return origins


def unknown_variables(names: Iterable[str] | None = None) -> list[str]:
    """What to say of ``KB_*`` variables that are no setting (a misspelt one would change nothing, silently)."""
    known = [_PREFIX + name.upper() for name in Settings.model_fields]
    stray = {name for name in (os.environ if names is None else names) if name.upper().startswith(_PREFIX)}
    return [
        f"{name} is no setting{_nearest(name.upper(), known)}: correct the name, or unset it"
        for name in sorted(stray)
        if name.upper() not in known
    ]


def _of_the_home(path: Path) -> dict[str, Any]:
    """What ``kb.toml`` says; nothing where there is none.

    Raises:
        SettingsError: when it cannot be read, or names what does not belong in a home.
    """
    try:
        values = tomllib.loads(read_utf8(path, max_bytes=_MOST_OF_A_FILE))
    except FileUnreadable as err:
        if isinstance(err.__cause__, FileNotFoundError | NotADirectoryError):
            return {}
        raise SettingsError(f"{err}; settings are lines in a file of that name") from err
    except (ValueError, RecursionError) as err:  # no UTF-8, no TOML, brackets without end
        raise SettingsError(f"{path} is not TOML ({err}): correct it or remove it") from err
    for name in values:
        if name == "home":
            raise SettingsError(f"home does not belong in {path}, which lies in the home: give --home or set KB_HOME")
        if name not in Settings.model_fields:
            raise SettingsError(f"{path}: {name} is no setting{_nearest(name, Settings.model_fields)}: correct it")
        if Settings.model_fields[name].annotation is SecretStr:
            raise SettingsError(
                f"{name} is a secret and does not belong in {path}: take it out, and set"
                f" {_PREFIX}{name.upper()} in the environment"
            )
    return values


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (is it {near[0]}?)" if near else ""


# What pydantic says of a value, by the first words of the kind of its error.
_MUST = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a number that is not infinite",
    "bool": "true or false",
    "literal": "one of {expected}",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "string_pattern": "an address that begins with http:// or https://",
    "string": "text",
    "secret": "text",
    "path": "the path of a folder",
    "dict": "a JSON object",
    "tuple": "a list of texts",
    "value_error": "a list of texts, with commas between them",
}


def _in_words(err: ValidationError) -> str:
    """The first fault of the values, in one line; a secret is not shown."""
    first = err.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    field = Settings.model_fields.get(name)
    if field is None:
        return f"{name!r} is no setting{_nearest(name, Settings.model_fields)}: correct the name"
    kind = next((kind for kind in _MUST if first["type"].startswith(kind)), None)
    must = _MUST[kind].format(**first.get("ctx", {})) if kind else "another value"
    shown = "" if field.annotation is SecretStr else f", not {str(first['input'])[:60]!r}"
    return f"{name} must be {must}{shown}: correct it in kb.toml, in {_PREFIX}{name.upper()} or in the flag"
