"""Words that stand after a title or a job without being a name, and words that make a place of a name."""

import re
from typing import Final

OFTEN_AFTER: Final = frozenset(
    """
    a about act after all also am an and any appointment appointments are as asked at be been before but by call
    called came can could did do does for from gave had has have he her here his how i if in is it its led letter list
    madam may me might my never no nor not now of off on only or our out over patient patients referral said says see
    she should so some surgeries surgery that the their them then there they this time to today told too visits was we
    were what when where which who will with would you your
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
ROLES: Final = frozenset(
    """
    associate associates associations bank charge chief clinic community consultant consultants council day director
    doctor doctors education educator group handover hour hours in junior lead leader leads led led-unit manager
    managers mayor midwife midwives nurse nurses nursing of office officer on paediatrician paediatricians physician
    physicians practitioner practitioners prescriber prescribers psychiatrist psychiatrists psychologist psychologists
    radiologist radiologists registrar research round rounds senior service services sister sisters specialist
    specialists staff student students surgeon surgeons team teams trainee training trust visit week
    """.split()  # noqa: SIM905
)
PLACES: Final = frozenset(
    """
    avenue building close crescent drive hill center centre charity clinic college court foundation fund garden
    gardens group hospice hospital hospitals house lane library medical memorial park partners practice road room
    school square street suite surgery terrace theatre trust unit wing
    """.split()  # noqa: SIM905
)
THINGS: Final = frozenset(("award", "awards", "book", "books", "lecture", "lectures", "portrait", "prize", "statue"))
# Mr Men, Dr Who, Miss World
IMAGINED: Final = frozenset(
    ("men", "bean", "who", "seuss", "claus", "christmas", "blobby", "tumble", "whippy", "martens", "world", "universe")
)
NO_NAME: Final = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|may|june|july|august|september"
    r"|october"
    r"|november|december|independent|connect|awards|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|advice|line|nhs|pals|thank|please|sorry|we|i|if|it|this|level|ward|room|led",
)
HONOURED: Final = frozenset(("sir", "dame", "lord", "lady", "captain"))
