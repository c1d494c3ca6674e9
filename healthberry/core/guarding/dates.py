"""How dates and times of day are written: with digits, and in words."""

from typing import Final

MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
DAY: Final = r"\d{1,2}(?:st|nd|rd|th)?"
YEAR: Final = r"(?:,? (?:\d{4}|'\d\d))?"
WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
SHORT_WEEKDAY: Final = r"(?:mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun)\b\.?"
DATE: Final = (
    rf"(?<![\w£/.-])(?:(?:{WEEKDAY}|{SHORT_WEEKDAY}),? )?(?:the )?"
    r"(?:\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d\d)"
    rf"|\d{{1,2}}-{MONTH}-(?:\d{{4}}|\d\d)|{DAY}(?:,? ?(?:and|or|to|&|,|-) ?{DAY}){{0,3}}(?: of)? {MONTH}{YEAR}"
    rf"|{MONTH} (?:the )?{DAY}\b{YEAR})(?![\w/])"
)
_UNIT: Final = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
ORDINAL: Final = (
    rf"(?:{_UNIT}|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth"
    rf"|twentieth|thirtieth|twenty[- ]{_UNIT}|thirty[- ]first)"
)
_ONE: Final = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_TY: Final = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_TEEN: Final = r"(?:ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen)"
WORDED_YEAR: Final = (
    rf"(?:(?:nineteen|twenty)(?: hundred)?(?: and)?[ -](?:oh[ -]{_ONE}|{_TY}(?:[ -]{_ONE})?|{_TEEN}|{_ONE})"
    rf"|two thousand(?: and)?(?: (?:{_TEEN}|{_ONE}|twenty(?:[ -]{_ONE})?))?|{_TY}(?:[ -]{_ONE})?)"
)
ANY_YEAR: Final = rf"(?:\d{{4}}|'?\d\d\b|{WORDED_YEAR})"
# "the twelfth of May", "May the fourth", "third of the sixth"
WORDED: Final = (
    rf"(?:(?:{WEEKDAY}|{SHORT_WEEKDAY}),? )?(?:the )?{ORDINAL}(?: day)? of (?:{MONTH}|the {ORDINAL}\b)"
    rf"|{MONTH} (?:the )?{ORDINAL}\b"
)
HOUR: Final = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d{1,2})"
TIME: Final = (
    r"(?<![\w£$€.:/-])(?:\d{1,2}(?:[:.]\d\d)? ?(?:am|pm|a\.m\.?|p\.m\.?)(?!\w)|\d{1,2}[:.]\d\d(?![\w%])"
    r"|\d{4} ?(?:hrs?|hours)\b|(?<=\bat )(?:[01]\d|2[0-3])[0-5]\d(?!\d|[:.]\d)"
    rf"|{HOUR} o'?clock\b|{HOUR} in the (?:morning|afternoon|evening)\b"
    rf"|(?:half past|half|(?:a )?quarter (?:past|to)|(?:five|ten|twenty|twenty[- ]five) (?:past|to)) {HOUR}\b"
    r"|(?:noon|midday|midnight)\b)"
)
