"""The `usher` command. What writes goes over HTTP: to the folder's server, or one made for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console

import evals.again
import evals.demo
import evals.doctor_told
import evals.importing
import evals.proof_told
import evals.taking_out
import server
from agent.documents import BrokenDocuments
from agent.errors import UsherError
from agent.settings import Settings
from api.commands import groups, keeping
from api.commands.shell import Data, Refused, Shell
from customers.import_formats import UnreadableFile
from customers.import_rows import ImportKind, Reading
from evals.pack_checking import policy_app
from evals.worlds.shop import START as SHOP_OPENS
from prompts.problems import PromptError
from store.lock import FolderBusy
from store.master_key import MasterKeyError
from store.sealing import Erased
from tools.channels.outbox import NotInOutbox
from tools.packs import NoPack

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
memory_app = typer.Typer(no_args_is_help=True, help="What is remembered of people.")
app.add_typer(policy_app, name="policy")
app.add_typer(memory_app, name="memory")
out, err = Console(), Console(stderr=True)
shell = Shell(server.connect, server.address_of, out, err)

#: What a person can act on: the message is enough, a traceback would only hide it.
_PLAIN = (UsherError, BrokenDocuments, PromptError, FolderBusy, MasterKeyError, NoPack, NotInOutbox,
          UnreadableFile, Erased, tomllib.TOMLDecodeError)  # fmt: skip


def main() -> None:
    """Run the command; what can be acted on is said in a line, exit code 2."""
    try:
        app()
    except _PLAIN as error:
        err.print(f"usher: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False):
            said = f"usher: setting {'.'.join(map(str, item['loc']))}: {item['msg']}"
            err.print(said, markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except httpx.HTTPError as error:
        err.print(f"usher: the server could not be reached: {error}", markup=False, soft_wrap=True)
        sys.exit(2)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    data: Data = None,
) -> None:
    """Serve the API and work off events.

    Example: usher serve --port 8000 --data ./usher-data
    """
    settings = shell.settings(data)
    out.print(f"usher: http://{host}:{port}, data in {settings.data}, key in "
              f"{settings.data / 'admin.key'}", markup=False, highlight=False)  # fmt: skip
    server.serve(settings, host=host, port=port)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the summary.")] = False,
    industry: Annotated[
        str, typer.Option(help="Which sample world; commerce so far.")
    ] = "commerce",
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one.")] = 0,
    data: Data = None,
) -> None:
    """A sample shop through the real API, each decision with its why. Needs no key and no model.

    Example: usher demo --once
    """
    if industry != "commerce":
        raise typer.BadParameter(f"there is no sample world '{industry}' yet; there is: commerce")
    folder = data if data is not None else _demo_folder()
    settings = Settings(data=folder, clock=SHOP_OPENS, settle=0.3)
    if (folder / "usher.db").exists():
        raise typer.BadParameter(f"{folder} holds data; the demo starts in an empty folder")
    shell.say(evals.demo.who_plans(settings))
    with server.running(settings, port=port) as (url, link):
        if not once:
            shell.say(f"Watch it in the console: {url}{link}")
            shell.say(f"(good for one login; later the key in {folder / 'admin.key'})")
        with contextlib.suppress(KeyboardInterrupt):
            key = server.key_header(folder)
            asyncio.run(evals.demo.show(url, key, out, settings=settings, goes_on=not once))


def _demo_folder() -> Path:
    """The demo's own folder, emptied: nothing but demos ever lives there."""
    folder = Path(".usher") / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV, JSON Lines, Parquet, or the CDNOW file.")],
    kind: Annotated[ImportKind | None, typer.Option(help="What the rows are about.")] = None,
    currency: Annotated[str | None, typer.Option(help="For amounts without one: EUR.")] = None,
    zone: Annotated[str | None, typer.Option(help="For times without one: Europe/Berlin.")] = None,
    region: Annotated[str | None, typer.Option(help="For national phone numbers: DE.")] = None,
    encoding: Annotated[str | None, typer.Option(help="If neither UTF-8 nor UTF-16.")] = None,
    data: Data = None,
) -> None:
    """Import profiles, orders, consents, products, suppressions; again after an interruption.

    Example: usher import customers.csv --zone Europe/Berlin
    """
    reading = Reading(kind=kind, currency=currency, zone=zone, region=region, encoding=encoding)
    settings = shell.settings(data)

    async def work() -> int:
        async with server.connect(settings) as client:
            return await evals.importing.import_over_http(file, client, reading, out)

    sys.exit(asyncio.run(work()))


@app.command()
def explain(decision: Annotated[str, typer.Argument(help="dec_…")], data: Data = None) -> None:
    """Why a decision came out as it did, why not otherwise, and what would have changed it.

    Example: usher explain dec_01k…
    """
    told = shell.call(shell.settings(data), "GET", f"/v1/decisions/{decision}/explain")
    out.print(told["text"], markup=False, highlight=False)


@app.command()
def replay(
    decision: Annotated[str, typer.Argument(help="dec_…")],
    policy: Annotated[Path | None, typer.Option(help="Another pack, for a what-if.")] = None,
    data: Data = None,
) -> None:
    """Decide a recorded decision again, without a model and without effects.

    Example: usher replay dec_01k… --policy draft.yaml
    """
    body = {"policy": policy.read_text(encoding="utf-8")} if policy is not None else {}
    told = shell.call(shell.settings(data), "POST", f"/v1/decisions/{decision}/replay", body)
    evals.again.tell_replay(told, out)
    if not told["same"] and policy is None:
        sys.exit(1)


@app.command()
def erase(
    reference: Annotated[str, typer.Argument(help="Our id, or any identifier of theirs.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    prove: Annotated[bool, typer.Option("--prove", help="Erase nothing: search for them.")] = False,
    data: Data = None,
) -> None:
    """Forget a person; prints the receipt. With --prove: whether anything of them is left.

    Example: usher erase ada@example.com; usher erase --prove ada@example.com
    """
    if prove:
        path = f"/v1/customers/{quote(reference, safe='')}/prove"
        told = shell.call(shell.settings(data), "POST", path, within=None)
        evals.proof_told.tell_proof(told, out)
        sys.exit(0 if told["clean"] else 1)
    if not yes:
        typer.confirm("This destroys the person's keys and cannot be undone. Go on?", abort=True)
    receipt = shell.call(shell.settings(data), "DELETE", f"/v1/customers/{reference}")
    out.print_json(json.dumps(receipt))


@app.command("eval")
def eval_(
    suite: Annotated[
        str | None, typer.Argument(help="A suite; without it they are listed.")
    ] = None,
) -> None:
    """Whether planners do well and the gate holds: results as JSON, a report as HTML.

    Example: usher eval smoke
    """
    # Worlds, oracles and planners take a second to load; other commands do without.
    from evals import evaluating
    from evals import suite as suites

    if suite is None:
        sys.exit(evaluating.list_suites(out))
    if suite not in suites.SUITES:
        raise typer.BadParameter(f"there is no suite '{suite}'; usher eval lists those there are")
    sys.exit(evaluating.evaluate(suites.SUITES[suite], out))


@app.command()
def bench(
    name: Annotated[str | None, typer.Argument(help="gate or decision; all without it.")] = None,
) -> None:
    """How fast it is, and at what cost, with a peer beside us where there is one.

    Example: usher bench gate
    """
    # What is measured takes seconds to load; other commands do without.
    from evals.bench import BENCHES, measure

    if name is not None and name not in BENCHES:
        raise typer.BadParameter(f"there is no '{name}'; there are: {', '.join(BENCHES)}")
    measure(name, out)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the newest schema, before the first start of a new version."""
    settings = shell.settings(data)

    async def work() -> None:
        async with server.connect(settings):
            pass

    asyncio.run(work())
    out.print("the schema is current", markup=False)


@policy_app.command("shadow")
def policy_shadow(
    file: Annotated[Path, typer.Argument(help="A draft.")],
    since: Annotated[str, typer.Option(help="7d, 36h, P7D, or an instant.")] = "7d",
    limit: Annotated[int, typer.Option(help="How many decisions, the newest.")] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    data: Data = None,
) -> None:
    """Past decisions under a draft: who, how much money, which rules. Nothing is changed.

    Example: usher policy shadow policies/draft.yaml --since 7d
    """
    asked = {"text": _text_of(file), "file": str(file), "since": since, "limit": limit}
    with evals.again.watching(err):
        told = shell.call(shell.settings(data), "POST", "/v1/policies/shadow", asked)
    evals.again.tell_shadow(told, out, as_json=as_json)


@memory_app.command("rebuild")
def memory_rebuild(data: Data = None) -> None:
    """Write the index of memories anew from the database, with a progress bar.

    Example: usher memory rebuild --data ./usher-data
    """

    async def work() -> None:
        async with server.connect(shell.settings(data)) as client:
            await evals.importing.rebuild_memory(client, out)

    asyncio.run(work())


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}") from error


groups.add_to(app, shell)
keeping.add_to(app, shell)
evals.doctor_told.add_to(app, server.address_of, out)
evals.taking_out.add_to(app, lambda data: server.connect(shell.settings(data)), err)


if __name__ == "__main__":
    main()
