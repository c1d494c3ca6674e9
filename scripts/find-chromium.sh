#!/bin/sh
# Make sure that there is a Chromium for the tests: the one on the PATH, else Debian's, else Playwright's own.
# Usage: find-chromium.sh PYTHON
for name in chromium chromium-browser google-chrome; do
    command -v "$name" > /dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get > /dev/null; then
    echo "Installing Chromium from Debian"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium fonts-liberation > /dev/null; then
        exit 0
    fi
    echo "Debian's Chromium could not be installed; trying Playwright's."
fi
exec "$1" -m playwright install chromium
