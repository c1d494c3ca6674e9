"""What `make run` may be told, beside the settings of HealthBerry itself."""

import ipaddress
from dataclasses import dataclass

from healthberry import setting_values as env
from healthberry.environment import Environment, setting


def address(value: str) -> str:
    """Take an IP address to listen on."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("must be an IP address such as 127.0.0.1 or 0.0.0.0") from None


@dataclass(frozen=True, kw_only=True, repr=False)
class RunOptions(Environment):
    """The choices for one start; a taken port is replaced by a free one."""

    var_folder: str = setting("folder for data, secrets and logs, from the checkout", parse=env.text, default="var")
    host: str = setting("address that the servers of `make run` listen on", parse=address, default="127.0.0.1")
    web_port: int = setting("HealthBerry (port)", parse=env.whole(1, 65535), default=8600)
    sandbox_port: int = setting("the simulated channels (port)", parse=env.whole(1, 65535), default=8601)
    mailbox_port: int = setting("the mailbox's pages (port)", parse=env.whole(1, 65535), default=8602)
    smtp_port: int = setting("the mailbox for programs (port)", parse=env.whole(1, 65535), default=8603)
    workers: int = setting("processes that work through the queue (number)", parse=env.whole(1, 32), default=2)
    sandbox: bool = setting(
        "on: all channels are simulated; off: the real ones, with your keys", parse=env.switch, default=True
    )
