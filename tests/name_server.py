"""A name server on this machine that knows TXT records alone."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


@contextmanager
def name_server(records: Mapping[str, list[str]], *, is_broken: bool = False) -> Iterator[str]:
    """Answer for `records` (name without the closing dot -> texts) until the block ends; yield address and port.

    A broken one answers that it failed.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{door.getsockname()[1]}"
        worker = threading.Thread(target=_serve, args=(door, records, is_broken), daemon=True)
        worker.start()
        try:
            yield address
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.sendto(b"", door.getsockname())
            worker.join(5)


def _serve(door: socket.socket, records: Mapping[str, list[str]], is_broken: bool) -> None:
    while True:
        asked, whence = door.recvfrom(4096)
        if not asked:
            return
        question = dns.message.from_wire(asked)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        name = question.question[0].name
        found = records.get(name.to_text(omit_final_dot=True), [])
        if is_broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", "TXT", [f'"{text}"' for text in found]))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        door.sendto(answer.to_wire(), whence)
