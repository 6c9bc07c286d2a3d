#!/usr/bin/env bash
# Exports small models by dvt export and compares the logits of ONNX Runtime, OpenVINO, timm and
# Hugging Face transformers with those of dvt's reference. The libraries are installed from PyPI into
# a separate folder, about 6 GB because PyTorch includes CUDA.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.build/check-export
python=${PYTHON:-python3}
packages=(numpy onnx onnxruntime openvino safetensors timm torch transformers)
if [[ ! -x $folder/bin/python ]]; then
    "$python" -m venv "$folder" || {
        echo "check-export.sh: $python cannot create a virtual environment; on Debian:" \
            "apt install python3-venv" >&2
        exit 1
    }
fi
"$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
"$folder/bin/python" scripts/check-export.py "$PWD/.build/release/dvt"
