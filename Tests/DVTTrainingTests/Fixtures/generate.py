"""Writes the images and the expected results of DVTTrainingTests.

Requires Pillow 11.3.0 (pip install pillow==11.3.0). All results are Pillow's, called as in timm's
auto_augment.py and torchvision's resized_crop. Run it in this folder; it is deterministic.

  image.png       two images of 24 x 16 pixels, stacked vertically: soft shades that do not use all
                  levels, and noise
  operations.png  the results of 24 x 16 pixels, stacked vertically
  operations.txt  operation, argument and index of the image, one line per result
"""

import math

from PIL import Image, ImageEnhance, ImageOps, __version__

assert __version__ == "11.3.0", "another Pillow may compute differently"

WIDTH, HEIGHT = 24, 16
FILL = (124, 116, 104)


def shades(x, y):
    wave = math.sin(x / 3) * math.cos(y / 4)
    return (int(90 + 5 * x + 30 * wave), int(140 - 60 * wave), int(40 + 9 * y))


def noise():
    state = 7
    for _ in range(WIDTH * HEIGHT * 3):
        state = (state * 1664525 + 1013904223) % 2**32
        yield state >> 24


def images():
    soft, rough = (Image.new("RGB", (WIDTH, HEIGHT)) for _ in range(2))
    samples = noise()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            soft.putpixel((x, y), shades(x, y))
            rough.putpixel((x, y), (next(samples), next(samples), next(samples)))
    return soft, rough


def affine(image, *data):
    return image.transform(image.size, Image.AFFINE, data, resample=Image.BICUBIC, fillcolor=FILL)


def solarize_add(image, add):
    return image.point([min(255, i + add) if i < 128 else i for i in range(256)] * 3)


def resized_crop(image, side):
    left, top = side // 4, side // 8
    cut = image.crop((left, top, left + side, top + side - 3))
    return cut.resize((WIDTH, HEIGHT), Image.BICUBIC)


FACTORS = [0.1, 0.55, 1, 1.81]
OPERATIONS = {
    "autoContrast": (lambda image, _: ImageOps.autocontrast(image), [0]),
    "equalize": (lambda image, _: ImageOps.equalize(image), [0]),
    "invert": (lambda image, _: ImageOps.invert(image), [0]),
    "rotate": (
        lambda image, x: image.rotate(x, resample=Image.BICUBIC, fillcolor=FILL),
        [-30, -27.25, -3, 0, 0.5, 13, 30],
    ),
    "posterize": (ImageOps.posterize, [0, 1, 3, 4]),
    "solarize": (ImageOps.solarize, [0, 25, 128, 256]),
    "solarizeAdd": (solarize_add, [0, 37, 110]),
    "color": (lambda image, x: ImageEnhance.Color(image).enhance(x), FACTORS),
    "contrast": (lambda image, x: ImageEnhance.Contrast(image).enhance(x), FACTORS),
    "brightness": (lambda image, x: ImageEnhance.Brightness(image).enhance(x), FACTORS),
    "sharpness": (lambda image, x: ImageEnhance.Sharpness(image).enhance(x), FACTORS),
    "shearX": (lambda image, x: affine(image, 1, x, 0, 0, 1, 0), [-0.3, 0.01, 0.27]),
    "shearY": (lambda image, x: affine(image, 1, 0, 0, x, 1, 0), [-0.3, 0.01, 0.27]),
    "translateX": (lambda image, x: affine(image, 1, 0, x * WIDTH, 0, 1, 0), [-0.45, 0.125, 0.3]),
    "translateY": (lambda image, x: affine(image, 1, 0, 0, 0, 1, x * HEIGHT), [-0.45, 0.125, 0.3]),
    "mirror": (lambda image, _: ImageOps.mirror(image), [0]),
    "resizedCrop": (resized_crop, [4, 9, 13]),
}


def main():
    sources = images()
    results, lines = [], []
    for name, (function, arguments) in OPERATIONS.items():
        for argument in arguments:
            for number, source in enumerate(sources):
                results.append(function(source, argument))
                lines.append(f"{name} {argument} {number}\n")
    for name, parts in (("image.png", sources), ("operations.png", results)):
        whole = Image.new("RGB", (WIDTH, HEIGHT * len(parts)))
        for place, part in enumerate(parts):
            whole.paste(part, (0, place * HEIGHT))
        whole.save(name, optimize=True)
    with open("operations.txt", "w", encoding="utf-8") as file:
        file.writelines(lines)


if __name__ == "__main__":
    main()
