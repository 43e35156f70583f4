"""Bars with their intervals, as small SVG of our own. No script, no font, no request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

_LEFT, _WIDTH, _ROW = 130, 420, 30


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `tone`: `good`, `base` or `bad`; `said`: its value in words."""

    name: str
    value: float
    low: float
    high: float
    tone: str
    said: str


def chart(title: str, bars: Sequence[Bar]) -> str:
    """A horizontal bar chart; the line through a bar's end is its 95 % interval."""
    least = min([0.0, *(bar.low for bar in bars)])
    most = max([*(bar.high for bar in bars), least + 1e-9])

    def x(value: float) -> float:
        return round(_LEFT + _WIDTH * (value - least) / (most - least), 1)

    height = _ROW * len(bars) + 8
    rows = "".join(_row(bar, n, x) for n, bar in enumerate(bars))
    zero = f'<line class="axis" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{height}"/>'
    said = "; ".join(f"{bar.name} {bar.said}" for bar in bars)
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg role="img" '
        f'viewBox="0 0 {_LEFT + _WIDTH + 260} {height}"><title>{escape(f"{title}: {said}")}</title>'
        f"{zero}{rows}</svg></figure>"
    )


def _row(bar: Bar, n: int, x: Callable[[float], float]) -> str:
    y = n * _ROW + 6
    start, end = sorted((x(0), x(bar.value)))
    low, high, middle = x(bar.low), x(bar.high), y + 10
    return (
        f'<text class="name" x="{_LEFT - 8}" y="{y + 15}">{escape(bar.name)}</text>'
        f'<rect class="{bar.tone}" x="{start}" y="{y}" width="{end - start:.1f}" height="20"/>'
        f'<line class="ci" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>'
        f'<line class="ci" x1="{low}" x2="{low}" y1="{middle - 4}" y2="{middle + 4}"/>'
        f'<line class="ci" x1="{high}" x2="{high}" y1="{middle - 4}" y2="{middle + 4}"/>'
        f'<text x="{_LEFT + _WIDTH + 10}" y="{y + 15}">{escape(bar.said)}</text>'
    )
