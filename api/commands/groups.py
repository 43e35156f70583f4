"""Small groups of commands: principals' keys, channels, the journal's chain, the outbox."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.table import Table

from api.commands.shell import Data, Shell
from store.database import open_vault
from store.sealing import Erased
from tools.channels.outbox import Outbox


def add_to(app: typer.Typer, shell: Shell) -> None:
    """Put the groups on an application."""
    for name, group in (
        ("outbox", _outbox(shell)),
        ("keys", _keys(shell)),
        ("audit", _audit(shell)),
        ("channels", _channels(shell)),
    ):
        app.add_typer(group, name=name)


def _outbox(shell: Shell) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Messages as they would arrive.")

    @group.command("list")
    def outbox_list(data: Data = None) -> None:
        """Every message that was written, oldest first."""
        settings = shell.settings(data)
        with open_vault(settings.data, settings.master()) as vault:
            box = Outbox(settings.outbox, vault)
            table = Table("id", "channel", "to")
            for effect_id in box.ids():
                try:
                    letter = box.open(effect_id)
                    table.add_row(effect_id, letter.channel, letter.to)
                except Erased:
                    table.add_row(effect_id, "", "(erased)")
            shell.out.print(table)

    @group.command("show")
    def outbox_show(
        effect: Annotated[str, typer.Argument(help="eff_…")], data: Data = None
    ) -> None:
        """One message, byte for byte as it would arrive.

        Example: usher outbox show eff_01k…
        """
        settings = shell.settings(data)
        with open_vault(settings.data, settings.master()) as vault:
            raw = Outbox(settings.outbox, vault).read(effect)
        sys.stdout.buffer.write(raw)

    return group


def _keys(shell: Shell) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Keys of principals.")

    @group.callback()
    def keys() -> None:
        """Keys of principals."""

    @group.command("add")
    def keys_add(
        name: Annotated[str, typer.Argument(help="Who it is for.")],
        role: Annotated[str, typer.Option(help="ingest, viewer, operator, approver or admin.")],
        data: Data = None,
    ) -> None:
        """Make a principal and print the key, once.

        Example: usher keys add cdp --role ingest
        """
        asked = {"name": name, "role": role}
        made = shell.call(shell.settings(data), "POST", "/v1/principals", asked)
        shell.out.print(f"{made['name']} ({made['role']}): {made['key']}", markup=False,
                        highlight=False)  # fmt: skip

    return group


def _channels(shell: Shell) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Ways out: e-mail and text messages.")

    @group.command("list")
    def channels_list(data: Data = None) -> None:
        """The channels that are set up, and where messages go."""
        told = shell.call(shell.settings(data), "GET", "/v1/channels")
        shell.out.print_json(json.dumps(told))

    @group.command("check")
    def channels_check(
        name: Annotated[str, typer.Argument(help="A channel of usher.toml.")],
        to: Annotated[str, typer.Option(help="An address of your own.")],
        data: Data = None,
    ) -> None:
        """Send one test letter and tell each step.

        Example: usher channels check mail --to me@example.com
        """
        path = f"/v1/channels/{name}/check"
        told = shell.call(shell.settings(data), "POST", path, {"to": to})
        for step in told["steps"]:
            shell.say(f"{step['step']}: {step['said']}")
        shell.say(f"{told['channel']}: {told['status']} {told['detail']}".rstrip())
        if not told["ok"]:
            sys.exit(1)

    return group


def _audit(shell: Shell) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="The journal's chain.")

    @group.callback()
    def audit() -> None:
        """The journal's chain."""

    @group.command("verify")
    def audit_verify(data: Data = None) -> None:
        """Whether every chain of the journal is whole and fits its signed anchors."""
        told = shell.call(shell.settings(data), "GET", "/v1/audit")
        shell.out.print_json(json.dumps(told))
        if not told["ok"]:
            sys.exit(1)

    return group
