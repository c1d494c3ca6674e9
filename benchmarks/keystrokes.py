"""How long a person takes, estimated from what they do: the keystroke-level model.

Source: Card, Moran and Newell, "The keystroke-level model for user performance time with interactive systems",
Communications of the ACM 23(7), 1980.
"""

from dataclasses import dataclass

from benchmarks.measure import Figure

# Seconds for a keystroke of an average non-secretarial typist, pointing at a target, pressing and letting go of a
# button, moving the hand between keyboard and pointer, and preparing a step in mind.
KEY, POINT, PRESS, HOME, THINK = 0.28, 1.1, 0.2, 0.4, 1.35
READ_CODE_IN_MAIL = 15.0  # switching to the mailbox, opening the mail, remembering six digits; not in the model
TARGET_SECONDS = 60.0


@dataclass
class Effort:
    """What a person did: keys pressed, fields filled in, clicks or taps, moves between keyboard and pointer."""

    keys: int = 0
    fields: int = 0
    clicks: int = 0
    moves: int = 0

    def seconds(self) -> float:
        """Estimate the human time of all that was done."""
        steps = self.fields + self.clicks
        return self.keys * KEY + self.clicks * (POINT + PRESS) + self.moves * HOME + steps * THINK


# From the first page to the inbox: search, name, e-mail, code. A browser test walks it and compares.
SIGN_UP = Effort(keys=51, fields=4, clicks=6, moves=7)


def main() -> list[Figure]:
    """Estimate signing up."""
    note = f"{SIGN_UP.fields} fields, {SIGN_UP.clicks} clicks, {SIGN_UP.keys} keys, {READ_CODE_IN_MAIL:g} s in the mail"
    seconds = SIGN_UP.seconds() + READ_CODE_IN_MAIL
    return [Figure("sign-up: human time, by the keystroke-level model", seconds, "s", TARGET_SECONDS, note=note)]
