"""The export of a survey's comments, with the oddities that suppliers' exports have."""

import csv
import io
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import seed
from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

_WORDS = {5: "Very good", 4: "Good", 3: "Neither good nor poor", 2: "Poor", 1: "Very poor"}
_QUESTION = "Overall, how was your experience of our service?"
_HEADERS = ("Response ID", "Date of response", _QUESTION, "Please tell us why you gave your answer")

blueprint = Blueprint("fft", __name__, url_prefix="/fft")
guard(blueprint, "fft")


@blueprint.get("/<place>/export.csv")
def export(place: str) -> ResponseReturnValue:
    """Give out all comments of an organisation; `?ids=no` leaves the numbers out, `?answers=numbers` the words."""
    site = here().sites["fft"]
    if not site.accepts(place):
        return Response("Nothing here.", 404, mimetype="text/plain")
    seed.ask(here(), "fft", site.place_key(place))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    first = 1 if request.args.get("ids") == "no" else 0
    writer.writerow(_HEADERS[first:])
    for row in reversed(kept.visible_items(here().store, "fft", site.place_key(place))):
        writer.writerow(_line(row, request.args.get("answers") == "numbers")[first:])
    headers = {"Content-Disposition": 'attachment; filename="fft-comments.csv"'}
    return Response(out.getvalue().encode("utf-8-sig"), mimetype="text/csv", headers=headers)


def _line(row: Row, numbers: bool) -> tuple[str, ...]:
    day = datetime.fromtimestamp(row["published_at"] / 1000, UTC)
    rating = row["rating"]
    # In numbers the scale begins with the best answer, as NHS England counts.
    answer = "6" if rating is None else str(6 - rating)
    return (row["id"], f"{day:%d/%m/%Y}", answer if numbers else _WORDS.get(rating, "Don't know"), row["text"])
