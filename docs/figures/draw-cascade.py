#!/usr/bin/env python3
"""Draws docs/figures/cascade-light.svg and cascade-dark.svg, the figure of README.md.

Usage: docs/figures/draw-cascade.py

The curve is the table of operating points in docs/cifar10.md. The predictions are cascade.jsonl,
written in the repository's root by

    dvt classify --format jsonl Examples/snapshots/horses.jpg Examples/snapshots/dog.jpg

Needs nothing but Python.
"""
import base64
import json
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
EXITS = [(0.033, 77.56), (0.192, 84.14)]  # every image at exit 1, at exit 2

THEMES = {
    "light": dict(background="#ffffff", text="#1f2328", muted="#59636e", grid="#e4e8ec",
                  border="#d1d9e0", curve="#0969da", early="#1a7f37", late="#9a6700"),
    "dark": dict(background="#0d1117", text="#e6edf3", muted="#9198a1", grid="#21262d",
                 border="#3d444d", curve="#4493f8", early="#3fb950", late="#d29922"),
}
WIDTH, HEIGHT = 880, 330
LEFT, RIGHT, TOP, BOTTOM = 56, 500, 52, 280
COSTS, ACCURACIES = (0.02, 0.2), (77, 85)


def operating_points():
    """(GMACs, top-1 in %, times fewer multiply-adds, whether the model ships with it), by cost."""
    rows = []
    for line in (ROOT / "docs/cifar10.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and re.fullmatch(r"(\*\*)?[0-9.]+(\*\*)?", cells[0]):
            accuracy, cost = (float(cells[index].strip("*")) for index in (4, 5))
            rows.append((cost, accuracy, cells[6].strip("*"), cells[0].startswith("**")))
    if not rows:
        raise SystemExit("draw-cascade.py: docs/cifar10.md has no table of operating points")
    return rows


def x(cost):
    return LEFT + (cost - COSTS[0]) / (COSTS[1] - COSTS[0]) * (RIGHT - LEFT)


def y(accuracy):
    return BOTTOM - (accuracy - ACCURACIES[0]) / (ACCURACIES[1] - ACCURACIES[0]) * (BOTTOM - TOP)


def text(left, top, content, **attributes):
    settings = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{left:.1f}" y="{top:.1f}"{settings}>{content}</text>'


def circle(cost, accuracy, radius, fill, stroke="none"):
    return (f'<circle cx="{x(cost):.1f}" cy="{y(accuracy):.1f}" r="{radius}" fill="{fill}" '
            f'stroke="{stroke}" stroke-width="2"/>')


def plot(colors):
    points = operating_points()
    parts = [text(LEFT, 28, "Top-1 accuracy on CIFAR-10's test images, %", font_weight="600")]
    for accuracy in range(ACCURACIES[0] + 1, ACCURACIES[1] + 1, 2):
        parts.append(f'<path d="M{LEFT} {y(accuracy):.1f}H{RIGHT}" stroke="{colors["grid"]}"/>')
        parts.append(text(LEFT - 10, y(accuracy) + 4, accuracy, text_anchor="end",
                          fill=colors["muted"]))
    for cost in (0.05, 0.1, 0.15, 0.2):
        parts.append(text(x(cost), BOTTOM + 20, f"{cost:g}", text_anchor="middle",
                          fill=colors["muted"]))
    parts.append(f'<path d="M{LEFT} {BOTTOM}H{RIGHT}" stroke="{colors["border"]}"/>')
    parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 42, "GMACs per image", text_anchor="middle",
                      fill=colors["muted"]))
    line = [EXITS[0]] + [point[:2] for point in points] + [EXITS[1]]
    path = "L".join(f"{x(cost):.1f} {y(accuracy):.1f}" for cost, accuracy in line)
    parts.append(f'<path d="M{path}" fill="none" stroke="{colors["curve"]}" stroke-width="2"/>')
    for cost, accuracy, times, is_own in points:
        parts.append(circle(cost, accuracy, 5.5 if is_own else 3.5, colors["curve"]))
        if is_own:
            parts.append(text(x(cost) + 4, y(accuracy) + 32, f"early exits: {accuracy:.2f} %",
                              font_weight="600"))
            parts.append(text(x(cost) + 4, y(accuracy) + 50, f"{times} times fewer multiply-adds",
                              fill=colors["muted"]))
    for (cost, accuracy), name, side in zip(EXITS, ("exit 1", "exit 2"), (1, -1)):
        color = colors["early" if side > 0 else "late"]
        parts.append(circle(cost, accuracy, 5, colors["background"], color))
        top = y(accuracy) + (6 if side > 0 else -14)
        parts.append(text(x(cost) + (14 if side > 0 else 6), top, f"all images at {name}: "
                          f"{accuracy:.2f} %", text_anchor="start" if side > 0 else "end"))
    return parts


def examples(colors):
    parts = []
    records = [json.loads(line)
               for line in (FOLDER / "cascade.jsonl").read_text(encoding="utf-8").splitlines()]
    for index, record in enumerate(records):
        left, top, side = 556, 40 + index * 136, 112
        color = colors["early" if record["exit"] == 0 else "late"]
        data = base64.b64encode((ROOT / record["file"]).read_bytes()).decode("ascii")
        parts.append(f'<clipPath id="image{index}"><rect x="{left}" y="{top}" width="{side}" '
                     f'height="{side}" rx="6"/></clipPath>')
        parts.append(f'<image x="{left}" y="{top}" width="{side}" height="{side}" '
                     f'preserveAspectRatio="xMidYMin slice" clip-path="url(#image{index})" '
                     f'href="data:image/jpeg;base64,{data}"/>')
        parts.append(f'<rect x="{left}" y="{top}" width="{side}" height="{side}" rx="6" '
                     f'fill="none" stroke="{color}" stroke-width="3"/>')
        beside = left + side + 18
        parts.append(text(beside, top + 22, f'{record["label"]}, exit {record["exit"] + 1}',
                          font_weight="600", font_size=16, fill=color))
        parts.append(text(beside, top + 46, f'{record["multiply_adds"] / 1e9:.3f} GMACs',
                          fill=colors["muted"]))
        for number, confidence in enumerate(record["confidences"]):
            parts.append(text(beside, top + 70 + 20 * number,
                              f"confidence {confidence:.2f} at exit {number + 1}",
                              fill=colors["muted"]))
    return parts


for name, colors in THEMES.items():
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="-apple-system, \'Segoe UI\', '
        f'\'DejaVu Sans\', Helvetica, Arial, sans-serif" font-size="13" fill="{colors["text"]}">',
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8" '
        f'fill="{colors["background"]}" stroke="{colors["border"]}"/>',
        *plot(colors), *examples(colors), "</svg>", ""]
    (FOLDER / f"cascade-{name}.svg").write_text("\n".join(parts), encoding="utf-8")
