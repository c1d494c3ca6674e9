"""The local mailbox: takes every mail by SMTP, delivers none, and shows them on pages and as JSON.

`GET /` lists them, `GET /messages/<number>` shows one, `GET /messages` gives all as JSON (to, subject, text, html,
headers and more, newest first), `DELETE /messages` throws them away. As a program:
`python -m healthberry.local.mailbox --folder F --web-port 8602 --smtp-port 8603`.
"""

import argparse
import asyncio
import dataclasses
import logging
import secrets
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask, Response, abort, g, jsonify, render_template
from werkzeug.serving import BaseWSGIServer, make_server

from healthberry.local.letters import Letter, Letters

# Links may open a page of their own; scripts, forms and the network stay shut.
# Letters carry their styles in their tags, as mail programs want it: only here, in a frame that may do nothing else.
HOSTILE_PAGE = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'"
OWN_PAGE = "default-src 'none'; style-src 'nonce-{nonce}'; frame-src 'self'; base-uri 'none'; form-action 'none'"


class Receiver:
    """Hands each mail that arrives to the letters."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail; the name is aiosmtpd's."""
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        self._letters.add(raw, list(envelope.rcpt_tos))
        return "250 Message accepted for reading here"


class Mailbox:
    """Both servers of the mailbox, running in threads from `__init__` until `stop`.

    Port 0 takes any free port; `smtp_port` and `web_port` say which ones it became.
    """

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", smtp_port: int = 0, web_port: int = 0) -> None:
        self.letters = Letters(folder)
        self.messages = self.letters.messages
        self.wait_for = self.letters.wait_for
        self.clear = self.letters.clear
        self._loop = asyncio.new_event_loop()
        self._smtp = self._loop.run_until_complete(
            self._loop.create_server(lambda: SMTP(Receiver(self.letters), enable_SMTPUTF8=True), host, smtp_port)
        )
        self.smtp_port: int = self._smtp.sockets[0].getsockname()[1]
        self._web: BaseWSGIServer = make_server(host, web_port, create_pages(self.letters), threaded=True)
        self.web_port: int = self._web.port
        self.mail_url = f"smtp://{host}:{self.smtp_port}"
        self.web_url = f"http://{host}:{self.web_port}"
        self._threads = [
            threading.Thread(target=self._loop.run_forever, name="mailbox smtp", daemon=True),
            threading.Thread(target=self._web.serve_forever, name="mailbox web", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End both servers; the letters stay in their folder."""
        self._web.shutdown()
        self._web.server_close()
        asyncio.run_coroutine_threadsafe(self._end_smtp(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        for thread in self._threads:
            thread.join(5)
        self._loop.close()

    async def _end_smtp(self) -> None:
        self._smtp.close()
        sessions = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in sessions:
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)


def create_pages(letters: Letters) -> Flask:
    """Make the mailbox's own small web application."""
    app = Flask(__name__, template_folder="pages", static_folder=None)

    @app.before_request
    def prepare() -> None:
        g.nonce = secrets.token_urlsafe(16)

    @app.get("/")
    def index() -> str:
        return render_template("mailbox.html", letters=letters.messages())

    @app.get("/messages")
    def as_json() -> Response:
        return jsonify([dataclasses.asdict(letter) for letter in letters.messages()])

    @app.delete("/messages")
    def clear() -> tuple[str, int]:
        letters.clear()
        return "", 204

    @app.get("/messages/<int:number>")
    def show(number: int) -> str:
        return render_template("letter.html", letter=_one(letters, number))

    @app.get("/messages/<int:number>/html")
    def html(number: int) -> Response:
        response = Response(f'<base target="_blank">{_one(letters, number).html}', mimetype="text/html")
        response.headers["Content-Security-Policy"] = HOSTILE_PAGE
        return response

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", OWN_PAGE.format(nonce=g.nonce))
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def _one(letters: Letters, number: int) -> Letter:
    return letters.find(number) or abort(404)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Take every mail, deliver none, show them all.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--web-port", type=int, default=8602)
    parser.add_argument("--smtp-port", type=int, default=8603)
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    box = Mailbox(options.folder, host=options.host, smtp_port=options.smtp_port, web_port=options.web_port)
    sys.stdout.write(f"mail to {box.mail_url}, to be read at {box.web_url}\n")
    sys.stdout.flush()
    ended.wait()
    box.stop()


if __name__ == "__main__":
    main()
