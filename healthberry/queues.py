"""The queues by name: JSON in, never pickle."""

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

# In the order in which a worker empties them: a reply and an alert never wait behind a backfill.
QUEUES = ("replies", "alerts", "ingest", "backfill")


def queue(name: str, connection: Redis) -> Queue:
    """Return the named queue over `connection`."""
    return Queue(name, connection=connection, serializer=JSONSerializer)
