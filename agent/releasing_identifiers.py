"""Taking an identifier out of quarantine: a person says that it is this customer's after all."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from agent.errors import NotFound
from agent.people import People
from customers import identifier_limits
from customers.identifiers import normalise
from store.database import Database
from store.sealing import Vault


class ReleaseIdentifier(BaseModel):
    """Which identifier, as it is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["email", "phone", "anonymous_id"]
    value: Annotated[str, Field(min_length=1, max_length=320)]


async def release_identifier(
    db: Database, people: People, reference: str, request: ReleaseIdentifier
) -> dict[str, Any]:
    """It names this customer again and is written to. Raises `NotFound` where it is not theirs, or
    not in quarantine."""
    customer_id = await people.find(reference)
    if not await db.write(_release, db.vault, customer_id, request):
        raise NotFound("no such identifier of this customer is in quarantine")
    return {"customer_id": customer_id, "released": request.kind}


def _release(conn: Connection, vault: Vault, customer_id: str, request: ReleaseIdentifier) -> bool:
    identifier = normalise(request.kind, request.value)
    if identifier is None:
        return False
    return identifier_limits.release(conn, customer_id, identifier.hashed(vault))
