"""What people are told: plain words in their language, nothing forbidden, nothing invented, no formula in a list."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.cases.notices.codes import Code, Duty
from hedgerow.cases.notices.contents import State, authority_form, value
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.duties import Records
from hedgerow.cases.notices.european_form import answers
from hedgerow.cases.notices.facts import Certainty, Holder
from hedgerow.cases.notices.filings import Filing
from hedgerow.cases.notices.filings import Kind as Sent
from hedgerow.cases.notices.languages import FOLDER, language, languages
from hedgerow.cases.notices.loading import shipped
from hedgerow.cases.notices.people_notice import draft
from hedgerow.cases.notices.plan import plan
from hedgerow.cases.notices.problems import NoticeError, NoticeFileError
from hedgerow.cases.notices.reading_level import (
    FORMULAS,
    english_syllables,
    french_syllables,
    measure,
    reading,
)
from hedgerow.cases.notices.recipients import COLUMNS, PublicNotice, Recipient, as_csv, cell, justified
from notices_cases import FACTS, NOW, case

HARD = (
    "Notwithstanding the aforementioned considerations, the unauthorised extraction of personally identifiable "
    "information necessitates comprehensive precautionary authentication modifications by all affected individuals."
)
TOLD = Records(filings=(Filing("NZ", Duty.AUTHORITY, Sent.FIRST, NOW, "Dana Example"),))


@pytest.mark.parametrize("code", languages())
def test_a_notice_says_what_happened_what_could_happen_and_what_to_do(code: str) -> None:
    written = draft(case(), language(code))
    assert written.ready, written
    assert FACTS.plain_words[code] in written.text
    assert "privacy@club.example" in written.text
    assert "case-7" in written.text
    headings = [b.heading for b in written.blocks]
    assert headings == [h for h in language(code).headings.values() if h in headings]


def test_a_new_zealand_notice_says_that_the_commissioner_was_told_only_when_that_is_so() -> None:
    words = language("en")
    assert draft(case("NZ"), words).missing == (Code.TLD,)
    written = draft(case("NZ", TOLD), words)
    assert written.missing == ()
    assert "We have told the Privacy Commissioner of New Zealand." in written.text
    assert "You have the right to complain" in written.text
    assert "We do not know who has the information." in written.text


def test_what_nobody_wrote_in_a_language_is_missing_and_never_translated() -> None:
    written = draft(case(plain_words={"en": "A program read pages."}), language("fr"))
    assert Code.CIR in written.missing
    assert not written.ready
    assert "A program read pages." not in written.text


def test_quebec_asks_for_french_and_the_plan_says_when_there_is_none() -> None:
    facts = replace(FACTS, residences=(replace(FACTS.residences[0], place="CA-QC"),))
    assert not any("must be in" in n for n in plan(shipped(), facts, Records(), NOW).notes)
    english = replace(facts, plain_words={"en": "A program read pages."})
    assert (
        "QC: notices must be in `fr`, and plain_words has nothing in it"
        in plan(shipped(), english, Records(), NOW).notes
    )


def test_days_are_written_as_people_write_them() -> None:
    assert language("en").day(date(2026, 6, 1)) == "1 June 2026"
    assert language("fr").day(date(2026, 6, 1)) == "1er juin 2026"
    assert language("fr").day(date(2026, 8, 31)) == "31 août 2026"


def test_the_three_states_of_information_are_all_told() -> None:
    text = draft(case(regime="NZ", residences=FACTS.residences), language("en")).text
    assert "your name" not in text, "New Zealand's list does not ask for the kinds"
    australian = draft(case("AU", residences=(replace(FACTS.residences[0], place="AU"),)), language("en")).text
    assert "This was copied:\n- your name" in australian
    assert "still checking:\n- your e-mail address" in australian
    assert "This was not copied:\n- health details" in australian


@pytest.mark.parametrize("said", ["Ann Other", "ANN OTHER", "Ánn  Óther", "\uff21nn Other"])
def test_who_holds_the_information_is_kept_out_however_it_is_written(said: str) -> None:
    holder = Holder("Ann Other", ("scrapeking",))
    written = draft(case("NZ", TOLD, holder=holder, plain_words={"en": f"{said} read our pages."}), language("en"))
    assert any("who holds" in f for f in written.forbidden)
    assert not written.ready
    assert all(said not in f for f in written.forbidden), "the warning does not repeat the name"
    handle = draft(case("NZ", TOLD, holder=holder, plain_words={"en": "ScrapeKing read pages."}), language("en"))
    assert handle.forbidden
    clean = draft(case("NZ", TOLD, holder=holder), language("en"))
    assert clean.forbidden == ()
    assert "The law asks us not to tell you who." in clean.text


def test_the_holder_is_named_against_a_serious_threat_and_only_where_the_rule_says_so() -> None:
    holder = Holder("Ann Other", serious_threat="The holder wrote that she would come to members' homes.")
    assert "held by Ann Other" in draft(case("NZ", TOLD, holder=holder), language("en")).text
    european = draft(case(holder=holder, plain_words={"en": "Ann Other read our pages."}), language("en"))
    assert european.forbidden


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Max Neighbour was read as well.", "another person"),
        ("Also max@elsewhere.example was taken.", "mail address"),
        ("Also +33 6 12 34 56 78 was taken.", "phone number"),
    ],
)
def test_other_people_are_kept_out(said: str, why: str) -> None:
    written = draft(case(plain_words={"en": said}), language("en"), others=["Max Neighbour"])
    assert any(why in f for f in written.forbidden)


def test_our_own_contact_and_reference_are_not_other_people() -> None:
    assert draft(case(reference="2026-0031-0007"), language("en")).forbidden == ()


def test_a_hard_text_is_refused_even_among_easy_sentences() -> None:
    assert not draft(case(plain_words={"en": HARD}), language("en")).reading.easy_enough


def test_a_text_with_dollar_signs_and_braces_is_only_text() -> None:
    written = draft(case(plain_words={"en": "A program read $organisation and {name} pages."}), language("en"))
    assert "A program read $organisation and {name} pages." in written.text


def test_a_public_notice_speaks_to_everybody() -> None:
    assert "If you have an account with us" in draft(case(), language("en"), public=True).text


# --- reading level


def test_flesch_kincaid_is_the_published_formula() -> None:
    """Ten words in two sentences, twelve syllables: 0.39 x 5 + 11.8 x 1.2 - 15.59 = 0.52."""
    text = "The cat sat on the mat. It was very happy."
    found = measure(text, english_syllables)
    assert (found.sentences, found.words, found.syllables) == (2, 10, 12)
    assert reading(text, "flesch_kincaid", 8).score == 0.5


def test_kandel_and_moles_is_the_published_formula() -> None:
    """Six words in one sentence, eight syllables (canapé has three)."""
    text = "Le chat dort sur le canapé."
    found = measure(text, french_syllables)
    assert (found.sentences, found.words, found.syllables) == (1, 6, 8)
    assert reading(text, "kandel_moles", 65).score == round(207 - 1.015 * 6 - 73.6 * 8 / 6, 1)


@pytest.mark.parametrize(
    ("word", "count"),
    [("people", 2), ("information", 4), ("copied", 2), ("changed", 1), ("tested", 2), ("little", 2), ("use", 1)],
)
def test_english_syllables(word: str, count: int) -> None:
    assert english_syllables(word) == count


@pytest.mark.parametrize(
    ("word", "count"),
    [("données", 2), ("personne", 2), ("numéro", 3), ("question", 2), ("guerre", 1), ("naïf", 2), ("aérien", 3)],
)
def test_french_syllables(word: str, count: int) -> None:
    assert french_syllables(word) == count


@given(st.text(max_size=300), st.sampled_from(sorted(FORMULAS)))
def test_any_text_can_be_measured(text: str, formula: str) -> None:
    found = reading(text, formula, 8)
    assert found.easy_enough in {True, False}
    m = measure(text, FORMULAS[formula].syllables)
    assert m.syllables >= m.words >= 0


def test_a_text_without_words_is_never_easy_enough() -> None:
    assert not reading("...", "flesch_kincaid", 8).easy_enough


# --- language packs


@pytest.mark.parametrize("code", languages())
def test_a_pack_has_the_same_words_as_english_and_each_is_plain(code: str) -> None:
    words, english = language(code), language("en")
    assert set(words.kinds) == set(english.kinds)
    assert set(words.harms) == set(english.harms)
    assert {h: len(a) for h, (_, a) in words.harms.items()} == {h: len(a) for h, (_, a) in english.harms.items()}
    for harm, (could, advice) in words.harms.items():
        text = "\n".join((could, *advice))
        assert reading(text, words.formula, words.limit).easy_enough, (harm, reading(text, words.formula, words.limit))


def test_french_names_every_authority_in_french() -> None:
    missing = [r.id for r in shipped().regimes.values() if r.authority not in language("fr").authorities]
    assert missing == []


def test_adding_a_language_is_adding_a_folder(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "en", tmp_path / "xx")
    pack = tmp_path / "xx" / "pack.yaml"
    pack.write_text(pack.read_text().replace("name: English", "name: Examplish"), encoding="utf-8")
    assert languages(tmp_path) == ["xx"]
    assert language("xx", tmp_path).name == "Examplish"


def test_a_pack_with_a_hole_says_which_sentence_is_missing(tmp_path: Path) -> None:
    (tmp_path / "xx").mkdir()
    whole = (FOLDER / "en" / "pack.yaml").read_text(encoding="utf-8")
    pack = tmp_path / "xx" / "pack.yaml"
    pack.write_text("\n".join(line for line in whole.split("\n") if "  aware:" not in line), encoding="utf-8")
    with pytest.raises(NoticeFileError, match="`aware` is missing in this sentences"):
        language("xx", tmp_path)
    pack.write_text(whole.replace("out on $day", "out on $moment"), encoding="utf-8")
    with pytest.raises(NoticeFileError, match="`aware` can use"):
        language("xx", tmp_path)


def test_a_language_without_a_pack_is_told_with_those_there_are() -> None:
    with pytest.raises(NoticeError, match="there are: en, fr"):
        language("../en")


# --- the list and the public notice


def _person(**changed: object) -> Recipient:
    at = datetime(2026, 5, 20, tzinfo=UTC)
    fields = {"name": Certainty.CONFIRMED, "email": Certainty.POSSIBLE, "health": Certainty.EXCLUDED}
    whole = Recipient("42", "Ann", "ann@member.example", "en", "NZ", fields, at, at)
    return replace(whole, **changed)  # type: ignore[arg-type]


def test_the_list_has_a_line_a_person_with_their_own_fields_only() -> None:
    rows = list(csv.reader(StringIO(as_csv([_person(), _person(person="43", name='Ben, "B"')]))))
    assert tuple(rows[0]) == COLUMNS
    assert rows[1][:7] == ["42", "Ann", "ann@member.example", "en", "NZ", "name", "email"]
    assert rows[2][1] == 'Ben, "B"'
    assert "health" not in as_csv([_person()])


def test_somebody_of_whom_nothing_was_taken_is_not_told() -> None:
    assert as_csv([_person(fields={"name": Certainty.EXCLUDED})]).count("\r\n") == 1


@pytest.mark.parametrize(
    "hostile",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "|calc", " =1", "\uff1d1+1", '"=1', "\u00a0=1", "'=1"],
)
def test_no_cell_is_a_formula(hostile: str) -> None:
    row = next(iter(list(csv.reader(StringIO(as_csv([_person(name=hostile)]))))[1:]))
    assert row[1].startswith("'")
    assert "\n" not in row[1]


@given(st.text(max_size=60))
def test_no_text_whatever_becomes_a_formula_or_a_second_line(text: str) -> None:
    safe = cell(text)
    assert not safe.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "|", "%"))
    assert not any(ord(c) < 32 for c in safe)
    assert len(list(csv.reader(StringIO(as_csv([_person(name=text)]))))) == 2


def _public(**changed: object) -> PublicNotice:
    whole = PublicNotice(
        "CH",
        "equal_effect",
        "Nobody's address is known, but members read the home page daily.",
        ("https://club.example/notice",),
        Count(300, 400, "visits in the last month"),
        "Dana Example",
        NOW,
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def test_a_public_notice_stands_on_a_reason_of_the_regime_and_a_signature() -> None:
    swiss = shipped().get("CH")
    assert justified(_public(), swiss).reach.low == 300
    with pytest.raises(NoticeError, match="decided_by"):
        justified(_public(decided_by=" "), swiss)
    with pytest.raises(NoticeError, match="is not a reason here"):
        justified(_public(), shipped().get("NZ"))
    with pytest.raises(NoticeError, match="no rule here lets"):
        justified(_public(), shipped().get("SG"))


FRENCH = "Exemple Représentation, 1 rue de l'Exemple, Paris, eu@rep.example, +33 1 99 00 00 00"
BRITISH = "Example Agents, 2 Example Road, London, uk@rep.example"
ABROAD = replace(
    FACTS.organisation,
    established_in=("US",),
    main_establishment="US",
    representatives=(("FR", FRENCH), ("GB", BRITISH)),
)


def test_an_authority_and_the_export_name_the_representative_of_their_area_and_no_other() -> None:
    found = case("EU", organisation=ABROAD)
    content = next(c for c in authority_form(found).contents if c.code is Code.REP)
    assert (content.state, content.lines) == (State.FILLED, (f"FR: {FRENCH}",))
    fields = {a.field.id: a.value for a in answers(found)}
    assert fields["representative"] == f"FR: {FRENCH}"
    assert fields["no_establishment"] == "yes"
    swiss = replace(ABROAD, representatives=(("CH", "Beispiel AG, Zürich"), ("FR", FRENCH)))
    there = case("CH", organisation=swiss, residences=(replace(FACTS.residences[0], place="CH"),))
    assert value(Code.REP, there) == ("CH: Beispiel AG, Zürich",)
    assert Code.REP in {c.code for c in authority_form(there).contents}


def test_nobody_owes_a_representative_that_the_law_may_not_ask_for() -> None:
    content = next(c for c in authority_form(case("EU")).contents if c.code is Code.REP)
    assert content.state is State.NOT_NEEDED


@pytest.mark.parametrize("code", languages())
def test_people_may_turn_to_the_representative_in_their_area(code: str) -> None:
    written = draft(case("EU", organisation=ABROAD), language(code))
    assert FRENCH in written.text
    assert "London" not in written.text
    assert written.forbidden == (), "its own address and number are no stranger's"
    assert written.ready, written.reading
    stranger = draft(
        case("EU", organisation=ABROAD, plain_words={code: "Ask at ann@people.example please."}), language(code)
    )
    assert any("mail address" in said for said in stranger.forbidden)


def test_a_regime_that_knows_no_representatives_names_none_to_people() -> None:
    there = case(
        "NZ",
        TOLD,
        organisation=replace(ABROAD, representatives=(("NZ", "Example Agents, Wellington"),)),
    )
    assert "Wellington" not in draft(there, language("en")).text
