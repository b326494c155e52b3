"""Arithmetic of colours written as #rrggbb: contrast as WCAG 2.2 counts it, mixtures, a shade that can be read."""

# What words stand on, in the light and in the dark: of each the one on which they are harder to read.
PAPER, DARK_PAPER = "#faf9f5", "#1c2327"
READABLE = 4.5  # WCAG 2.2, 1.4.3


def channels(color: str) -> tuple[int, int, int]:
    """Return red, green and blue, from 0 to 255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def luminance(color: str) -> float:
    """Return the relative luminance, from 0 to 1."""
    red, green, blue = (_linear(channel / 255) for channel in channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(color: str, with_: str, share: float) -> str:
    """Return the colour with so much of another in it."""
    pairs = zip(channels(color), channels(with_), strict=True)
    return "#" + "".join(f"{round(own + (other - own) * share):02x}" for own, other in pairs)


def readable_on(color: str, paper: str) -> str:
    """Return the colour, or the first lighter shade of it that can be read on that paper."""
    shades = (mixed(color, "#ffffff", share / 20) for share in range(21))
    return next(shade for shade in shades if contrast(shade, paper) >= READABLE)
