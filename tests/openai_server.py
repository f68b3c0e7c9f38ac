"""A chat model's server on localhost that says what a test tells it to: OpenAI's protocol, streamed or whole.

>>> with OpenAIServer(["The corpus has", " 81.1M papers [1]."]) as server:
...     environment = server.environment()
...     server.hold("Evidence:")  # what is written is seen as long as one looks
...     server.let_go()
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class OpenAIServer:
    """Every question gets the same reply, piece by piece; ``asked`` keeps the requests.

    While it is held the last piece of each reply to a request with certain words waits.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self.asked: list[dict[str, Any]] = []
        self._held_words = ""
        self._going = threading.Event()
        self._going.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(asked)
                if asked.get("stream"):
                    said = "\n".join(str(message["content"]) for message in asked["messages"])
                    self._stream(pieces, held=outer._held_words in said)
                else:
                    self._whole("".join(pieces))

            def _stream(self, parts: Sequence[str], *, held: bool) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for number, part in enumerate(parts, start=1):
                    if held and number == len(parts):
                        outer._going.wait(_HELD_SECONDS)
                    choice = {"index": 0, "delta": {"role": "assistant", "content": part}, "finish_reason": None}
                    self._send({**_ENVELOPE, "object": "chat.completion.chunk", "choices": [choice]})
                last = {"index": 0, "delta": {}, "finish_reason": "stop"}
                self._send({**_ENVELOPE, "object": "chat.completion.chunk", "choices": [last]})
                self.wfile.write(b"data: [DONE]\n\n")

            def _send(self, data: dict[str, Any]) -> None:
                self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())
                self.wfile.flush()

            def _whole(self, text: str) -> None:
                message = {"role": "assistant", "content": text}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                body = json.dumps({**_ENVELOPE, "object": "chat.completion", "choices": [choice]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  (the base class's name)
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def hold(self, words: str) -> None:
        """From now on replies to requests that hold these words stop before their last piece."""
        self._held_words = words
        self._going.clear()

    def let_go(self) -> None:
        """Replies go on to their end."""
        self._going.set()

    def environment(self) -> dict[str, str]:
        """Settings that make the product ask this server."""
        url = f"http://127.0.0.1:{self._server.server_port}/v1"
        return {"KB_MODEL": "openai:scripted", "KB_MODEL_URL": url, "KB_MODEL_API_KEY": "none"}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


_HELD_SECONDS = 300  # a test that fails must not leave a thread behind
_ENVELOPE = {"id": "scripted", "created": 0, "model": "scripted"}
