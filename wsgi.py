"""The web application, for gunicorn."""

import sys

from healthberry import create_app
from healthberry.settings import Settings, SettingsError

try:
    app = create_app(Settings.load())
except SettingsError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)
