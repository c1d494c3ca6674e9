"""The environment of commands and servers that a test starts over its own database, queue and mailbox."""

import os

from healthberry.settings import Settings


def environment_of(settings: Settings, **changes: str) -> dict[str, str]:
    """Return this process's environment with `settings` in it, and `changes` on top."""
    return {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "MAIL_URL": settings.mail_url,
        "MAIL_FROM": settings.mail_from,
        "SECRET_KEY": settings.secret_key,
        "CHANNEL_KEYS": ",".join(settings.channel_keys),
        "PUBLIC_URL": settings.public_url,
        "LOG_LEVEL": "WARNING",
        "PAGES_FIRST": "off",  # tests of all kinds want the processors at once: who stands behind would wait for them
        **changes,
    }
