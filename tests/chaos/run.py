"""One run from the start to the verdict."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import httpx
import psycopg
from redis import Redis

from tests.chaos import verdict as verdicts
from tests.chaos.channels import KINDS, Line, resend
from tests.chaos.house import WORKERS, House, house
from tests.chaos.patients import Patients
from tests.chaos.programs import wait_until
from tests.chaos.reaper import Reaper
from tests.chaos.staff import Staff
from tests.chaos.town import Town, build
from tests.chaos.verdict import Verdict
from tests.chaos.weather import Weather

Say = Callable[[str], None]
_STALLED = 4  # looks without any change, until the time that all of it waits for is made to pass
_MOVED_SECONDS = 3600
_SWEPT_SECONDS = 60
AWAKE_SECONDS = 180  # where many others work on the same machine
# As if everything had stood still for an hour: what waits for a moment finds that it has come.
_TIME_PASSES = """
UPDATE channels SET next_poll_at = next_poll_at - {0}, claimed_until = claimed_until - {0},
       backfill_next_at = backfill_next_at - {0}, backfill_claimed_until = backfill_claimed_until - {0},
       next_delivery_at = next_delivery_at - {0}, delivery_claimed_until = delivery_claimed_until - {0},
       recheck_at = recheck_at - {0}, recheck_claimed_until = recheck_claimed_until - {0},
       reread_at = reread_at - {0}, reread_claimed_until = reread_claimed_until - {0},
       token_claimed_until = token_claimed_until - {0};
UPDATE walks SET next_at = next_at - {0}, compare_at = compare_at - {0};
UPDATE failed_work SET next_at = next_at - {0};
UPDATE replies SET next_attempt_at = next_attempt_at - {0}, attempted_at = attempted_at - {0};
UPDATE outbox_mails SET next_attempt_at = next_attempt_at - {0} WHERE state IN ('queued', 'sending');
"""


@dataclass(frozen=True)
class Plan:
    """How large a run is. `history` of the items are there before the channels are linked."""

    items: int
    replies: int
    kills: int
    seed: int
    organisations: int = 4
    history: float = 0.4
    seconds: float = 900.0  # over which patients write and staff answer
    kill_pause: float = 8.0
    fault_pause: float = 1.0
    poll_seconds: int = 20
    drain_seconds: float = 1800.0
    look_seconds: float = 5.0
    kinds: Sequence[str] = tuple(KINDS)
    parted: bool = False  # the kinds are dealt out over the organisations; else each has all of them


def run(plan: Plan, say: Say) -> tuple[Verdict, str]:
    """Run, and return what was found with the last line to print."""
    random = Random(plan.seed)
    with house({"POLL_SECONDS": str(plan.poll_seconds)}) as running:
        return _Run(plan, running, random, say).go()


class _Run:
    def __init__(self, plan: Plan, running: House, random: Random, say: Say) -> None:
        self._plan, self._house, self._random, self._say = plan, running, random, say
        self._began = time.monotonic()
        self._broken: list[str] = []

    def go(self) -> tuple[Verdict, str]:
        plan, random = self._plan, self._random
        history = int(plan.items * plan.history)
        town = build(self._house, self._dealt(), history, random)
        self._tell(f"{len(town.lines)} channels are linked, {history} past items")
        answered = [line.kind.name for line in town.lines if line.kind.answered]
        patients = Patients(self._house, town.lines, plan.items - history, plan.seconds, Random(plan.seed + 1))
        staff = Staff(self._house, town.sessions, answered, plan.replies, plan.seconds, Random(plan.seed + 2))
        weather = Weather(
            self._house.sandbox.url, [KINDS[one] for one in plan.kinds], plan.fault_pause, Random(plan.seed + 3)
        )
        reaper = Reaper(self._house, plan.kill_pause, Random(plan.seed + 4))
        for one in (patients, staff, weather):
            one.start()
        try:
            reaper.reap(lambda: reaper.kills >= plan.kills // 2)
            self._flush()
            reaper.reap(lambda: reaper.kills >= plan.kills and not patients.is_alive())
            weather.end()
            self._tell(f"{reaper.kills} kills, {sum(weather.ordered.values())} faults; it is quiet now")
            self._drain(town, staff)
        finally:
            for thread in (patients, staff):
                thread.ended.set()
                thread.join(60)
            weather.quiet.set()
            staff.close()
        verdict = verdicts.judge(self._house, town.lines, staff.taken, reaper.moments)
        verdict.wrong += self._broken
        self._report(verdict, patients, staff, reaper, weather)
        return verdict, verdict.line(reaper.kills, plan.seed)

    def _dealt(self) -> Sequence[Sequence[str]]:
        """Return the kinds of channels of each organisation."""
        plan = self._plan
        return [
            plan.kinds[one :: plan.organisations] if plan.parted else plan.kinds for one in range(plan.organisations)
        ]

    def _flush(self) -> None:
        """Empty Valkey while work waits, and see all of it on the queues again within a minute, or done."""
        running = self._house
        running.wait(running.all_awake, AWAKE_SECONDS, "everything is awake")
        valkey, due = Redis.from_url(running.bell.running.url), self._due()
        number = len(due)
        valkey.flushall()
        began = time.monotonic()

        def taken_up() -> bool:
            marks = [*valkey.scan_iter("hb:nudged:*")]
            for rounds in ("hb:batch:delivery", "hb:batch:send_mail"):
                marks += valkey.zrange(rounds, 0, -1)
            queued = {mark.decode().rpartition(":")[2] for mark in marks}
            # What was taken up once counts: it may be due again later.
            due.intersection_update({one for one in self._due() if one[1] not in queued})
            return not due

        try:
            running.wait(taken_up, _SWEPT_SECONDS, "the sweep queues again what was lost")
        except TimeoutError:
            self._broken.append(
                f"{len(due)} of {number} were not queued again after {_SWEPT_SECONDS} s: {sorted(due)[:9]}"
            )
        spent = time.monotonic() - began
        self._tell(f"Valkey was emptied while {number} pieces of work waited; all were taken up {spent:.1f} s later")

    def _due(self) -> set[tuple[str, str]]:
        with self._house.connect() as connection:
            rows = connection.execute("SELECT kind, id::text FROM due_work(now())").fetchall()
        return {(kind, one) for kind, one in rows}

    def _drain(self, town: Town, staff: Staff) -> None:
        """Wait until nothing is left to do."""
        deadline = time.monotonic() + self._plan.drain_seconds
        before, same = "", 0
        while True:
            left = self._left(town, staff)
            if not left:
                return
            self._tell(f"left: {left}")
            if time.monotonic() > deadline:
                return
            before, same = left, same + 1 if left == before else 0
            if same >= _STALLED:
                self._tell_troubles()
                self._let_time_pass()
                same = 0
                self._house.wait(self._house.all_awake, AWAKE_SECONDS, "everything is awake")
            self._house.sleep(self._plan.look_seconds)

    def _left(self, town: Town, staff: Staff) -> str:
        """Say what is left to do, "" for nothing."""
        try:
            again = sum(
                resend(self._house.sandbox, line, self._house.web, town.secrets[line.channel_id])
                for line in town.lines
                if line.channel_id in town.secrets
            )
            waiting = {name: number for name, number in verdicts.waiting(self._house).items() if number}
            if waiting.get("failed"):
                staff.press_retry()
            missing = verdicts.missing(self._house, town.lines)
        except (psycopg.Error, httpx.HTTPError) as error:
            return f"nobody can say ({type(error).__name__})"
        if staff.is_alive():
            waiting["to answer"] = self._plan.replies - len(staff.taken)
        if again:
            waiting["sent again"] = again
        if missing:
            worst = max(missing, key=lambda name: missing[name])
            waiting[f"items over {len(missing)} channels (most of {worst})"] = sum(missing.values())
        return ", ".join(f"{number} {name}" for name, number in waiting.items())

    def _tell_troubles(self) -> None:
        self._house.wait(self._house.knows, AWAKE_SECONDS, "the database recovers")
        for words, number in verdicts.troubles(self._house).items():
            self._tell(f"{number} times: {words}")

    def _let_time_pass(self) -> None:
        """Skip what is nothing but waiting. No worker lives meanwhile, so that no claim is taken from anybody."""
        self._tell("an hour passes")
        self._house.wait(self._house.knows, AWAKE_SECONDS, "the database recovers")
        for name in WORKERS:
            self._house.programs[name].kill()
        with self._house.connect() as connection:
            connection.execute(_TIME_PASSES.format(f"interval '{_MOVED_SECONDS} seconds'").encode())
        for name in WORKERS:
            self._house.programs[name].start()

    def _report(self, verdict: Verdict, patients: Patients, staff: Staff, reaper: Reaper, weather: Weather) -> None:
        self._tell(f"killed: {dict(reaper.killed)}; ended by themselves: {self._house.started_again}")
        self._tell(f"faults: {dict(weather.ordered)}")
        self._tell(f"forms sent more than once: {staff.again}; replies sent again by their button: {staff.retried}")
        self._tell(f"alerts: {verdict.alerts} mailed, {verdict.alerts_again} of them again, after a death in between")
        for sentence in verdict.wrong:
            self._say(f"WRONG: {sentence}")

    def _tell(self, words: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.0f} s  {words}")


__all__ = ["Line", "Plan", "run", "wait_until"]
