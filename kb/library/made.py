"""The data of the pages that were made here, kept in the home, so that a page can be made again and compared."""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from kb import wire
from kb.home import Home, writing_error
from kb.records import Digest, Note
from kb.rendering.stamps import hash_of

_LONGEST = 200_000_000  # bytes of data that are read; a page of a thousand papers has ten million


class MadeData:
    """What is kept of a home's pages, by the hash of their data.

    A file's name has what its data are of before that hash: the days of a digest, "feed" and the topic, "note" and the
    paper. A feed is one file that is written over each day, so only its newest data are kept; of a note likewise.
    """

    def __init__(self, home: Home) -> None:
        self._folder = home.digests_path / "made"

    def keep(self, made: Digest | Note, forms: Sequence[str] = ()) -> None:
        """Keep data as they are written; ``forms`` are those of the pages.

        Raises:
            HomeUnwritable: when the home cannot be written.
        """
        digest = hash_of(made)
        start, is_only = _start(made, forms)
        target = self._folder / f"{start}_{digest}.json.gz"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not target.exists():
                # The time of making is left out: the same data are the same bytes.
                packed = gzip.compress((wire.to_json(made) + "\n").encode(), 6, mtime=0)
                with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".new-", delete=False) as handle:
                    handle.write(packed)
                Path(handle.name).replace(target)
            for other in self._folder.glob(f"{start}_*") if is_only else ():
                if other != target:
                    other.unlink(missing_ok=True)
        except OSError as err:
            raise writing_error(err, target) from err

    def get(self, digest: str) -> bytes | None:
        """The data with a hash; None where they are not kept, or not whole."""
        for path in self._folder.glob(f"*_{digest}.json.gz"):
            return _read(path)
        return None

    def like(self, made: Digest | Note) -> Iterator[bytes]:
        """What is kept of the same paper, or of periods with one of the same ends."""
        if isinstance(made, Note):
            yield from self.of(papers=[made.paper.id])
        else:
            yield from self._found([f"{made.since}_*", f"*_{made.until}_*"])

    def of(self, *, days: Sequence[str] = (), papers: Sequence[str] = (), feeds: bool = False) -> Iterator[bytes]:
        """What is kept of periods that begin or end on one of these days (ISO 8601), of notes, of all feeds."""
        starts = [start for day in days for start in (f"{day}_*", f"*_{day}_*")]
        starts += [f"note_{_hash(paper)}_*" for paper in papers]
        yield from self._found([*starts, *(["feed_*"] if feeds else [])])

    def _found(self, patterns: Sequence[str]) -> Iterator[bytes]:
        for path in dict.fromkeys(path for one in patterns for path in sorted(self._folder.glob(one))):
            if (data := _read(path)) is not None:
                yield data


def _start(made: Digest | Note, forms: Sequence[str]) -> tuple[str, bool]:
    """What a file's name begins with, and whether there is one of it at a time."""
    if isinstance(made, Note):
        return f"note_{_hash(made.paper.id)}", True
    if list(forms) == ["rss"]:
        return f"feed_{_hash(made.topic or '', made.language, made.audience)}", True
    return f"{made.since}_{made.until}", False


def _hash(*names: str) -> str:
    return hashlib.sha256("\0".join(names).encode(errors="surrogatepass")).hexdigest()[:16]


def _read(path: Path) -> bytes | None:
    with suppress(OSError, EOFError, ValueError), gzip.open(path) as file:
        return file.read(_LONGEST)
    return None
