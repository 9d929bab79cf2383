"""Memory that a process has freed and takes again at the next step."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_MAPS, _MAPPED = 65536, 32 << 20
"""How many pieces glibc takes from the system one by one, and from which size on it comes to do so by itself."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let the process keep what it frees until the end of the block.

    Every step of a training takes and frees the same large tensors. glibc hands each of them back to the system and
    asks for it anew, which the system fills with zeros first; keeping them costs no more memory at the peak. Where the
    C library is another one, nothing is changed.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "mallopt") or not hasattr(library, "malloc_trim"):
        yield
        return
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        library.mallopt(_MMAP_MAX, _MAPS)
        library.mallopt(_MMAP_THRESHOLD, _MAPPED)
        library.mallopt(_TRIM_THRESHOLD, 2 * _MAPPED)
        library.malloc_trim(0)
