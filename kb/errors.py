"""Every error of the product, as one tree.

KbError                      one line that ends with the cure; exit status 1
├── OutputLost               standard output cannot be written
├── UsageError               the call itself is wrong; exit status 2
├── SettingsError            a setting is missing or wrong
├── HomeError                the home cannot be used
│   ├── HomeBusy             another writer holds the lock (its holder is named)
│   ├── HomeTooNew           made by a newer version of the product
│   ├── HomeUnwritable       no permission, or the disk is full
│   └── CatalogDamaged       the catalog, or a record of it, is not as it was written
├── UnknownPaper             no paper of that id
├── SourceError              a source said no
│   ├── BadIdentifier        not an id or address that a source knows
│   │   └── BadIdInBatch     one of several ids, for which a source refused them all
│   ├── NotFound             the source has no such thing
│   ├── SourceUnavailable    the source cannot be reached now; trying later may help
│   └── DownloadRefused      host, address, type or size not allowed
├── ParseError               a file cannot be read
│   └── FileUnreadable       there is none, or no regular file, it may not be read, or is too large
├── BadRecord                a line of a bibliography or of JSON records is broken
├── EncoderError             the encoder cannot be loaded, or is not the one the vectors were made with
├── IndexDamaged             a derived index cannot be read; ``kb reindex`` makes it again
└── ModelError               the language model failed, timed out, or may not be used

The command's exit statuses and the stable codes of errors, also stored and shown in reports, stand below.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

DONE: Final = 0
NOT_DONE: Final = 1
WRONG_USAGE: Final = 2
IN_PART: Final = 3
FAULTS: Final = 4
INTERRUPTED: Final = 130
"""Exit statuses: done; not done; the call is wrong; done in part, what failed is listed; faults found; stopped."""

CODES = frozenset(
    # a file
    "pdf-encrypted pdf-scanned pdf-broken pdf-empty not-a-pdf html-broken no-text too-large too-long too-many-pages"
    " ocr-missing ocr-failed read-by-machine"
    " parse-timeout parse-memory parse-crashed file-changed file-unreadable unsupported-file partial attachment-missing"
    # a record, an id, a source
    " bad-record bad-id not-found source-unavailable source-refused download-refused withdrawn"
    # the home
    " home-missing home-busy home-too-new home-unwritable disk-full index-damaged catalog-damaged"
    " encoder-changed encoder-unavailable"
    # what was asked for
    " bad-setting bad-usage unknown-paper unknown-topic unknown-collection no-papers no-pages no-note model-failed"
    " mail-failed output-lost"
    # a job of the app
    " stopped lost error".split()
)
"""Every code of an error, of a failure, and of a full text that is not whole. A released one keeps its meaning."""


class KbError(Exception):
    """Base of all errors of the product.

    Args:
        message: one clear line that ends with the cure.
        code: a stable code, one of ``CODES``; each class has a default.
        retry: whether trying the same again later may help.
    """

    code = "error"
    exit_status = NOT_DONE

    def __init__(self, message: str, *, code: str | None = None, retry: bool = False) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.retry = retry


@contextlib.contextmanager
def foreign_errors(ours: Callable[[str], KbError]) -> Iterator[None]:
    """Around calls of another's code and nothing else: whatever it raises becomes an error of ours.

    ``ours`` makes it of one line that says what happened; an error that is ours already goes through.
    """
    try:
        yield
    except KbError:
        raise
    except Exception as err:  # the boundary: others raise what they like, all of it becomes ours
        said = next(iter(str(err).splitlines()), "")[:200]
        raise ours(f"{type(err).__name__}: {said}" if said else type(err).__name__) from err


class OutputLost(KbError):
    """Standard output cannot be written."""

    code = "output-lost"


class UsageError(KbError):
    """The call itself is wrong."""

    code = "bad-usage"
    exit_status = WRONG_USAGE


class SettingsError(KbError):
    """A setting is missing or has a value that it cannot have."""

    code = "bad-setting"


class HomeError(KbError):
    """The home cannot be used."""

    code = "home-unwritable"


class HomeBusy(HomeError):
    """Another writer holds the lock."""

    code = "home-busy"


class HomeTooNew(HomeError):
    """The home was made by a newer version of the product."""

    code = "home-too-new"


class HomeUnwritable(HomeError):
    """The home cannot be written: no permission (``home-unwritable``) or no room (``disk-full``)."""

    code = "home-unwritable"


class CatalogDamaged(HomeError):
    """The catalog, or a record of it, is not as it was written; ``kb recover`` saves what is."""

    code = "catalog-damaged"


class UnknownPaper(KbError):
    """No paper of that id is in the catalog."""

    code = "unknown-paper"


class SourceError(KbError):
    """A source said no."""

    code = "source-refused"


class BadIdentifier(SourceError):
    """Not an id or address that a source knows."""

    code = "bad-id"


class BadIdInBatch(BadIdentifier):
    """A source answered a whole batch with an error because of one id; ``identifier`` is the one it names."""

    def __init__(self, message: str, *, identifier: str | None) -> None:
        super().__init__(message)
        self.identifier = identifier


class NotFound(SourceError):
    """The source has no such thing."""

    code = "not-found"


class SourceUnavailable(SourceError):
    """The source cannot be reached now, or asked us to go away for a while."""

    code = "source-unavailable"


class DownloadRefused(SourceError):
    """A host, address, type or size that is not allowed."""

    code = "download-refused"


class ParseError(KbError):
    """A file cannot be read; ``code`` says why (``pdf-encrypted``, ``pdf-scanned`` …)."""

    code = "pdf-broken"


class FileUnreadable(ParseError):
    """There is no such file, it is no regular file, may not be read, or is too large.

    ``reason`` says why and ends with the cure, without the file's name.
    """

    code = "file-unreadable"

    def __init__(self, path: object, reason: str, *, code: str | None = None) -> None:
        super().__init__(f"{path} cannot be read: {reason}", code=code)
        self.reason = reason


class BadRecord(KbError):
    """A line of a bibliography or of JSON records is broken."""

    code = "bad-record"


class EncoderError(KbError):
    """The encoder cannot be loaded, or is not the one that the stored vectors were made with."""

    code = "encoder-unavailable"


class IndexDamaged(KbError):
    """A derived index cannot be read."""

    code = "index-damaged"


class ModelError(KbError):
    """The language model failed, timed out, or may not be used for this text."""

    code = "model-failed"
