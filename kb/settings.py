"""The one settings class: defaults < ``kb.toml`` in the home < ``KB_*`` in the environment < flags.

Nothing else in the product reads the environment. Units stand in names. Fields marked "reindex" in their
description change what is stored: after changing one, ``kb reindex`` makes the indexes again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from kb.errors import SettingsError

ARXIV_HOSTS = ("arxiv.org", "export.arxiv.org", "www.arxiv.org", "rss.arxiv.org")


def _absolute(folder: str | Path) -> Path:
    try:
        return Path(folder).expanduser().absolute()
    except RuntimeError as err:  # no HOME, and no such user
        raise SettingsError(f"{folder} has no place here ({err}): give --home DIR or set KB_HOME") from err


class Settings(BaseSettings):
    """Everything that can be set. ``Settings(home="~/papers")`` reads that home's ``kb.toml`` and ``KB_*``.

    Raises:
        SettingsError: through ``Settings.load``, when a value is not possible; the message names the setting.
    """

    model_config = SettingsConfigDict(env_prefix="KB_", extra="forbid", frozen=True, validate_default=True)

    home: Path = Field(default=Path("~/.local/share/kb"), description="the folder that holds everything")

    # Language model
    model: str = Field(default="", description="chat model as init_chat_model names it; empty or 'none' for none")
    model_url: str = Field(default="", description="base URL of a model server of one's own")
    model_api_key: SecretStr = Field(default=SecretStr(""), description="key for the model's provider")
    model_timeout_seconds: float = Field(default=120.0, gt=0, description="longest wait for one reply")
    max_calls: int = Field(default=200, ge=0, description="cap on model calls of one command")
    max_tokens: int = Field(default=500_000, ge=0, description="cap on model tokens of one command")
    allow_remote: bool = Field(default=False, description="let private papers go to a model on another machine")
    language: Literal["en", "zh"] = Field(default="en", description="language of answers, notes and pages")

    # Encoder and retrieval
    encoder: str = Field(default="all-MiniLM-L6-v2", description="sentence-transformers model, name or path (reindex)")
    encoder_precision: Literal["auto", "float32", "bfloat16", "mixed", "int8"] = Field(
        default="auto",
        description="arithmetic of the encoder; mixed: 8 bits where little is lost; int8 loses more (reindex)",
    )
    encoder_runtime: Literal["auto", "openvino", "onnxruntime", "torch"] = Field(
        default="auto", description="what runs the encoder; auto: the fastest faithful way that is installed"
    )
    encoder_device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where the encoder runs")
    encoder_cache: Path | None = Field(default=None, description="folder for converted encoders; default: user cache")
    threads: int = Field(default=0, ge=0, description="threads for encoding and parsing; 0: all cores")
    reranker: str = Field(default="", description="cross-encoder as second stage, name or path; empty for none")

    # arXiv and downloads
    arxiv_api_url: str = Field(default="https://export.arxiv.org/api/query", description="arXiv's query API")
    arxiv_feed_url: str = Field(default="https://rss.arxiv.org/atom", description="arXiv's daily Atom feeds")
    arxiv_web_url: str = Field(default="https://arxiv.org", description="where pdf/ and html/ are fetched")
    arxiv_interval_seconds: float = Field(default=3.0, ge=0, description="least time between requests to arXiv")
    arxiv_retries: int = Field(default=5, ge=0, description="tries again after 429, 503 or a broken answer")
    allowed_hosts: tuple[str, ...] = Field(default=ARXIV_HOSTS, description="hosts that downloads may go to")
    allow_private_addresses: bool = Field(default=False, description="let downloads go to this machine or network")
    http_timeout_seconds: float = Field(default=60.0, gt=0, description="longest wait for a server")
    http_cache_seconds: int = Field(default=12 * 3600, ge=0, description="how long an API answer is reused")
    max_download_bytes: int = Field(default=60_000_000, gt=0, description="largest file that is fetched")

    # Parsing
    max_file_bytes: int = Field(default=60_000_000, gt=0, description="largest file that is read")
    max_pages: int = Field(default=400, gt=0, description="largest PDF that is read, in pages")
    parse_timeout_seconds: float = Field(default=60.0, gt=0, description="longest time for one file")
    parse_memory_bytes: int = Field(default=1_500_000_000, gt=0, description="most memory for one file")
    max_figures: int = Field(default=40, ge=0, description="most figures and tables cut from one paper")

    # Delivery
    smtp_host: str = Field(default="", description="mail server for digests; empty for none")
    smtp_port: int = Field(default=587, gt=0, le=65_535, description="its port")
    smtp_user: str = Field(default="", description="its user")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="its password (environment only)")
    smtp_starttls: bool = Field(default=True, description="encrypt the connection to the mail server")
    mail_from: str = Field(default="", description="sender of digests")
    mail_to: tuple[str, ...] = Field(default=(), description="receivers of digests")
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
        home = init_settings().get("home") or env_settings().get("home") or cls.model_fields["home"].default
        toml = TomlConfigSettingsSource(settings_cls, toml_file=_absolute(home) / "kb.toml")
        for name in toml():
            if (field := cls.model_fields.get(name)) is not None and field.annotation in (SecretStr, SecretStr | None):
                raise SettingsError(
                    f"{name} is a secret and does not belong in {_absolute(home) / 'kb.toml'}: take it out, and set"
                    f" KB_{name.upper()} in the environment"
                )
        return init_settings, env_settings, toml

    def model_post_init(self, context: Any) -> None:
        """Make the home absolute, so that a later change of folder does not move it."""
        object.__setattr__(self, "home", _absolute(self.home))

    @classmethod
    def load(cls, **flags: Any) -> Settings:
        """Settings with the flags that are not None.

        Raises:
            SettingsError: naming the setting, its value and where to change it.
        """
        try:
            return cls(**{name: value for name, value in flags.items() if value is not None})
        except ValidationError as err:
            first = err.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "settings"
            raise SettingsError(
                f"setting {name!r}: {first['msg']}: correct it in kb.toml, in KB_{name.upper()} or in the flag"
            ) from err
        except (OSError, ValueError) as err:
            raise SettingsError(f"kb.toml cannot be read ({err}): correct it or remove it") from err

    @property
    def model_name(self) -> str | None:
        """The configured chat model, or None for the extractive mode."""
        return None if self.model in ("", "none") else self.model

    def origins(self) -> dict[str, Literal["default", "kb.toml", "environment", "flag"]]:
        """Where the value of each setting comes from."""
        from pydantic_settings import EnvSettingsSource

        environment = EnvSettingsSource(type(self))()
        file = TomlConfigSettingsSource(type(self), toml_file=self.home / "kb.toml")()
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
