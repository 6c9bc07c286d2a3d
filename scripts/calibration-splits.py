#!/usr/bin/env python3
"""Evaluates the optimal rule of dvt calibrate on random splits of saved outputs.

Usage: calibration-splits.py DVT FILE.safetensors [COUNT]

Merges the calibration and test images of FILE, and COUNT times (default 20) splits them into two
random halves, chooses thresholds on one half and evaluates them on the other with DVT. Prints the
accuracy gain over the authors' rule at equal cost; see docs/calibration.md. Requires only Python.
"""
import json
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: (entry["shape"], data[slice(*entry["data_offsets"])])
            for name, entry in header.items()}


def write(path, tensors):
    header, data = {}, b""
    for name, (shape, content) in tensors.items():
        kind = "I32" if name.endswith("labels") else "F32"
        header[name] = {"dtype": kind, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main(dvt, path, count=20):
    tensors = read(path)
    rows, labels = [], []
    for part in "calibration", "test":
        (exits, images, classes), content = tensors[f"{part}_probabilities"]
        size = 4 * classes
        for image in range(images):
            rows.append([content[(exit * images + image) * size:][:size] for exit in range(exits)])
        content = tensors[f"{part}_labels"][1]
        labels += [content[4 * image:4 * image + 4] for image in range(images)]
    generator = random.Random(0)
    gains = []
    for _ in range(int(count)):
        order = list(range(len(rows)))
        generator.shuffle(order)
        half = len(order) // 2
        split = {"gflops": tensors["gflops"]}
        for part, chosen in ("calibration", order[:half]), ("test", order[half:]):
            content = b"".join(rows[image][exit] for exit in range(exits) for image in chosen)
            split[f"{part}_probabilities"] = ([exits, len(chosen), classes], content)
            split[f"{part}_labels"] = ([len(chosen)], b"".join(labels[i] for i in chosen))
        with tempfile.TemporaryDirectory() as folder:
            write(f"{folder}/split.safetensors", split)
            run = subprocess.run(
                [dvt, "calibrate", "--from", f"{folder}/split.safetensors", "--rule", "optimal"],
                check=True, capture_output=True, text=True)
        gains.append(float(re.search(r"equal cost: ([-+0-9.]+)", run.stderr)[1]))
    print(f"{len(gains)} splits of {len(rows)} images: mean gain {statistics.mean(gains):+.2f} "
          f"points, deviation {statistics.stdev(gains):.2f}, above 0 in "
          f"{sum(gain > 0 for gain in gains)}")


main(*sys.argv[1:])
