"""Opens and clicks of machines: scanners of mail gateways, image proxies, link previews, scripts.

A list of names that programs give themselves. Who hides behind a browser's name is told by speed
instead, where the delivery is known (`customers.receipts`).
"""

from __future__ import annotations

from typing import Final

#: Small letters; any of them in a user agent. Each is what the program itself sends.
_NAMES: Final = (
    # security gateways that follow every link
    *("barracuda", "mimecast", "proofpoint", "symantec", "messagelabs", "trendmicro", "fireeye"),
    *("forcepoint", "sophos", "cloudmark", "zscaler", "urlscan", "safelinks", "virustotal"),
    # image proxies and prefetch of mailboxes
    *("googleimageproxy", "yahoomailproxy", "ggpht", "cloudflare-prefetch", "prefetch"),
    # previews of links in chats
    *("whatsapp/", "slackbot", "telegrambot", "skypeuripreview", "facebookexternalhit"),
    *("twitterbot", "linkedinbot", "discordbot", "bingpreview", "microsoftpreview"),
    # crawlers and programs
    *("bot/", "googlebot", "bingbot", "crawler", "spider", "headlesschrome", "phantomjs"),
    *("python-requests", "python-urllib", "aiohttp", "httpx", "curl/", "wget/", "okhttp"),
    *("go-http-client", "java/", "libwww-perl", "apache-httpclient", "node-fetch", "axios/"),
)


def is_machine(user_agent: object) -> bool:
    """Whether this names a program that nobody reads with. No name at all tells nothing."""
    if not isinstance(user_agent, str):
        return False
    named = user_agent.lower()
    return any(name in named for name in _NAMES)
