"""Pixels to PNG. The only module that imports Pillow."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of ``(height, width)`` grey or ``(height, width, 3)`` RGB pixels, 0 to 255; same pixels, same bytes."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, format="PNG", optimize=True)
    return out.getvalue()
