"""Charts as SVG text: axes, lines, bars and bands; pure.

The page has to open anywhere and be written within a fraction of a second after every run, so it
draws the few shapes it needs itself instead of loading a plot library.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import Final

Point = tuple[float, float]

LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 150.0, 26.0, 20.0, 36.0
CHAR_PX: Final = 7.6  # of a capital letter in the small font, about
WORD_PX: Final = 6.2  # of a letter in a sentence
TICK_STEPS: Final = (1.0, 2.0, 2.5, 5.0)
CLOCK_STEPS_S: Final = (
    *(1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0),
    *(3_600.0, 7_200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0),
)


@dataclass
class Chart:
    """One picture: `x` and `y` are the ranges of the data, in its units; y grows upwards."""

    x: tuple[float, float]
    y: tuple[float, float]
    width_px: float = 1_080.0
    height_px: float = 300.0
    left_px: float = LEFT_PX
    _shapes: list[str] = field(default_factory=list)

    # --- places ---

    def px(self, x: float) -> float:
        """Horizontal pixel of a value."""
        low, high = self.x
        span = (high - low) or 1.0
        return self.left_px + (x - low) / span * (self.width_px - self.left_px - RIGHT_PX)

    def py(self, y: float) -> float:
        """Vertical pixel of a value."""
        low, high = self.y
        span = (high - low) or 1.0
        return self.height_px - BOTTOM_PX - (y - low) / span * self._room_px()

    def _room_px(self) -> float:
        return self.height_px - TOP_PX - BOTTOM_PX

    # --- shapes; `style` is a class of the page's style sheet, `hint` what the pointer is told ---

    def line(self, points: Sequence[Point], style: str, hint: str = "") -> None:
        """A line through points, rising in x, as far as it lies within the picture."""
        points = within(points, self.x)
        if len(points) < 2:
            return
        text = " ".join(f"{self.px(x):.1f},{self.py(y):.1f}" for x, y in points)
        self._shapes.append(f'<polyline class="{style}" points="{text}">{_hint(hint)}</polyline>')

    def box(self, x: tuple[float, float], y: tuple[float, float], style: str, hint: str) -> None:
        """A bar or a band as far as it lies within the picture; at least half a pixel wide."""
        if max(x) < self.x[0] or min(x) > self.x[1]:
            return
        left, right = sorted(self.px(min(max(each, self.x[0]), self.x[1])) for each in x)
        top, bottom = sorted(map(self.py, y))
        self._shapes.append(
            f'<rect class="{style}" x="{left:.1f}" y="{top:.1f}"'
            f' width="{max(right - left, 0.5):.1f}" height="{max(bottom - top, 0.5):.1f}">'
            f"{_hint(hint)}</rect>"
        )

    def level(self, y: float, name: str, style: str = "mark") -> None:
        """A line across, with its name at the left."""
        at = self.py(y)
        right = self.width_px - RIGHT_PX
        self._shapes.append(
            f'<line class="{style}" x1="{self.left_px:.1f}" x2="{right:.1f}"'
            f' y1="{at:.1f}" y2="{at:.1f}"/>'
        )
        self.label(self.left_px - 6.0, at + 4.0, name, "end")

    def bound(self, y: float, name: str) -> None:
        """A line across with its name on it, clear of the numbers of the axis."""
        self.level(y, "", "bound")
        self.label(self.width_px - RIGHT_PX - 4.0, self.py(y) - 4.0, name, "end")

    def label(self, x_px: float, y_px: float, words: str, anchor: str = "start") -> None:
        """Words at a pixel; `end inside` is on a bar, in its ink."""
        where, _, style = anchor.partition(" ")
        inside = f' class="{style}"' if style else ""
        at = f'x="{x_px:.1f}" y="{y_px:.1f}" text-anchor="{where}"'
        self._shapes.append(f"<text{inside} {at}>{escape(words)}</text>")

    def beside(self, x: float, y: float, words: str) -> None:
        """Words just right of a place in the data; left of it where there is no room."""
        at = self.px(x)
        fits = at + 4.0 + WORD_PX * len(words) <= self.width_px
        side, room_px = ("start", 4.0) if fits else ("end inside", -4.0)
        self.label(at + room_px, self.py(y) + 4.0, words, side)

    # --- axes ---

    def clock_axis(self, start_s: float = 0.0) -> None:
        """Time of day along the bottom; `start_s` is the time of day of x = 0, in seconds."""
        low, high = self.x
        step = _clock_step(high - low)
        first = math.ceil((low + start_s) / step) * step
        count = int((high + start_s - first) / step) + 1
        for number in range(count):
            at = first + number * step
            self._tick(at - start_s, clock(at, seconds=step < 60.0))

    def value_axis(self, unit: str) -> None:
        """Numbers along the bottom."""
        for at in ticks(*self.x):
            self._tick(at, f"{at:g}")
        self.label(self.width_px - RIGHT_PX, self.height_px - 4.0, unit, "end")

    def height_axis(self, unit: str) -> None:
        """Numbers up the left side."""
        for at in ticks(*self.y, many=5):
            self.level(at, f"{at:g}", "grid")
        self.label(self.left_px - 6.0, 11.0, unit, "end")

    def _tick(self, x: float, words: str) -> None:
        at, floor = self.px(x), self.height_px - BOTTOM_PX
        self._shapes.append(
            f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP_PX}" y2="{floor:.1f}"/>'
        )
        self.label(at, floor + 17.0, words, "middle")

    def svg(self, title: str) -> str:
        """The picture, for a page."""
        head = (
            f'<svg role="img" viewBox="0 0 {self.width_px:g} {self.height_px:g}"'
            f' xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
        )
        return "\n".join([head, *self._shapes, "</svg>"])


def within(points: Sequence[Point], x: tuple[float, float]) -> list[Point]:
    """The part of a line that lies between two values of x; points rise in x."""
    kept: list[Point] = []
    for (x0, y0), (x1, y1) in pairwise(points):
        if x1 < x[0] or x0 > x[1]:
            continue
        ends = [(x0, y0), (x1, y1)]
        if x1 > x0:
            ends = [(at, y0 + (y1 - y0) * (at - x0) / (x1 - x0)) for at in _cut((x0, x1), x)]
        kept += ends if not kept or kept[-1] != ends[0] else ends[1:]
    return kept


def _cut(span: tuple[float, float], x: tuple[float, float]) -> tuple[float, float]:
    return max(span[0], x[0]), min(span[1], x[1])


def left_for(names: Iterable[str]) -> float:
    """Pixels that the longest of these names needs at the left."""
    return 14.0 + CHAR_PX * max((len(name) for name in names), default=0)


def ticks(low: float, high: float, many: int = 8) -> list[float]:
    """Round numbers from `low` to `high`, about so many."""
    rough = (high - low) / many
    if not rough > 0.0:
        return [low]
    size = 10.0 ** math.floor(math.log10(rough))
    step = next((k * size for k in TICK_STEPS if k * size >= rough), 10.0 * size)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def clock(at_s: float, *, seconds: bool = False) -> str:
    """Time of day: 25 h is 01:00 of the next day."""
    whole = round(at_s)
    text = f"{whole // 3600 % 24:02d}:{whole // 60 % 60:02d}"
    return f"{text}:{whole % 60:02d}" if seconds else text


def _clock_step(span_s: float) -> float:
    return next((step for step in CLOCK_STEPS_S if span_s / step <= 12.0), CLOCK_STEPS_S[-1])


def _hint(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""
