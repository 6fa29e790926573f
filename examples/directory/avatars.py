"""Pictures of nobody: a face of shapes, drawn from the member's number."""

from __future__ import annotations

import random


def avatar(number: int, seed: int) -> bytes:
    """The SVG picture of a member."""
    rng = random.Random(f"face {seed} {number}")  # noqa: S311 - a drawing
    hue = rng.randrange(360)
    back, coat, hair = (
        f"hsl({(hue + turn) % 360} {s}% {light}%)" for turn, s, light in ((0, 45, 82), (150, 40, 42), (40, 35, 28))
    )
    skin = rng.choice(("#f2d3b8", "#e3b48f", "#c68e63", "#99653d", "#6d4527"))
    mouth = rng.choice(("M38 60q10 9 20 0", "M40 61q8 5 16 0", "M39 62h18"))
    fringe = rng.choice(("M24 44a24 24 0 0 1 48 0q-24-16-48 0z", "M24 48a24 26 0 0 1 48 0q-10-18-30-14t-18 14z"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" fill="{back}"/>'
        f'<path d="M14 96a34 26 0 0 1 68 0z" fill="{coat}"/><circle cx="48" cy="48" r="23" fill="{skin}"/>'
        f'<path d="{fringe}" fill="{hair}"/><circle cx="40" cy="49" r="2.6"/><circle cx="56" cy="49" r="2.6"/>'
        f'<path d="{mouth}" fill="none" stroke="#222" stroke-width="2" stroke-linecap="round"/></svg>'
    ).encode()
