"""A chat model's server on localhost that plays a test's model: OpenAI's protocol, streamed or whole.

>>> with OpenAIServer(PlayedModel("The corpus has 81.1M papers [1.2].")) as server:
...     environment = server.environment()
...     server.hold("81.1M")  # what is written before it is seen as long as one looks
...     server.let_go()
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from kb.errors import ModelError
from kb.protocols import ChatModel


class OpenAIServer:
    """Each request is answered by the model; what it has no part for gets a reply that is no JSON.

    While it is held each streamed reply stops before the words that it is held at.
    """

    def __init__(self, model: ChatModel) -> None:
        self.model = model
        self._held_at = ""
        self._going = threading.Event()
        self._going.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reply = outer._reply(asked)
                if asked.get("stream"):
                    self._stream(reply)
                else:
                    self._whole(reply)

            def _stream(self, reply: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                held = reply.find(outer._held_at) if outer._held_at else -1
                for part in (reply[:held], reply[held:]) if held > 0 else (reply,):
                    choice = {"index": 0, "delta": {"role": "assistant", "content": part}, "finish_reason": None}
                    self._send({**_ENVELOPE, "object": "chat.completion.chunk", "choices": [choice]})
                    if held > 0:
                        outer._going.wait(_HELD_SECONDS)
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

    def _reply(self, asked: dict[str, Any]) -> str:
        system, user = (str(message["content"]) for message in asked["messages"])
        form = asked.get("response_format", {}).get("json_schema")
        try:
            if form is not None:
                return json.dumps(self.model.structured(system, user, form["schema"]))
            return self.model.complete(system, user)
        except ModelError as err:
            return str(err)

    def hold(self, words: str) -> None:
        """From now on streamed replies stop before these words."""
        self._held_at = words
        self._going.clear()

    def let_go(self) -> None:
        """Replies go on to their end."""
        self._going.set()

    def environment(self) -> dict[str, str]:
        """Settings that make the product ask this server."""
        url = f"http://127.0.0.1:{self._server.server_port}/v1"
        return {"KB_MODEL": "openai:played", "KB_MODEL_URL": url, "KB_MODEL_API_KEY": "none"}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


_HELD_SECONDS = 300  # a test that fails must not leave a thread behind
_ENVELOPE = {"id": "played", "created": 0, "model": "played"}
