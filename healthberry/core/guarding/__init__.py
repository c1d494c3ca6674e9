"""What must not stand in a public reply: found in its words, with no look at anything else.

Pure: no database, no HTTP. `core/guarded_replies.py` says which replies are looked at, and what follows.
"""

from healthberry.core.guarding.finding import KINDS as KINDS
from healthberry.core.guarding.finding import Finding as Finding
from healthberry.core.guarding.finding import Kind as Kind
from healthberry.core.guarding.finding import Own as Own
from healthberry.core.guarding.finding import own as own
from healthberry.core.guarding.looking import look as look
