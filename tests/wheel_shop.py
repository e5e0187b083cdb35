"""A server on this computer that gives wheels, as PyTorch's own does for the card's PyTorch."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

from engine.card_pack import PackTable

TORCH = "2.13.0+cu130"


class Handler(SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    Handler.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def make_wheel(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zip_:
        for name, text in files.items():
            zip_.writestr(name, text)
        tool = zipfile.ZipInfo(f"{path.stem}/bin/tool")
        tool.external_attr = 0o755 << 16
        zip_.writestr(tool, "#!/bin/sh\n")
    return path


def table_of(wheels: list[Path], address: str) -> PackTable:
    files = tuple(
        {
            "name": wheel.stem,
            "file": wheel.name,
            "address": f"{address}/{wheel.name}",
            "about_bytes": wheel.stat().st_size,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        }
        for wheel in wheels
    )
    return PackTable(TORCH, "cp311", 580, (7, 5), files)
