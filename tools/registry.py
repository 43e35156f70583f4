"""Every tool there is, by name. A new tool is one file and one line here."""

from __future__ import annotations

from tools import (
    catalogue,
    control,
    memory,
    messages,
    offers,
    profile,
    service,
    subscriptions,
    suppression,
    vouchers,
)
from tools.tool import Tool

MODULES = (
    *(profile, catalogue, offers, memory, messages),
    *(service, suppression, subscriptions, vouchers, control),
)
TOOLS: dict[str, Tool] = {tool.name: tool for module in MODULES for tool in module.TOOLS}
