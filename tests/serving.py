"""A web server in a thread of the test."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# How often a server looks whether it should end. By itself it does so twice a second, and every test would wait for it.
_LOOK_SECONDS = 0.003


def files_read_first(app: "WSGIApplication") -> "WSGIApplication":
    """Return the application with its files read before they are sent.

    A browser that goes away in the midst of one has Werkzeug's server break off before it closes the file.
    """

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        pieces = app(environ, start_response)
        if not str(environ["PATH_INFO"]).startswith("/static/"):
            return pieces
        with closing(cast(Any, pieces)) if hasattr(pieces, "close") else nullcontext():
            return [b"".join(pieces)]

    return answer


@contextmanager
def serving(server: TCPServer, *, to_the_end: bool = False) -> Iterator[str]:
    """Let `server` answer until the block ends; gives its address.

    `to_the_end`: what it is answering then is answered before the test goes on. An application that is still at it
    would hold a connection to the database beyond its own end.
    """
    if to_the_end and isinstance(server, ThreadingMixIn):
        server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(_LOOK_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
