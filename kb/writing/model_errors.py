"""What providers of language models raise, in our words: what happened, and the cure.

Foreign exceptions are told apart by the names of their classes and by what they say, so that no provider's package
is needed to read them.
"""

from __future__ import annotations

from kb.errors import ModelError

CANNOT_STRUCTURE = "model-cannot-structure"  # internal: plain text is worth a try
_EXTRAS = {"openai": "openai", "ollama": "ollama", "anthropic": "anthropic", "google_genai": "google"}


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
    code = CANNOT_STRUCTURE if _is_about_structure(err, kinds) else None
    return ModelError(f"{name} failed ({type(err).__name__}: {said}): try again or choose another KB_MODEL", code=code)


def _install(provider: str) -> str:
    extra = _EXTRAS.get(provider)
    return f"pip install 'paper-kb[{extra}]'" if extra else f"pip install langchain-{provider.replace('_', '-')}"


def _is_about_structure(err: Exception, kinds: str) -> bool:
    """Whether the model or its server just cannot do structured output."""
    named = ("outputparser", "invalidrequest", "badrequest", "lengthfinishreason")
    return isinstance(err, (NotImplementedError, ValueError, TypeError)) or any(name in kinds for name in named)
