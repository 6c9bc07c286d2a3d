"""Writes the images and the expected results of DVTVisionTests.

Requires Pillow 11.3.0, whose wheels include libwebp 1.5.0, and NumPy (pip install pillow==11.3.0
numpy). All results are Pillow's, or torchvision's arithmetic on Pillow's results; they are stored
as CRC-32 of the raw bytes. Run it in this folder; it is deterministic.

  *.jpg, *.png, *.webp  small images of every kind
  bomb-*.png            small files that grow a thousandfold when fully inflated
  decode.txt            name, size and CRC of convert("RGB"), then of exif_transpose
  resize.txt            seed, size, new size, filter and CRC of Image.resize
  preprocess.txt        preset, image size, seed, size and CRC of the float32 values
"""

import io
import itertools
import math
import random
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

assert Image.__version__ == "11.3.0", "another Pillow may resize differently"

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def noise(seed, count):
    """Pseudorandom bytes as in the tests: the top byte of a 32-bit congruential generator."""
    values = np.empty(count, np.uint8)
    state = seed
    for index in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[index] = state >> 24
    return values


def noise_image(seed, width, height):
    return Image.fromarray(noise(seed, width * height * 3).reshape(height, width, 3), "RGB")


def scene(width, height):
    """A smooth image with an edge, so that JPEG files stay small."""
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * x / max(1, width - 1)
    green = 255 * y / max(1, height - 1)
    blue = 127 + 120 * np.sin(x / 3.0) * np.cos(y / 4.0)
    pixels = np.stack([red, green, blue], -1)
    pixels[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2] = (250, 240, 20)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8), "RGB")


def exif(orientation, endian):
    order = b"II" if endian == "<" else b"MM"
    entries = [(0x0100, 4, 40), (0x0112, 3, orientation)]
    body = struct.pack(endian + "H", len(entries))
    for tag, kind, value in entries:
        packed = struct.pack(endian + ("HH" if kind == 3 else "I"), *([value, 0] if kind == 3 else [value]))
        body += struct.pack(endian + "HHI", tag, kind, 1) + packed
    return order + struct.pack(endian + "HI", 42, 8) + body + bytes(4)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def packed_rows(samples, depth):
    """Encodes samples [rows, columns * channels] as PNG scan lines, cycling through the filters."""
    lines = []
    previous = None
    for index, row in enumerate(samples):
        if depth == 16:
            line = row.astype(">u2").tobytes()
        elif depth == 8:
            line = row.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(value), "0%db" % depth) for value in row)
            bits += "0" * (-len(bits) % 8)
            line = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        # Filter 2, "up", does not depend on the bytes per pixel; 0 is "none".
        if index % 2 and previous is not None:
            lines.append(b"\2" + bytes((a - b) & 255 for a, b in zip(line, previous)))
        else:
            lines.append(b"\0" + line)
        previous = line
    return b"".join(lines)


def png(color, depth, interlaced, width=19, height=13, transparent=False, extra=b""):
    channels = CHANNELS[color]
    generator = np.random.default_rng(color * 100 + depth)
    samples = generator.integers(0, 1 << depth, (height, width, channels))
    y, x = np.mgrid[0:height, 0:width]
    # Half of the image is smooth: noise alone would not compress.
    ramp = ((x + y) * ((1 << depth) - 1) // (width + height))[..., None]
    samples = np.where((x < width // 2)[..., None], ramp, samples)
    chunks = extra
    if color == 3:
        palette = generator.integers(0, 256, (1 << depth, 3)).astype(np.uint8)
        chunks += chunk(b"PLTE", palette.tobytes())
        if transparent:
            chunks += chunk(b"tRNS", bytes(range(0, 1 << min(depth, 7))))
    elif transparent and color == 0:
        chunks += chunk(b"tRNS", struct.pack(">H", int(samples[0, 0, 0])))
    elif transparent and color == 2:
        chunks += chunk(b"tRNS", struct.pack(">HHH", *map(int, samples[0, 0])))
    if interlaced:
        data = b""
        for left, top, across, down in ADAM7:
            part = samples[top::down, left::across]
            if part.size:
                data += packed_rows(part.reshape(part.shape[0], -1), depth)
    else:
        data = packed_rows(samples.reshape(height, -1), depth)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    compressed = zlib.compress(data, 9)
    half = len(compressed) // 2
    return (
        SIGNATURE + chunk(b"IHDR", header) + chunks + chunk(b"IDAT", compressed[:half])
        + chunk(b"IDAT", compressed[half:]) + chunk(b"IEND", b"")
    ), samples


def jpegs():
    image = scene(37, 23)

    def save(image, **options):
        output = io.BytesIO()
        image.save(output, "JPEG", **options)
        return output.getvalue()

    yield "rgb420.jpg", save(image, quality=80, subsampling="4:2:0")
    yield "rgb422.jpg", save(image, quality=90, subsampling="4:2:2")
    yield "rgb444.jpg", save(image, quality=95, subsampling="4:4:4")
    yield "progressive.jpg", save(image, quality=85, progressive=True)
    yield "optimized.jpg", save(image, quality=40, optimize=True)
    yield "restarts.jpg", save(image, quality=75, restart_marker_blocks=2)
    yield "rgb-coded.jpg", save(image, quality=85, keep_rgb=True)
    yield "gray.jpg", save(image.convert("L"), quality=85)
    inks = Image.merge("CMYK", (*image.split(), image.convert("L").transpose(0)))
    cmyk = save(inks, quality=60)
    adobe = cmyk.index(b"Adobe") + 11
    yield "cmyk.jpg", cmyk
    yield "ycck.jpg", cmyk[:adobe] + b"\2" + cmyk[adobe + 1 :]
    yield "cmyk-not-adobe.jpg", cmyk.replace(b"Adobe", b"adobe")
    yield "tiny.jpg", save(scene(1, 1), quality=85)
    yield "trailing.jpg", save(image, quality=50) + b"bytes after the end"
    yield "flat.jpg", save(Image.new("L", (2000, 1200), 128), quality=50, progressive=True)
    yield "small.jpg", save(scene(12, 9).convert("L"), quality=10, optimize=True)
    for orientation, endian in itertools.product(range(1, 9), "<>"):
        name = "exif%d-%s.jpg" % (orientation, "ii" if endian == "<" else "mm")
        data = b"Exif\0\0" + exif(orientation, endian)
        yield name, save(scene(11, 6), quality=70, exif=data, optimize=True)


def pngs():
    for color, depths in DEPTHS.items():
        for depth, interlaced in itertools.product(depths, (False, True)):
            name = "png-c%d-d%02d%s.png" % (color, depth, "-adam7" if interlaced else "")
            yield name, *png(color, depth, interlaced)
    for color, depth in ((0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 2), (3, 8)):
        yield "png-c%d-d%02d-trns.png" % (color, depth), *png(color, depth, False, transparent=True)
    gamma = chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"sRGB", b"\0")
    yield "png-gamma.png", *png(2, 8, False, extra=gamma)
    yield "png-gamma16.png", *png(2, 16, False, extra=chunk(b"gAMA", struct.pack(">I", 100000)))
    yield "png-exif6.png", *png(2, 8, False, extra=chunk(b"eXIf", exif(6, ">")))
    yield "png-1x1.png", *png(6, 8, True, width=1, height=1)
    yield "png-small.png", *png(2, 8, False, width=7, height=5)


def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def extended(flags, width, height, *chunks):
    header = struct.pack("<I", flags) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return riff(riff_chunk(b"VP8X", header), *chunks)


def animation(width, height, *frames):
    """Frames of (left, top, width, height, the chunks of the samples)."""
    chunks = [riff_chunk(b"ANIM", bytes((9, 99, 199, 255)) + bytes(2))]
    for left, top, across, down, samples in frames:
        numbers = (left // 2, top // 2, across - 1, down - 1, 100)
        header = b"".join(struct.pack("<I", number)[:3] for number in numbers) + b"\0"
        chunks.append(riff_chunk(b"ANMF", header + samples))
    return extended(0x12, width, height, *chunks)


def webps():
    image = scene(37, 23)
    # Fully transparent pixels have colors too, which must appear in the result.
    veiled = image.copy()
    veiled.putalpha(Image.fromarray(noise(9, 37 * 23).reshape(23, 37) & 0xC0))

    def save(image, **options):
        output = io.BytesIO()
        image.save(output, "WEBP", **options)
        return output.getvalue()

    def exif_webp(orientation, endian, prefix=b"", flags=8):
        samples = save(scene(11, 6), quality=70)[12:]
        data = riff_chunk(b"EXIF", prefix + exif(orientation, endian))
        return extended(flags, 11, 6, samples, data)

    yield "webp-lossy.webp", save(image, quality=80)
    yield "webp-lossy-poor.webp", save(image, quality=1, method=6)
    yield "webp-lossy-fast.webp", save(image, quality=90, method=0)
    yield "webp-lossy-alpha.webp", save(veiled, quality=80, exact=True)
    yield "webp-lossless.webp", save(image, lossless=True)
    yield "webp-lossless-alpha.webp", save(veiled, lossless=True, exact=True)
    yield "webp-lossless-hidden.webp", save(veiled, lossless=True)
    yield "webp-lossless-slow.webp", save(image, lossless=True, quality=100, method=6)
    yield "webp-noise.webp", save(noise_image(3, 13, 19), lossless=True)
    yield "webp-palette.webp", save(image.quantize(7).convert("RGB"), lossless=True)
    yield "webp-gray.webp", save(image.convert("L"), quality=60)
    yield "webp-1x1.webp", save(scene(1, 1), quality=80)
    yield "webp-1x1-lossless.webp", save(scene(1, 1), lossless=True)
    yield "webp-small.webp", save(scene(12, 9).convert("L"), quality=10)
    yield "webp-small-lossless.webp", save(image.resize((7, 5)).quantize(4).convert("RGB"), lossless=True)
    yield "webp-narrow.webp", save(scene(1, 301), quality=50)
    yield "webp-wide.webp", save(scene(301, 1), quality=50)
    yield "webp-flat.webp", save(Image.new("RGB", (2000, 1200), (9, 99, 199)), quality=0, method=6)
    yield "webp-flat-lossless.webp", save(Image.new("RGB", (2000, 1200), (9, 99, 199)), lossless=True)
    yield "webp-profile.webp", save(image, quality=40, icc_profile=b"not a profile")
    yield "webp-trailing.webp", save(image, quality=50) + b"bytes after the end"
    yield "webp-exif3-ii.webp", exif_webp(3, "<")
    yield "webp-exif6-mm.webp", exif_webp(6, ">")
    yield "webp-exif8-prefix.webp", exif_webp(8, "<", b"Exif\0\0")
    yield "webp-exif6-unannounced.webp", exif_webp(6, ">", flags=0)
    yield "webp-exif5-pillow.webp", save(scene(11, 6), lossless=True, exif=exif(5, ">"))
    frames = [scene(20, 14), scene(20, 14).transpose(0)]
    yield "webp-animated.webp", save(frames[0], save_all=True, append_images=frames[1:], quality=70)
    small = [save(scene(7, 5), lossless=True)[12:], save(scene(8, 8), quality=70)[12:]]
    yield "webp-animated-offset.webp", animation(20, 14, (4, 6, 7, 5, small[0]), (0, 0, 8, 8, small[1]))


def write_bombs():
    """A 1x1 image with 8 MiB of compressed zeros in a profile, a text or the image data."""
    zeros = zlib.compress(bytes(8 << 20), 9)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
    bombs = {
        "iccp": chunk(b"iCCP", b"x\0\0" + zeros) + pixel,
        "ztxt": chunk(b"zTXt", b"x\0\0" + zeros) + pixel,
        "idat": chunk(b"IDAT", zeros),
    }
    for name, chunks in bombs.items():
        with open("bomb-%s.png" % name, "wb") as file:
            file.write(SIGNATURE + header + chunks + chunk(b"IEND", b""))


def crc(array):
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def described(image):
    return "%d %d %d" % (image.width, image.height, crc(np.asarray(image)))


def write_images():
    lines = []
    files = [(name, data, None) for name, data in jpegs()] + list(pngs())
    files += [(name, data, None) for name, data in webps()]
    for name, data, samples in files:
        with open(name, "wb") as file:
            file.write(data)
        image = Image.open(io.BytesIO(data))
        if image.mode.startswith("I;16"):
            # Pillow would clip at 255; the documented result is the high byte.
            rgb = Image.fromarray((samples[..., 0] >> 8).astype(np.uint8), "L").convert("RGB")
            upright = rgb
        else:
            rgb = image.convert("RGB")
            upright = ImageOps.exif_transpose(image).convert("RGB")
        lines.append("%s %s %s" % (name, described(rgb), described(upright)))
    return lines


def resizes():
    generator = random.Random(7)
    fixed = [
        (1, 1, 1, 1), (1, 1, 9, 5), (3, 2, 1, 1), (1, 40, 7, 40), (40, 1, 40, 7), (16, 16, 16, 9),
        (16, 16, 9, 16), (200, 3, 3, 200), (3, 200, 200, 3), (500, 2, 1, 2), (2, 500, 2, 1),
        (32, 32, 73, 73), (300, 90, 30, 9), (90, 300, 9, 30), (64, 48, 63, 47), (64, 48, 65, 49),
    ]
    random_sizes = [tuple(generator.randint(1, 120) for _ in range(4)) for _ in range(40)]
    for seed, (width, height, new_width, new_height) in enumerate(fixed + random_sizes):
        image = noise_image(seed, width, height)
        for name, kind in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
            result = np.asarray(image.resize((new_width, new_height), kind))
            yield "%d %d %d %d %d %s %d" % (seed, width, height, new_width, new_height, name, crc(result))


def preprocessed(image, shorter, size):
    """torchvision's Resize, CenterCrop, ToTensor and Normalize."""
    width, height = image.size
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = shorter, int(shorter * long / short)
    new_size = (new_short, new_long) if width <= height else (new_long, new_short)
    resized = image.resize(new_size, Image.BICUBIC)
    top = int(round((resized.height - size) / 2.0))
    left = int(round((resized.width - size) / 2.0))
    cropped = np.asarray(resized.crop((left, top, left + size, top + size)))
    values = cropped.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    mean = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
    std = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]
    result = (values - mean) / std
    assert result.dtype == np.float32
    return result


def preprocessings():
    sizes = [
        (32, 32), (50, 37), (37, 50), (1, 1), (1, 9), (120, 31), (31, 120), (224, 224), (100, 101),
        (2, 300), (300, 2), (97, 64),
    ]
    for seed, (width, height) in enumerate(sizes, 1000):
        image = noise_image(seed, width, height)
        for size in (1, 7, 32, 95, 224) if seed % 4 == 0 else (32, 33):
            for preset, shorter in (
                ("authors", int((256 / 224) * size)), ("timm", math.floor(size / 0.9)),
            ):
                result = preprocessed(image, shorter, size)
                yield "%s %d %d %d %d %d" % (preset, size, seed, width, height, crc(result))


def main():
    write_bombs()
    for name, lines in (
        ("decode.txt", write_images()), ("resize.txt", resizes()), ("preprocess.txt", preprocessings()),
    ):
        with open(name, "w") as file:
            file.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    main()
