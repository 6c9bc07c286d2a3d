"""Times PyTorch, ONNX Runtime, OpenVINO and dvt in turns: compare.py DVT [REFERENCE_FOLDER]

All run float32 on as many threads as there are cores; ONNX Runtime and OpenVINO run plain DeiT-S/16,
exported from PyTorch's. Where the folder of recorded tensors is given, the PyTorch model's logits are first compared
with them. Prints one table in Markdown.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import onnxruntime
import openvino
import torch

from dvt_pytorch import DVT, PlainDeiT

ROUNDS, REPEATS, BATCHES = 3, 5, (1, 8)


def stream(name, count, seed=1):
    """The seeded numbers of docs/parity.md, in [-1, 1)."""
    mask, golden, fnv = (1 << 64) - 1, 0x9E3779B97F4A7C15, 0xCBF29CE484222325
    for byte in name.encode():
        fnv = (fnv ^ byte) * 0x100000001B3 & mask
    base = np.uint64((fnv + seed * golden) & mask)
    z = base + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(golden)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return ((z >> np.uint64(40)).astype(np.float64) * 2 / 2**24 - 1).astype(np.float32)


def fill(model):
    """The weights that `synthetic:1` stands for."""
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            u = stream(name, tensor.numel())
            if name.endswith(".bias"):
                u = np.float32(0.1) * u
            elif name.endswith(("cls_token", "pos_embed")):
                u = np.float32(0.2) * u
            elif tensor.dim() == 1:
                u = np.float32(1) + np.float32(0.1) * u
            else:
                gain = 4 if name.endswith("head.weight") else 1
                u = np.float32(gain * np.sqrt(3 / (tensor.numel() / tensor.shape[0]))) * u
            tensor.copy_(torch.from_numpy(u).reshape(tensor.shape))


def images(batch):
    coarse = stream("input.coarse", batch * 3 * 14 * 14).reshape(batch, 3, 14, 14)
    fine = stream("input.fine", batch * 3 * 224 * 224).reshape(batch, 3, 224, 224)
    contrast = (0.5 * (np.arange(batch) % 4 + 1)).astype(np.float32).reshape(-1, 1, 1, 1)
    return torch.from_numpy(
        coarse.repeat(16, 2).repeat(16, 3) * contrast + np.float32(0.25) * fine)


def check(model, folder):
    """Compares logits with the recorded ones, so that what is timed is the model."""
    with open(os.path.join(folder, "deit_s_f1r1_s1.safetensors"), "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(size)), file.read()
    features, relations = None, None
    for exit, stage in enumerate(model.stages()):
        logits, features, relations = stage(images(4), features, relations)
        entry = header[f"logits{exit}"]
        kind = {"F32": np.float32, "F64": np.float64}[entry["dtype"]]
        begin, end = entry["data_offsets"]
        expected = np.frombuffer(data[begin:end], kind).reshape(entry["shape"])
        off = np.linalg.norm(logits.numpy() - expected) / np.linalg.norm(expected)
        print(f"exit {exit + 1}: PyTorch lies {off:.1e} off the recorded logits", file=sys.stderr)
        if not off < 1e-5:
            sys.exit("the PyTorch model is not the one that was recorded")


def median_ms(run):
    run()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)[REPEATS // 2]


def onnx_runtime(plain, batch):
    """A closure that runs the model once."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        torch.onnx.export(plain, (images(batch),), path, input_names=["x"], dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count()
        session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    x = images(batch).numpy()
    return lambda: session.run(None, {"x": x})


def open_vino(plain, batch):
    """A closure that runs the model once."""
    model = openvino.convert_model(plain, example_input=images(batch))
    settings = {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": os.cpu_count(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    x = images(batch).numpy()
    return lambda: request.infer([x])


def pytorch(model, plain, batch):
    x, features, relations, result = images(batch), None, None, {}
    for exit, stage in enumerate(model.stages()):
        f, r = features, relations
        result[f"DVT-DeiT-S stage {exit + 1}"] = median_ms(lambda: stage(x, f, r))
        _, features, relations = stage(x, f, r)
    result["DeiT-S/16"] = median_ms(lambda: plain(x))
    return result


def ours(program, batch):
    result = {}
    for model, label in (("dvt-deit-small", "DVT-DeiT-S stage {}"), ("deit-small", "DeiT-S/16")):
        output = subprocess.run(
            [program, "bench", "model", "--model", model, "--batch-size", str(batch),
             "--repeats", str(REPEATS), "--warm-ups", "1", "--format", "json"],
            check=True, capture_output=True, text=True).stdout
        for row in json.loads(output):
            if row["stage"] is not None:
                result[label.format(row["stage"] + 1)] = row["step_time_ms"]["median"]
                device, commit = row["device"], row["commit"]
    return result, device, commit


def timed(model, plain, exported, batch):
    """Milliseconds by peer and work."""
    result = {("PyTorch", work): ms for work, ms in pytorch(model, plain, batch).items()}
    for peer, run in exported.items():
        result[peer, "DeiT-S/16"] = median_ms(run)
    return result


def print_table(samples, device, commit):
    print(f"dvt {commit} on {device}; PyTorch {torch.__version__}, ONNX Runtime "
          f"{onnxruntime.__version__}, OpenVINO {openvino.__version__.split('-')[0]}; "
          f"{os.cpu_count()} threads, float32; milliseconds an image, medians of {REPEATS} runs in "
          f"each of {ROUNDS} turns; the ratio is the peer's time by ours, least to largest turn\n")
    print("| work | batch | peer | peer, ms | dvt, ms | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (peer, work, batch), pairs in samples.items():
        ratios = sorted(theirs / mine for theirs, mine in pairs)
        middle = len(pairs) // 2
        theirs = sorted(p[0] for p in pairs)[middle] / batch
        mine = sorted(p[1] for p in pairs)[middle] / batch
        print(f"| {work} | {batch} | {peer} | {theirs:.1f} | {mine:.1f} | "
              f"{ratios[middle]:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |")


def main():
    warnings.filterwarnings("ignore")
    program, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    torch.set_num_threads(os.cpu_count())
    with torch.inference_mode():
        model, plain = DVT().eval(), PlainDeiT().eval()
        fill(model)
        if folder:
            check(model, folder)
        exported = {batch: {"ONNX Runtime": onnx_runtime(plain, batch),
                            "OpenVINO": open_vino(plain, batch)} for batch in BATCHES}
        samples, device, commit = {}, "", ""
        for turn in range(ROUNDS):
            for batch in BATCHES:
                theirs = timed(model, plain, exported[batch], batch)
                mine, device, commit = ours(program, batch)
                for (peer, work), ms in theirs.items():
                    samples.setdefault((peer, work, batch), []).append((ms, mine[work]))
                print(f"turn {turn + 1} of {ROUNDS}, batch {batch}: done", file=sys.stderr)
    print_table(samples, device, commit)


if __name__ == "__main__":
    main()
