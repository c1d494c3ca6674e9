"""What is invented at NHS.UK: reviews, responses to half of them, and copies of Care Opinion's stories."""

from healthberry.sandbox.invent import DAY, Inventor, title_of, visit
from healthberry.sandbox.seed import ask
from healthberry.sandbox.texts import Written

from . import store as reviews
from .copies import copy_of


def past(inventor: Inventor, key: str, number: int) -> None:
    """Invent the reviews of the past."""
    sandbox, source = inventor.sandbox, inventor.source
    copies = _syndicated(inventor, key, max(1, number // 12))
    written = [review(inventor, key, moment) for moment in inventor.moments(max(0, number - len(copies)))]
    written.reverse()
    guids = reviews.add_reviews(sandbox.store, [review for review, _ in written] + copies)
    for guid, (new, words) in zip(guids, written, strict=False):
        if words.tone != "spam" and source.random() < 0.55:
            _response(inventor, guid, new, words.tone)


def review(inventor: Inventor, code: str, moment: int) -> tuple[reviews.NewReview, Written]:
    """Invent a review; it appears a few hours after it was submitted."""
    written, pick = inventor.words("nhsuk"), inventor.source
    sent = moment - int(pick.uniform(0.1, 1.5) * DAY)
    month, year = visit(sent - pick.randint(1, 60) * DAY)
    name = inventor.sandbox.texts.signature(pick)
    new = reviews.NewReview(code, title_of(written), written.text, name, sent, moment, month, year, written.rating)
    return new, written


def _response(inventor: Inventor, guid: str, review: reviews.NewReview, tone: str) -> None:
    store, source = inventor.sandbox.store, inventor.source
    ref = store.sure("SELECT ref FROM nu_comments WHERE guid = ?", guid)["ref"]
    moment = review.published_at + int(source.uniform(0.2, 9) * DAY)
    if moment > store.now() - 120_000:
        return
    body = inventor.sandbox.texts.reply(tone, source, short=False)
    reviews.add_response(store, reviews.NewResponse(ref, body, inventor.staff(), moment, moment))


def _syndicated(inventor: Inventor, key: str, number: int) -> list[reviews.NewReview]:
    """Return copies of Care Opinion stories about the same place, as Care Opinion pushes them."""
    ask(inventor.sandbox, "careopinion", key)
    sql = """SELECT * FROM co_stories WHERE place = ? AND state = 'visible' AND published_at <= ?
             ORDER BY published_at DESC LIMIT ?"""
    rows = inventor.sandbox.store.rows(sql, key, inventor.sandbox.store.now() - DAY, number)
    return [copy_of(row) for row in rows]
