"""Exported models: equal to PyTorch at any size, described in their metadata, run without torch."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmcabl.apis import ForensicInferencer
from mmcabl.apis.exported import ExportedInferencer
from mmcabl.cli.export import export, parsed_size, prepared
from mmcabl.export.network import ExportedNetwork
from mmcabl.export.parity import SIZES, TOLERANCE, checked, differences, exported, picture, reference, sizes_for
from mmcabl.export.traced import resized
from mmcabl.export.writing import write_network
from mmcabl.models.localizers import scales
from mmcabl.registry import MODELS
from mmcabl.zoo import find_card
from tests.copies import forged, turned

ROOT = Path(__file__).parents[1]
#: Eq. (2) with a residual and two scales, one of which shrinks some images and enlarges others.
FULL = dict(attention='auto', attention_residual=0.5, scales=['native', (64, 96)], flip=False, union='sum')
#: Some sizes of the parity check are shrunk to both, some to one, some to none.
WITHIN = dict(FULL, scales=['within 140', 'within 70'], scored_scales=1)


def tiny(**changes):
    """A small network of the quick start's kind with random weights, its batch norms not those of the start."""
    cfg = Config.fromfile(find_card('cabl-mini').config_path).model
    cfg.backbone.update(arch=dict(embed_dims=24, channel_ratio=1, num_heads=2, depths=3), base_channels=8)
    cfg.head.update(in_channels=32, embed_dims=24)
    cfg.update(changes)
    torch.manual_seed(0)
    model = MODELS.build(cfg)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.3, 0.3)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    return model.eval()


@pytest.mark.parametrize('kind, changes', [
    ('onnx', {}), ('onnx', FULL), ('torchscript', FULL), ('onnx', WITHIN), ('torchscript', WITHIN)],
    ids=['onnx', 'onnx full', 'torchscript full', 'onnx within', 'torchscript within'])
def test_free_sizes_agree_with_pytorch(tmp_path, kind, changes):
    if kind == 'onnx':
        pytest.importorskip('onnx')
        pytest.importorskip('onnxruntime')
    model = tiny(**changes)
    write_network(ExportedNetwork(model), tmp_path / 'model', kind, None, dict(mmcabl='{}'))
    rows = checked(differences(reference(model), exported(tmp_path / 'model', kind), SIZES), kind)
    assert len(rows) == len(SIZES) and max(max(row['score'], row['map']) for row in rows) <= TOLERANCE


@pytest.mark.parametrize('size', [(32, 32), (45, 70)])
def test_tensorflows_padding_and_pooled_logits_are_exported(tmp_path, size):
    """A network that pads by its input's size, and a logit that is divided by the number of positions."""
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    cfg = Config.fromfile(ROOT / 'configs/_base_/models/cabl_lite.py').model
    cfg.backbone.update(init_cfg=None, depth=1)
    torch.manual_seed(0)
    model = MODELS.build(cfg).eval()
    torch.nn.init.normal_(model.head.conv_cls_head.weight, std=0.1)
    write_network(ExportedNetwork(model), tmp_path / 'model', 'onnx', None, dict(mmcabl='{}'))
    checked(differences(reference(model), exported(tmp_path / 'model', 'onnx'), [size]), 'onnx')


@pytest.mark.parametrize('changes', [dict(operator='laplacian', structure='i', norm='mean'),
                                     dict(operator='scharr', structure='ii', norm='sigmoid')], ids=str)
def test_what_is_exported_computes_the_same(changes):
    model = tiny(**FULL)
    for layer in model.backbone.cabl.values():
        vars(layer).update(changes)
    network = ExportedNetwork(model)
    rows = differences(reference(model), lambda image: tuple(
        x.detach().numpy() for x in network(torch.from_numpy(image)[None])), SIZES[2:4])
    assert max(max(row['score'], row['map']) for row in rows) < 1e-5


@pytest.mark.parametrize('size', [(40, 40), (97, 33), (31, 150)])
def test_resizing_by_products_is_torchs(size):
    image = torch.rand(1, 3, 61, 83, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(resized(image, *size)[0], scales.resize(image[0], size), atol=1e-5, rtol=0)


def test_a_size_that_is_shrunk_is_compared_too():
    assert sizes_for(tiny()) == SIZES == sizes_for(tiny(scales=['within 100000']))
    assert sizes_for(tiny(**WITHIN)) == (*SIZES, (171, 96))


def test_beyond_the_tolerance_is_an_error():
    with pytest.raises(ValueError, match='^x differs from PyTorch at 1 x 2 px by 1.0e-03 in the score'):
        checked([dict(height=1, width=2, score=1e-3, map=0.)], 'x')
    with pytest.raises(ValueError, match='differs from PyTorch'):
        checked([dict(height=1, width=2, score=float('nan'), map=0.)], 'x')


def test_a_command_writes_what_a_lean_process_runs(tmp_path, capsys):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    out = tmp_path / 'mini.onnx'
    given = dict(model='cabl-mini', weights=None, kind='onnx', size=None, dynamic=True, sam=None, overwrite=False)
    export(out, **given, as_json=True)
    assert [row['height'] for row in json.loads(capsys.readouterr().out)['differences']] == [s[0] for s in SIZES]
    with pytest.raises(FileExistsError, match='exists and is not overwritten'):
        export(out, **given, as_json=True)
    names = ['a.png', 'b.png', 'c.png']
    for name, (height, width) in zip(names, ((97, 130), (44, 64), (160, 160))):
        cv2.imwrite(str(tmp_path / name), picture(height, width, height)[..., ::-1])
    (tmp_path / 'd.png').write_bytes(b'no picture')
    cv2.imwrite(str(tmp_path / 'e.png'), picture(9, 64))  # is enlarged
    np.savez(tmp_path / 'expected.npz', **{f'{key}_{i}': value for i, sample in enumerate(ForensicInferencer(
        'cabl-mini', device='cpu', threshold=0)([str(tmp_path / name) for name in names])) for key, value in dict(
            score=sample.score, raw=sample.raw_map, box=sample.prompts['box'], mask=sample.mask).items()})
    code = f'''
import sys, numpy as np
from mmcabl.apis.exported import ExportedInferencer
found = ExportedInferencer({str(out)!r}, threshold=0)
samples = found([{str(tmp_path)!r} + '/' + name for name in {[*names, 'd.png', 'e.png']}])
expected = np.load({str(tmp_path / 'expected.npz')!r})
for i, sample in enumerate(samples[:3]):
    assert abs(sample.score - expected[f'score_{{i}}']) < 1e-4, sample.score
    assert abs(sample.raw_map - expected[f'raw_{{i}}']).max() < 1e-4 * abs(expected[f'raw_{{i}}']).max()
    assert tuple(sample.prompts['box']) == tuple(expected[f'box_{{i}}'])
    assert (sample.mask != expected[f'mask_{{i}}']).mean() < 0.01
assert samples[3].unreadable and 'd.png' in samples[3].reason
assert samples[4].mask.shape == samples[4].raw_map.shape == (9, 64)
print(found.card.name, found.card.sha256, 'torch' in sys.modules)'''
    done = subprocess.run([sys.executable, '-W', 'error', '-c', code], cwd=ROOT, text=True, capture_output=True)
    assert done.stdout == f'cabl-mini {find_card("cabl-mini").sha256} False\n', done.stderr


def test_evidence_is_looked_for_beside_the_file(tmp_path):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    out = tmp_path / 'lite.onnx'
    _, network, about = prepared('lite-real', None, None)
    write_network(network, out, 'onnx', None, about)
    image, source, copy = forged(turned(0, 1, (130, 40)))
    theirs = ExportedInferencer(str(out), threshold=0)(image)[0]
    ours = ForensicInferencer('lite-real', threshold=0)(image)[0]
    assert theirs.note == ours.note and 'points agree' in ours.note
    assert theirs.score == pytest.approx(ours.score, abs=1e-4) and abs(theirs.cam - ours.cam).max() < 1e-4
    assert (theirs.mask & (source | copy)).sum() > 0.7 * (source | copy).sum()
    assert json.loads(about['mmcabl'])['evidence'] == [dict(type='mmcabl.KeypointCopyMove')]


def test_hostile_files_are_a_sentence(tmp_path):
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    (tmp_path / 'x.onnx').write_bytes(b'no model')
    with pytest.raises(ValueError, match='x.onnx cannot be read as an ONNX model'):
        ForensicInferencer(str(tmp_path / 'x.onnx'))
    helper = onnx.helper
    value = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in ('a', 'b')]
    graph = helper.make_graph([helper.make_node('Identity', ['a'], ['b'])], 'g', value[:1], value[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8),
              str(tmp_path / 'y.onnx'))
    with pytest.raises(ValueError, match='y.onnx is not a model that `mmcabl export` wrote'):
        ForensicInferencer(str(tmp_path / 'y.onnx'))


def test_options_are_checked():
    assert (parsed_size('256'), parsed_size('96X128')) == ((256, 256), (96, 128))
    for text in ('31', '1x2x3', 'big', '64x'):
        with pytest.raises(ValueError, match='is not understood'):
            parsed_size(text)
    with pytest.raises(ValueError, match='pt2 is exported at a fixed size only'):
        write_network(torch.nn.Identity(), Path('x'), 'pt2', None, {})
    with pytest.raises(ValueError, match='^A Identity cannot be exported'):
        ExportedNetwork(torch.nn.Identity())


def test_sams_decoder(tmp_path):
    for name in ('onnx', 'onnxruntime', 'segment_anything'):
        pytest.importorskip(name)
    from mmcabl.export.sam import decoder_differences, write_sam_decoder
    from tests.test_sam import build_sam
    torch.manual_seed(0)
    sam = build_sam()
    write_sam_decoder(sam, tmp_path / 'sam.onnx', dict(mmcabl_sam='{}'))
    worst = decoder_differences(sam, tmp_path / 'sam.onnx')
    assert max(worst.values()) <= TOLERANCE, worst
    with torch.no_grad():
        sam.mask_decoder.iou_token.weight += 0.5
    assert decoder_differences(sam, tmp_path / 'sam.onnx')['logits'] > TOLERANCE  # the comparison sees a change
