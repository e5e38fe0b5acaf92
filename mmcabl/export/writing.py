"""Write a network as ONNX, TorchScript or torch.export."""

import inspect
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import torch
from torch import nn

from mmcabl.utils.files import replacing

FORMATS = ('onnx', 'torchscript', 'pt2')
#: Traced at another shape than a square of multiples of 16, so that nothing that depends on them is frozen.
EXAMPLE = (150, 133)
OPSET = 17
NAMES = dict(input_names=['image'], output_names=['score', 'map'])
FREE = dict(image={1: 'height', 2: 'width'}, map={1: 'height', 2: 'width'})


def write_network(network: nn.Module, path: Path, kind: str, size: Optional[Tuple[int, int]],
                  metadata: Mapping[str, str]) -> None:
    """Write an :class:`mmcabl.export.network.ExportedNetwork`, whole or not at all.

    Args:
        kind: of :data:`FORMATS`.
        size: (H, W) of the image; None: any.
        metadata: goes into the file.

    Raises:
        ValueError: an unknown format; ``pt2`` with a free size.
        ImportError: onnx is not installed.
    """
    if kind not in FORMATS:
        raise ValueError(f'Unknown format {kind!r}; accepted are {", ".join(FORMATS)}.')
    if kind == 'pt2' and size is None:
        raise ValueError('pt2 is exported at a fixed size only: its tracer ties free sizes to the example (give '
                         '--size, or --format onnx or torchscript).')
    height, width = size or EXAMPLE
    example = torch.arange(height * width * 3).remainder(251).reshape(1, height, width, 3).to(torch.uint8)
    network = network.eval().requires_grad_(False)
    with warnings.catch_warnings(), torch.no_grad(), replacing(path) as part:
        warnings.simplefilter('ignore')  # tracers remark on what they take for constants; parity is measured instead
        if kind == 'onnx':
            _write_onnx(network, example, part, size is None, metadata)
        elif kind == 'torchscript':
            extra = {f'{key}.json': value for key, value in metadata.items()}
            torch.jit.save(torch.jit.trace(network, example, check_trace=False), str(part), _extra_files=extra)
        else:
            program, buffer = torch.export.export(network, (example,), strict=False), BytesIO()
            torch.export.save(program, buffer, extra_files={f'{k}.json': value for k, value in metadata.items()})
            part.write_bytes(buffer.getvalue())


def _write_onnx(network: nn.Module, example: torch.Tensor, path: Path, free: bool,
                metadata: Mapping[str, str]) -> None:
    onnx = require_onnx()
    options: Dict[str, Any] = dict(NAMES, opset_version=OPSET, dynamic_axes=FREE if free else None)
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options['dynamo'] = False  # the other exporter takes twenty times as long and ties sizes to the example
    torch.onnx.export(network, (example,), str(path), **options)
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, dict(metadata))
    model.doc_string = 'image: uint8 RGB (1, H, W, 3); score: manipulated, 0 to 1; map: higher is more manipulated'
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def require_onnx() -> Any:
    """The package ``onnx``; ImportError, one sentence, where it is not installed."""
    try:
        import onnx
    except ImportError:
        raise ImportError("Writing ONNX needs the package onnx, of the extra export: pip install 'mmcabl[export]'."
                          ) from None
    return onnx
