"""A hub on this computer that does what servers and networks do: cut, stall, lie, redirect."""

from __future__ import annotations

import hashlib
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


@dataclass(slots=True)
class Behaviour:
    """What the server holds, and what goes wrong. `cut_after` counts bytes of one answer."""

    data: bytes = b""
    etag: str = ""  # empty: the true sha256
    size: int = -1  # that it tells; -1: the true one
    status: int = 200  # of the first question
    refusals: int = -1  # so many questions get that status; -1: all
    is_hub: bool = True  # names a commit, as the hub does
    error_code: str = ""  # as the hub names it
    file_status: int = 200  # of the file itself
    cut_after: int = 0
    cuts: int = 0  # so many answers are cut; then no more
    status_after_cut: int = 0  # what all later questions get
    stall_after: int = 0
    stalls: int = 0
    stall_seconds: float = 2.0
    knows_ranges: bool = True
    starts_earlier: int = 0  # bytes before what was asked for
    redirect_to: str = ""  # another server that holds the file
    spends_addresses: bool = False  # each address is good for one answer
    wrong_bytes: bool = False
    slow_seconds: float = 0.0  # between chunks
    questions: list[dict[str, str]] = field(default_factory=list)  # their headers
    spent: set[str] = field(default_factory=set)
    sent: list[tuple[int, int]] = field(default_factory=list)  # first byte, bytes of each answer
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return len(self.questions)

    @property
    def true_etag(self) -> str:
        return self.etag or hashlib.sha256(self.data).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client may leave
            super().handle_error(request, client_address)


@contextmanager
def serving(behaviour: Behaviour, certificate: Path | None = None) -> Iterator[str]:
    """The address of such a server; `certificate`: a PEM with its key, for https."""
    server = _Server(("127.0.0.1", 0), _handler(behaviour))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    scheme = "http" if certificate is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(it: Behaviour) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            it.questions.append(dict(self.headers))
            if it.status != 200 and it.refusals:
                it.refusals -= 1
                self.send_response(it.status)
                if it.error_code:
                    self.send_header("X-Error-Code", it.error_code)
                    self.send_header("X-Error-Message", it.error_code)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            size = len(it.data) if it.size < 0 else it.size
            self.send_response(302 if it.redirect_to else 200)
            if it.is_hub:
                self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("X-Linked-Etag", f'"{it.true_etag}"')
            self.send_header("X-Linked-Size", str(size))
            if it.redirect_to:
                self.send_header("Location", f"{it.redirect_to}/blob?{it.asked}")
                size = 0
            self.send_header("Content-Length", str(size))
            self.end_headers()

        def do_GET(self) -> None:
            it.headers.append(dict(self.headers))
            is_spent = it.spends_addresses and self.path in it.spent
            it.spent.add(self.path)
            if it.file_status != 200 or is_spent:
                self.send_response(403 if is_spent else it.file_status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            first = 0
            asked = self.headers.get("Range", "")
            if asked and it.knows_ranges:
                first = int(asked.removeprefix("bytes=").partition("-")[0])
                first = max(0, first - it.starts_earlier)
            if first and first >= len(it.data):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = it.data[first:]
            if it.wrong_bytes:
                body = bytes(len(body))
            self.send_response(206 if asked and it.knows_ranges else 200)
            if asked and it.knows_ranges:
                last = len(it.data) - 1
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(it.data)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self._send(first, body)

        def _send(self, first: int, body: bytes) -> None:
            sent, step = 0, 16 * 1024
            try:
                while sent < len(body):
                    if it.cuts and it.cut_after and sent >= it.cut_after:
                        it.cuts -= 1
                        it.file_status = it.status_after_cut or it.file_status
                        self.close_connection = True
                        self.connection.close()
                        break
                    if it.stalls and it.stall_after and sent >= it.stall_after:
                        it.stalls -= 1
                        time.sleep(it.stall_seconds)
                    self.wfile.write(body[sent : sent + step])
                    sent += len(body[sent : sent + step])
                    if it.slow_seconds:
                        time.sleep(it.slow_seconds)
            except OSError:
                pass
            it.sent.append((first, sent))

    return Handler
