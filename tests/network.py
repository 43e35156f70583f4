"""The guard of every test: no Python socket reaches further than this machine.

It hangs on the interpreter's audit events, below every library that is written in Python. A try
raises, and is remembered, so that a test also fails where the code under test swallows the refusal.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any


class OutsideNetwork(RuntimeError):
    """Somebody tried to reach another machine."""


#: What has been tried since a test last looked.
tried: list[str] = []

_CONNECTS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_LOOKS_UP = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0}


def is_this_machine(host: Any) -> bool:
    """Whether a host, by name or number, is the loopback."""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def block() -> None:
    """Refuse every address but loopback and unix sockets, until the process ends."""
    sys.addaudithook(_guard)


def _guard(event: str, args: tuple[Any, ...]) -> None:
    if event in _CONNECTS:
        family, address = args[0].family, args[_CONNECTS[event]]
        if family in (socket.AF_INET, socket.AF_INET6) and address is not None:
            _refuse_unless_here(event, address[0])
    elif event in _LOOKS_UP:
        _refuse_unless_here(event, args[_LOOKS_UP[event]])


def _refuse_unless_here(event: str, host: Any) -> None:
    if not is_this_machine(host):
        tried.append(f"{event} {host}")
        raise OutsideNetwork(f"a test must not leave this machine: {event} {host}")
