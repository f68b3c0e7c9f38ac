"""The seam to language models: counted, capped, cached, and every failure with its cure."""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from kb.chat import (
    Budget,
    LangChainChat,
    ReplyCache,
    as_model_error,
    is_local_address,
    load_chat_model,
    read_json,
    satisfies,
)
from kb.errors import ModelError, SettingsError
from kb.home import Home
from kb.library.parts import Models
from kb.settings import Settings

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


class Scripted(BaseChatModel):
    """A LangChain model that says its replies in turn; an exception among them is raised."""

    replies: list[Any]
    said: list[Any] = []  # noqa: RUF012 - a pydantic field: copied for each model

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _next(self, messages: Any) -> Any:
        self.said.append(messages)
        reply = self.replies[min(len(self.said), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self._next(messages)))])

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        reply = self._next(messages)
        for piece in reply if isinstance(reply, list) else [reply]:
            if isinstance(piece, Exception):
                raise piece
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))


def chat_of(*replies: Any, **options: Any) -> tuple[LangChainChat, Scripted]:
    model = Scripted(replies=list(replies))
    return LangChainChat(model, name="openai:local", url="http://127.0.0.1:1/v1", **options), model


def test_calls_and_tokens_are_counted() -> None:
    chat, _ = chat_of("Hello there, reader.")
    assert chat.complete("Be short.", "Say hello to the reader.") == "Hello there, reader."
    assert chat.usage.calls == 1
    assert chat.usage.input_tokens > 0
    assert chat.usage.output_tokens > 0


def test_the_same_call_is_answered_from_disk(tmp_path: Path) -> None:
    chat, model = chat_of("One.", "Two.", cache=ReplyCache(tmp_path / "model"))
    assert chat.complete("s", "u") == chat.complete("s", "u") == "One."
    assert len(model.said) == 1
    assert chat.usage.calls == 1
    again, other = chat_of("Three.", cache=ReplyCache(tmp_path / "model"))
    assert again.complete("s", "u") == "One."
    assert other.said == []
    assert again.complete("s", "another question") == "Three."


def test_half_a_stream_is_an_error_and_is_not_kept(tmp_path: Path) -> None:
    chat, _ = chat_of(["Half ", ConnectionError("the line broke")], "Whole.", cache=ReplyCache(tmp_path))
    stream = chat.stream("s", "u")
    assert next(stream) == "Half "
    with pytest.raises(ModelError):
        next(stream)
    assert chat.complete("s", "u") == "Whole."


@pytest.mark.parametrize(("cap", "word"), [({"max_calls": 1}, "--max-calls"), ({"max_tokens": 8}, "--max-tokens")])
def test_a_cap_ends_the_calls_and_names_its_option(cap: dict[str, int], word: str) -> None:
    chat, model = chat_of("A reply of several words.", budget=Budget(**cap))
    chat.complete("s", "first question")
    with pytest.raises(ModelError, match=word):
        chat.complete("s", "second question")
    assert len(model.said) == 1


def test_a_reply_that_drips_beyond_the_time_limit_is_an_error() -> None:
    chat, _ = chat_of(["one ", "two ", "three"], timeout_seconds=-1.0)
    with pytest.raises(ModelError, match="longer than") as caught:
        chat.complete("s", "u")
    assert caught.value.retry


def test_an_empty_reply_is_an_error() -> None:
    with pytest.raises(ModelError, match="empty"):
        chat_of("  ")[0].complete("s", "u")


def test_structure_falls_back_to_json_in_plain_text() -> None:
    chat, _ = chat_of('<think>Hmm {"n": "no"}</think> Sure:\n```json\n{"n": 3}\n```')
    assert chat.structured("s", "u", SCHEMA) == {"n": 3}


def test_a_reply_without_the_json_asked_for_is_an_error() -> None:
    with pytest.raises(ModelError, match="JSON"):
        chat_of('{"n": "three"')[0].structured("s", "u", SCHEMA)


def test_private_text_is_not_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    from langsmith.utils import get_env_var, tracing_is_enabled

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    get_env_var.cache_clear()
    seen = []
    chat, model = chat_of("fine")
    monkeypatch.setattr(Scripted, "_next", lambda self, messages: seen.append(tracing_is_enabled()) or "fine")
    chat.complete("s", "u")
    get_env_var.cache_clear()
    assert seen == [False]
    assert model is not None


class ModelRateLimitError(Exception):
    """Named as LangChain names it."""


class ModelAuthenticationError(Exception):
    """Named as LangChain names it."""


@pytest.mark.parametrize(
    ("raised", "cure", "retry"),
    [
        (ImportError("no module"), "pip install 'paper-kb[openai]'", False),
        (ModelRateLimitError("slow"), "try again later", True),
        (ModelAuthenticationError("bad key"), "KB_MODEL_API_KEY", False),
        (ConnectionRefusedError("refused"), "KB_MODEL_URL", True),
        (TimeoutError("late"), "KB_MODEL_TIMEOUT_SECONDS", True),
        (ValueError("request exceeds the available context size"), "longer context", False),
        (RuntimeError("something else"), "another KB_MODEL", False),
    ],
)
def test_whatever_a_provider_raises_becomes_one_line_with_the_cure(raised: Exception, cure: str, retry: bool) -> None:
    error = as_model_error(raised, name="openai:x", url="http://localhost:1")
    assert cure in str(error)
    assert "\n" not in str(error)
    assert error.retry is retry


def test_no_model_is_no_model() -> None:
    assert load_chat_model(Settings(model="none"), cache_folder=None) is None
    assert load_chat_model(Settings(model=""), cache_folder=None) is None


def test_a_name_without_provider_is_an_error_with_the_cure() -> None:
    with pytest.raises(SettingsError, match="ollama:qwen3"):
        load_chat_model(Settings(model="qwen3"), cache_folder=None)


def test_a_missing_package_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("langchain_mistralai"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ModelError, match="pip install langchain-mistralai"):
        load_chat_model(Settings(model="mistralai:x"), cache_folder=None)


@pytest.mark.parametrize(
    ("model", "url", "local"),
    [
        ("ollama:qwen3", "", True),
        ("ollama:gpt-oss:120b-cloud", "", False),
        ("ollama:qwen3", "http://10.0.0.7:11434", False),
        ("openai:x", "http://localhost:8000/v1", True),
        ("openai:x", "https://localhost.example.org/v1", False),
    ],
)
def test_local_is_what_stays_on_this_machine(model: str, url: str, local: bool) -> None:
    chat = load_chat_model(Settings(model=model, model_url=url), cache_folder=None)
    assert chat is not None
    assert chat.is_local is local


@pytest.mark.parametrize(
    ("url", "local"),
    [("http://127.0.0.1:1", True), ("http://[::1]:1", True), ("http://192.168.0.2", False), ("", False)],
)
def test_only_loopback_is_local(url: str, local: bool) -> None:
    assert is_local_address(url) is local


@given(st.text(max_size=300))
def test_any_text_is_read_as_json_or_not_at_all(text: str) -> None:
    found = read_json(text, SCHEMA)
    assert found is None or satisfies(found, SCHEMA)


@given(st.integers(), st.text(alphabet="abc {}[]\"'\n", max_size=40))
def test_json_is_found_in_chatter(n: int, chatter: str) -> None:
    found = read_json(f"{chatter} x {json.dumps({'n': n})} {chatter}", SCHEMA)
    if "{" not in chatter and '"' not in chatter:
        assert found == {"n": n}


def test_a_renewed_model_has_its_caps_again_and_keeps_its_replies(tmp_path: Path) -> None:
    chat, model = chat_of("A reply.", "Another reply.", budget=Budget(max_calls=1), cache=ReplyCache(tmp_path))
    chat.complete("s", "first question")
    again = chat.renewed(Budget(max_calls=1))
    assert again.usage.calls == 0
    assert again.complete("s", "first question") == "A reply."  # kept, so it costs nothing
    again.complete("s", "second question")
    with pytest.raises(ModelError, match="--max-calls"):
        again.complete("s", "third question")
    assert (chat.usage.calls, len(model.said)) == (1, 2)


def test_two_models_of_a_command_spend_from_one_budget() -> None:
    budget = Budget(max_calls=2)
    writer, _ = chat_of("A reply.", budget=budget)
    judge, _ = chat_of("A verdict.", budget=budget)
    writer.complete("s", "write")
    judge.complete("s", "judge")
    with pytest.raises(ModelError, match="--max-calls"):
        writer.complete("s", "write again")
    assert (writer.usage.calls, judge.usage.calls) == (1, 1)


def test_what_is_asked_at_once_counts_its_calls_apart_and_shares_the_loaded_model(tmp_path: Path) -> None:
    models = Models(Settings(home=tmp_path, model="openai:played"), Home(tmp_path))
    models._chat, _ = chat_of("A reply.", "Another reply.", budget=Budget(max_calls=1), cache=ReplyCache(tmp_path))
    one, other = models.renewed(), models.renewed()
    first, second = one.chat(), other.chat()
    assert isinstance(first, LangChainChat)
    assert isinstance(second, LangChainChat)
    assert first._budget is one._budget is not other._budget is second._budget
    assert one.chat() is first
