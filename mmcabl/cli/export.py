"""``mmcabl export``: a model for other runtimes, compared with PyTorch before it is handed over."""

import warnings
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import typer

from mmcabl.cli.output import print_json, say


def export(
    out: Path = typer.Option(..., '--out', '-o', help='File to write.'),
    model: str = typer.Option('lite-real', help='A name (`mmcabl models` lists them) or a config.'),
    weights: Optional[Path] = typer.Option(None, help="Weights for it; by default the model's own."),
    kind: str = typer.Option('onnx', '--format', help='onnx, torchscript or pt2 (torch.export).'),
    size: Optional[str] = typer.Option(None, help='Fixed size of the image: 256, or HEIGHTxWIDTH.'),
    dynamic: bool = typer.Option(False, help='Any size of 32 px and more; so it is without --size.'),
    sam: Optional[Path] = typer.Option(None, help="SAM's published weights: its decoder alone is exported, as ONNX."),
    overwrite: bool = typer.Option(False, '--overwrite', help='Replace the file where it exists.'),
    as_json: bool = typer.Option(False, '--json', help='The differences from PyTorch, for machines.'),
) -> None:
    """Image, uint8 RGB (1, H, W, 3), to score and map, as ONNX, TorchScript or torch.export."""
    from mmcabl.utils.outputs import new_file
    if size and dynamic:
        raise ValueError(f'--size {size} and --dynamic exclude each other.')
    fixed = parsed_size(size) if size else None
    new_file(out, overwrite)
    if sam is not None:
        export_sam(sam, out, as_json)
        return
    from mmcabl.export.parity import checked, differences, exported, reference, sizes_for
    from mmcabl.export.writing import write_network
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        built, network, metadata = prepared(model, None if weights is None else str(weights), fixed)
    part = out.with_name(f'.unchecked-{out.name}')
    try:
        write_network(network, part, kind, fixed, metadata)
        say(f'{part.stat().st_size / 1e6:.1f} MB written; comparing with PyTorch ...')
        sizes = [fixed] if fixed else sizes_for(built)
        rows = checked(differences(reference(built), exported(part, kind), sizes), str(out))
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    if as_json:
        print_json(dict(file=str(out), format=kind, size=fixed, differences=rows))
        return
    for row in rows:
        print(f'{row["height"]:4} x {row["width"]:<4} px: score {row["score"]:.1e}, map {row["map"]:.1e}')
    print(f'{out} agrees with PyTorch.')


def export_sam(weights: Path, out: Path, as_json: bool) -> None:
    """SAM's decoder as ONNX, compared with segment-anything's own."""
    import json

    from mmcabl.apis.refiner_choice import refiner_settings
    from mmcabl.export.parity import TOLERANCE
    from mmcabl.export.sam import INPUTS, OUTPUTS, SamDecoder, decoder_differences, write_sam_decoder
    from mmcabl.lab.runs.work_folders import sha256_of
    from mmcabl.refinement.sam import SAMRefiner
    settings = refiner_settings(str(weights))['refiner']
    sam = SAMRefiner(settings['model'], settings['checkpoint'], device='cpu').sam
    about = dict(weights_sha256=sha256_of(weights), model=settings['model'], inputs=INPUTS, outputs=OUTPUTS,
                 help=SamDecoder.__doc__)
    part = out.with_name(f'.unchecked-{out.name}')
    try:
        write_sam_decoder(sam, part, dict(mmcabl_sam=json.dumps(about)))
        worst = decoder_differences(sam, part)
        if not max(worst.values()) <= TOLERANCE:
            raise ValueError(f'{out} differs from segment-anything by {max(worst.values()):.1e}; {TOLERANCE:g} is '
                             'allowed.')
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    if as_json:
        print_json(dict(file=str(out), format='onnx', differences=worst))
    else:
        print(f'{out} agrees with segment-anything: logits {worst["logits"]:.1e}, quality {worst["quality"]:.1e}.')


def parsed_size(text: str) -> Tuple[int, int]:
    """(H, W) of ``256`` or ``256x384``.

    Raises:
        ValueError: neither, or below 32 px.
    """
    sides = text.lower().split('x')
    if len(sides) > 2 or not all(side.isdecimal() and int(side) >= 32 for side in sides):
        raise ValueError(f'--size {text} is not understood; accepted are a side or HEIGHTxWIDTH of 32 px and more.')
    return int(sides[0]), int(sides[-1])


def prepared(model: str, weights: Optional[str], size: Optional[Tuple[int, int]]) -> Tuple[Any, Any, Dict[str, str]]:
    """The model with its weights on the CPU, what is exported of it, and what the file will say of itself."""
    from mmcabl.apis.inferencer import ForensicInferencer
    from mmcabl.apis.model_choice import choose_model
    from mmcabl.evidence.known import finders_of
    from mmcabl.export.about import about_export
    from mmcabl.export.network import ExportedNetwork
    from mmcabl.lab.runs.work_folders import sha256_of
    choice = choose_model(model, weights)
    if choice.exported:
        raise ValueError(f'{model} is exported already; give the name of a model or a config.')
    inferencer = ForensicInferencer(choice, device='cpu')
    built = inferencer.model
    network = ExportedNetwork(built)
    pre, cgsr = built.data_preprocessor, built.postprocessor
    finders_of(built.evidence_configs, 'The exported file')  # who reads it builds no other
    refiner = dict(cgsr.refiner_config)
    return built, network, about_export(
        inferencer.card, sha256_of(Path(choice.weights)),
        dict(prompt=cgsr.prompt, threshold=cgsr.threshold, normalize=cgsr.normalize, refiner=refiner),
        built.evidence_configs, 16, dict(mean=pre.mean.flatten().tolist(), std=pre.std.flatten().tolist()), size)
