"""Stories of Care Opinion and their responses become items.

Source: Care Opinion API v2 help pages and two public clients. Links are spelled `{rel, id, href}` by the help pages and
`{relation, link, id}` by a client of 2026: both are read. Every key may be null.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from healthberry.connectors import careopinion_details as details
from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.reading import Unreadable, address, first, identifier, mapping, moment, sequence, small
from healthberry.connectors.text import clean, line

Element = Mapping[str, Any]


def element_id(element: Any) -> str:
    """Return the id of a story or response, "" where there is none (an array may hold a bare sentence)."""
    return identifier(mapping(element).get("id"))


def story(element: Any, web: str) -> InboundItem:
    """Return the story as an item; `web` is the base of its public address. Raises: Unreadable."""
    opinion, remote_id = mapping(element), element_id(element)
    if not remote_id:
        raise Unreadable("It is not a story with an id." if opinion else "It is a bare sentence in place of a story.")
    # Null in some stories: then the day of submission is the best that is known.
    posted_at = moment(opinion.get("dateOfPublication")) or moment(opinion.get("dateOfSubmission"))
    if posted_at is None:
        raise Unreadable("It does not say when it was published.")
    code, name = _service(opinion)
    role = line(opinion.get("authorRole"), 100)
    return InboundItem(
        remote_id=remote_id,
        thread_id=remote_id,
        direction="inbound",
        author=Author(None, line(first(opinion, "authorName", "author"), 100) or role or "Anonymous"),
        author_role=role or None,
        title=line(opinion.get("title"), 500),
        text=clean(opinion.get("body")),
        posted_at=posted_at,
        url=story_url(opinion, remote_id, web),
        service_code=code or None,
        service_name=name or None,
        syndication_key=f"careopinion:{remote_id}",
        # Criticality is for staff only and never republished. Source: careopinion.org.au/info/uk/story-criticality.
        source=small(
            criticality=opinion.get("criticality"),
            route=opinion.get("submissionRoute"),
            submitted=opinion.get("dateOfSubmission"),
        ),
        details=(("Progress there", line(opinion.get("progress"), 120)),),
    )


def response(element: Any, web: str, config: Mapping[str, Any], opinion_id: str = "") -> InboundItem:
    """Return a response in its story's thread: ours, or another organisation's. Raises: Unreadable.

    `opinion_id` is known where the story was asked for; in the list of all responses a link names it.
    """
    answer, remote_id = mapping(element), element_id(element)
    thread_id = opinion_id or answered_story(answer)
    if not remote_id:
        raise Unreadable("It is no response with an id." if answer else "It is a bare sentence in place of a response.")
    if not thread_id:
        raise Unreadable("It does not say which story it answers.")
    posted_at = moment(answer.get("dateOfPublication")) or moment(answer.get("dateOfSubmission"))
    if posted_at is None:
        raise Unreadable("It does not say when it was published.")
    of_another = details.is_of_another(answer, _links(answer), config)
    return InboundItem(
        remote_id=response_id(remote_id),
        thread_id=thread_id,
        in_reply_to=thread_id,
        direction="other" if of_another else "outbound",
        author=Author(None, _responder(answer)),
        author_role=line(first(answer, "authorRole", "responderRole"), 100) or None,
        text=clean(answer.get("body")),
        posted_at=posted_at,
        url=f"{web}/{thread_id}",
        details=(details.of_sender(answer) if of_another else ()) + details.of_change(answer),
    )


def response_id(own: str) -> str:
    """Return the id under which a response is stored: stories and responses are numbered apart and may collide."""
    return f"response:{own}"


def answered_story(answer: Element) -> str:
    """Return the id of the story that a response belongs to, "" where it does not say."""
    linked = next((found for relation, found, _ in _links(answer) if relation in ("opinion", "opinions", "story")), "")
    return linked or identifier(first(answer, "opinionId", "opinionID", "opinion"))


def story_url(opinion: Element, remote_id: str, web: str) -> str:
    """Return where the story can be read: a link that the story carries, else the site's short address.

    That a story is at /<id> on the site is known from use, not from the documents.
    """
    for relation, _, target in _links(opinion):
        if relation in ("web", "html", "alternate", "public", "story") and address(target):
            return target
    return f"{web}/{remote_id}"


def linked(opinion: Element, *relations: str) -> str:
    """Return the address behind the first link of these relations, "" where there is none."""
    return next((target for relation, _, target in _links(opinion) if relation in relations and address(target)), "")


def _service(opinion: Element) -> tuple[str, str]:
    services = [one for one in _links(opinion) if one[0] in ("healthservice", "healthservices") and one[1]]
    code = services[0][1] if services else identifier(first(opinion, "healthserviceNacs", "nacs"))
    names = {identifier(link.get("id")): link.get("name") for link in map(mapping, sequence(opinion.get("links")))}
    return code, line(names.get(code) or opinion.get("healthserviceName"), 200)


def _responder(answer: Element) -> str:
    author = first(answer, "authorName", "author", "responderName", "organisation", "authorOrganisation")
    named = mapping(author)
    return line(first(named, "name", "fullName") if named else author, 100) or "Organisation"


def _links(element: Element) -> Iterator[tuple[str, str, str]]:
    """Yield (relation, id, address) of each link, in either spelling; the id may have to come from the address."""
    for link in map(mapping, sequence(element.get("links"))):
        target = line(first(link, "href", "link"), 2_000)
        relation = line(first(link, "rel", "relation"), 100).casefold()
        found = identifier(link.get("id"))
        if not found and not relation.endswith("s"):
            found = _last_segment(target)
        yield relation, found, target


def _last_segment(target: str) -> str:
    try:
        return identifier(unquote(urlsplit(target).path.rstrip("/").rpartition("/")[2]))
    except ValueError:
        return ""
