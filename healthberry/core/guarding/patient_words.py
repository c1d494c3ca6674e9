"""Words for what patients have, and what is done with them."""

from typing import Final

RELATION: Final = (
    r"(?:(?:late|dear|elderly|little|young|new|newborn|own) )?(?:mum|mother|mam|dad|father|son|daughter|wife|husband"
    r"|partner|baby|child|children|brother|sister|nan|gran\w*|aunt|uncle"
    r"|(?:mother|father|brother|sister|son|daughter)-in-law|friend|relative|parents?|twins?|boy|girl|lad|nephew"
    r"|niece|cousin|loved one)"
)
WHO: Final = rf"(?:you|your {RELATION})\b(?:'ve|'d|'re)?"
THING: Final = (
    r"(?:appointments?|operations?|surgery|procedures?|admission|stay|treatment|diagnosis|scans?|x-?rays?|mri|biopsy"
    r"|bloods|(?:blood )?tests?|(?:test |blood )?results|(?:medical |health |case |hospital )?(?:records?|notes|file)"
    r"|medical history|consultation|discharge|medication|medicines?|tablets|antibiotics|prescriptions?|labour"
    r"|pregnancy"
    r"|referral|attendance|replacement|transplant|chemotherapy|radiotherapy|physio(?:therapy)?|therapy|counselling"
    r"|sessions|dialysis|injections?|infusions?|vaccinations?|jab|screening|smear|mammogram|ultrasound|endoscopy"
    r"|colonoscopy|examination|chart"
    r"|fall|accident|caesarean|c-section|epidural|anaesthetic|operation date|waiting list"
    r"|assessment|check-?up|follow-?up|surgeon|consultant|anaesthetist|midwife"
    r"|ecg|echo|ct|swabs?|dentures|hearing aids?|stitches|cast|insulin|warfarin|morphine|steroids|inhaler|chemo"
    r"|discharge summary|dressings?|plaster cast"
    r"|catheter|cannula|drip|scar|contractions|waters|delivery|birth plan|recovery|pre-op|list place|slot"
    r"|time in our|illness|nurse|physio"
    r"|(?:knee|hip|ankle|wrist|shoulder|kidneys?|liver|bowels?|bladder|womb|gallbladder|appendix|spine)"
    r"|blood (?:sugar|count|group)|temperature|bedside|ward|bay|cubicle|trolley|hospital bed"
    r"|care (?:plan|team|co-?ordinator)|condition|illness|injury|symptoms|time (?:with us|on (?:the|our) ward)"
    r"|care (?:with us|here|(?:on|in|at|under) our)|visit to (?:our|the) [\w&]+)"
)
ILLNESS: Final = (
    r"(?:cancer|tumou?r|diabetes|asthma|depression|anxiety|stroke|heart (?:attack|failure|disease)|fracture|infection"
    r"|sepsis|dementia|alzheimer's|epilepsy|miscarriage|hernia|cataracts?|pneumonia|covid|hiv|angina|copd|arthritis"
    r"|blood pressure|wound|burns?|seizures?|psychosis|bipolar|autism|adhd|addiction|overdose|leukaemia|kidney \w+"
    r"|broken \w+)"
)
SMALL_WORDS: Final = (
    r"(?:a|about|an|and|are|as|at|before|but|by|can|could|for|from|has|have|if|in|is|of|on|or|so|than|that|the|to|was"
    r"|were|when|will|with|without|would|local)\b"
)
PLACE: Final = (
    r"(?:[\w-]+ ){0,2}?(?:a&e|a and e|triage|recovery|resus|corridor|waiting room|cubicle|bay|labour|care|wards|ae"
    r"|ed|emergency"
    r"|ward|unit|hospital|clinic|department|surgery|practice|theatre|maternity|intensive care|icu|bed)"
)
DID: Final = (
    r"(?:treat(?:ed|ing)|saw|admitt(?:ed|ing)|discharg(?:ed|ing)|operat(?:ed|ing) on|look(?:ed|ing) after"
    r"|car(?:ed|ing) for|examin(?:ed|ing)|diagnos(?:ed|ing)|assess(?:ed|ing)|triag(?:ed|ing)|transferr(?:ed|ing)"
    r"|nurs(?:ed|ing)|deliver(?:ed|ing)|stitch(?:ed|ing)|sedat(?:ed|ing)|resuscitat(?:ed|ing)|scann(?:ed|ing)"
    r"|vaccinat(?:ed|ing)|prescrib(?:ed|ing)|referr(?:ed|ing)|x-rayed|rebook(?:ed|ing))"
)
DONE: Final = (
    r"(?:treated|seen|admitted|discharged|operated on|assessed|triaged|diagnosed|brought in|given|transferred"
    r"|cared for"
    r"|too (?:poorly|ill|unwell|sick|frail|weak)|due (?:at|for|in|on)|looked after|booked(?: in)?|listed|nursed"
    r"|kept in|sent home|sent for|readmitted|sedated|resuscitated"
    r"|born (?:here|with us|on our|in our)|(?:moved|taken|brought|wheeled|rushed) (?:up |down |back )?(?:to|from"
    r"|into)"
    r" (?:our |the )?(?:[\w-]+ ){0,2}(?:ward|theatre|unit|bay|bed|hospital|clinic|scanner|department|corridor)"
    r"|on the (?:[\w-]+ )?list|on our (?:[\w-]+ )?(?:list|books|caseload|register)|known to (?:us|our|the) ?"
    r"|referred|prescribed|offered|scanned|vaccinated|under (?:[\w-]+ ){0,2}care"
    r"|on (?:our|the) (?:[\w-]+ )?waiting list|in our care|in hospital"
    rf"|(?:on|in|at) (?:our|the) {PLACE}|registered with us"
    r"|(?:an?|our|one of our|already an?) (?:in-?|out-?)?patients?|with us|waiting in (?:our|the))\b"
)
# What nobody has who is no patient, wherever in the sentence it stands behind "you".
CLINICAL: Final = (
    r"(?:appointments?|operations?|surgery|scans?|x-?rays?|mri|biopsy|treatment|diagnosis|blood tests?"
    r"|test results|smear|mammogram|endoscopy|colonoscopy|ultrasound|injections?|infusions?|vaccinations?|jabs?"
    r"|dialysis|chemotherapy|radiotherapy|physio(?:therapy)?|counselling|prescriptions?|antibiotics|medication"
    r"|pain relief|painkillers|morphine|stitches|plaster cast|anaesthetic|epidural|caesarean|c-section"
    r"|units? of blood|oxygen|induction|discharge letter|referral|procedure)"
)
# After these it is not said to have happened: "you may need treatment", "you asked about jabs".
MAYBE: Final = (
    r"(?:can|could|may|might|must|should|will|would|want|wants|wish|need|like|able|have to|please|who|that|to|about"
    r"|for|of|come|get|attend|arrive|receive|book|go"
    r"|ask|asked|asking|say|said|saying|mention|mentioned|raise|raised|write|wrote|describe|described|tell|told"
    r"|telling"
    r"|feel|felt|think|thought|know|understand|find|found|expect|see|or|and|if|when|our|their|without)\b"
)
CAME: Final = (
    r"(?:came|came through|went|visited|stayed|spent|waited|sat|lay|slept|arrived|shouted|left"
    r"|walked|turned up|were|was|saw|died|passed away|fell|collapsed|gave birth|recovered)"
)
