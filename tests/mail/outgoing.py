"""Mail servers of every temper, and alerts to send to them."""

import asyncio
import threading
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import select

from healthberry.extensions import db
from healthberry.jobs import alerts as jobs
from healthberry.models.replies import OutboxMail
from tests.worked import work_on


class Temper:
    """What a mail server answers; `received` are the mails whose last byte it got, whatever it answered."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 OK", *, hangs_up_after_data: bool = False) -> None:
        self.rcpt, self.data, self.hangs_up_after_data = rcpt, data, hangs_up_after_data
        self.received: list[EmailMessage] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.received.append(message_from_bytes(envelope.content, EmailMessage, policy=modern))
        if self.hangs_up_after_data:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return self.data


class MailServers:
    """Real SMTP servers on free ports of this machine."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []

    def start(self, temper: Temper) -> str:
        """Start one; return its address for MAIL_URL."""

        async def listen() -> asyncio.Server:
            return await self._loop.create_server(lambda: SMTP(temper, enable_SMTPUTF8=False), "127.0.0.1", 0)

        server = asyncio.run_coroutine_threadsafe(listen(), self._loop).result(5)
        self._servers.append(server)
        return f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def outbox_of(organisation_id: UUID) -> list[OutboxMail]:
    """Return the outbox as it is now, oldest first."""
    statement = select(OutboxMail).where(OutboxMail.organisation_id == organisation_id).order_by(OutboxMail.id)
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def send_all(organisation_id: UUID) -> None:
    """Run the job of every mail in the outbox, as the nudges after a commit would."""
    for mail in outbox_of(organisation_id):
        jobs.send_mail(str(organisation_id), str(mail.id))


def work(app: Flask) -> None:
    """Empty the queue of alerts as a worker would."""
    work_on(app, "alerts", logging_level="WARNING")
