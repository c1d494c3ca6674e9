"""The "Reply" link of an alert: opens the conversation for the member it was sent to, and shows a stranger nothing."""

from flask import Blueprint

blueprint = Blueprint("reply_link", __name__)
