#!/usr/bin/env python3
"""Draws the images in Examples/photos, from one large object to clutter.

Usage: draw-photos.py [FOLDER]

Requires Pillow. The images are committed, so nothing else requires it; Pillow 13.0.0 reproduces
them exactly.
"""

import math
import random
import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 320, 240
# Supersampling factor for smooth edges.
SCALE = 3


class Scene:
    """A canvas in the coordinates of the final image."""

    def __init__(self, top, bottom, seed):
        self.random = random.Random(seed)
        ramp = Image.linear_gradient("L").resize((WIDTH * SCALE, HEIGHT * SCALE))
        size = ramp.size
        self.image = Image.composite(
            Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp
        )

    def _draw(self, paint):
        paint(ImageDraw.Draw(self.image))

    def ellipse(self, x, y, rx, ry, color):
        box = [(x - rx) * SCALE, (y - ry) * SCALE, (x + rx) * SCALE, (y + ry) * SCALE]
        self._draw(lambda draw: draw.ellipse(box, fill=color))

    def box(self, left, top, right, bottom, color, radius=0):
        corners = [v * SCALE for v in (left, top, right, bottom)]
        self._draw(lambda draw: draw.rounded_rectangle(corners, radius * SCALE, fill=color))

    def shape(self, points, color):
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw(lambda draw: draw.polygon(scaled, fill=color))

    def line(self, points, color, width):
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw(
            lambda draw: draw.line(scaled, fill=color, width=round(width * SCALE), joint="curve")
        )

    def ring(self, x, y, radius, color, width):
        box = [
            (x - radius) * SCALE,
            (y - radius) * SCALE,
            (x + radius) * SCALE,
            (y + radius) * SCALE,
        ]
        self._draw(lambda draw: draw.ellipse(box, outline=color, width=round(width * SCALE)))

    def shadow(self, x, y, rx, ry, strength=0.5):
        """Draws a soft shadow on the ground."""
        mask = Image.new("L", self.image.size, 0)
        box = [(x - rx) * SCALE, (y - ry) * SCALE, (x + rx) * SCALE, (y + ry) * SCALE]
        ImageDraw.Draw(mask).ellipse(box, fill=round(255 * strength))
        mask = mask.filter(ImageFilter.GaussianBlur(ry * SCALE * 0.5))
        self.image.paste(Image.new("RGB", self.image.size, (20, 18, 24)), (0, 0), mask)

    def ball(self, x, y, radius, color):
        """Draws a sphere lit from the upper left."""
        steps = 40
        for step in range(steps):
            part = step / steps
            light = 0.45 + 0.75 * part
            shade = tuple(min(255, round(c * light)) for c in color)
            offset = 0.36 * radius * part
            self.ellipse(x - offset, y - offset, radius * (1 - part), radius * (1 - part), shade)

    def final(self):
        """Returns the image at its final size, with sensor noise."""
        small = self.image.resize((WIDTH, HEIGHT), Image.LANCZOS)
        grain = Image.new("L", small.size)
        grain.putdata([round(128 + self.random.gauss(0, 5)) for _ in range(WIDTH * HEIGHT)])
        return ImageChops.add(small, Image.merge("RGB", [grain] * 3), 1, -128)


def ball():
    scene = Scene((214, 208, 200), (150, 140, 132), 1)
    scene.shadow(172, 205, 110, 20)
    scene.ball(160, 118, 92, (214, 60, 48))
    return scene


def apple():
    scene = Scene((232, 226, 210), (196, 170, 134), 2)
    scene.shadow(160, 212, 100, 16)
    scene.ball(122, 132, 76, (150, 196, 62))
    scene.ball(196, 132, 76, (132, 184, 54))
    scene.ball(158, 140, 80, (146, 192, 60))
    scene.line([(158, 74), (164, 46), (176, 30)], (84, 58, 34), 6)
    scene.shape([(166, 54), (196, 28), (226, 34), (204, 58)], (70, 130, 50))
    return scene


def moon():
    scene = Scene((10, 14, 40), (40, 52, 98), 3)
    for _ in range(50):
        x, y = scene.random.uniform(0, 320), scene.random.uniform(0, 150)
        scene.ellipse(x, y, 0.8, 0.8, (220, 224, 240))
    scene.ball(208, 76, 46, (244, 238, 206))
    scene.box(0, 168, 320, 240, (20, 30, 62))
    for row in range(12):
        y, half = 172 + row * 6, 10 + row * 3.4
        shift = scene.random.uniform(-8, 8)
        scene.line([(208 - half + shift, y), (208 + half + shift, y)], (196, 194, 178), 1.6)
    return scene


def cup():
    scene = Scene((206, 222, 226), (120, 96, 76), 4)
    scene.box(0, 170, 320, 240, (134, 98, 66))
    scene.shadow(166, 206, 96, 14)
    scene.ring(226, 128, 36, (236, 236, 232), 13)
    scene.shape([(88, 78), (222, 78), (206, 202), (104, 202)], (242, 242, 238))
    scene.shape([(190, 78), (222, 78), (206, 202), (182, 202)], (208, 210, 208))
    scene.ellipse(155, 78, 67, 16, (250, 250, 248))
    scene.ellipse(155, 80, 58, 12, (74, 44, 26))
    for x in (130, 156, 182):
        wave = [(x + 7 * math.sin(y / 9), y) for y in range(20, 62, 3)]
        scene.line(wave, (226, 234, 236), 3)
    return scene


def fish():
    scene = Scene((70, 170, 200), (14, 62, 108), 5)
    for x in range(20, 320, 44):
        stem = [(x + 9 * math.sin((y + x) / 16), y) for y in range(240, 150 + x % 50, -4)]
        scene.line(stem, (38, 112, 76), 7)
    scene.shape([(226, 120), (288, 74), (276, 120), (288, 168)], (236, 132, 36))
    scene.shape([(130, 76), (178, 40), (206, 84)], (226, 116, 30))
    scene.ellipse(156, 120, 88, 50, (246, 150, 46))
    for x in (128, 170, 208):
        reach = 50 * math.sqrt(max(0, 1 - ((x - 156) / 88) ** 2)) - 2
        scene.line([(x, 120 - reach), (x + 5, 120), (x, 120 + reach)], (250, 244, 232), 12)
    scene.ellipse(96, 106, 11, 11, (252, 252, 252))
    scene.ellipse(94, 106, 6, 6, (16, 16, 20))
    for index in range(7):
        scene.ring(48 - index * 3, 90 - index * 13, 3 + index % 3 * 2, (190, 226, 238), 1.4)
    return scene


def boat():
    scene = Scene((126, 186, 232), (214, 230, 240), 6)
    cloud(scene, 74, 52, 1.2)
    cloud(scene, 250, 36, 0.8)
    scene.box(0, 160, 320, 240, (38, 96, 146))
    scene.line([(166, 40), (166, 176)], (92, 66, 44), 5)
    scene.shape([(172, 44), (172, 158), (246, 158)], (250, 248, 240))
    scene.shape([(160, 58), (160, 158), (98, 158)], (216, 66, 58))
    scene.shape([(84, 168), (256, 168), (228, 202), (112, 202)], (128, 74, 42))
    for row in range(9):
        for column in range(9):
            x, y = column * 40 + row % 2 * 20 - 10, 176 + row * 8
            if not (84 < x + 8 < 250 and y < 204):
                scene.line([(x, y), (x + 8, y - 3), (x + 16, y)], (88, 146, 190), 1.6)
    return scene


def cloud(scene, x, y, size):
    for dx, dy, radius in ((-26, 4, 15), (-8, -6, 20), (14, -3, 18), (32, 5, 13)):
        scene.ellipse(
            x + dx * size, y + dy * size, radius * size, radius * size * 0.8, (250, 250, 252)
        )


def tree(scene, x, ground, size, color):
    scene.box(x - 4 * size, ground - 34 * size, x + 4 * size, ground, (88, 62, 42))
    for _ in range(26):
        angle, reach = scene.random.uniform(0, math.tau), scene.random.uniform(0, 24)
        light = scene.random.uniform(0.75, 1.25)
        shade = tuple(min(255, round(c * light)) for c in color)
        center = (
            x + reach * math.cos(angle) * size,
            ground + (-54 + reach * math.sin(angle)) * size,
        )
        scene.ellipse(*center, 11 * size, 10 * size, shade)


def house(scene, x, ground, width, wall, roof):
    height = width * 0.7
    scene.box(x, ground - height, x + width, ground, wall)
    peak = (x + width / 2, ground - height * 1.7)
    eaves = [(x - width * 0.08, ground - height), (x + width * 1.08, ground - height)]
    scene.shape([eaves[0], peak, eaves[1]], roof)
    scene.box(x + width * 0.42, ground - height * 0.5, x + width * 0.6, ground, (86, 56, 40))
    for left in (0.12, 0.7):
        window = [
            x + width * left,
            ground - height * 0.72,
            x + width * (left + 0.18),
            ground - height * 0.4,
        ]
        scene.box(*window, (190, 216, 230))


def cottage():
    scene = Scene((150, 200, 236), (224, 236, 240), 7)
    cloud(scene, 70, 44, 1)
    scene.box(0, 182, 320, 240, (104, 156, 74))
    tree(scene, 268, 198, 1.7, (66, 132, 60))
    house(scene, 66, 204, 140, (236, 220, 186), (166, 70, 54))
    for _ in range(60):
        x, y = scene.random.uniform(0, 320), scene.random.uniform(206, 238)
        scene.ellipse(
            x, y, 1.8, 1.8, scene.random.choice([(240, 220, 90), (232, 120, 140), (250, 250, 250)])
        )
    return scene


def bicycle():
    scene = Scene((222, 214, 198), (186, 178, 166), 8)
    for row in range(12):
        for column in range(9):
            x, y = column * 40 - row % 2 * 20, row * 15
            light = scene.random.randint(-14, 14)
            scene.box(x + 1, y + 1, x + 38, y + 13, (178 + light, 106 + light, 84 + light))
    scene.box(0, 180, 320, 240, (128, 128, 132))
    scene.shadow(160, 208, 130, 8)
    for x in (92, 230):
        for spoke in range(14):
            angle = spoke * math.tau / 14
            scene.line(
                [(x, 158), (x + 44 * math.cos(angle), 158 + 44 * math.sin(angle))],
                (206, 206, 210),
                0.9,
            )
        scene.ring(x, 158, 47, (32, 32, 36), 5)
    frame = [(92, 158), (132, 94), (212, 94), (152, 158), (92, 158), (152, 158), (128, 86)]
    scene.line(frame, (34, 92, 158), 6)
    scene.line([(230, 158), (208, 78), (226, 68)], (34, 92, 158), 6)
    scene.box(108, 78, 146, 86, (40, 34, 32), 4)
    scene.ring(152, 158, 11, (60, 60, 64), 4)
    return scene


def forest():
    scene = Scene((176, 208, 226), (208, 220, 196), 9)
    scene.box(0, 130, 320, 240, (92, 134, 70))
    for row in range(5):
        for _ in range(8 + row):
            x, ground = scene.random.uniform(-10, 330), 130 + row * 25 + scene.random.uniform(-6, 6)
            green = scene.random.choice(
                [(58, 118, 58), (96, 142, 56), (44, 96, 66), (186, 140, 52)]
            )
            tree(scene, x, ground, 0.6 + row * 0.22, green)
    return scene


def street():
    scene = Scene((196, 206, 222), (230, 222, 208), 10)
    walls = [(226, 194, 150), (206, 222, 210), (232, 216, 220), (190, 160, 140), (240, 230, 190)]
    roofs = [(146, 66, 54), (92, 78, 76), (122, 86, 60), (78, 92, 108)]
    for row, (ground, width) in enumerate([(128, 40), (164, 56), (206, 78)]):
        x = -20 - row * 9
        while x < 330:
            size = width * scene.random.uniform(0.8, 1.15)
            house(scene, x, ground, size, scene.random.choice(walls), scene.random.choice(roofs))
            x += size * scene.random.uniform(1.0, 1.3)
    scene.box(0, 206, 320, 240, (112, 112, 116))
    for x in range(0, 320, 36):
        scene.box(x, 222, x + 18, 225, (236, 236, 228))
    for x in (40, 130, 216, 292):
        person(scene, x + scene.random.uniform(-12, 12), 214)
    return scene


def person(scene, x, ground):
    coat = tuple(scene.random.randint(30, 220) for _ in range(3))
    scene.line([(x - 3, ground), (x, ground - 16), (x + 3, ground)], (40, 40, 52), 3)
    scene.box(x - 6, ground - 36, x + 6, ground - 13, coat, 4)
    scene.ellipse(x, ground - 41, 5, 5.5, (226, 182, 150))


def shelves():
    scene = Scene((96, 70, 50), (70, 50, 36), 11)
    for shelf in range(4):
        ground = 56 + shelf * 60
        x = 4.0
        while x < 312:
            width, height = scene.random.uniform(5, 17), scene.random.uniform(30, 52)
            color = tuple(scene.random.randint(30, 230) for _ in range(3))
            lean = scene.random.choice([0, 0, 0, 0, 5])
            book = [
                (x + lean, ground - height),
                (x + lean + width, ground - height),
                (x + width, ground),
                (x, ground),
            ]
            scene.shape(book, color)
            for band in (0.2, 0.75):
                y = ground - height * band
                scene.line([(x + 1, y), (x + width - 1, y)], tuple(255 - c for c in color), 1.5)
            x += width + 1 + lean
        scene.box(0, ground, 320, ground + 6, (150, 110, 74))
    return scene


def drawer():
    scene = Scene((120, 104, 88), (92, 80, 70), 12)
    for index in range(170):
        x, y = scene.random.uniform(0, 320), scene.random.uniform(0, 240)
        size = scene.random.uniform(6, 22)
        color = tuple(scene.random.randint(20, 245) for _ in range(3))
        angle = scene.random.uniform(0, math.tau)
        dx, dy = math.cos(angle) * size, math.sin(angle) * size
        kind = index % 5
        if kind == 0:
            scene.ball(x, y, size * 0.7, color)
        elif kind == 1:
            scene.line([(x - dx * 1.6, y - dy * 1.6), (x + dx * 1.6, y + dy * 1.6)], color, 4)
        elif kind == 2:
            scene.ring(x, y, size, color, 3)
        elif kind == 3:
            scene.shape(
                [(x + dx, y + dy), (x - dy, y + dx), (x - dx, y - dy), (x + dy, y - dx)], color
            )
        else:
            coil = [
                (x + t * math.cos(t), y + t * math.sin(t))
                for t in (k / 3 for k in range(int(size * 2)))
            ]
            scene.line(coil + [(x, y)], color, 2)
    return scene


SCENES = [ball, apple, moon, cup, fish, boat, cottage, bicycle, forest, street, shelves, drawer]


def main():
    default = Path(__file__).resolve().parent.parent / "Examples" / "photos"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    for number, scene in enumerate(SCENES, start=1):
        path = folder / f"{number:02}-{scene.__name__}.jpg"
        scene().final().save(path, quality=80, optimize=True)


if __name__ == "__main__":
    main()
