"""Letters say what the case shows, mark what is missing, and accuse nobody of more."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.cases.letters.clocks import answer_by, end_of, recheck_moments
from hedgerow.cases.letters.document import document_of
from hedgerow.cases.letters.drafting import draft
from hedgerow.cases.letters.grounds import grounds, suggested, to_look_up
from hedgerow.cases.letters.kinds import KINDS, Kind
from hedgerow.cases.letters.people import Particulars, Recipient, Sender
from hedgerow.cases.letters.plain import plain
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.words import FILE, gaps_in, letter_words
from hedgerow.cases.notices.counts import Count, Figures
from hedgerow.cases.notices.languages import FOLDER, languages
from letters_case import FACTS, NOW, PARTICULARS, RECIPIENT, SENDER, TYPED

GOLDEN = Path(__file__).parent.parent.parent / "cases" / "letters"
BARE = replace(
    FACTS,
    first_disclosure_at=None,
    last_disclosure_at=None,
    principals=(),
    fields=(),
    people=Figures(),
    evidence=(),
    membership=None,
    detected_at=None,
    contained_at=None,
)
KIND_AND_LANGUAGE = [(k, code) for k in Kind for code in languages()]


@pytest.mark.parametrize(("kind", "code"), KIND_AND_LANGUAGE)
def test_a_letter_reads_as_its_golden_file(kind: Kind, code: str) -> None:
    made = draft(kind, FACTS, RECIPIENT, code, SENDER, NOW, number="C-2026-0001-L2", particulars=TYPED[code])
    golden = GOLDEN / f"{kind.value}.{code}.txt"
    if os.environ.get("HEDGEROW_WRITE_GOLDEN"):
        golden.write_text(plain(made), encoding="utf-8")
    assert plain(made) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize(("kind", "code"), KIND_AND_LANGUAGE)
def test_everything_given_leaves_no_gap_but_the_check_of_the_authoritys_own_form(kind: Kind, code: str) -> None:
    made = draft(kind, FACTS, RECIPIENT, code, SENDER, NOW, particulars=PARTICULARS)
    left = gaps_in("\n".join(made.texts()), (code,))
    complaint = kind in (Kind.AUTHORITY_COMPLAINT, Kind.POLICE_COMPLAINT)
    assert left == ((letter_words(code).gap("own_form"),) if complaint else ())


@pytest.mark.parametrize(("kind", "code"), KIND_AND_LANGUAGE)
def test_nothing_known_makes_gaps_and_no_claim(kind: Kind, code: str) -> None:
    made = draft(kind, BARE, Recipient(), code, Sender(), NOW)
    text = plain(made)
    left = gaps_in(text, (code,))
    words = letter_words(code)
    assert words.gap("recipient") in left
    assert words.gap("signatory") in left
    if KINDS[kind].accuses and kind is not Kind.CONFIRMATION_FORM:
        assert {words.gap(g) for g in ("rule", "addressed_because", "people", "period")} <= set(left)
    assert "None" not in text.replace("None of this information", "")
    assert "$" not in text


def test_a_range_stays_a_range_with_its_method() -> None:
    text = plain(draft(Kind.CEASE_AND_DESIST, FACTS, RECIPIENT, "en", SENDER, NOW))
    assert "between 1,480 and 1,620" in text
    assert "ledger, with sketches" in text
    exact = replace(FACTS, people=Figures().superseded_by(Count(517, 517, "ledger, exact"), NOW, "Dana"))
    text = plain(draft(Kind.CEASE_AND_DESIST, exact, RECIPIENT, "fr", SENDER, NOW))
    assert "517. Méthode de comptage\u00a0: compte exact" in text


def test_each_kind_of_information_has_its_mark_and_what_was_not_disclosed_is_not_claimed() -> None:
    demand = plain(draft(Kind.DELETION_DEMAND, FACTS, RECIPIENT, "en", SENDER, NOW))
    assert "Information: names; State: confirmed; People: 1,480" in demand
    assert "Information: e-mail addresses; State: possible; People: not counted" in demand
    assert "telephone numbers" not in demand
    report = plain(draft(Kind.AUTHORITY_COMPLAINT, FACTS, RECIPIENT, "en", SENDER, NOW))
    assert "this information was not disclosed:\n\n- telephone numbers" in report


def test_what_the_site_calls_a_principal_and_why_stays_in_the_house() -> None:
    for kind in Kind:
        text = plain(draft(kind, FACTS, RECIPIENT, "en", SENDER, NOW, particulars=PARTICULARS))
        assert "night crawler" not in text
        assert "most people read" not in text


def test_an_address_stands_in_a_letter_only_where_it_was_opened_for_the_case() -> None:
    closed = replace(FACTS, principals=tuple(replace(p, opened=None) for p in FACTS.principals))
    for kind in Kind:
        assert "203.0.113.9" not in plain(draft(kind, closed, RECIPIENT, "en", SENDER, NOW))
    text = plain(draft(Kind.ABUSE_NOTICE, closed, RECIPIENT, "en", SENDER, NOW))
    assert letter_words("en").gap("addresses") in text
    assert "203.0.113.9" in plain(draft(Kind.ABUSE_NOTICE, FACTS, RECIPIENT, "en", SENDER, NOW))


def test_a_letter_about_some_principals_leaves_the_others_out() -> None:
    chosen = replace(PARTICULARS, principals=("p2",))
    text = plain(draft(Kind.CEASE_AND_DESIST, FACTS, RECIPIENT, "en", SENDER, NOW, particulars=chosen))
    assert "k7x2m4" not in text
    assert "acct-19f3" in text


def test_a_recipient_who_is_only_asked_for_help_is_told_so() -> None:
    for kind in (Kind.HOST_NOTICE, Kind.REGISTRAR_NOTICE, Kind.MARKETPLACE_NOTICE, Kind.ABUSE_NOTICE):
        text = plain(draft(kind, FACTS, RECIPIENT, "en", SENDER, NOW, particulars=PARTICULARS))
        assert "We do not say that you had any part in this." in text
        assert "good faith" in text
    text = plain(draft(Kind.CEASE_AND_DESIST, FACTS, RECIPIENT, "en", SENDER, NOW, particulars=PARTICULARS))
    assert "It does not say that you have broken the law" in text


def test_the_same_facts_and_moment_make_the_same_document_and_come_back_from_json() -> None:
    for kind in Kind:
        one, two = (draft(kind, FACTS, RECIPIENT, "fr", SENDER, NOW, particulars=PARTICULARS) for _ in "ab")
        assert one.sha256 == two.sha256
        assert document_of(one.as_json()) == one


def test_a_day_for_the_answer_is_never_a_holiday_of_the_recipient() -> None:
    # 14 days after 11 December 2026 is Christmas Day, a Friday; Boxing Day is moved to Monday 28 in England.
    at = datetime(2026, 12, 11, 12, 0, tzinfo=UTC)
    london = Recipient(place="GB-ENG")
    assert answer_by(Kind.DELETION_DEMAND, Particulars(), london, SENDER, at) == date(2026, 12, 29)
    assert answer_by(Kind.DELETION_DEMAND, Particulars(answer_days=10), london, SENDER, at) == date(2026, 12, 21)
    assert answer_by(Kind.AUTHORITY_COMPLAINT, Particulars(), london, SENDER, at) is None


def test_the_day_ends_at_the_senders_place() -> None:
    assert end_of(date(2026, 12, 3), "Europe/Paris") == datetime(2026, 12, 3, 22, 59, 59, tzinfo=UTC)
    assert end_of(date(2026, 7, 3), "Europe/Paris") == datetime(2026, 7, 3, 21, 59, 59, tzinfo=UTC)
    # Shortly before midnight UTC it is the next day in Paris: that day stands on the letter.
    late = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    assert draft(Kind.CEASE_AND_DESIST, FACTS, RECIPIENT, "en", SENDER, late).written_on == date(2026, 11, 27)


def test_later_looks_are_30_90_and_180_days_on() -> None:
    assert [m.date() for m in recheck_moments(NOW)] == [date(2026, 12, 26), date(2027, 2, 24), date(2027, 5, 25)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sender": Sender(zone="Mars/Olympus")}, "no time zone"),
        ({"sender": Sender(place="XX")}, "no holiday calendar"),
        ({"language": "tlh"}, "no language pack"),
        ({"particulars": Particulars(grounds=("lex_prima_noctis",))}, "there is no rule"),
        ({"now": datetime(2026, 11, 26)}, "time zone"),  # noqa: DTZ001 the mistake under test
    ],
)
def test_what_does_not_exist_is_refused_with_a_sentence(change: dict[str, object], sentence: str) -> None:
    given_: dict[str, object] = {"language": "en", "sender": SENDER, "now": NOW, "particulars": None, **change}
    with pytest.raises(LetterError, match=sentence):
        draft(
            Kind.CEASE_AND_DESIST,
            FACTS,
            Recipient(),
            given_["language"],  # type: ignore[arg-type]
            given_["sender"],  # type: ignore[arg-type]
            given_["now"],  # type: ignore[arg-type]
            particulars=given_["particulars"],  # type: ignore[arg-type]
        )


def test_what_people_type_is_bounded_and_clean() -> None:
    with pytest.raises(LetterError, match="at most 500"):
        Recipient.of({"name": "x" * 501})
    with pytest.raises(LetterError, match="at most 50"):
        Particulars.of({"found_at": ["https://a.example"] * 51})
    with pytest.raises(LetterError, match="there is no `mother`"):
        Sender.of({"mother": "x"})
    with pytest.raises(LetterError, match="between 1 and 365"):
        Particulars.of({"answer_days": "400"})
    with pytest.raises(LetterError, match="2026-11-26"):
        Particulars.of({"found_on": "yesterday"})
    assert Recipient.of({"name": "Evil\u202eetirw\x00"}).name == "Evil[U+202E]etirw[U+0000]"


def test_every_language_has_every_text_and_one_that_lacks_some_says_which(tmp_path: Path) -> None:
    for code in languages():
        letter_words(code)
    shutil.copytree(FOLDER / "fr", tmp_path / "xx")
    file = tmp_path / "xx" / FILE
    words = yaml.safe_load(file.read_text(encoding="utf-8"))
    del words["texts"]["mistake"]
    words["gaps"]["people"] = "combien $many"
    words["steps"]["prayer"] = "une prière"
    file.write_text(yaml.safe_dump(words, allow_unicode=True), encoding="utf-8")
    with pytest.raises(LetterError) as told:
        letter_words("xx", tmp_path)
    assert "`texts` lacks `mistake`" in str(told.value)
    assert "`gaps`, `people` fills in nothing" in str(told.value)
    assert "`steps` has `prayer`, which no letter uses" in str(told.value)
    file.unlink()
    with pytest.raises(LetterError, match="copy the English file"):
        letter_words("xx", tmp_path / ".." / tmp_path.name)  # another name of the folder: nothing is remembered of it


def test_every_rule_has_a_source_and_a_sentence_in_every_language_and_none_is_named_unasked() -> None:
    for code in languages():
        assert set(letter_words(code).groups["grounds"]) == set(grounds())
    assert all(g.source and g.verified in ("yes", "partly", "no") for g in grounds().values())
    assert "2016/679" not in plain(draft(Kind.DELETION_DEMAND, FACTS, RECIPIENT, "en", SENDER, NOW))
    assert "gdpr_17" in suggested(Kind.DELETION_DEMAND, "FR")
    assert "gdpr_17" not in suggested(Kind.DELETION_DEMAND, "NZ")
    assert [g.id for g in to_look_up(("gdpr_17", "gdpr_19"))] == ["gdpr_17", "gdpr_19"]


HOSTILE = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ["$site ${x} $", "[to fill in: x]", "#panic()", "</w:t>", '=HYPERLINK("http://x")', "\u202ecba", "a\r\nBcc: x@y"]
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, st.sampled_from(list(Kind)), st.sampled_from(["en", "fr"]))
def test_no_value_is_read_as_a_template_and_nothing_invisible_remains(
    name: str, field: str, why: str, kind: Kind, code: str
) -> None:
    case = replace(FACTS, site=name, fields=(replace(FACTS.fields[0], name=field), *FACTS.fields[1:]))
    particulars = Particulars.of({"addressed_because": why, "account": why, "other": name})
    made = draft(kind, case, Recipient.of({"name": name}), code, SENDER, NOW, particulars=particulars)
    text = "\n".join(made.texts())
    assert not any(ord(c) < 32 and c != "\n" for c in text)
    assert not any(c in text for c in "\u202a\u202b\u202d\u202e\u2066\u2067\u200b")
