"""What Windows shows of a program's file under Properties, Details."""

from __future__ import annotations

from pathlib import Path

TEMPLATE = """\
VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3f, flags=0x0, OS=0x40004,
                    fileType=0x1, subtype=0x0, date=(0, 0)),
  kids=[
    StringFileInfo([StringTable('040904B0', [
      StringStruct('CompanyName', 'The Imprint authors'),
      StringStruct('FileDescription', 'Imprint'),
      StringStruct('FileVersion', '{version}'),
      StringStruct('InternalName', 'imprint'),
      StringStruct('LegalCopyright', 'Apache License 2.0'),
      StringStruct('OriginalFilename', 'imprint.exe'),
      StringStruct('ProductName', 'Imprint'),
      StringStruct('ProductVersion', '{version}')])]),
    VarFileInfo([VarStruct('Translation', [1033, 1200])])
  ]
)
"""


def write_version(file: Path, version: str) -> Path:
    """Write the file that PyInstaller's `version=` reads; `version` is like 1.2.3."""
    parts = [int(part) for part in version.split(".")]
    numbers = tuple([*parts, 0, 0, 0, 0][:4])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(TEMPLATE.format(numbers=numbers, version=version), encoding="utf-8")
    return file
