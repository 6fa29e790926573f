"""Writes letters: a new one from a case, changes of a draft, an edited file."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from pydantic import BaseModel, Field
from starlette.responses import Response

from hedgerow.cases.letters import keeping
from hedgerow.cases.letters.docx_package import MOST_BYTES
from hedgerow.cases.letters.grounds import grounds, suggested
from hedgerow.cases.letters.kinds import KINDS, Kind
from hedgerow.cases.letters.people import LONGEST_LINE, LONGEST_TEXT, Particulars
from hedgerow.cases.notices.languages import languages
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.letter_desk import LetterDesk, LetterInput, told
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import Services

Line = Annotated[str, Field(max_length=LONGEST_LINE)]
Long = Annotated[str, Field(max_length=LONGEST_TEXT)]
Lines = Annotated[str, Field(max_length=30_000)]
PLACES = ("name", "address", "place", "email", "attention")
SENDERS = ("organisation", "address", "place", "zone", "email", "phone", "signatory", "signatory_role")
PLAIN = (
    "addressed_because",
    "account",
    "found_on",
    "domain",
    "network_source",
    "terms",
    "other",
)
LISTED = ("found_at", "recipients_known", "models_known")


class LetterForm(BaseModel):
    """What somebody typed into the form of a letter; lists have a line each."""

    kind: Line
    language: Line = "en"
    follows: Line = ""
    read: Annotated[int | None, Field(ge=1, le=10_000)] = None
    """Of a letter that there is already: the version that was shown."""
    recipient_name: Line = ""
    recipient_address: Long = ""
    recipient_place: Line = ""
    recipient_email: Line = ""
    recipient_attention: Line = ""
    sender_organisation: Line = ""
    sender_address: Long = ""
    sender_place: Line = ""
    sender_zone: Line = ""
    sender_email: Line = ""
    sender_phone: Line = ""
    sender_signatory: Line = ""
    sender_signatory_role: Line = ""
    addressed_because: Long = ""
    account: Long = ""
    found_at: Lines = ""
    found_on: Line = ""
    domain: Line = ""
    network_source: Line = ""
    recipients_known: Lines = ""
    models_known: Lines = ""
    terms: Long = ""
    answer_days: Line = ""
    other: Long = ""
    grounds: Annotated[list[Line], Field(max_length=40)] = []
    principals: Annotated[list[Line], Field(max_length=2_000)] = []

    def given(self) -> LetterInput:
        """As the room takes it.

        Raises:
            LetterError: with what is wrong.
        """
        values = self.model_dump()
        particulars: dict[str, Any] = {name: values[name] for name in PLAIN}
        particulars |= {name: values[name].splitlines() for name in LISTED}
        particulars |= {"grounds": values["grounds"], "principals": values["principals"]}
        if self.answer_days.strip():
            particulars["answer_days"] = self.answer_days.strip()
        return LetterInput.of(
            self.kind,
            self.language,
            {name: values[f"recipient_{name}"] for name in PLACES},
            {name: values[f"sender_{name}"] for name in SENDERS},
            particulars,
        )


def router(services: Services) -> APIRouter:
    """Pages that write letters."""
    routes = APIRouter()
    desk = LetterDesk(services)

    @page(routes, "/cases/{case_id}/letters/new", needs=Permission.WRITE_LETTER)
    def new(
        request: Request,
        case_id: str,
        kind: Annotated[str, Query(max_length=40)] = "",
        follows: Annotated[str, Query(max_length=40)] = "",
    ) -> Response:
        with told(), services.database.reading() as session:
            facts = desk.facts(session, case_id)
            before = keeping.find_letter(session, follows) if follows else None
            sender = dict(before.sender) if before else desk.last_sender(session)
            recipient = dict(before.recipient) if before and kind == Kind.CONFIRMATION_FORM.value else {}
            chosen = Kind(kind) if kind in {k.value for k in Kind} else None
            place = str(sender.get("place", ""))
            start = Particulars(
                account=facts.summary[:LONGEST_TEXT],
                grounds=suggested(chosen, place, str(recipient.get("place", ""))) if chosen else (),
            )
            return render(
                request,
                "letters/new.html",
                letter=None,
                case=facts,
                kinds=[(k.value, f"{rule.title}: {rule.to}") for k, rule in KINDS.items()],
                kind=kind if chosen else "",
                rule=KINDS[chosen] if chosen else None,
                languages=[(code, code) for code in languages()],
                language="en",
                recipient=recipient,
                sender=sender,
                known=start.as_json(),
                rules=list(grounds().values()),
                follows=follows,
            )

    @action(routes, "/cases/{case_id}/letters", needs=Permission.WRITE_LETTER)
    def draft(request: Request, case_id: str, actor: CurrentActor, form: Annotated[LetterForm, Form()]) -> Response:
        with told():
            made = desk.draft(actor, case_id, form.given(), form.follows)
        return go(request, f"/letters/{made}", "The draft is made. What is left to fill in is marked.")

    @page(routes, "/letters/{letter_id}/particulars", needs=Permission.WRITE_LETTER)
    def particulars(request: Request, letter_id: str) -> Response:
        with told(), services.database.reading() as session:
            letter = keeping.find_letter(session, letter_id)
            facts = desk.facts(session, letter.case_id)
            return render(
                request,
                "letters/new.html",
                letter=letter,
                case=facts,
                kinds=[],
                kind=letter.kind,
                rule=KINDS[Kind(letter.kind)],
                languages=[],
                language=letter.language,
                recipient=letter.recipient,
                sender=letter.sender,
                known={**Particulars().as_json(), **letter.particulars},
                rules=list(grounds().values()),
                follows="",
            )

    @action(routes, "/letters/{letter_id}/particulars", needs=Permission.WRITE_LETTER)
    def redraft(request: Request, letter_id: str, actor: CurrentActor, form: Annotated[LetterForm, Form()]) -> Response:
        with told():
            desk.redraft(actor, letter_id, form.given(), form.read)
        return go(request, f"/letters/{letter_id}", "The letter is drafted anew; older versions are kept.")

    @action(routes, "/letters/{letter_id}/parts/{place}", needs=Permission.WRITE_LETTER)
    def rewrite(
        request: Request,
        letter_id: str,
        place: int,
        actor: CurrentActor,
        read: Annotated[int, Form(ge=1)],
        text: Annotated[str, Form(max_length=20_000)] = "",
        what: Annotated[str, Form(max_length=10)] = "rewrite",
    ) -> Response:
        if what == "remove":
            desk.remove(actor, letter_id, read, place)
        elif what == "insert":
            desk.insert(actor, letter_id, read, place, text)
        else:
            desk.rewrite(actor, letter_id, read, place, text)
        return go(request, f"/letters/{letter_id}", "A new version is kept.")

    @action(routes, "/letters/{letter_id}/upload", needs=Permission.WRITE_LETTER)
    def upload(
        request: Request, letter_id: str, actor: CurrentActor, file: UploadFile, read: Annotated[int, Form(ge=1)]
    ) -> Response:
        warnings = desk.upload(actor, letter_id, read, file.file.read(MOST_BYTES + 1))
        return go(request, f"/letters/{letter_id}", " ".join(("The file is kept as a new version.", *warnings)))

    return routes
