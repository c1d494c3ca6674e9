"""A mail server that takes every mail and keeps none, for benchmarks whose figures it must not disturb."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP


@contextmanager
def mail_sink() -> Iterator[str]:
    """Give its address, as the settings want it."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(Sink(), enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever, name="mail sink", daemon=True)
    thread.start()
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
