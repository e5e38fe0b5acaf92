"""Make synthetic forgeries of a folder of photographs, in a data set's layout, with masks and a manifest."""

import argparse
from typing import Optional, Sequence

from mmcabl.images import shown
from mmcabl.lab.pairs import apart_from
from mmcabl.lab.synthetic import ForgeryRecipe, Pasting, find_photographs, generate
from mmcabl.lab.synthetic.forgery import FORGERIES
from mmcabl.lab.synthetic.layouts import LAYOUTS
from mmcabl.lab.synthetic.processing import TRACES


def main(arguments: Optional[Sequence[str]] = None, prog: Optional[str] = None) -> None:
    default = ForgeryRecipe()
    parser = argparse.ArgumentParser(prog=prog, description=__doc__,
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('photographs', help='folder, searched in depth')
    parser.add_argument('out_dir', help='new or empty folder')
    parser.add_argument('--count', type=int, default=1000, help='images; every other one is forged')
    parser.add_argument('--layout', choices=LAYOUTS, default='CASIAv2', help='of folders, names and masks')
    parser.add_argument('--keep-out', nargs='*', default=[], help='folders of images whose like is left out')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, help='processes; all cores if not given')
    parser.add_argument('--max-pixels', type=int, help='of a photograph; larger ones are left out; 100 megapixels if '
                        'not given')
    parser.add_argument('--size', type=int, default=default.size, help='side in px')
    parser.add_argument('--zoom', type=float, nargs=2, default=default.zoom, help='shrinking before the crop')
    parser.add_argument('--area', type=float, nargs=2, default=default.area, help='part that is forged')
    parser.add_argument('--forgeries', nargs='+', choices=FORGERIES, default=default.forgeries)
    parser.add_argument('--traces', nargs='*', choices=TRACES, default=default.traces)
    parser.add_argument('--strength', type=float, default=default.strength, help='of the traces, 0 to 1')
    parser.add_argument('--blend', type=float, default=default.blend, help='part with a feathered border')
    parser.add_argument('--pasting', action='store_true', help='plain forgeries as people make them, in place of '
                        'traces: parts of photographs, or of the same, resized, turned, toned, compressed before')
    parser.add_argument('--noise', type=float, nargs=2, default=default.noise, help='global noise, grey levels')
    parser.add_argument('--quality', type=int, nargs=2, default=default.quality, help='of the saved JPEG')
    args = vars(parser.parse_args(arguments))
    folder, keep_out, out_dir, count, seed, workers, layout, max_pixels = (
        args.pop(k) for k in ('photographs', 'keep_out', 'out_dir', 'count', 'seed', 'workers', 'layout',
                              'max_pixels'))
    try:
        if args.pop('pasting'):
            args.update(pasting=Pasting(), traces=(), forgeries=[f for f in args['forgeries'] if f != 'removal'])
        recipe = ForgeryRecipe(**{k: tuple(v) if isinstance(v, list) else v for k, v in args.items()})
        photographs = find_photographs(folder)
        if keep_out:
            photographs = apart_from(photographs, [p for kept in keep_out for p in find_photographs(kept)])
        records = generate(photographs, out_dir, count, seed, recipe, workers, layout=layout,
                           max_pixels=max_pixels)
    except (ValueError, OSError) as error:
        raise SystemExit(shown(str(error))) from None
    print(f'{len(records)} images in {out_dir}, half of them forged; manifest.jsonl tells what was done to each.')
