"""What macOS is told of Imprint: its version, and which files it opens."""

from __future__ import annotations

from typing import Any

PROJECT = "app.imprint.project"
WEIGHTS = "app.imprint.safetensors"


def plist(version: str) -> dict[str, Any]:
    """Keys of Info.plist beside those that PyInstaller writes."""
    return {
        "CFBundleShortVersionString": version,
        "CFBundleLocalizations": ["en", "zh-Hans"],
        "LSApplicationCategoryType": "public.app-category.graphics-design",
        "LSMinimumSystemVersion": "13.0",  # what Qt 6.11 asks for
        "LSMultipleInstancesProhibited": True,
        "NSHighResolutionCapable": True,
        "NSRequiresAquaSystemAppearance": False,  # the dark look is welcome
        "CFBundleDocumentTypes": [
            _document("Imprint project", PROJECT, role="Editor", rank="Owner"),
            _document("Weights of a model", WEIGHTS, role="Viewer", rank="Alternate"),
        ],
        "UTExportedTypeDeclarations": [_kind(PROJECT, "Imprint project", "imprint", "public.json")],
        "UTImportedTypeDeclarations": [
            _kind(WEIGHTS, "Weights of a model", "safetensors", "public.data")
        ],
    }


def _document(name: str, kind: str, *, role: str, rank: str) -> dict[str, Any]:
    return {
        "CFBundleTypeName": name,
        "CFBundleTypeRole": role,
        "LSHandlerRank": rank,
        "LSItemContentTypes": [kind],
    }


def _kind(identifier: str, name: str, suffix: str, parent: str) -> dict[str, Any]:
    return {
        "UTTypeIdentifier": identifier,
        "UTTypeDescription": name,
        "UTTypeConformsTo": [parent],
        "UTTypeTagSpecification": {"public.filename-extension": [suffix]},
    }
