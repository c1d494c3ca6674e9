"""Serve the sandbox: `python -m healthberry.sandbox --port 9001`."""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

from healthberry.sandbox.config import BadSetting, documented  # noqa: E402
from healthberry.sandbox.server import serve  # noqa: E402
from healthberry.sandbox.sites import SITES  # noqa: E402

NAMES = (*(key.name for site in SITES for key in site.keys), *documented())


def main() -> int:
    """Read the options, which count before environment variables of the same name, and serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m healthberry.sandbox", description="Imitate the sites where patients write."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    for name in NAMES:
        parser.add_argument(f"--{name.lower().replace('_', '-')}", dest=name, metavar="VALUE", help=f"same as {name}")
    options = vars(parser.parse_args())
    given = {name: options[name] for name in NAMES if options[name] is not None}
    try:
        return serve({**os.environ, **given}, options["host"], options["port"])
    except BadSetting as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 2


if __name__ == "__main__":
    sys.exit(main())
