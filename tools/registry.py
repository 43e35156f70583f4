"""Every tool there is, by name. A new tool is one file and one line here."""

from __future__ import annotations

from tools import catalogue, control, memory, messages, offers, profile, service, suppression
from tools.tool import Tool

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for module in (profile, catalogue, offers, memory, messages, service, suppression, control)
    for tool in module.TOOLS
}
