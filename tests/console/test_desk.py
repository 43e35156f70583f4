"""The desk itself: it logs in, and would tell what goes wrong on a page."""

from __future__ import annotations

import pytest

from tests.api.processes import Served
from tests.console.conftest import Sits
from tests.console.desk import Desk


def test_the_shop_has_something_on_every_page(desk: Desk) -> None:
    page = desk.open("/decisions")
    for name in ("Ada L.", "Grace H.", "Ines M.", "Yuki T."):
        page.get_by_text(name, exact=True).first.wait_for()


def test_a_desk_tells_of_errors_and_of_other_hosts(served: Served, sit: Sits) -> None:
    desk = sit(served)
    page = desk.open("/decisions")
    page.evaluate("() => setTimeout(() => { throw new Error('on purpose') })")
    page.evaluate("() => fetch('http://127.0.0.1:9/').catch(() => 0)")
    with pytest.raises(AssertionError, match="on purpose"):
        desk.close()
    assert "127.0.0.1:9" in desk.hosts
    desk.errors.clear()
    desk.hosts.clear()
