"""Words that make a memory sensitive: health, religion, politics, sexuality, money trouble.

A word list, in English and German, compared without case and by whole words; a `*` stands for any
ending. What hits is not told to marketing. What this is not: it reads no meaning, knows no other
language, no misspelling and no allusion ("since my husband is gone"), and takes "sick of waiting"
for an illness. It errs towards withholding; left out is only what would hit every second letter,
such as "party", "operation", or a first name ("Christian"). So nothing may hang on its silence:
whoever knows better says so where the memory is kept (`customers.memory_text.remember`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

WORDS: Mapping[str, tuple[str, ...]] = {
    "health": (
        "abortion", "aids", "alzheimer*", "anorexi*", "antidepress*", "anxiety", "asthma*",
        "autis*", "bulimi*", "cancer", "chemo", "chemotherap*", "chronic pain", "cortison*",
        "dementia", "depress*", "diabet*", "dialysis", "diagnos*", "disab*", "disease*", "dyslexi*",
        "epilep*", "hiv", "hospital", "hospitalis*", "hospitaliz*", "hospitals",
        "illness*", "infertil*", "insulin", "ivf", "medication*",
        "mental health", "migraine*", "miscarriage*", "multiple sclerosis", "oncolog*",
        "parkinson*", "pregnan*", "prescription*", "psychiatr*", "psychother*", "rehab", "seizure*",
        "sick", "sickness", "suicid*", "surgery", "therapist*", "tumor*", "tumour*", "wheelchair*",
        "abtreibung*", "adhs", "arznei*", "behindert*", "behinderung*", "chemotherapie*", "demenz*",
        "depressi*", "dialyse*", "epilepsie*", "erkrank*", "essstörung*", "fehlgeburt*", "gelähmt*",
        "herzinfarkt*", "klinik*", "krank", "kranke*", "krankheit*", "krebs",
        "krebserkrank*", "krebskrank*",
        "medikament*", "pflegegrad*", "psychisch*", "psycholog*", "rezeptpflichtig*", "rollstuhl*",
        "schlaganfall*", "schwanger*", "schwerbehindert*", "selbstmord*", "suchtkrank*",
        "unfruchtbar*",
    ),
    "religion": (
        "atheis*", "baptis*", "bible", "buddhis*", "catholic*", "christianity", "christians",
        "church", "churches", "hindu*",
        "imam", "islam*", "jewish", "judaism", "kosher", "halal", "mosque*", "muslim*", "pastor",
        "priest*", "protestant*", "quran", "rabbi*", "ramadan", "religio*", "sikh*", "synagog*",
        "bibel*", "evangelisch*", "gebet*", "gottesdienst*", "jude", "juden*", "jüdisch*",
        "katholi*", "kirche*", "konfession*", "koran*", "koscher*", "moschee*", "moslem*",
        "muslimisch*", "pfarrer*", "synagoge*", "zeugen jehovas",
    ),
    "politics": (
        "communis*", "conservative party", "democrats", "fascis*", "labour party", "left-wing",
        "nazi*", "political*", "politics", "republicans", "right-wing", "socialis*", "trade union*",
        "union member*", "voted for", "afd", "bündnis 90", "cdu", "csu", "die grünen", "die linke",
        "fdp", "gewerkschaft*", "kommunis*", "linksradikal*", "npd", "parteimitglied*", "politik*",
        "politisch*", "rechtsradikal*", "sozialdemokrat*", "spd", "wahlkampf*",
    ),
    "sexuality": (
        "asexual*", "bisexual*", "coming out", "gay", "homosexual*", "lesbian*", "lgbt*",
        "nonbinary", "non-binary", "queer*", "sex life", "sexual*", "transgender*", "transsexual*",
        "asexuell*", "bisexuell*", "geschlechtsumwandlung*", "homosexuell*", "lesbe*", "lesbisch*",
        "nichtbinär*", "schwul*", "sexleben*", "sexuell*", "transfrau*", "transmann*",
        "transsexuell*",
    ),
    "money trouble": (
        "bailiff*", "bankrupt*", "benefit claimant*", "can't afford", "cannot afford",
        "can not afford", "couldn't afford", "debt*", "evict*", "food bank*", "foreclos*",
        "insolven*", "jobless", "laid off", "lost my job", "overdrawn", "redundancy", "unemploy*",
        "welfare", "arbeitslos*", "bürgergeld*", "gekündigt worden", "gepfändet*",
        "gerichtsvollzieher*", "grundsicherung*", "hartz iv", "insolvenz*", "job verloren",
        "kein geld", "kurzarbeit*", "nicht leisten", "pfändung*", "pleite", "privatinsolvenz*",
        "schulden*", "schuldner*", "sozialhilfe*", "verschuldet*", "zahlungsunfähig*",
    ),
}  # fmt: skip


def fields_of(text: str) -> frozenset[str]:
    """Which of the five fields a text touches; empty: none that this list knows."""
    said = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold()
    return frozenset(name for name, pattern in _patterns().items() if pattern.search(said))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {
        name: re.compile(rf"(?<!\w)(?:{'|'.join(_one(word) for word in words)})(?!\w)")
        for name, words in WORDS.items()
    }


def _one(word: str) -> str:
    """A word, or several with any white space between them; `*`: with any ending."""
    stem = word.rstrip("*").casefold()
    parts = r"\s+".join(re.escape(part) for part in stem.split())
    return parts + (r"\w*" if word.endswith("*") else "")
