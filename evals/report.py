"""The report of a suite: one HTML file that stands alone and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from evals.bars import Bar, chart
from evals.verdicts import violations

_TONES = {"planner": "good", "baseline": "base", "bad": "bad"}
_STYLE = """
:root{color-scheme:light dark;--ink:#1c1c1c;--soft:#666;--line:#ddd;--paper:#fff;--good:#2f6f5e;
--base:#8a8f98;--bad:#b4532a}
@media(prefers-color-scheme:dark){:root{--ink:#eee;--soft:#aaa;--line:#444;--paper:#161616;
--good:#6fb9a3;--base:#8a8f98;--bad:#e08a5f}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:960px;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2.2rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);
vertical-align:top}th{font-weight:600}
.scroll{overflow-x:auto}figure{margin:1.2rem 0}figcaption{color:var(--soft);margin-bottom:.3rem}
svg{width:100%;height:auto;max-width:820px}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}
svg .name{text-anchor:end}.axis{stroke:var(--line)}.ci{stroke:var(--ink);stroke-width:1.4}
.good{fill:var(--good)}.base{fill:var(--base)}.bad{fill:var(--bad)}
.verdict{padding:.6rem .9rem;border-left:4px solid var(--good)}.verdict.no{border-color:var(--bad)}
code{font:12px ui-monospace,monospace;overflow-wrap:anywhere}.soft{color:var(--soft)}
"""


def html(result: Mapping[str, Any]) -> str:
    """The whole page."""
    planners = result["planners"]
    suite = str(result["identity"]["suite"])
    parts = [
        f"<h1>usher eval {escape(suite)}</h1>",
        _verdict(result["problems"]),
        "<h2>People who respond by hidden rules</h2>",
        _world(result["identity"]),
        _chart("Margin a person", planners, _margin, _euros),
        _chart("Margin a person beyond doing nothing, on the same people", planners, _lift, _euros),
        _chart("Carts that were bought", planners, _goal, _share),
        _chart("People who unsubscribed or complained", planners, _annoyed, _share),
        _figures(planners),
        "<h2>Cases with an end</h2>",
        _chart("Cases that ended as they must", planners, _success, _share),
        _cases(result),
        _checks(result["checks"]),
        "<h2>What this is a result of</h2>",
        _identity(result["identity"]),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>usher eval {escape(suite)}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _verdict(problems: Sequence[str]) -> str:
    if not problems:
        return '<p class="verdict">No rule was broken, and no bad agent wins.</p>'
    return f'<div class="verdict no">Not good enough:<ul>{_items(problems)}</ul></div>'


def _world(identity: Mapping[str, Any]) -> str:
    world = identity["world"]
    return (
        f"<p>{world['people']} invented people, {world['days']} simulated days, seed "
        f"{world['seed']}. Each has hidden traits: buys anyway, moved by a reminder or by a "
        "discount, annoyed by too many. Every planner meets the same people with the same luck. "
        "Lines through the bars are 95 % intervals over people. "
        '<span class="soft">Nothing here says what real customers would do; it tells planners '
        "apart.</span></p>"
    )


Pick = Callable[[Mapping[str, Any]], Mapping[str, float]]


def _margin(one: Mapping[str, Any]) -> Mapping[str, float]:
    return dict(one["cohort"]["margin_a_person"])


def _lift(one: Mapping[str, Any]) -> Mapping[str, float]:
    return dict(one["cohort"].get("lift") or {"value": 0.0, "low": 0.0, "high": 0.0})


def _goal(one: Mapping[str, Any]) -> Mapping[str, float]:
    return dict(one["cohort"]["goal_completion"])


def _annoyed(one: Mapping[str, Any]) -> Mapping[str, float]:
    return dict(one["cohort"]["annoyed"])


def _success(one: Mapping[str, Any]) -> Mapping[str, float]:
    return dict(one["cases"]["success"])


def _euros(value: float) -> str:
    return f"{value / 100:.2f} EUR"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _chart(title: str, planners: Mapping[str, Any], pick: Pick, say: Callable[[float], str]) -> str:
    bars = []
    for name, one in planners.items():
        figure = pick(one)
        said = f"{say(figure['value'])} ({say(figure['low'])} to {say(figure['high'])})"
        tone = _TONES[one["role"]]
        bars.append(Bar(name, figure["value"], figure["low"], figure["high"], tone, said))
    return chart(title, bars)


def _figures(planners: Mapping[str, Any]) -> str:
    heads = (
        "",
        "violations",
        "contacts a person",
        "discounts used",
        "refused, without ground",
        "approvals asked, said yes",
        "steps a decision",
        "model calls, tokens",
        "cost",
    )
    rows = []
    for name, one in planners.items():
        cohort = one["cohort"]
        over, asked, cost = cohort["over_blocked"], cohort["approvals"], cohort["cost"]
        rows.append(
            (
                name,
                len(violations(one)),
                f"{cohort['contacts_a_person']:.2f}",
                _euros(cohort["discounts_used_minor"]),
                f"{over['refused']}, {over['without_ground']}",
                f"{asked['asked']}, {_share(asked['precision']['value'])}"
                if asked["answered"]
                else f"{asked['asked']}",
                f"{cohort['steps_a_decision']:.1f}",
                f"{cost['llm_calls']}, {cost['prompt_tokens'] + cost['completion_tokens']:,}",
                cost["minor"],
            )
        )
    return _table(heads, rows)


def _cases(result: Mapping[str, Any]) -> str:
    planners = result["planners"]
    ks = sorted(next(iter(planners.values()))["cases"]["pass_hat"], key=int) if planners else []
    hats = _table(
        ("all trials right: pass^k", *(f"k = {k}" for k in ks)),
        [(name, *(_hat(one, k) for k in ks)) for name, one in planners.items()],
    )
    rows = []
    for case, (kind, title) in result["case_titles"].items():
        cells = [one["cases"]["by_case"][case] for one in planners.values()]
        rows.append((title, kind, *(f"{cell['passed']} of {cell['of']}" for cell in cells)))
    missed = [
        f"{name}, {case}: {'; '.join([*cell['violations'], *cell['missed']])}"
        for name, one in planners.items()
        if one["role"] == "planner"
        for case, cell in one["cases"]["by_case"].items()
        if cell["passed"] < cell["of"]
    ]
    said = f"<p>Where planners failed:</p><ul>{_items(missed)}</ul>" if missed else ""
    return hats + _table(("case", "kind", *planners), rows) + said


def _hat(one: Mapping[str, Any], k: str) -> str:
    found = one["cases"]["pass_hat"].get(k)
    return "" if found is None else _share(found)


def _checks(checks: Mapping[str, Any]) -> str:
    gold = "The gold run passes every case." if not checks["gold_fails"] else "The gold run fails."
    loose = "" if checks["vacuous"] else " Each case that a rule guards fails without its rule."
    rules = ", ".join(checks["rules_taken_out"])
    return f"<p>{gold}{loose} <span class='soft'>Taken out: {escape(rules)}.</span></p>"


def _identity(identity: Mapping[str, Any]) -> str:
    return _table(("", ""), [(name, f"<code>{escape(str(told))}</code>") for name, told in
                             identity.items()], raw=True)  # fmt: skip


def _table(heads: Iterable[str], rows: Iterable[Sequence[Any]], *, raw: bool = False) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{cell if raw and n else escape(str(cell))}</td>" for n, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _items(said: Iterable[str]) -> str:
    return "".join(f"<li>{escape(one)}</li>" for one in said)
