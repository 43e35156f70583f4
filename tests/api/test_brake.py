"""The brake and the lease over HTTP: who may, what is shown first, what is refused."""

from __future__ import annotations

from tests.api.service import Api


async def test_an_operator_pulls_and_an_approver_lifts(api: Api) -> None:
    viewer, operator, approver = [await api.key(r) for r in ("viewer", "operator", "approver")]
    pull = {"scope": "all", "in_flight": "hold", "reason": "wrong prices"}
    await api.problem(403, "POST", "/v1/brake", pull, key=viewer)
    made = await api.call("POST", "/v1/brake", pull, key=operator)
    assert made.status_code == 201
    brake = made.json()
    assert (brake["by"], brake["what"]) == ("operator", "everything that reaches customers")
    await api.problem(409, "POST", "/v1/brake", pull, key=operator)
    await api.problem(403, "DELETE", f"/v1/brake/{brake['id']}", key=operator)
    lifted = await api.ok("DELETE", f"/v1/brake/{brake['id']}", key=approver)
    assert lifted["lifted_by"] == "approver"
    await api.problem(409, "DELETE", f"/v1/brake/{brake['id']}", key=approver)
    await api.problem(404, "DELETE", "/v1/brake/brk_none", key=approver)
    listed = await api.ok("GET", "/v1/brake", key=viewer)
    assert [row["id"] for row in listed["items"]] == [brake["id"]]


async def test_what_pulling_would_do_is_shown_first_and_does_nothing(api: Api) -> None:
    await api.person("ada")
    await api.decision("ada")
    shown = await api.ok("GET", "/v1/brake?preview=channel:email&in_flight=cancel")
    asked = {"scope": "channel:email", "in_flight": "cancel", "reason": "r"}
    posted = await api.call("POST", "/v1/brake?preview=1", asked)
    assert (posted.status_code, posted.json()) == (200, shown)
    assert shown["queued_contacts"] == 0 and shown["next"] == []
    assert (await api.ok("GET", "/v1/brake"))["items"] == []


async def test_a_scope_that_is_nobodys_is_refused(api: Api) -> None:
    await api.problem(400, "GET", "/v1/brake?preview=mail")
    assert "shopping" in await api.problem(422, "GET", "/v1/brake?preview=agent:nobody")
    pull = {"scope": "channel:fax", "reason": "r"}
    assert "email, sms" in await api.problem(422, "POST", "/v1/brake", pull)
    await api.problem(422, "POST", "/v1/brake", {"scope": "all"})
    about = {"scope": "all", "reason": "ada@example.com wrote"}
    assert "ada" not in await api.problem(422, "POST", "/v1/brake", about)


async def test_a_customer_is_taken_seen_and_let_go(api: Api) -> None:
    await api.person("ada")
    ann, bob = await api.key("operator", "ann"), await api.key("operator", "bob")
    viewer, approver = await api.key("viewer"), await api.key("approver")
    lease = {"for": "PT4H", "reason": "on the phone"}
    await api.problem(403, "POST", "/v1/customers/ada/lease", lease, key=viewer)
    taken = await api.call("POST", "/v1/customers/ada/lease", lease, key=ann)
    assert taken.status_code == 201
    shown = await api.ok("GET", "/v1/customers/ada", key=viewer)
    assert shown["lease"]["holder"] == "ann"
    assert shown["lease"]["until"] - shown["lease"]["at"] == 4 * 3_600_000_000
    assert "ann holds" in await api.problem(409, "POST", "/v1/customers/ada/lease", lease, key=bob)
    await api.problem(409, "DELETE", "/v1/customers/ada/lease", key=bob)
    await api.ok("POST", "/v1/customers/ada/lease", lease, key=approver)
    await api.ok("DELETE", "/v1/customers/ada/lease", key=approver)
    await api.problem(404, "DELETE", "/v1/customers/ada/lease", key=ann)
    await api.problem(404, "POST", "/v1/customers/nobody/lease", lease, key=ann)
    await api.problem(422, "POST", "/v1/customers/ada/lease", {"for": "4h", "reason": "r"})
