"""The user's cache of converted encoders: one checked file each, written whole or not at all.

A file is ``magic, CRC-32 and length of the payload`` padded to one page, then the payload; the payload starts on a
page, so it can be mapped instead of read. Writers write beside and rename, so two processes that convert at the
same time both succeed and neither sees half a file: no lock is needed. A file that does not check out counts as
absent and is made again. Losing the cache loses nothing. The only module that imports platformdirs.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.settings import Settings

_HEADER = struct.Struct("<8sIQ")
_MAGIC = b"kbenc\x00\x00\x01"
_PAGE = mmap.ALLOCATIONGRANULARITY
_log = logging.getLogger(__name__)

Payload = NDArray[np.uint8]


def cache_folder(settings: Settings) -> Path:
    """Where converted encoders live: the setting, else the user's cache folder of this platform."""
    if settings.encoder_cache is not None:
        return settings.encoder_cache.expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("paper-kb")) / "encoders"


def read_converted(file: Path) -> Payload | None:
    """The payload, mapped copy-on-write, or None when the file is absent or damaged."""
    try:
        with file.open("rb") as stream:
            magic, checksum, length = _HEADER.unpack(stream.read(_HEADER.size))
        if magic != _MAGIC or file.stat().st_size != _PAGE + length:
            return None
        payload = np.memmap(file, dtype=np.uint8, mode="c", offset=_PAGE, shape=(length,))
    except (OSError, ValueError, struct.error):
        return None
    return payload if zlib.crc32(payload.data) == checksum else None


def write_converted(file: Path, payload: bytes) -> bool:
    """Write whole or not at all; says whether it was written (an encoder also works without its cache).

    Older files of the same encoder (same name up to the last "@", which the maker's version follows) are removed.
    """
    header = _HEADER.pack(_MAGIC, zlib.crc32(payload), len(payload)).ljust(_PAGE, b"\0")
    beside = ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, beside = tempfile.mkstemp(dir=file.parent, suffix=".part")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(header)
            stream.write(payload)
            stream.flush()
            os.fsync(stream.fileno())
        Path(beside).replace(file)
    except OSError as err:
        _log.warning("the converted encoder cannot be kept in %s (%s): it is made again each time", file.parent, err)
        with contextlib.suppress(OSError):
            if beside:
                Path(beside).unlink()
        return False
    for other in file.parent.glob(f"{file.name.rpartition('@')[0]}@*"):
        if other != file:
            with contextlib.suppress(OSError):
                other.unlink()
    return True
