"""The closed lists that rules, facts and words share: codes of facts, events that start clocks, kinds of duty."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Code(StrEnum):
    """A fact that some regime asks for. Collected once, rendered for each regime."""

    ORG = "ORG"
    CON = "CON"
    REP = "REP"
    PRC = "PRC"
    CIR = "CIR"
    CAU = "CAU"
    DAT = "DAT"
    AWR = "AWR"
    CHR = "CHR"
    CIA = "CIA"
    SYS = "SYS"
    WHO = "WHO"
    DCA = "DCA"
    DNR = "DNR"
    PCA = "PCA"
    PNR = "PNR"
    PLO = "PLO"
    CSQ = "CSQ"
    SEV = "SEV"
    PRE = "PRE"
    MIT = "MIT"
    FUT = "FUT"
    NPE = "NPE"
    NWH = "NWH"
    OTH = "OTH"
    XBR = "XBR"
    LAT = "LAT"
    REF = "REF"
    HLP = "HLP"
    CPL = "CPL"
    TLD = "TLD"


@dataclass(frozen=True)
class Meaning:
    """What a code stands for, and who or what can supply it."""

    name: str
    sentence: str
    supplied_by: str


MEANINGS: Final[dict[Code, Meaning]] = {
    Code.ORG: Meaning("organisation", "Who answers: legal name, numbers, sector, size, address", "settings"),
    Code.CON: Meaning(
        "contact", "Whom to ask: a contact able to answer, and the data-protection officer if any", "settings"
    ),
    Code.REP: Meaning("representative", "Local representative of an operator based abroad", "settings"),
    Code.PRC: Meaning("processors", "Processors, joint controllers and vendors involved", "register of processors"),
    Code.CIR: Meaning("what happened", "What happened, and how", "narrative of the case"),
    Code.CAU: Meaning("cause", "Cause or weakness used, as far as known", "case"),
    Code.DAT: Meaning("period", "Day or period, or the best approximation", "ledger"),
    Code.AWR: Meaning("awareness", "When and how the organisation became aware, and who told it", "clock of the case"),
    Code.CHR: Meaning("steps since", "Dated steps since then", "log of the case"),
    Code.CIA: Meaning(
        "nature", "Whether confidentiality, integrity or availability was lost, and the kind of incident", "worksheet"
    ),
    Code.SYS: Meaning("systems", "Systems and services concerned, and where they are", "people map"),
    Code.WHO: Meaning("holder", "Who holds or may hold the information, as far as known", "principals of the case"),
    Code.DCA: Meaning(
        "kinds of information", "Kinds of information, each confirmed, possible or excluded", "ledger and people map"
    ),
    Code.DNR: Meaning("records", "Number of records", "ledger"),
    Code.PCA: Meaning("groups of people", "Groups of people, children and people at risk marked", "flags of members"),
    Code.PNR: Meaning("number of people", "Number of people, exact or a range with its method", "ledger"),
    Code.PLO: Meaning(
        "people in the territory", "Number of people in the authority's territory", "places of residence"
    ),
    Code.CSQ: Meaning("consequences", "Likely consequences for people", "worksheet"),
    Code.SEV: Meaning("severity", "Severity and risk, with the method", "worksheet"),
    Code.PRE: Meaning("measures before", "Measures that were in place", "layers"),
    Code.MIT: Meaning("measures taken", "Measures taken to contain and to reduce harm", "log of the case"),
    Code.FUT: Meaning("measures planned", "Measures planned so that it does not happen again", "log of the case"),
    Code.NPE: Meaning("telling people", "Whether, when and how people were or will be told", "record of sending"),
    Code.NWH: Meaning(
        "why not or in public",
        "Why there is a public notice, a delay, an exception, or no notice to people",
        "worksheet",
    ),
    Code.OTH: Meaning("others told", "Other authorities and bodies told, police", "record of sending"),
    Code.XBR: Meaning("countries", "Countries concerned, lead authority, people per country", "places of residence"),
    Code.LAT: Meaning("lateness", "Why the notice is late", "clock of the case"),
    Code.REF: Meaning("reference", "Reference, number of the follow-up, reason of a withdrawal", "register"),
    Code.HLP: Meaning("what people can do", "What people can do", "table from harm to advice"),
    Code.CPL: Meaning("right to complain", "Right to complain, and where", "directory of authorities"),
    Code.TLD: Meaning("authority was told", "That the authority was told", "record of sending"),
}


class Event(StrEnum):
    """A moment from which a limit runs."""

    AWARE = "aware"
    DETERMINATION = "determination"
    DISCOVERY = "discovery"
    SUSPICION = "suspicion"
    CREDIBLE_GROUNDS = "credible_grounds"
    DETECTION = "detection"
    PEOPLE_NOTICE = "people_notice"
    AUTHORITY_NOTICE = "authority_notice"


EVENTS: Final[dict[str, str]] = {
    Event.AWARE: "The organisation knew with reasonable certainty that people's information was disclosed.",
    Event.DETERMINATION: "It was established (and signed) that the regime's test is met.",
    Event.DISCOVERY: "The breach was discovered, or the organisation was told of it.",
    Event.SUSPICION: "There were grounds to suspect a breach.",
    Event.CREDIBLE_GROUNDS: "There were credible grounds to believe that a breach happened.",
    Event.DETECTION: "The incident was detected and came to the knowledge of whoever handles incidents.",
    Event.PEOPLE_NOTICE: "People were told.",
    Event.AUTHORITY_NOTICE: "The authority was told.",
}


class Duty(StrEnum):
    """What a regime can ask for."""

    ASSESS = "assess"
    AUTHORITY = "authority"
    PEOPLE = "people"
    THIRD_PARTIES = "third_parties"
    REGISTER = "register"
