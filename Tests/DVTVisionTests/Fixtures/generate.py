"""Writes the images and the expected results of DVTVisionTests.

Requires Pillow 11.3.0, whose wheels include libwebp 1.5.0, and NumPy (pip install pillow==11.3.0
numpy). All results are Pillow's, or torchvision's arithmetic on Pillow's results; they are stored
as CRC-32 of the raw bytes. Run it in this folder; it is deterministic.

  *.jpg, *.png, *.webp, *.gif, *.bmp
                        small images of every kind
  bomb-*.png            small files that grow a thousandfold when fully inflated
  decode.txt            name, size and CRC of convert("RGB"), then of exif_transpose
  gray16.txt            name and CRC of plain 16-bit gray clipped at 255, and scaled and rounded
  truncated.txt         name, bytes kept, what is missing, size and CRC of convert("RGB") with
                        ImageFile.LOAD_TRUNCATED_IMAGES
  resize.txt            seed, size, new size, filter and CRC of Image.resize
  preprocess.txt        preset, image size, seed, size and CRC of the float32 values
  photos.txt            the same of photos in Examples: name, preset, image size and CRC
"""

import io
import itertools
import math
import random
import struct
import zlib

import numpy as np
from PIL import Image, ImageFile, ImageOps

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


def lzw(indices, bits):
    """Compresses palette indices as GIF does, with a clear code before the table is full."""
    clear, end = 1 << bits, (1 << bits) + 1
    table, width, codes = {}, bits + 1, []
    text = ()

    def restart():
        table.clear()
        table.update({(index,): index for index in range(clear)})
        return bits + 1

    codes.append((clear, width))
    restart()
    size = end + 1
    for index in indices:
        if text + (index,) in table:
            text += (index,)
            continue
        codes.append((table[text], width))
        table[text + (index,)] = size
        # The decoder knows an entry one code later.
        if size == 1 << width:
            width += 1
        size += 1
        text = (index,)
        if size == 4095:
            codes.append((table[text], width))
            codes.append((clear, width))
            width, size, text = restart(), end + 1, ()
    if text:
        codes.append((table[text], width))
        if size == 1 << width:
            width += 1
    codes.append((end, width))
    packed, count = 0, 0
    for code, width in codes:
        packed |= code << count
        count += width
    data = packed.to_bytes((count + 7) // 8, "little")
    blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    return bytes([bits]) + blocks + b"\0"


def gif_frame(pixels, bits, left=0, top=0, palette=None, interlaced=False):
    """A frame of indices [rows, columns]."""
    height, width = pixels.shape
    flags = (0x40 if interlaced else 0) | (0x80 | bits - 1 if palette is not None else 0)
    if interlaced:
        pixels = np.concatenate([pixels[start::step] for start, step in ((0, 8), (4, 8), (2, 4), (1, 2))])
    descriptor = b"," + struct.pack("<HHHHB", left, top, width, height, flags)
    return descriptor + (palette or b"") + lzw(pixels.ravel().tolist(), max(bits, 2))


def gif(width, height, *blocks, bits=None, palette=b"", version=b"GIF89a", end=b";"):
    flags = 0x80 | bits - 1 if palette else 0
    return version + struct.pack("<HHBBB", width, height, flags, 1, 0) + palette + b"".join(blocks) + end


def transparency(index):
    return b"!\xf9\4\1\x0a\0" + bytes([index]) + b"\0"


def gifs():
    generator = np.random.default_rng(5)

    def colors(bits):
        return generator.integers(0, 256, 3 << bits).astype(np.uint8).tobytes()

    def indices(width, height, bits):
        y, x = np.mgrid[0:height, 0:width]
        smooth = (x * 3 + y) * (1 << bits) // (3 * width + height)
        noisy = generator.integers(0, 1 << bits, (height, width))
        return np.where(x < width // 2, smooth, noisy)

    for bits in range(1, 9):
        yield "gif-%d.gif" % bits, gif(
            37, 23, gif_frame(indices(37, 23, bits), bits), bits=bits, palette=colors(bits))
    yield "gif-interlaced.gif", gif(
        19, 13, gif_frame(indices(19, 13, 4), 4, interlaced=True), bits=4, palette=colors(4))
    yield "gif-interlaced-low.gif", gif(
        5, 3, gif_frame(indices(5, 3, 4), 4, interlaced=True), bits=4, palette=colors(4))
    yield "gif-local.gif", gif(
        19, 13, gif_frame(indices(19, 13, 3), 3, palette=colors(3)), bits=5, palette=colors(5))
    yield "gif-only-local.gif", gif(19, 13, gif_frame(indices(19, 13, 3), 3, palette=colors(3)))
    yield "gif-no-palette.gif", gif(19, 13, gif_frame(indices(19, 13, 8), 8))
    yield "gif-short-palette.gif", gif(
        19, 13, gif_frame(indices(19, 13, 4), 4), bits=2, palette=colors(2))
    yield "gif-87a.gif", gif(
        9, 7, gif_frame(indices(9, 7, 2), 2), bits=2, palette=colors(2), version=b"GIF87a")
    yield "gif-1x1.gif", gif(1, 1, gif_frame(indices(1, 1, 1), 1), bits=1, palette=colors(1))
    yield "gif-transparent.gif", gif(
        19, 13, transparency(3), gif_frame(indices(19, 13, 3), 3), bits=3, palette=colors(3))
    yield "gif-offset.gif", gif(
        19, 13, gif_frame(indices(7, 5, 3), 3, left=4, top=6), bits=3, palette=colors(3))
    yield "gif-offset-transparent.gif", gif(
        19, 13, transparency(5), gif_frame(indices(7, 5, 3), 3, left=4, top=6), bits=3,
        palette=colors(3))
    yield "gif-beyond-screen.gif", gif(
        6, 5, gif_frame(indices(7, 5, 3), 3, left=4, top=6), bits=3, palette=colors(3))
    yield "gif-no-screen.gif", gif(
        0, 0, gif_frame(indices(7, 5, 3), 3), bits=3, palette=colors(3))
    yield "gif-animated.gif", gif(
        19, 13, b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0", b"!\xfe\5hello\0", transparency(1),
        gif_frame(indices(19, 13, 3), 3), transparency(2),
        gif_frame(indices(7, 5, 2), 2, left=2, palette=colors(2)), bits=3, palette=colors(3))
    yield "gif-trailing.gif", gif(
        9, 7, gif_frame(indices(9, 7, 2), 2), bits=2, palette=colors(2)) + b"bytes after the end"
    yield "gif-large.gif", gif(
        150, 90, gif_frame(indices(150, 90, 6), 6), bits=6, palette=colors(6))

    def save(image, **options):
        output = io.BytesIO()
        image.save(output, "GIF", **options)
        return output.getvalue()

    frames = [scene(20, 14), scene(20, 14).transpose(0)]
    yield "gif-pillow.gif", save(scene(37, 23).quantize(50))
    yield "gif-pillow-gray.gif", save(scene(37, 23).convert("L"))
    yield "gif-pillow-animated.gif", save(frames[0], save_all=True, append_images=frames[1:])


def bmp(bits, rows, palette=b"", header=40, compression=0, colors=0, masks=b"", top_down=False,
        offset=None, width=None, height=None):
    """A BMP file of packed rows, from the top, or of coded runs, from the bottom."""
    if isinstance(rows, list):
        height = len(rows)
        data = b"".join(row + bytes(-len(row) % 4) for row in (rows if top_down else rows[::-1]))
    else:
        data = rows
    if header == 12:
        entries = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        entries = struct.pack(
            "<IiiHHIIiiII", header, width, -height if top_down else height, 1, bits, compression,
            len(data), 2835, 2835, colors, 0)
        own = masks if header > 40 else b""
        entries += own + bytes(header - 40 - len(own))
        masks = b"" if header > 40 else masks
    start = 14 + len(entries) + len(masks) + len(palette)
    start = start if offset is None else offset
    size = 14 + len(entries) + len(masks) + len(palette) + len(data)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, start) + entries + masks + palette + data


def bmps():
    generator = np.random.default_rng(6)
    width, height = 19, 13
    y, x = np.mgrid[0:height, 0:width]

    def samples(bits):
        ramp = (x + y) * ((1 << bits) - 1) // (width + height)
        return np.where(x < width // 2, ramp, generator.integers(0, 1 << bits, (height, width)))

    def packed(bits):
        lines = []
        for row in samples(bits):
            if bits < 8:
                text = "".join(format(int(value), "0%db" % bits) for value in row)
                text += "0" * (-len(text) % 8)
                lines.append(bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8)))
            else:
                lines.append(b"".join(int(value).to_bytes(bits // 8, "little") for value in row))
        return lines

    def colors(count, size=4):
        entries = generator.integers(0, 256, (count, size)).astype(np.uint8)
        if size == 4:
            entries[:, 3] = 0
        return entries.tobytes()

    def masks(*values):
        return struct.pack("<%dI" % len(values), *values)

    for bits in (1, 4, 8):
        yield "bmp-%d.bmp" % bits, bmp(bits, packed(bits), colors(1 << bits), width=width)
        yield "bmp-%d-os2.bmp" % bits, bmp(
            bits, packed(bits), colors(1 << bits, 3), header=12, width=width, height=height)
    for bits in (16, 24, 32):
        yield "bmp-%d.bmp" % bits, bmp(bits, packed(bits), width=width)
    yield "bmp-24-os2.bmp", bmp(24, packed(24), header=12, width=width, height=height)
    yield "bmp-24-top-down.bmp", bmp(24, packed(24), top_down=True, width=width)
    yield "bmp-8-top-down.bmp", bmp(8, packed(8), colors(256), top_down=True, width=width)
    yield "bmp-8-short-palette.bmp", bmp(8, packed(8), colors(100), colors=100, width=width)
    yield "bmp-8-no-offset.bmp", bmp(8, packed(8), colors(256), offset=0, width=width)
    yield "bmp-8-offset-of-palette.bmp", bmp(8, packed(8), colors(256), offset=54, width=width)
    for header in (52, 56, 64, 108, 124):
        yield "bmp-24-header-%d.bmp" % header, bmp(24, packed(24), header=header, width=width)
    yield "bmp-16-565.bmp", bmp(
        16, packed(16), compression=3, masks=masks(0xF800, 0x7E0, 0x1F), width=width)
    yield "bmp-16-555.bmp", bmp(
        16, packed(16), compression=3, masks=masks(0x7C00, 0x3E0, 0x1F), width=width)
    yield "bmp-24-masks.bmp", bmp(
        24, packed(24), compression=3, masks=masks(0xFF0000, 0xFF00, 0xFF), width=width)
    for header, values in (
        (40, (0xFF0000, 0xFF00, 0xFF)), (52, (0xFF000000, 0xFF0000, 0xFF00)),
        (56, (0xFF000000, 0xFF00, 0xFF, 0)), (108, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
        (124, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)), (124, (0, 0, 0, 0)),
    ):
        yield "bmp-32-masks-%x-%d.bmp" % (values[0], header), bmp(
            32, packed(32), header=header, compression=3, masks=masks(*values), width=width)
    # Runs of one index, literal indices, and rows that end early. Pillow does not read moves, odd
    # counts of literal indices of 4 bits, and images that end early.
    runs8 = b"\5\1\4\2\0\4\1\2\3\4\6\7\0\0" + b"\x13\6\0\0" * 11 + b"\0\5\1\2\3\4\5\0\7\0\7\3\0\1"
    runs4 = b"\5\x12\4\x34\0\4\x56\x78\6\x9a\0\0" + b"\x13\x6b\0\0" * 11 + b"\0\4\x12\x34\7\x0f\x08\x81\0\1"
    yield "bmp-rle8.bmp", bmp(8, runs8, colors(16), compression=1, colors=16, width=width, height=height)
    yield "bmp-rle4.bmp", bmp(4, runs4, colors(16), compression=2, colors=16, width=width, height=height)

    def save(image):
        output = io.BytesIO()
        image.save(output, "BMP")
        return output.getvalue()

    image = scene(37, 23)
    yield "bmp-pillow.bmp", save(image)
    yield "bmp-pillow-gray.bmp", save(image.convert("L"))
    yield "bmp-pillow-1.bmp", save(image.convert("1"))
    yield "bmp-pillow-palette.bmp", save(image.quantize(50))
    veiled = scene(12, 9)
    veiled.putalpha(Image.fromarray(noise(9, 12 * 9).reshape(9, 12)))
    yield "bmp-pillow-alpha.bmp", save(veiled)
    yield "bmp-1x1.bmp", save(scene(1, 1))
    # The padding of the last row may be missing.
    yield "bmp-no-padding.bmp", save(scene(7, 5))[:-3]


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
    for more in (webps, gifs, bmps):
        files += [(name, data, None) for name, data in more()]
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


def grays():
    """Pillow clips; the scaled values are those of torchvision's float32, rounded."""
    for interlaced, transparent in ((False, False), (True, False), (False, True)):
        name = "png-c0-d16%s%s.png" % ("-adam7" if interlaced else "", "-trns" if transparent else "")
        _, samples = png(0, 16, interlaced, transparent=transparent)
        clipped = np.asarray(Image.open(name).convert("RGB"))
        assert (clipped == np.minimum(samples, 255)).all()
        rounded = np.repeat(np.rint(samples / 65535 * 255).astype(np.uint8), 3, axis=2)
        yield "%s %d %d" % (name, crc(clipped), crc(rounded))


def truncations():
    """Files cut at various places; the count from the end is that of the end marker."""
    files = {
        "rgb420.jpg": ("endMarker", 2), "rgb444.jpg": ("endMarker", 2), "gray.jpg": ("endMarker", 2),
        "restarts.jpg": ("endMarker", 2), "cmyk.jpg": ("endMarker", 2),
        "progressive.jpg": ("detail", 2), "exif6-ii.jpg": ("endMarker", 2),
        "png-c2-d08.png": ("endMarker", 12), "png-c3-d08.png": ("endMarker", 12),
        "png-c0-d16.png": ("endMarker", 12), "png-exif6.png": ("endMarker", 12),
        "gif-8.gif": ("endMarker", 1), "gif-large.gif": ("endMarker", 1),
        "gif-offset-transparent.gif": ("endMarker", 1),
        "bmp-24.bmp": (None, 0), "bmp-4.bmp": (None, 0), "bmp-8-top-down.bmp": (None, 0),
    }
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    for name, (missing, end) in files.items():
        with open(name, "rb") as file:
            data = file.read()
        # Both cuts are in the last scan: without one, libjpeg-turbo smooths blocks, and 2.1 rounds
        # otherwise than 3.1; where a segment between scans is cut, Pillow uses no scan.
        parts = (94, 97) if name == "progressive.jpg" else (90, 97)
        cuts = [("detail" if missing == "detail" else "pixels", len(data) * part // 100) for part in parts]
        for missing, cut in cuts + ([(missing, len(data) - end)] if missing else []):
            image = Image.open(io.BytesIO(data[:cut]))
            upright = ImageOps.exif_transpose(image)
            if image.mode.startswith("I;16"):
                upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8), "L")
            # The last bytes of a PNG's image data are a checksum.
            is_whole = name.endswith(".png") and cut >= len(data) - end - 8
            missing = "endMarker" if is_whole else missing
            yield "%s %d %s %s" % (name, cut, missing, described(upright.convert("RGB")))
    ImageFile.LOAD_TRUNCATED_IMAGES = False


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


def photos():
    """Whole files, for `dvt preprocess`."""
    for name in ("01-ball.jpg", "08-bicycle.jpg", "12-drawer.jpg"):
        image = Image.open("../../../Examples/photos/" + name).convert("RGB")
        for size in (32, 224):
            for preset, shorter in (
                ("authors", int((256 / 224) * size)), ("timm", math.floor(size / 0.9)),
            ):
                yield "%s %s %d %d" % (name, preset, size, crc(preprocessed(image, shorter, size)))


def main():
    write_bombs()
    for name, lines in (
        ("decode.txt", write_images()), ("gray16.txt", grays()), ("truncated.txt", truncations()),
        ("resize.txt", resizes()), ("preprocess.txt", preprocessings()), ("photos.txt", photos()),
    ):
        with open(name, "w") as file:
            file.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    main()
