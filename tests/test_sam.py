"""SAM against segment-anything's own predictor, on small models of its own classes, random weights."""

from functools import partial

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcabl.refinement import CGSR, Prompts, Refiner, SAMRefiner
from mmcabl.registry import MODELS
from tests.conftest import build_localizer

modeling = pytest.importorskip('segment_anything.modeling')
from segment_anything import SamPredictor  # noqa: E402

SHAPES = [(60, 80), (128, 40), (33, 100)]
PROMPTS = [Prompts((10, 5, 40, 30), (20, 15), (70, 50)), Prompts((3, 3, 30, 100), (20, 60), (1, 120)),
           Prompts((0, 0, 99, 32), (50, 16), (99, 0))]
KINDS = ['point', 'box', 'box_point']


def build_sam():
    """A SAM of segment-anything's classes, 128 px and one encoder block."""
    dim, size, patch = 32, 128, 16
    return modeling.Sam(
        image_encoder=modeling.ImageEncoderViT(
            depth=1, embed_dim=24, img_size=size, mlp_ratio=2, norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
            num_heads=2, patch_size=patch, qkv_bias=True, use_rel_pos=True, global_attn_indexes=[0],
            window_size=4, out_chans=dim),
        prompt_encoder=modeling.PromptEncoder(
            embed_dim=dim, image_embedding_size=(size // patch, size // patch), input_image_size=(size, size),
            mask_in_chans=8),
        mask_decoder=modeling.MaskDecoder(
            num_multimask_outputs=3, transformer=modeling.TwoWayTransformer(
                depth=1, embedding_dim=dim, mlp_dim=32, num_heads=4), transformer_dim=dim,
            iou_head_depth=2, iou_head_hidden_dim=16),
        pixel_mean=[123.675, 116.28, 103.53], pixel_std=[58.395, 57.12, 57.375]).eval()


def pictures():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*shape, 3), np.uint8) for shape in SHAPES]


@pytest.mark.parametrize('multimask', [False, True])
@pytest.mark.parametrize('batch_size', [1, 2, 3])
def test_masks_are_those_of_sam_predictor(multimask, batch_size):
    sam, images = build_sam(), pictures()
    refiner = SAMRefiner(sam=sam, device='cpu', batch_size=batch_size, multimask_output=multimask)
    found = refiner.refine(images, PROMPTS, KINDS)
    predictor = SamPredictor(sam)
    seen = 0
    for image, prompts, masks in zip(images, PROMPTS, found):
        predictor.set_image(image)
        for kind, mask in zip(KINDS, masks):
            box = None if kind == 'point' else np.array(prompts.box)
            points = {'point': [prompts.positive], 'box': None,
                      'box_point': [prompts.positive, prompts.negative]}[kind]
            labels = {'point': np.array([1]), 'box': None, 'box_point': np.array([1, 0])}[kind]
            expected, quality, _ = predictor.predict(None if points is None else np.array(points), labels, box,
                                                     multimask_output=multimask)
            assert mask.dtype == bool and mask.shape == image.shape[:2]
            assert np.array_equal(mask, expected[quality.argmax()])
            seen += 0 < mask.mean() < 1
    assert seen, 'every mask is trivial: the comparison shows nothing'


def test_an_image_is_encoded_once_whatever_the_number_of_prompts():
    sam, calls = build_sam(), []
    sam.image_encoder.register_forward_hook(lambda m, args, out: calls.append(len(args[0])))
    cgsr = CGSR(compare=['null', 'point', 'box'])
    cgsr._refiner = SAMRefiner(sam=sam, device='cpu', batch_size=2)
    cams = [np.random.default_rng(1).random(shape).astype(np.float32) for shape in SHAPES]
    found = cgsr.batch(pictures(), cams)
    assert calls == [2, 1] and all(len(f.masks) == 4 for f in found)


def test_sam_is_frozen():
    refiner = SAMRefiner(sam=build_sam(), device='cpu')
    assert not any(p.requires_grad for p in refiner.sam.parameters()) and not refiner.sam.training


@pytest.mark.parametrize('model, name, size', [('vit_b', 'sam_vit_b_01ec64.pth', 375),
                                               ('vit_h', 'sam_vit_h_4b8939.pth', 2560)])
def test_missing_weights_are_named(model, name, size):
    cfg = dict(type='mmcabl.SAMRefiner', model=model, checkpoint='checkpoints/none.pth')
    with pytest.raises(FileNotFoundError, match=f'checkpoints/none.pth is not a file; download {name} \\({size} MB'):
        MODELS.build(cfg)


def test_bad_options_are_named():
    with pytest.raises(ValueError, match="'vit_x'.*vit_b, vit_l, vit_h"):
        SAMRefiner(model='vit_x')
    with pytest.raises(ValueError, match="'int8'.*bfloat16"):
        SAMRefiner(sam=build_sam(), dtype='int8')


def test_encodings_are_made_once_and_give_the_same_masks(tmp_path):
    sam, images = build_sam(), pictures()
    plain = SAMRefiner(sam=sam, device='cpu').refine(images, PROMPTS, KINDS)
    made = []
    sam.image_encoder.register_forward_hook(lambda module, inputs, output: made.append(len(output)))
    for batch_size in (1, 2):
        cached = SAMRefiner(sam=sam, device='cpu', batch_size=batch_size, cache_dir=str(tmp_path))
        found = cached.refine(images, PROMPTS, KINDS)
        assert all(np.array_equal(a, b) for one, two in zip(plain, found) for a, b in zip(one, two))
    assert made == [1, 1, 1]
    damaged = next(tmp_path.rglob('*.npy'))
    damaged.write_bytes(damaged.read_bytes()[:50])
    SAMRefiner(sam=sam, device='cpu', cache_dir=str(tmp_path)).refine(images, PROMPTS, KINDS)
    assert made == [1, 1, 1, 1]  # the damaged one alone
    with torch.no_grad():
        sam.image_encoder.patch_embed.proj.bias += 1
    SAMRefiner(sam=sam, device='cpu', cache_dir=str(tmp_path)).refine(images, PROMPTS, KINDS)
    assert sum(made) == 7 and len(list(tmp_path.rglob('*.npy'))) == 6


def test_sam_runs_where_its_model_does():
    """'meta' stands for a GPU: neither a CPU nor the default device."""
    refiner = SAMRefiner(sam=build_sam(), dtype='bfloat16')
    assert refiner.device.type == 'cpu' and refiner.dtype == torch.float32
    assert refiner.to(torch.device('meta')) is refiner
    assert {p.device.type for p in refiner.sam.parameters()} == {'meta'} == {refiner.device.type}
    assert refiner.predictor.device.type == 'meta' and refiner.dtype == torch.bfloat16
    fixed = SAMRefiner(sam=build_sam(), device='cpu').to(torch.device('meta'))
    assert fixed.device.type == 'cpu' and {p.device.type for p in fixed.sam.parameters()} == {'cpu'}


@pytest.mark.parametrize('rank', [0, 5])
def test_without_a_model_it_is_the_ranks_own_gpu(monkeypatch, rank):
    sam, moved = build_sam(), []
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'current_device', lambda: rank)
    monkeypatch.setattr(sam, 'to', lambda device: moved.append(device) or sam)
    assert SAMRefiner(sam=sam).device == torch.device('cuda', rank) == moved[0]


def test_a_model_takes_its_refiner_along():
    asked = []

    class Remembers(Refiner):
        def to(self, device):
            asked.append(device)
            return self

        def refine(self, images, prompts, kinds):
            return [[np.zeros(i.shape[:2], bool) for _ in kinds] for i in images]

    model = build_localizer()
    model.postprocessor._refiner = Remembers()
    with torch.no_grad():
        model.test_step(dict(inputs=[torch.zeros(3, 64, 64, dtype=torch.uint8)], data_samples=[DataSample()]))
    assert asked == [next(model.parameters()).device]
    model.postprocessor(np.zeros((8, 8, 3), np.uint8), np.eye(8))  # a map without a model: it stays where it is
    assert len(asked) == 1


def test_fused_attention_is_segment_anythings_up_to_rounding(monkeypatch):
    sam, images = build_sam(), pictures()
    for name, value in sam.image_encoder.named_parameters():
        if 'pos' in name:
            value.data.normal_(0, .3)  # zeros at first, which would hide a mistake
    names = list(sam.state_dict())
    plain = SAMRefiner(sam=sam, device='cpu').encode(images)
    fused = SAMRefiner(sam=sam, device='cpu', fused=True)
    assert torch.allclose(fused.encode(images), plain, atol=1e-5) and list(sam.state_dict()) == names
    monkeypatch.setattr('mmcabl.refinement.sam_attention.LARGEST', 1)
    assert torch.allclose(fused.encode(images), plain, atol=1e-5)


def test_precision_counts_on_any_device_and_changes_little(monkeypatch):
    sam, images = build_sam(), pictures()
    plain = SAMRefiner(sam=sam, device='cpu')
    half = SAMRefiner(sam=sam, device='cpu', precision='bfloat16')
    seen = []
    sam.image_encoder.neck[0].register_forward_hook(lambda module, args, out: seen.append(out.dtype))
    ratio = (half.encode(images) - plain.encode(images)).norm() / plain.encode(images).norm()
    assert seen[:2] == [torch.bfloat16, torch.float32] and half.encode(images).dtype == torch.float32
    assert 1e-4 < ratio < 0.03
    for has, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr('mmcabl.refinement.encoder_options.cpu_has_bfloat16', lambda has=has: has)
        assert SAMRefiner(sam=sam, device='cpu', precision='auto').dtype == dtype
    with pytest.raises(ValueError, match="precision 'int8'.*None, auto, float32"):
        SAMRefiner(sam=sam, precision='int8')
