"""Having many written files on disk at once: syncfs(2), which Python has no name for."""

from __future__ import annotations

import ctypes
import os


def sync_file_system(descriptor: int) -> None:
    """Return when everything that was written to the file system of an open file is on disk.

    OSError: some of it cannot be written (Linux tells since 5.8). A C library without syncfs(2) syncs all file systems.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syncfs"):
        os.sync()
    elif library.syncfs(descriptor) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
