"""`usher backup` and `usher restore`: what is kept elsewhere, and starting from it again on hold.

A backup of a running server is made by that server; of a folder that nobody works on, here, without
starting anything. Restoring needs a folder of its own and no server.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.backup import Sources, make
from agent.settings import Settings
from api.commands.shell import Data, Refused, Shell
from store.lock import FolderLock

if TYPE_CHECKING:
    from agent.restoring import Marked

_UNTIL = typer.Option(
    help="Up to when the original may have worked, as 2026-03-03T12:00:00Z; without: up to now."
)


def add_to(app: typer.Typer, shell: Shell) -> None:
    """Put the commands on an application."""

    @app.command()
    def backup(
        folder: Annotated[Path, typer.Argument(help="A new or empty folder.", metavar="DIR")],
        with_keys: Annotated[bool, typer.Option("--with-keys", help="Keys too.")] = False,
        data: Data = None,
    ) -> None:
        """Back up database, outbox and the folder's own files, beside a running server or without.

        Example: usher backup /backups/monday
        """
        settings = shell.settings(data)
        manifest = _backed_up(shell, settings, folder.absolute(), with_keys=with_keys)
        size = sum(file["bytes"] for file in manifest["files"])
        shell.say(
            f"{folder}: {len(manifest['files'])} files, {size:,} bytes, {manifest['made_at']}"
        )
        shell.say(manifest["says"])

    @app.command("restore")
    def restore_(
        backup: Annotated[Path | None, typer.Argument(help="A folder of usher backup.")] = None,
        keys: Annotated[
            Path | None, typer.Option(help="Folder of keys.db and master.key.", metavar="DIR")
        ] = None,
        until: Annotated[str | None, _UNTIL] = None,
        erased: Annotated[
            Path | None, typer.Option(help="A log of erasures: receipts, or an id a line.")
        ] = None,
        mark: Annotated[
            bool, typer.Option("--mark", help="Only put on hold what was loaded otherwise.")
        ] = False,
        data: Data = None,
    ) -> None:
        """Restore a backup into an empty folder. It starts on hold and sends nothing stale.

        Example: usher restore /backups/monday --data ./usher-new --keys ./usher-data
        """
        # What marks a database takes seconds to load; other commands do without.
        from agent.restore_folder import erasures_in, mark_in_place, restore

        settings = shell.settings(data)
        until_us = None if until is None else _instant(until)
        if mark == (backup is not None):
            raise Refused("name a backup to restore, or say --mark for what was loaded otherwise")
        if backup is None:
            _tell(shell, mark_in_place(settings, until_us=until_us))
            return
        done = restore(backup, settings, keys=keys, until_us=until_us)
        shell.say(f"{settings.data}: restored from the backup made {done.made_at}")
        _tell(shell, done.marked)
        if done.with_keys:
            shell.say(
                "its keys came from the backup: whoever was erased since can be read again until "
                "they are erased again"
            )
        for customer_id in [] if erased is None else erasures_in(_text_of(erased)):
            shell.say(f"  usher erase {customer_id} --yes --data {settings.data}")


def _backed_up(shell: Shell, settings: Settings, to: Path, *, with_keys: bool) -> dict[str, Any]:
    if shell.address_of(settings.data) is not None:
        body = {"to": str(to), "with_keys": with_keys}
        made: dict[str, Any] = shell.call(settings, "POST", "/v1/backups", body, within=None)
        return made
    sources = Sources.of(settings)
    if not (settings.data / "usher.db").exists():
        raise Refused(f"{settings.data} holds no data of usher; name its folder with --data")
    lock = FolderLock(settings.data)
    lock.take()
    try:
        return make(sources, to, with_keys=with_keys)
    finally:
        lock.release()


def _tell(shell: Shell, marked: Marked) -> None:
    for line in marked.lines():
        shell.say(line)
    shell.say("1. start it: usher serve")
    shell.say(
        "2. look at what is unknown: the page To be looked at, or GET /v1/effects?status=unknown"
    )
    shell.say(
        f"3. an approver lifts the brake: the page Brake, or DELETE /v1/brake/{marked.brake_id}"
    )


def _instant(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            f"--until takes an instant such as 2026-03-03T12:00:00Z, not '{text}'"
        ) from None
    zoned = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return int(zoned.timestamp() * 1_000_000)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}") from error
