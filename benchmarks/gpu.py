"""All that has a GPU path, measured on the GPU that is here; prints one Markdown table for ``docs/gpu.md``.

    python benchmarks/gpu.py                        # some ten minutes, 24 GB or more
    python benchmarks/gpu.py --only step cam        # rows whose name begins so
    python benchmarks/gpu.py --fake                 # no GPU: forward passes on a fake one, no numbers
    python benchmarks/gpu.py --device cpu --tiny    # tries the script itself

Rows: a training step of Conformer-S at 512 px and batch 8 without and with CABL (as it is, with its own gradient; by
plain autograd, its inside kept or computed again),
in float32, bfloat16, and float16 with a loss scale; the CAM at 256 + 512 + 768 px; the plain forward; SAM ViT-B with
three prompts; each learned system of Table I on one image of 512 px. Weights are random. Milliseconds are the median
of the repeats, with the least and the greatest; memory is ``torch.cuda.max_memory_allocated``.
"""

import argparse
import statistics
import sys
import time
from contextlib import nullcontext
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from parts import SYSTEMS, detector, fake_mode, localizer, loss_of, lowered, sam, samples, training
from torch import nn
from torch._subclasses import FakeTensorMode
from torch._subclasses.fake_tensor import unset_fake_temporarily

from mmcabl.utils.fake_gpu import on_fake_device

DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16, 'float16': torch.float16}
BLOCKS = {'without CABL': ('none', None), 'CABL': ('all', None), 'CABL, kept': ('all', False),
          'CABL, recomputed': ('all', True)}


class Place(NamedTuple):
    """Where and how large: ``mode`` is that of a fake GPU, None for a real one or a CPU."""

    device: str
    tiny: bool
    mode: Optional[FakeTensorMode]

    def put(self, build: Callable[..., nn.Module], *args: Any) -> nn.Module:
        """A model that is built with numbers, and then put where it is to run."""
        with unset_fake_temporarily():
            model = build(*args)
        return model.to(self.device) if self.mode is None else on_fake_device(model, self.mode)

    def autocast(self, name: str) -> Any:
        return nullcontext() if name == 'float32' else torch.autocast(self.device, dtype=DTYPES[name])


def rows(place: Place) -> Iterator[Tuple[str, str, Callable[[], Callable[[], Any]]]]:
    """(what, setting, maker of the thing to repeat) of each row."""
    for variant, (blocks, recompute) in BLOCKS.items():
        for dtype in DTYPES:
            yield 'step', f'{variant}, {dtype}', lambda b=blocks, r=recompute, d=dtype: step(place, b, r, d)
    for dtype in ('float32', 'bfloat16', 'float16'):
        yield 'plain', dtype, lambda d=dtype: plain(place, d)
        yield 'cam', dtype, lambda d=dtype: cam(place, d)
    for dtype in DTYPES:
        for fused in (False, True):
            yield 'sam', f'{dtype}{", fused" if fused else ""}', lambda d=dtype, f=fused: refine(place, d, f)
    for name in SYSTEMS:
        yield 'detect', name.split('_')[0], lambda n=name: detect(place, n)


def step(place: Place, blocks: str, recompute: Optional[bool], dtype: str) -> Callable:
    size, batch = (64, 2) if place.tiny else (512, 8)
    model = place.put(localizer, place.tiny, blocks, recompute).train()
    if place.mode is not None:  # no backward on a device that is not there
        images, truth = torch.randn(batch, 3, size, size, device='cuda'), samples(batch, size, 'cuda')
        return lambda: loss_of(model, images, truth, DTYPES[dtype])
    scaler = torch.amp.GradScaler(place.device) if dtype == 'float16' else None
    return training(model, size, batch, place.device, DTYPES[dtype], scaler)[0]


def sizes(place: Place) -> Tuple[int, ...]:
    return (32, 64) if place.tiny else (256, 512, 768)


def plain(place: Place, dtype: str) -> Callable:
    """The backbone alone, without CABL or a map."""
    model = place.put(localizer, place.tiny, 'none').eval()
    images = [torch.randn(1, 3, s, s, device=place.device) for s in sizes(place)]

    def run() -> Any:
        with torch.no_grad(), place.autocast(dtype):
            return [model.backbone(image) for image in images]

    return run


def cam(place: Place, dtype: str) -> Callable:
    """The localizer's own option: a folded copy in that type."""
    model = place.put(localizer, place.tiny).eval()
    model.precision = dtype
    if place.mode is not None:  # batch norms are folded from numbers
        folded = place.put(lambda: lowered(place.tiny, dtype))
        model.inference_backbone = lambda: folded
    size = 48 if place.tiny else 512
    image = torch.randn(3, size, size, device=place.device)

    def run() -> Any:
        with torch.no_grad():
            return model.localize([image], [(size, size)])[1][0]

    return run


def refine(place: Place, dtype: str, fused: bool) -> Callable:
    from mmcabl.refinement import Prompts, SAMRefiner
    kinds, prompts = ['point', 'box', 'box_point'], Prompts((9, 8, 40, 36), (20, 20), (2, 2))
    if place.mode is None:
        refiner = SAMRefiner(sam=sam(place.tiny), device=place.device, precision=dtype, fused=fused)
        image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
        return lambda: refiner.refine([image], [prompts], kinds)
    model = place.put(sam, place.tiny).eval()
    if fused:
        from mmcabl.refinement.sam_attention import fuse
        fuse(model)
    pixels = torch.rand(1, 3, 1024, 1024, device='cuda')
    box = torch.rand(1, 4, device='cuda')  # points are embedded by numbers, which a fake tensor has not

    def run() -> Any:
        with torch.no_grad():
            with place.autocast(dtype):
                encoding = model.image_encoder(pixels).float()
            sparse, dense = model.prompt_encoder(None, box, None)
            return model.mask_decoder(encoding, model.prompt_encoder.get_dense_pe(), sparse, dense, False)[0]

    return run


def detect(place: Place, name: str) -> Callable:
    model = place.put(detector, name).eval()
    size = 64 if place.tiny else 512
    image, sample = torch.rand(1, 3, size, size, device=place.device), samples(1, size, place.device)[0]

    def run() -> Any:
        with torch.no_grad():
            return model.detect(image, sample)[1]

    return run


def measure(make: Callable[[], Callable], place: Place, repeats: int) -> str:
    """The cells of a row after what and setting."""
    with place.mode or nullcontext():
        run = make()
        found = run()  # warm
        if place.mode is not None:
            tensor = found[-1] if isinstance(found, list) else found
            where = tensor.device if isinstance(tensor, torch.Tensor) else 'cuda'
            return f'forward ran on {where} | not measured'
    on_gpu, seconds = place.device == 'cuda', []
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        if on_gpu:
            torch.cuda.synchronize()
        seconds.append(1e3 * (time.perf_counter() - start))
    memory = f'{torch.cuda.max_memory_allocated() / 2 ** 30:.2f}' if on_gpu else '-'
    return f'{statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f}) | {memory}'


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cuda', choices=['cuda', 'cpu'])
    parser.add_argument('--fake', action='store_true')
    parser.add_argument('--tiny', action='store_true')
    parser.add_argument('--repeats', type=int, default=10)
    parser.add_argument('--only', nargs='+', default=[''], help='step, plain, cam, sam, detect')
    args = parser.parse_args(arguments)
    if args.device == 'cuda' and not args.fake and not torch.cuda.is_available():
        print('No GPU is here: --fake runs the forward passes on a fake one, --device cpu --tiny tries the script.')
        return 1
    name = ('a fake GPU' if args.fake else torch.cuda.get_device_name() if args.device == 'cuda' else 'a CPU')
    print(f'torch {torch.__version__}, {name}{", tiny" if args.tiny else ""}\n')
    print('| what | setting | ms | GiB |\n|---|---|---|---|')
    failed = 0
    for what, setting, _ in rows(Place(args.device, args.tiny, None)):
        if not what.startswith(tuple(args.only)):
            continue
        try:
            with fake_mode() if args.fake else nullcontext() as mode:
                place = Place('cuda' if args.fake else args.device, args.tiny, mode)
                make = {(w, s): m for w, s, m in rows(place)}[what, setting]
                cells = measure(make, place, args.repeats)
        except Exception as error:  # one row may not fit; the others are still wanted
            failed += 1
            cells = f'{type(error).__name__}: {" ".join(str(error).split())[:120]} |'
        print(f'| {what} | {setting} | {cells} |', flush=True)
        if args.device == 'cuda' and not args.fake:
            torch.cuda.empty_cache()
    return min(failed, 1)


if __name__ == '__main__':
    sys.exit(main())
