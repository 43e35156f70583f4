"""The steps from an empty deployment to a live agent: how each stands, and what would do it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from agent.readiness import Readiness
from agent.runs import Runs
from console.frame import moment

_CHANNELS = {"email": "an e-mail", "sms": "a text message"}
_SMTP = """[channels.mail]        # in usher.toml; then start the server again
provider = "smtp"
kind = "email"
host = "smtp.example.com"
username = "shop"
password_env = "SHOP_SMTP_PASSWORD\""""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to have done. `todo` asks for it, `state` says how it stands, `commands` do it."""

    title: str
    todo: str
    done: bool
    state: str
    commands: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    trouble: bool = False


async def checks_of(runs: Runs, url: str) -> list[Check]:
    """The steps in their order. `url`: where this server is reached, for commands to copy."""
    now = await runs.counts.readiness(runs.env.library.agents.values())
    dead = await runs.dead_letters.count()
    data = shlex.quote(str(runs.settings.data))
    return [
        _data_in(now, dead, _Curl(url, data), data),
        _products_in(now, _Curl(url, data), data),
        await _pack(runs),
        _sandbox(now, _Curl(url, data), data),
        _answered(now),
        _channel(runs, now, data),
        _live(now, _Curl(url, data)),
    ]


@dataclass(frozen=True, slots=True)
class _Curl:
    """Says requests as commands, with the admin's key from its file."""

    url: str
    data: str

    def __call__(self, method: str, path: str, body: str | None = None) -> str:
        said = (
            f"curl -X {method} '{self.url}{path}' "
            f'-H "Authorization: Bearer $(cat {self.data}/admin.key)"'
        )
        if body is None:
            return said
        return f"{said} -H 'Content-Type: application/json' -d '{body}'"


def _data_in(now: Readiness, dead: int, curl: _Curl, data: str) -> Check:
    if now.events:
        state = (
            f"{now.events:,} events accepted, the newest {moment(now.last_event_at)}; "
            f"{now.people:,} people are known."
        )
        if dead:
            state += (
                f" {dead} could not be worked off: Stuck work says why, and takes them up again."
            )
        return Check(
            "Data comes in", "send the first event", done=True, state=state, trouble=bool(dead)
        )
    batch = (
        '{"batch": [{"type": "identify", "userId": "ada", "traits": {"email": "ada@example.com", '
        '"firstName": "Ada", "timezone": "Europe/Berlin"}}, {"type": "track", "userId": "ada", '
        '"event": "Consent Granted", "properties": {"channel": "email", "purpose": "marketing", '
        '"source": "form"}}]}'
    )
    return Check(
        "Data comes in",
        "send the first event",
        done=False,
        state="No event was accepted yet. Send one person and their consent, or import what you "
        "have; Segment's SDKs work with a key of the role ingest.",
        commands=(
            curl("POST", "/v1/batch", batch),
            f"usher import customers.csv --data {data}",
            f"usher keys add shop --role ingest --data {data}",
        ),
    )


def _products_in(now: Readiness, curl: _Curl, data: str) -> Check:
    if now.products:
        return Check(
            "Products are known",
            "put the products, with what they cost",
            done=True,
            state=f"{now.products:,} products. Without price and cost nothing is discounted.",
        )
    lamp = (
        '[{"sku": "LAMP", "name": "Desk lamp", "price_minor": 12000, "cost_minor": 6000, '
        '"currency": "EUR", "stock": 100}]'
    )
    return Check(
        "Products are known",
        "put the products, with what they cost",
        done=False,
        state="No product is known, so no margin can be checked and nothing is discounted.",
        commands=(
            curl("PUT", "/v1/products", lamp),
            f"usher import products.csv --kind products --data {data}",
        ),
    )


async def _pack(runs: Runs) -> Check:
    pack = await runs.publishing.get(runs.settings.pack)
    state = (
        f"{pack['name']} version {pack['version']} decides what may happen; "
        f"{len(pack['rules'])} rules."
    )
    problems = [*runs.problems, *runs.publishing.problems]
    if problems:
        state += f" A file was left out: {problems[0]}"
    return Check(
        "A policy is in force",
        "mend the policy file that was left out",
        done=not problems,
        state=state,
        links=((f"Read {pack['name']}", f"/policies/{pack['name']}"),),
        trouble=bool(problems),
    )


def _sandbox(now: Readiness, curl: _Curl, data: str) -> Check:
    letter = now.letter
    if letter is not None:
        return Check(
            "A message was seen in the sandbox",
            "let an agent decide, and read its message in the outbox",
            done=True,
            state=f"The newest, {_CHANNELS.get(letter.kind, letter.kind)}, lies in the outbox; "
            f"nobody got it. Byte for byte: usher outbox show {letter.effect_id} --data {data}",
            links=(("Why it was sent", f"/decisions/{letter.decision_id}"),),
        )
    cart = (
        '{"goal": "recover_cart", "customer": {"userId": "ada"}, "context": {"cart": {"id": "c1", '
        '"value_minor": 12000, "currency": "EUR", "items": [{"sku": "LAMP", "quantity": 1, '
        '"price_minor": 12000}]}}}'
    )
    decided = (
        f"{now.decisions:,} decisions so far, and none of them sent anything: Live decisions says "
        "why."
        if now.decisions
        else "Nothing was decided yet. Tell Usher of a cart that somebody left behind."
    )
    return Check(
        "A message was seen in the sandbox",
        "let an agent decide, and read its message in the outbox",
        done=False,
        state=decided,
        commands=(curl("POST", "/v1/triggers?wait=10", cart),),
        links=(("Live decisions", "/decisions"),) if now.decisions else (),
    )


def _answered(now: Readiness) -> Check:
    title = "A person has answered an approval"
    todo = "answer a question that an agent asks"
    if now.answered is not None:
        return Check(
            title,
            todo,
            done=True,
            state="Questions reach people, and their answers are carried out.",
            links=(("The newest answer", f"/decisions/{now.answered}"),),
        )
    if now.waiting:
        asked = f"{now.waiting:,} questions wait" if now.waiting > 1 else "A question waits"
        return Check(
            title,
            todo,
            done=False,
            state=f"{asked} for a person. What nobody answers in time is not done.",
            links=(("Answer", "/approvals"),),
        )
    return Check(
        title,
        todo,
        done=False,
        state="No question was asked yet. One is when an agent wants more than it may do alone, "
        "such as an offer worth 50.00 or more.",
    )


def _channel(runs: Runs, now: Readiness, data: str) -> Check:
    title = "A channel that reaches people has carried a message"
    todo = "set up a channel that reaches people, and try it on yourself"
    if now.real is not None:
        return Check(
            title,
            todo,
            done=True,
            state=f"The newest went by {now.real.via}.",
            links=(("Why it was sent", f"/decisions/{now.real.decision_id}"),),
        )
    channels = runs.settings.channels
    if not channels:
        return Check(
            title,
            todo,
            done=False,
            state="No such channel is set up: messages lie in the outbox, and nobody gets one.",
            commands=(_SMTP,),
        )
    name = next(iter(channels))
    return Check(
        title,
        todo,
        done=False,
        state=f"Set up: {', '.join(channels)}. Nothing went by it yet. Send a test to yourself; "
        "then let USHER_SEND_ONLY_TO name your address, and the sandbox's messages reach you.",
        commands=(
            f"usher channels check {name} --to you@example.com --data {data}",
            f"USHER_SEND_ONLY_TO=you@example.com usher serve --data {data}",
        ),
    )


def _live(now: Readiness, curl: _Curl) -> Check:
    title = "An agent is live"
    todo = "let an agent go live"
    live = sorted(name for name, mode in now.modes.items() if mode == "live")
    if live:
        return Check(title, todo, done=True, state=f"Live: {', '.join(live)}.")
    name = next(iter(now.modes), "shopping")
    others = ", ".join(f"{agent} is in {mode}" for agent, mode in sorted(now.modes.items()))
    return Check(
        title,
        todo,
        done=False,
        state=f"{others}. An approver lets an agent write to customers, once they have seen what "
        "it would have done.",
        commands=(
            curl("GET", f"/v1/agents/{name}/mode"),
            curl("PUT", f"/v1/agents/{name}/mode", '{"mode": "live", "seen": "…"}'),
        ),
    )
