"""What the user names to be read. Missing and not readable are told apart: nobody should download
again, or choose anew, what only lacks a right."""

from __future__ import annotations

from pathlib import Path

from engine.errors import FolderMissing, InputNotReadable, UserError
from engine.regular_files import is_missing, reason_of, require_file, require_folder


def not_read(path: Path, error: OSError, missing: UserError) -> UserError:
    """The sentence for an error of the system; `missing` where nothing of the kind is there."""
    if is_missing(error) or isinstance(error, IsADirectoryError):
        return missing
    return InputNotReadable(path=str(path), reason=reason_of(error))


def require_input_file(path: Path, missing: UserError) -> None:
    """Raises `missing`, or InputNotReadable."""
    try:
        require_file(path)
    except OSError as error:
        raise not_read(path, error, missing) from error


def require_input_folder(path: Path, missing: UserError | None = None) -> None:
    """Raises `missing`, by default FolderMissing, or InputNotReadable."""
    try:
        require_folder(path)
    except OSError as error:
        raise not_read(path, error, missing or FolderMissing(folder=str(path))) from error


def refusal_of_folder(path: Path) -> InputNotReadable | None:
    """Why a folder cannot be listed; None where it can be, or is not there. For what is shown of
    it: without this, a folder that may not be read looks like an empty one."""
    try:
        require_folder(path)
    except OSError as error:
        return (
            None if is_missing(error) else InputNotReadable(path=str(path), reason=reason_of(error))
        )
    return None
