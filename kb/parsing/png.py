"""Pixels to PNG. The only module that imports Pillow."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from kb.errors import ParseError, foreign_errors


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of ``(height, width)`` grey or ``(height, width, 3)`` RGB pixels, 0 to 255; same pixels, same bytes.

    Raises:
        ParseError: when Pillow cannot make one.
    """
    out = io.BytesIO()
    with foreign_errors(lambda said: ParseError(f"a picture of it cannot be made ({said}): get the file again")):
        from PIL import Image

        Image.fromarray(np.ascontiguousarray(pixels)).save(out, format="PNG", optimize=True)
    return out.getvalue()
