"""Writes the images of the package trait MoreImageFormats and their expected results.

Requires Pillow 11.3.0, whose wheels include libtiff 4.7.0 and libavif 1.3.0, pillow-heif 1.8.1,
tifffile and NumPy. Run it in this folder after generate.py; it is deterministic for the same
versions of the encoders.

  *.tif, *.heic, *.avif  small images of every kind
  decode-more.txt        name, size and CRC of convert("RGB"), then of exif_transpose
  heic-*.png             the pixels of HEIC files with shared color, which are compared with a
                         tolerance
"""

import io
import itertools

import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageOps

from generate import described, noise, scene

assert pillow_heif.__version__ == "1.8.1", "another encoder may write other files"
pillow_heif.register_heif_opener()


def saved(image, kind, **options):
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def tiled(array, **options):
    output = io.BytesIO()
    tifffile.imwrite(output, array, metadata=None, software=False, **options)
    return output.getvalue()


def tiffs():
    image = scene(37, 23)
    gray = image.convert("L")
    veil = Image.fromarray(noise(9, 37 * 23).reshape(23, 37), "L")
    veiled = image.copy()
    veiled.putalpha(veil)
    gray_veiled = gray.copy()
    gray_veiled.putalpha(veil)
    inks = Image.merge("CMYK", (*image.split(), gray.transpose(0)))
    array = np.asarray(image)
    deep = (np.asarray(gray).astype(np.uint16) << 8) + np.arange(37, dtype=np.uint16)
    deep_rgb = (array.astype(np.uint16) << 8) + 77
    for compression in ("packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "jpeg", "raw"):
        yield "rgb-%s" % compression, saved(image, "TIFF", compression=compression)
    for compression in ("group3", "group4", "tiff_lzw"):
        yield "1-%s" % compression, saved(image.convert("1"), "TIFF", compression=compression)
    yield "gray", saved(gray, "TIFF")
    yield "gray-jpeg", saved(gray, "TIFF", compression="jpeg")
    yield "gray-alpha", saved(gray_veiled, "TIFF", compression="tiff_lzw")
    yield "rgb-alpha", saved(veiled, "TIFF")
    yield "palette", saved(image.quantize(50), "TIFF")
    yield "inks", saved(inks, "TIFF", compression="tiff_lzw")
    yield "strips", saved(image, "TIFF", compression="tiff_lzw", strip_size=500)
    yield "big", saved(image, "TIFF", big_tiff=True)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = orientation
        yield "orientation%d" % orientation, saved(scene(11, 6), "TIFF", exif=exif)
    yield "tiles", tiled(array, tile=(16, 16))
    yield "tiles-deflate", tiled(array, tile=(16, 32), compression="zlib")
    yield "planes", tiled(array.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    yield "planes-tiles", tiled(
        array.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", tile=(16, 16))
    yield "big-endian", tiled(array, byteorder=">")
    yield "gray16", tiled(deep, photometric="minisblack")
    yield "gray16-big-endian", tiled(deep, photometric="minisblack", byteorder=">")
    yield "rgb16", tiled(deep_rgb, photometric="rgb")
    yield "rgb16-big-endian", tiled(deep_rgb, photometric="rgb", byteorder=">")
    yield "white-is-zero", tiled(np.asarray(gray), photometric="miniswhite")
    yield "multiplied", tiled(np.asarray(veiled), photometric="rgb", extrasamples=["assocalpha"])
    yield "pages", saved(image, "TIFF", save_all=True, append_images=[image.transpose(0)])


def avifs():
    image = scene(37, 23)
    veiled = image.copy()
    veiled.putalpha(Image.fromarray(noise(9, 37 * 23).reshape(23, 37), "L"))
    for subsampling in ("4:2:0", "4:2:2", "4:4:4"):
        yield subsampling.replace(":", ""), saved(image, "AVIF", quality=80, subsampling=subsampling)
    yield "gray", saved(image.convert("L"), "AVIF", quality=80, subsampling="4:0:0")
    yield "alpha", saved(veiled, "AVIF", quality=80)
    yield "odd", saved(scene(19, 1), "AVIF", quality=80)
    yield "animated", saved(image, "AVIF", save_all=True, append_images=[image.transpose(0)], quality=60)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = orientation
        yield "orientation%d" % orientation, saved(scene(16, 9), "AVIF", quality=70, exif=exif)


def heics():
    image = scene(37, 23)
    veiled = image.copy()
    veiled.putalpha(Image.fromarray(noise(9, 37 * 23).reshape(23, 37), "L"))
    for chroma in (420, 422, 444):
        yield "%d" % chroma, saved(image, "HEIF", quality=80, chroma=chroma)
    yield "lossless", saved(image, "HEIF", quality=-1, chroma=444, matrix_coefficients=0)
    yield "alpha", saved(veiled, "HEIF", quality=80, chroma=444)


def main():
    lines = []
    for folder, ending in ((tiffs, "tif"), (heics, "heic"), (avifs, "avif")):
        for kind, data in folder():
            name = "%s-%s.%s" % ({"tif": "tiff"}.get(ending, ending), kind, ending)
            with open(name, "wb") as file:
                file.write(data)
            image = Image.open(io.BytesIO(data))
            rgb, upright = image.convert("RGB"), ImageOps.exif_transpose(image).convert("RGB")
            if image.mode.startswith("I;16"):
                # Pillow would clip at 255; the documented result is the high byte.
                rgb = upright = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8), "L").convert("RGB")
            if name == "heic-420.heic":
                rgb.save("heic-420.png")
                continue
            lines.append("%s %s %s" % (name, described(rgb), described(upright)))
    with open("decode-more.txt", "w") as file:
        file.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    main()
