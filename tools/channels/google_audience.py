"""Google's customer match lists, by the Data Manager API v1 (not the Google Ads API's upload jobs).

`POST /v1/audienceMembers:ingest` adds, `POST /v1/audienceMembers:remove` takes off, for any of an
account's lists; it needs an OAuth token of the scope `datamanager` and no developer token. A
letter's JSON is `{"action": "add"|"remove", "audience": NAME}`, with `"consent": true` or `false`
where the person has said so; `to` is their address or number, which is hashed here and goes no
further. A hash that is there already is no second person, so an unknown request may be sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools.channels.asked_for import asked_for, asks, not_sent
from tools.channels.audience_members import Member, of_google
from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs
from tools.channels.google_token import GoogleToken
from tools.channels.http_answers import plainly
from tools.channels.http_call import SAID, Answer, HttpCall, Told
from tools.channels.refusals import refused
from tools.channels.trial import NotAnAddress, Trial

BASE_URL: Final = "https://datamanager.googleapis.com"
_ACTIONS: Final = {"add": "ingest", "remove": "remove"}
_FIELD: Final = {"email": "emailAddress", "phone": "phoneNumber"}
_CONSENT: Final = {True: "CONSENT_GRANTED", False: "CONSENT_DENIED"}


@dataclass(frozen=True, slots=True)
class GoogleAccount:
    """The Google Ads account of the lists, as ten digits; `login` where another manages it."""

    operating: str
    login: str | None = None


@dataclass(frozen=True, slots=True)
class GoogleAudience:
    """One account. `audiences`: Google's ids of its lists by the names that letters use.

    Whoever makes one says with it that Google's terms for customer match have been accepted.
    """

    name: str
    call: HttpCall
    token: GoogleToken
    account: GoogleAccount
    audiences: Mapping[str, str]

    kinds = ("audience",)
    deduplicates = True
    steps = SAID

    async def send(
        self, letter: Letter, *, still_ours: StillOurs, told: Told | None = None
    ) -> SendResult:
        """Put the person on the list, or take them off."""
        said = asked_for(letter, kind="audience")
        if isinstance(said, SendResult):
            return said
        action, audience = str(said.get("action")), said.get("audience")
        if action not in _ACTIONS:
            return refused('what is asked of an audience is neither "add" nor "remove"')
        if not isinstance(audience, str) or audience not in self.audiences:
            return refused(f"channels.{self.name} in usher.toml names no audience of this name")
        member = of_google(letter.to)
        if member is None:
            return refused("neither an e-mail address nor a number with its country's code")
        token = await self.token.get()
        if isinstance(token, SendResult):
            return token
        answer = await self.call.ask(
            "POST",
            f"/v1/audienceMembers:{_ACTIONS[action]}",
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            body=body_of(
                action, self.account, self.audiences[audience], member, consent=said.get("consent")
            ),
            still_ours=still_ours,
            told=told,
        )
        if isinstance(answer, SendResult):
            return answer
        if answer.status == 401:
            self.token.forget()
        return _result(answer, letter)

    def to_try(self, trial: Trial) -> Letter:
        """Take an address off that was never on: it shows the account, and changes nothing."""
        if of_google(trial.to) is None:
            raise NotAnAddress("this is neither an e-mail address nor a number with + such as +49…")
        first = next(iter(self.audiences))
        return asks(trial, trial.to, {"action": "remove", "audience": first})


def body_of(
    action: str, account: GoogleAccount, audience: str, member: Member, *, consent: Any = None
) -> bytes:
    """The bytes of a request for one person. Consent and terms are asked for where one is added."""
    destination: dict[str, Any] = {
        "operatingAccount": _account(account.operating),
        "productDestinationId": audience,
    }
    if account.login is not None:
        destination["loginAccount"] = _account(account.login)
    body: dict[str, Any] = {
        "destinations": [destination],
        "audienceMembers": [
            {"userData": {"userIdentifiers": [{_FIELD[member.kind]: member.sha256}]}}
        ],
        "encoding": "HEX",
    }
    if action == "add":
        body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
        if isinstance(consent, bool):
            said = _CONSENT[consent]
            body["consent"] = {"adUserData": said, "adPersonalization": said}
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def _account(number: str) -> dict[str, str]:
    return {"accountType": "GOOGLE_ADS", "accountId": number}


def _result(answer: Answer, letter: Letter) -> SendResult:
    said = answer.json()
    if answer.status == 200:
        # The request's own id is another one each time; ours stays when a request is repeated.
        return SendResult(SendStatus.SENT, f"google:{letter.effect_id}", "")
    if answer.status == 400 and _about_the_account(said):
        return not_sent("Google said 400: it does not know the account or the list; check the ids")
    return plainly(answer)


def _about_the_account(said: Any) -> bool:
    """Whether what a 400 complains about is where to (`google.rpc.BadRequest`), not whom."""
    error = said.get("error") if isinstance(said, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else []:
        violations = detail.get("fieldViolations") if isinstance(detail, dict) else None
        for one in violations if isinstance(violations, list) else []:
            if isinstance(one, dict) and str(one.get("field", "")).startswith("destinations"):
                return True
    return False
