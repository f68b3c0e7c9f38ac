"""Every package of others fails at its seam: an error of ours comes out, or the failure of the item, never theirs.

``SEAMS`` has a line for each module that imports a foreign package. A module that is not there fails the last test.
"""

from __future__ import annotations

import ast
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest

from kb.errors import KbError
from kb.records import Failure
from kb.settings import Settings
from tests.fakes import WordEncoder

ROOT = Path(__file__).resolve().parents[2]
GENERIC = (RuntimeError("out of luck"), ValueError("out of luck"))


@dataclass(frozen=True)
class Bench:
    """What a seam is tried on: a way to make a foreign function raise, and a folder."""

    patch: pytest.MonkeyPatch
    error: BaseException
    folder: Path

    def fails(self, owner: Any, name: str) -> None:
        """Make ``owner.name`` raise."""

        def refuse(*_: Any, **__: Any) -> Any:
            raise self.error

        self.patch.setattr(owner, name, refuse)

    def module(self, name: str, **parts: Any) -> ModuleType:
        """A module that stands for an installed package; what is asked of it and is no part raises."""

        def refuse(*_: Any, **__: Any) -> Any:
            raise self.error

        made: Any = ModuleType(name)
        made.__getattr__ = lambda _: refuse
        vars(made).update(parts)
        self.patch.setitem(sys.modules, name, made)
        return made


def _png(bench: Bench) -> object:
    from PIL import Image

    from kb.parsing.figures import encode_png

    bench.fails(Image, "fromarray")
    return encode_png(np.zeros((2, 2), np.uint8))


def _arxiv(bench: Bench) -> object:
    from arxiv import _feed  # type: ignore[import-untyped]

    from kb.sources.arxiv import ArxivSource

    bench.fails(_feed, "parse")
    client: Any = SimpleNamespace(get_bytes=lambda *_, **__: b"<feed></feed>", cache_folder=bench.folder)
    return list(ArxivSource(client, Settings(home=str(bench.folder))).query("cat:cs.CV", limit=3))


def _read_file(bench: Bench, name: str, data: bytes) -> list[Any]:
    from kb.sources.formats import reader_for

    path = bench.folder / name
    path.write_bytes(data)
    reader = reader_for(path, named=True)
    assert reader is not None
    return list(reader.read(path, max_bytes=1_000_000))


def _bibtex(bench: Bench) -> object:
    from bibtexparser import entrypoint

    bench.fails(entrypoint, "parse_string")
    return _read_file(bench, "a.bib", b"@article{a, title={A Title}, author={Doe, Jane}}")


def _latex(bench: Bench) -> object:
    from kb import latex

    tables: Any = SimpleNamespace(get_macro_spec=lambda _: _raise(bench.error))
    latex._known.cache_clear()
    bench.patch.setattr(latex, "_tables", lambda: (tables, None))
    try:
        return _read_file(bench, "a.bib", rb"@article{a, title={A \unheardof{} Title}, author={Doe, Jane}}")
    finally:
        latex._known.cache_clear()


def _ris(bench: Bench) -> object:
    from rispy import RisParser  # type: ignore[import-untyped]

    bench.fails(RisParser, "parse_line")
    return _read_file(bench, "a.ris", b"TY  - JOUR\nTI  - A Title\nER  - \n")


def _decoding(bench: Bench) -> object:
    import charset_normalizer

    bench.fails(charset_normalizer, "from_bytes")
    return _read_file(bench, "a.ris", "TY  - JOUR\nTI  - Über Möwen\nER  - \n".encode("cp1252"))


def _chroma(bench: Bench) -> object:
    import chromadb

    from kb.index.dense import ChromaIndex
    from kb.index.vectors import VectorFile

    bench.fails(chromadb, "PersistentClient")
    index = ChromaIndex(bench.folder / "dense", rows=VectorFile(bench.folder / "rows", dimension=2))
    return index.put([1], np.ones((1, 2), np.float32))


def _tantivy(bench: Bench) -> object:
    from kb.index import lexical

    index = lexical.TantivyIndex(bench.folder / "lexical")
    index.put([(1, "title", "", "some words")])
    index.reopen()
    bench.patch.setattr(
        lexical, "_tantivy", lambda: SimpleNamespace(Index=SimpleNamespace(open=lambda _: _raise(bench.error)))
    )
    return index.matching("words", k=3)


def _citations(bench: Bench) -> object:
    from kb.rendering import citation_processor
    from kb.rendering.citation_styles import render

    bench.fails(citation_processor, "CitationStylesStyle")
    return render([{"id": "a", "type": "book", "title": "A"}], style="apa", form="text")


def _home(bench: Bench) -> object:
    import filelock

    from kb.home import Home

    home = Home(bench.folder / "home")
    home.create()
    bench.fails(filelock.FileLock, "acquire")
    with home.writing("test", wait_seconds=0.0):
        return "held"


def _http(bench: Bench) -> object:
    from kb.sources.http import PoliteClient

    def answer(_: httpx.Request) -> httpx.Response:
        raise bench.error

    settings = Settings(home=str(bench.folder), arxiv_interval_seconds=0.0, arxiv_retries=0)
    with PoliteClient(
        settings, cache_folder=bench.folder, sleep=lambda _: None, resolver=lambda *_: ["151.101.3.42"],
        transport=httpx.MockTransport(answer),
    ) as client:  # fmt: skip
        return client.get_bytes("https://arxiv.org/abs/2402.19481")


def _model_files(bench: Bench) -> object:
    import huggingface_hub

    from kb.encoders.model_files import find_model

    bench.fails(huggingface_hub, "snapshot_download")
    return find_model("somebody/some-model")


def _tokenizer(bench: Bench) -> object:
    from kb.encoders.model_files import ModelTokenizer

    (bench.folder / "tokenizer.json").write_text("{}")
    bench.module("tokenizers", Tokenizer=SimpleNamespace(from_str=lambda _: _raise(bench.error)))
    return ModelTokenizer(bench.folder, max_tokens=8)


def _openvino(bench: Bench) -> object:
    from kb.encoders.openvino_runtime import load_openvino

    bench.module("openvino")
    bert: Any = SimpleNamespace(weights_sha256="0" * 64, pooling="mean", folder=bench.folder, max_tokens=256)
    return load_openvino(bert, precision="auto", threads=1, cache=bench.folder, notice=print)


def _torch(bench: Bench) -> object:
    from kb.encoders.torch_runtime import TorchEncoder, load_torch

    logging = SimpleNamespace(
        get_verbosity=int, is_progress_bar_enabled=bool, set_verbosity_error=int, set_verbosity=id,
        disable_progress_bar=int,
    )  # fmt: skip
    bench.module("transformers.utils", logging=logging)
    bench.module("transformers")
    bench.module("torch", float32=None)
    bench.module("sentence_transformers")
    model: Any = SimpleNamespace(encode_query=lambda *_, **__: _raise(bench.error), max_seq_length=8)
    bench.patch.setattr("kb.encoders.torch_runtime._fingerprint", lambda *_: "x")
    with pytest.raises(KbError):
        TorchEncoder(model, bench.folder, runtime="torch").encode_query("words")
    return load_torch(bench.folder, precision="float32", device="cpu")


def _converted(bench: Bench) -> object:
    import platformdirs

    from kb.encoders.openvino_runtime import cache_folder

    bench.fails(platformdirs, "user_cache_dir")
    return cache_folder(Settings(home=str(bench.folder), encoder_cache=None))


def _templates(bench: Bench) -> object:
    from kb.rendering import html

    environment = SimpleNamespace(get_template=lambda _: _raise(bench.error))
    bench.patch.setattr(html, "_environment", lambda _: environment)
    return html.render_template("page.html")


def _chat(bench: Bench) -> object:
    from langchain import chat_models

    from kb.chat import load_chat_model

    bench.fails(chat_models, "init_chat_model")
    settings = Settings(home=str(bench.folder), model="openai:gpt-x")
    return load_chat_model(settings, cache_folder=bench.folder)


def _wire(bench: Bench) -> object:
    import msgspec

    from kb import wire
    from kb.records import Topic

    bench.patch.setattr(wire, "msgspec", SimpleNamespace(**vars(msgspec)))
    bench.patch.setattr(wire.msgspec, "convert", lambda *_, **__: _raise(bench.error))
    return wire.from_data({}, Topic)


def _worker(bench: Bench) -> object:
    import psutil  # type: ignore[import-untyped]

    from kb.guard import resident_bytes

    bench.fails(psutil, "Process")
    if resident_bytes(1) == 0:  # not known: the child has its other limits
        raise KbError("not known: the other limits hold")
    return "known"


def _settings(bench: Bench) -> object:
    (bench.folder / "kb.toml").write_text("threads = [[[[")
    return Settings.load(home=bench.folder)


def _pdfium(bench: Bench) -> object:
    import pypdfium2

    from kb.parsing.pdfium import OpenPdf

    bench.fails(pypdfium2, "PdfDocument")
    return OpenPdf(b"%PDF-1.4")


def _pypdf(bench: Bench) -> object:
    import pypdf

    from kb.errors import ParseError
    from kb.parsing.second_reader import read_text_only

    bench.fails(pypdf, "PdfReader")
    return read_text_only(b"%PDF-", max_pages=3, first_error=ParseError("it is damaged: get it again"))


def _selectolax(bench: Bench) -> object:
    from selectolax import lexbor

    from kb.parsing.html import parse_html

    bench.fails(lexbor, "LexborHTMLParser")
    return parse_html(b"<html><body><p>words</p></body></html>")


def _markdown(bench: Bench) -> object:
    import markdown_it

    from kb.parsing.plain import parse_markdown

    bench.fails(markdown_it.MarkdownIt, "parse")
    return parse_markdown(b"# Title\n\nwords\n")


def _map(bench: Bench) -> object:
    from kb.library.viewing import arrange

    bench.module("sklearn.manifold")
    bench.module("sklearn")
    return arrange(np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32))


def _database(bench: Bench) -> object:
    from kb.index.catalog.database import Database

    database = Database(bench.folder / "catalog.sqlite", create=True)
    failing: Any = SimpleNamespace(execute=lambda *_: _raise(bench.error), close=lambda: None, in_transaction=False)
    database._local.connection = failing
    if type(bench.error) in map(type, GENERIC):
        raise KbError("of the standard library: its own errors are all there are")
    return database.rows("SELECT 1")


def _feed(bench: Bench) -> object:
    from kb.sources import feed

    parser = SimpleNamespace(feed=lambda _: _raise(bench.error))
    bench.patch.setattr(feed.ElementTree, "XMLParser", lambda **_: parser)
    return feed._parse(b"<rss/>")


def _raise(error: BaseException) -> Any:
    raise error


def _own(module: str, *names: str) -> Callable[[], list[BaseException]]:
    """Exceptions of a package by their names, made when the test runs: the package is imported then."""

    def make() -> list[BaseException]:
        owner = __import__(module, fromlist=["x"])
        return [getattr(owner, name)("out of luck") for name in names]

    return make


def _nothing() -> list[BaseException]:
    return []


SEAMS: dict[str, list[tuple[Callable[[Bench], object], Callable[[], list[BaseException]]]]] = {
    "kb/parsing/figures.py": [(_png, _own("PIL", "UnidentifiedImageError"))],
    "kb/sources/arxiv.py": [(_arxiv, lambda: [KeyError("entry"), AttributeError("title")])],
    "kb/sources/bibtex_syntax.py": [(_bibtex, _own("bibtexparser.exceptions", "ParserStateException"))],
    "kb/sources/decoding.py": [(_decoding, lambda: [LookupError("cp"), AttributeError("x")])],
    "kb/index/dense.py": [(_chroma, _own("chromadb.errors", "InternalError", "InvalidDimensionException"))],
    "kb/rendering/citation_processor.py": [
        (_citations, _own("lxml.etree", "LxmlError")),
    ],
    "kb/rendering/citation_styles.py": [(_citations, _nothing)],
    "kb/home.py": [(_home, lambda: [NotImplementedError("flock"), OSError(37, "No locks available")])],
    "kb/sources/http.py": [
        (
            _http,
            lambda: [
                httpx.InvalidURL("odd"),
                httpx.ConnectError("refused"),
                httpx.ReadTimeout("slow"),
                httpx.DecodingError("gzip"),
                httpx.TooManyRedirects("round"),
                httpx.StreamConsumed(),
            ],
        ),
    ],
    "kb/encoders/model_files.py": [
        (_model_files, _own("huggingface_hub.errors", "HFValidationError", "LocalEntryNotFoundError")),
        (_tokenizer, lambda: [Exception("tokenizers raises these")]),
    ],
    "kb/encoders/openvino_runtime.py": [
        (_openvino, lambda: [ImportError("no such library")]),
        (_converted, lambda: [OSError("no home")]),
    ],
    "kb/encoders/torch_runtime.py": [(_torch, lambda: [ImportError("no such package"), OSError("no file")])],
    "kb/rendering/html.py": [(_templates, _own("jinja2", "UndefinedError", "TemplateNotFound"))],
    "kb/chat.py": [(_chat, lambda: [ImportError("langchain_openai"), TimeoutError("slow")])],
    "kb/wire.py": [(_wire, _own("msgspec", "ValidationError", "DecodeError"))],
    "kb/guard.py": [(_worker, _own("psutil", "Error"))],
    "kb/settings.py": [(_settings, _nothing)],
    "kb/latex.py": [(_latex, lambda: [AttributeError("spec"), KeyError("macro")])],
    "kb/parsing/second_reader.py": [(_pypdf, _own("pypdf.errors", "PdfReadError", "PdfStreamError"))],
    "kb/parsing/pdfium.py": [(_pdfium, lambda: [_pdfium_error()])],
    "kb/sources/tagged.py": [(_ris, lambda: [IndexError("line"), AttributeError("tag")])],
    "kb/parsing/html.py": [(_selectolax, _own("selectolax.lexbor", "SelectolaxError"))],
    "kb/parsing/plain.py": [(_markdown, lambda: [IndexError("line"), KeyError("rule")])],
    "kb/library/viewing.py": [(_map, lambda: [ImportError("sklearn"), np.linalg.LinAlgError("svd")])],
    "kb/index/lexical.py": [(_tantivy, lambda: [OSError(5, "Input/output error")])],
    "kb/index/catalog/database.py": [
        (_database, lambda: [sqlite3.DatabaseError("x"), sqlite3.OperationalError("locked"), OverflowError("int")])
    ],
    "kb/sources/feed.py": [(_feed, lambda: [ElementTree.ParseError("x"), LookupError("encoding")])],
}
# They call us, or nothing of theirs can fail but by a fault of ours.
HOSTS = {"kb/serving/langchain.py", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "ui").glob("*.py")))}
CASES = [(module, seam, number) for module, seams in SEAMS.items() for number, (seam, _) in enumerate(seams)]


def _pdfium_error() -> BaseException:
    import pypdfium2

    return pypdfium2.PdfiumError("broken", err_code=3)


@pytest.mark.parametrize(("module", "seam", "number"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_what_a_package_raises_becomes_an_error_of_ours_or_the_failure_of_the_item(
    module: str, seam: Callable[[Bench], object], number: int, tmp_path: Path
) -> None:
    for place, error in enumerate([*SEAMS[module][number][1](), *GENERIC]):
        folder = tmp_path / str(place)
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            try:
                found = seam(Bench(patch, error, folder))
            except KbError as err:
                assert "\n" not in str(err), error  # noqa: PT017
                assert ": " in str(err), error  # noqa: PT017
            else:
                failed = isinstance(found, list) and [one for one in found if isinstance(one, Failure)]
                assert failed, f"{error!r} led to {found!r}"


@pytest.mark.parametrize("place", ["http://[odd/", "https://arxiv.org:port/", "//\x7f", "https://xn--/", "http://"])
def test_a_redirect_to_no_address_is_an_error_of_ours(place: str, tmp_path: Path) -> None:
    from kb.sources.http import PoliteClient

    settings = Settings(home=str(tmp_path), arxiv_interval_seconds=0.0, arxiv_retries=0)
    transport = httpx.MockTransport(lambda _: httpx.Response(302, headers={"Location": place}))
    with (
        PoliteClient(
            settings, cache_folder=tmp_path, sleep=lambda _: None, resolver=lambda *_: ["151.101.3.42"],
            transport=transport,
        ) as client,
        pytest.raises(KbError),
    ):  # fmt: skip
        client.get_bytes("https://arxiv.org/abs/2402.19481")


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_every_module_that_imports_a_foreign_package_is_tried() -> None:
    ours = set(sys.stdlib_module_names) | {"kb", "ui", "numpy"}
    importing = {
        str(path.relative_to(ROOT))
        for folder in ("kb", "ui")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if set(_imports(path)) - ours
    }
    assert importing - SEAMS.keys() - HOSTS == set()


def test_one_item_whose_reading_breaks_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kb import Library
    from kb.library import adding

    (tmp_path / "a.md").write_text("# A Title of One\n\nWe study this.\n")
    (tmp_path / "b.md").write_text("# A Title of Another\n\nWe study that.\n")
    whole = adding.parse_file

    def parse(path: Path, **how: Any) -> Any:
        return _raise(AttributeError("x")) if path.name == "a.md" else whole(path, **how)

    monkeypatch.setattr(adding, "parse_file", parse)
    with Library.open(Settings.load(home=tmp_path / "home", threads=1)) as library:
        library._models._encoder = WordEncoder()
        report = library.add([str(tmp_path / "a.md"), str(tmp_path / "b.md")])
    assert len(report.added) == len(report.failed) == 1
    assert "AttributeError" in report.failed[0].reason
