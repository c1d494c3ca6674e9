"""The steps of uploading a file, as a browser without JavaScript takes them."""

import io
import re
from collections.abc import Callable

from flask.testing import FlaskClient

from tests.session.files_desk import proposed


def channel_of(page: str) -> str:
    """Return the id of the channel that a page leads to for files."""
    found = re.search(r"/channels/([0-9a-f-]{36})/imports", page)
    assert found is not None, page
    return found[1]


def import_file(
    client: FlaskClient, work: Callable[[], None], channel_id: str, content: bytes, name: str, **answers: str
) -> str:
    """Upload a file, answer as proposed but for `answers`, and import it; return the page of the import."""
    uploaded = client.post(f"/channels/{channel_id}/imports", data={"file": (io.BytesIO(content), name)})
    assert uploaded.status_code == 303, uploaded.text
    address = uploaded.location
    work()
    page = client.get(address).text
    client.post(f"{address}/answers", data={**proposed(page), **answers})
    work()
    client.post(f"{address}/start")
    work()
    return address
