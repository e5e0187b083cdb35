"""Whether a name is a link: a symbolic link, or a junction of Windows."""

from __future__ import annotations

import os
import stat

# Other reparse points are ordinary files and folders, those of OneDrive for one.
# https://learn.microsoft.com/windows/win32/fileio/reparse-point-tags
_REPARSE_LINKS = (0xA000000C, 0xA0000003)  # IO_REPARSE_TAG_SYMLINK, IO_REPARSE_TAG_MOUNT_POINT


def is_link(status: os.stat_result) -> bool:
    """`status`: of lstat."""
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) in _REPARSE_LINKS
