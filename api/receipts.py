"""What providers report of letters: open to anybody, and taken from whoever has signed it.

The body is verified as it came, byte for byte, before anything of it is read. Answered 200 means
durable; the answer is empty, because some providers take words for a text to send.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.access import Service
from api.route import Route
from tools.channels.receipts.receipt import Posted

router = APIRouter(tags=["receipts"], prefix="/v1/receipts", route_class=Route)


@router.post("/{provider}")
async def receive(runs: Service, request: Request, provider: str) -> Response:
    """Receipts of one provider, all or none."""
    posted = Posted(
        headers=dict(request.headers),
        body=await request.body(),
        target=_target(request),
        query=dict(request.query_params),
    )
    await runs.outside.receiving.take(provider, posted)
    return Response(status_code=200)


@router.get("/{provider}")
async def challenge(runs: Service, request: Request, provider: str) -> Response:
    """Meta asks once whether the address is ours: its challenge, in return for our token."""
    said = runs.outside.receiving.challenge(provider, dict(request.query_params))
    return Response(said, media_type="text/plain")


def _target(request: Request) -> str:
    """Path and query as they were asked for."""
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope["query_string"]
    whole = path.split(b"?", 1)[0] + (b"?" + query if query else b"")
    return str(whole.decode("latin-1"))
