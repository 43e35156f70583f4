"""The one theme: tokens once, as CSS variables, light and dark; system fonts, no request outside.

A status is a chip, a chip is a colour, a colour is a meaning, everywhere the same: allowed or sent
green, denied red, review amber, approval violet, scheduled blue, withheld or cancelled grey. Every
pair of text and ground keeps a contrast of 4.5 : 1 in both modes (a test computes it).
"""

from __future__ import annotations

from nicegui import ui

LIGHT = {
    "page": "#f6f7f9", "card": "#ffffff", "line": "#e3e8ef", "ink": "#16202e", "muted": "#5b6b80",
    "accent": "#0f766e", "soft": "#e6f4f1", "on-accent": "#ffffff",
    "allow": "#157f3c", "allow-on": "#e8f6ec", "deny": "#b42318", "deny-on": "#fdeceb",
    "review": "#b45309", "review-on": "#fdf3e3", "approval": "#6d28d9", "approval-on": "#f1ebfd",
    "defer": "#1d4ed8", "defer-on": "#e8effd", "held": "#475569", "held-on": "#eef1f5",
}  # fmt: skip
DARK = {
    "page": "#0f151d", "card": "#17202b", "line": "#2a3644", "ink": "#e6ebf2", "muted": "#9aa9bb",
    "accent": "#2dd4bf", "soft": "#12312f", "on-accent": "#06201d",
    "allow": "#6ee7a0", "allow-on": "#12301f", "deny": "#fda29b", "deny-on": "#3a1714",
    "review": "#fbbf6b", "review-on": "#38250c", "approval": "#c4b5fd", "approval-on": "#2a1c4d",
    "defer": "#9ec1ff", "defer-on": "#14264d", "held": "#b6c2d1", "held-on": "#253140",
}  # fmt: skip

MEANINGS = ("allow", "deny", "review", "approval", "defer", "held")

_CSS = """
* { box-sizing: border-box; }
body, .nicegui-content { background: var(--page); color: var(--ink); margin: 0; padding: 0; gap: 0;
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; }
.nicegui-content { max-width: none; width: 100%; align-items: stretch; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
.u-shell { display: grid; grid-template-columns: 208px minmax(0, 1fr); min-height: 100vh; }
.u-nav { background: var(--card); border-right: 1px solid var(--line); padding: 16px 12px;
  position: sticky; top: 0; height: 100vh; overflow: auto; }
.u-brand { display: flex; gap: 8px; align-items: center; font-size: 17px; font-weight: 650;
  padding: 4px 10px 16px; color: var(--ink); }
.u-mark { width: 20px; height: 20px; border-radius: 6px; background: var(--accent); }
.u-nav a { display: flex; justify-content: space-between; align-items: center; padding: 7px 10px;
  border-radius: 8px; color: var(--ink); }
.u-nav a:hover { background: var(--page); text-decoration: none; }
.u-nav a.here { background: var(--soft); color: var(--accent); font-weight: 600; }
.u-group { font-size: 11px; letter-spacing: .06em; font-weight: 600; color: var(--muted);
  padding: 16px 10px 6px; text-transform: uppercase; }
.u-top { display: flex; gap: 12px; align-items: center; flex-wrap: wrap; background: var(--card);
  border-bottom: 1px solid var(--line); padding: 10px 24px; min-height: 58px; position: sticky;
  top: 0; z-index: 5; }
.u-title { font-size: 17px; font-weight: 650; margin-right: auto; }
.u-main { padding: 20px 24px 48px; display: flex; flex-direction: column; gap: 16px; }
.u-card { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 16px; display: flex; flex-direction: column; gap: 8px; min-width: 0; }
.u-card > h2, .u-h { font-size: 13px; font-weight: 600; color: var(--muted); margin: 0;
  line-height: 1.5; letter-spacing: 0; }
.u-sentence { border-left: 4px solid var(--accent); font-size: 16px; }
.u-sentence .u-flip { font-size: 14px; color: var(--muted); }
.u-cols { display: grid; gap: 16px; align-items: start; }
.u-three { grid-template-columns: minmax(0, 270px) minmax(0, 1fr) minmax(0, 340px); }
.u-two { grid-template-columns: minmax(0, 330px) minmax(0, 1fr); }
.u-thirds { grid-template-columns: repeat(3, minmax(0, 1fr)); }
.u-halves { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
.u-wide { grid-template-columns: minmax(0, 1fr) minmax(0, 330px); }
.u-tiles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); }
.u-figure { font-size: 24px; font-weight: 700; line-height: 1.2; color: var(--ink); }
.u-small { font-size: 12.5px; color: var(--muted); }
.u-muted { color: var(--muted); }
.u-strong { font-weight: 650; }
.u-code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 12px;
  overflow-wrap: anywhere; }
.u-row { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; }
.u-chip { display: inline-flex; align-items: center; padding: 2px 9px; border-radius: 999px;
  overflow-wrap: normal;
  font-size: 12px; font-weight: 600; line-height: 1.5; }
.u-fact { overflow-wrap: anywhere; border-bottom: 1px solid var(--line); padding: 7px 0; }
.u-fact:last-child { border-bottom: 0; }
.u-step { display: grid; grid-template-columns: 30px minmax(0, 1fr); gap: 8px; }
.u-n { width: 26px; height: 26px; border-radius: 999px; background: var(--held-on);
  color: var(--held); display: grid; place-items: center; font-weight: 650; font-size: 12.5px; }
.u-table { width: 100%; border-collapse: collapse; }
.u-table th { text-align: left; font-size: 12.5px; color: var(--muted); font-weight: 600;
  padding: 6px 10px; border-bottom: 1px solid var(--line); }
.u-table td { padding: 10px; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
.u-table tr:last-child td { border-bottom: 0; }
.u-table td:first-child { min-width: 120px; } .u-table td:nth-child(2) { min-width: 130px; }
.u-table td a, .u-plain { color: var(--ink); }
.u-table td a.u-link { color: var(--accent); } .u-whole { white-space: nowrap; }
.u-table tbody tr:hover { background: var(--page); }
.u-message { border: 1px solid var(--line); border-radius: 10px; padding: 12px;
  white-space: pre-wrap; overflow-wrap: anywhere; background: var(--page); }
.u-item { border: 1px solid transparent; border-radius: 10px; padding: 10px 12px; cursor: pointer;
  display: flex; flex-direction: column; gap: 2px; color: var(--ink); }
.u-item:hover { background: var(--page); }
.u-item.here { background: var(--soft); border-color: var(--accent); }
.u-button { font: inherit; font-weight: 600; padding: 7px 12px; border-radius: 8px; cursor: pointer;
  border: 1px solid var(--line); background: var(--card); color: var(--ink);
  display: inline-flex; gap: 8px; align-items: center; }
.u-button:hover { border-color: var(--accent); }
.u-button.primary { background: var(--accent); color: var(--on-accent);
  border-color: var(--accent); }
.u-button.danger { color: var(--deny); border-color: var(--deny); }
.u-button[disabled] { opacity: .5; cursor: default; }
.u-key { font-size: 11px; border: 1px solid var(--line); border-radius: 4px; padding: 0 5px;
  color: var(--muted); background: var(--page); font-weight: 500; }
.u-bar { height: 8px; border-radius: 4px; background: var(--held-on); overflow: hidden; }
.u-bar > div { height: 100%; background: var(--held); border-radius: 4px; }
.u-command { display: flex; gap: 8px; align-items: start; border: 1px solid var(--line);
  border-radius: 10px; padding: 8px 8px 8px 12px; background: var(--page); }
.u-command > pre { flex: 1; margin: 0; padding: 6px 0; white-space: pre-wrap; min-width: 0; }
.u-command > button { padding: 3px 10px; font-size: 12.5px; }
.u-plot { display: grid; grid-template-columns: minmax(0, 1fr) minmax(60px, 38%) 56px; gap: 10px;
  align-items: center; color: var(--ink); } .u-plot > :last-child { text-align: right; }
.u-watched { display: grid; grid-template-columns: minmax(0, 1fr) 168px; gap: 12px;
  align-items: center; border-bottom: 1px solid var(--line); padding: 8px 0; }
.u-watched:last-child { border-bottom: 0; }
.u-narrow .u-watched { grid-template-columns: minmax(0, 1fr); gap: 4px; }
.u-days { display: grid; grid-template-columns: repeat(7, 1fr); gap: 4px; max-width: 240px; }
.u-day { font-size: 11px; color: var(--muted); text-align: center; }
.u-stack { height: 34px; display: flex; flex-direction: column; justify-content: flex-end;
  border-bottom: 1px solid var(--line); }
.u-stack > div { min-height: 3px; } .u-stack > :first-child { border-radius: 3px 3px 0 0; }
.u-talk { display: flex; flex-direction: column; gap: 10px; max-height: 60vh; overflow: auto; }
.u-talk:empty { display: none; }
.u-say { display: flex; gap: 8px; align-items: center; }
.u-mine { align-self: end; max-width: 85%; background: var(--soft); border-radius: 10px;
  padding: 8px 12px; overflow-wrap: anywhere; }
.u-ask { border-color: var(--approval); flex: none; }
.u-bare { border: 0; padding: 0; background: none; }
.u-source { border: 1px solid var(--line); border-radius: 10px; padding: 8px 0; overflow: auto;
  background: var(--page); max-height: 78vh; }
.u-short { max-height: 46vh; }
.u-source > div { display: grid; grid-template-columns: 44px minmax(0, 1fr); gap: 8px;
  padding: 0 10px; }
.u-source > div:target { background: var(--soft); }
.u-source .u-code { white-space: pre-wrap; }
.u-line { text-align: right; color: var(--muted); font-size: 12px; user-select: none; }
.u-added { background: var(--allow-on); color: var(--allow); }
.u-gone { background: var(--deny-on); color: var(--deny); }
.u-paste { width: 100%; } .u-paste textarea { max-height: 46vh; color: var(--ink); overflow: auto; }
.u-title2 { font-size: 19px; font-weight: 650; line-height: 1.3; }
.u-said { font-size: 15px; }
.u-column { display: flex; flex-direction: column; gap: 4px; }
.u-even { grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr)); }
.u-pair { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; }
.u-pair > :last-child { text-align: right; flex: 0 0 auto; max-width: 60%; }
.u-notice { border: 1px solid var(--review); background: var(--review-on); color: var(--review);
  border-radius: 10px; padding: 10px 12px; font-weight: 600; }
.u-field { display: flex; flex-direction: column; gap: 4px; max-width: 640px; }
.u-diff { display: flex; flex-direction: column; gap: 4px; }
.u-diff > .u-gone, .u-diff > .u-added { border-radius: 8px; padding: 6px 10px;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.u-moment { display: grid; grid-template-columns: 200px minmax(0, 1fr) auto; gap: 10px;
  align-items: baseline; }
.u-form { border-top: 1px solid var(--line); padding-top: 12px; gap: 12px; }
.u-search { align-items: flex-start; } .u-search > .u-field { flex: 1; min-width: 240px; }
.u-search > .u-button { margin-top: 25px; }
summary { cursor: pointer; display: list-item; } summary > div { display: inline; }
.u-empty { color: var(--muted); padding: 12px 0; }
.u-input { font: inherit; width: 100%; padding: 8px 10px; border-radius: 8px;
  border: 1px solid var(--line); background: var(--card); color: var(--ink); }
@media (max-width: 900px) {
  .u-shell { grid-template-columns: minmax(0, 1fr); grid-template-rows: auto 1fr; }
  .u-nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line);
    display: flex; flex-wrap: wrap; gap: 4px; padding: 8px; }
  .u-brand { padding: 4px 10px; } .u-group { display: none; }
  .u-three, .u-two, .u-wide, .u-halves, .u-thirds { grid-template-columns: minmax(0, 1fr); }
  .u-moment { grid-template-columns: minmax(0, 1fr) auto; }
  .u-moment > :first-child { grid-column: 1 / -1; }
  .u-top { padding: 8px 12px; position: static; } .u-main { padding: 12px; }
  .u-table thead { display: none; }
  .u-table tr { display: block; border-bottom: 1px solid var(--line); padding: 6px 0; }
  .u-table td { display: block; border: 0; padding: 2px 6px; }
  .u-table td:not(:first-child):not([data-head=""])::before { content: attr(data-head) ": ";
    color: var(--muted); font-size: 12.5px; }
}
"""


def _variables(tokens: dict[str, str]) -> str:
    return "".join(f"--{name}: {value};" for name, value in tokens.items())


def stylesheet() -> str:
    """The whole theme as CSS."""
    chips = "".join(
        f".u-chip.{m} {{ color: var(--{m}); background: var(--{m}-on); }}" for m in MEANINGS
    )
    return (
        f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}"
        f"{_CSS}{chips}"
    )


def apply() -> None:
    """Put the theme on the page that is being built."""
    ui.add_head_html(f"<style>{stylesheet()}</style>")
    ui.colors(primary=LIGHT["accent"])
