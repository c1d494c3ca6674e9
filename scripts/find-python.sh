#!/bin/sh
# Print the first Python on the PATH that is 3.11 or newer and can make virtual environments.
for python in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' > /dev/null 2>&1; then
        echo "$python"
        exit 0
    fi
done
echo "Python 3.11 or newer with venv is needed, and none is on the PATH." >&2
echo "false"
