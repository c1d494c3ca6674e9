"""Looking again at items one by one, where a provider knows no better way."""

from collections.abc import Callable, Sequence
from typing import Final

from healthberry.connectors.base import InboundItem
from healthberry.connectors.errors import NotAuthorised, Permanent, RateLimited, Temporary, Unavailable

_ENOUGH_FAILURES: Final = 3
# So many gone and nothing left: that is a site that answers wrongly, and words once forgotten don't come back.
_NOT_BELIEVED: Final = 5


def one_by_one(remote_ids: Sequence[str], look: Callable[[str], Sequence[InboundItem]]) -> list[InboundItem]:
    """Return what `look` finds of each id; single requests fail now and then: those are left out.

    After three failures the rest is left out as well: a site in trouble is not asked on and on. Raises: RateLimited and
    NotAuthorised at once; the first failure when nothing was found; Unavailable when five or more are all gone.
    """
    found: list[InboundItem] = []
    failed: list[Temporary | Permanent] = []
    for remote_id in remote_ids:
        try:
            found += look(remote_id)
        except (RateLimited, NotAuthorised):
            raise
        except (Temporary, Permanent) as error:
            failed.append(error)
        if len(failed) == _ENOUGH_FAILURES:
            break
    if failed and not found:
        raise failed[0]
    if len(found) >= _NOT_BELIEVED and all(item.change == "withdrawn" for item in found):
        raise Unavailable("Everything that we asked for is said to be gone.")
    return found
