"""Hugging Face's SAM family against the library's own processors and models: small ones, random weights."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from safetensors.torch import load_file, save_file

from mmcabl.checkpoints import CheckpointError
from mmcabl.engine import needs
from mmcabl.refinement import CGSR, TransformersRefiner
from mmcabl.refinement.transformers_configs import KINDS
from mmcabl.refinement.transformers_models import load_model
from mmcabl.registry import MODELS
from tests.test_sam import KINDS as PROMPT_KINDS
from tests.test_sam import PROMPTS, pictures

transformers = pytest.importorskip('transformers', reason="needs mmcabl[transformers]")
PARTS = dict(
    prompt_encoder_config=dict(hidden_size=32, image_size=128, patch_size=16, mask_input_channels=8),
    mask_decoder_config=dict(hidden_size=32, mlp_dim=32, num_hidden_layers=1, num_attention_heads=4,
                             iou_head_hidden_dim=16))
VIT = dict(hidden_size=24, output_channels=32, num_hidden_layers=2, num_attention_heads=2, image_size=128,
           patch_size=16, window_size=4, global_attn_indexes=[1], num_pos_feats=16, mlp_dim=48, initializer_range=.05)
HIERA = dict(model_type='sam2_hiera_det_model', hidden_size=8, image_size=[128, 128], blocks_per_stage=[1, 1, 2, 1],
             embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads_per_stage=[1, 1, 2, 2],
             window_size_per_stage=[4, 4, 4, 4], global_attention_blocks=[3])
REPVIT = dict(model_type='timm_wrapper', architecture='repvit_m1', num_classes=1000,
              model_args=dict(in_chans=3, features_only=True, out_indices=[0, 1, 2, 3]))
PYRAMID = dict(fpn_hidden_size=32, backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]])
CONFIGS = {
    'sam': dict(vision_config=VIT),
    'sam_hq': dict(vision_config=VIT, mask_decoder_config=dict(PARTS['mask_decoder_config'], vit_dim=24)),
    'sam2': dict(vision_config=dict(PYRAMID, model_type='sam2_vision_model', backbone_config=HIERA,
                                    backbone_channel_list=[64, 32, 16, 8])),
    'edgetam': dict(vision_config=dict(PYRAMID, model_type='edgetam_vision_model', backbone_config=REPVIT)),
}
PROCESSORS = dict(sam='SamProcessor', sam_hq='SamHQProcessor', sam2='Sam2Processor', edgetam='Sam2Processor')


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    """kind -> a folder as ``save_pretrained`` writes it."""
    made = {}
    for name, config in CONFIGS.items():
        if name == 'edgetam':
            pytest.importorskip('timm')
        torch.manual_seed(0)
        kind, made[name] = KINDS[name], tmp_path_factory.mktemp(name)
        config = getattr(transformers, kind.config).from_dict({**PARTS, **config})
        model = getattr(transformers, kind.model)(config)
        for key, value in model.named_parameters():
            if 'pos' in key or 'no_mem' in key:
                value.data.normal_(0, .3)  # zeros at first, which would hide a mistake
        model.save_pretrained(made[name])
    return made


@pytest.mark.parametrize('name', CONFIGS)
def test_masks_are_those_of_the_librarys_processor_and_model(folders, name):
    refiner = TransformersRefiner(str(folders[name]), device='cpu', batch_size=2)
    encoded = []
    refiner.model.vision_encoder.register_forward_hook(lambda module, args, out: encoded.append(1))
    processor = getattr(transformers, PROCESSORS[name])(refiner.processor)
    seen = 0
    for multimask in (False, True):
        refiner.multimask_output = multimask
        found = refiner.refine(pictures(), PROMPTS, PROMPT_KINDS)
        assert len(encoded) == 2, 'two batches, whatever the number of prompts'
        for image, prompts, masks in zip(pictures(), PROMPTS, found):
            for kind, mask in zip(PROMPT_KINDS, masks):
                box, points, labels = prompts.select(kind)
                given = dict(input_boxes=None if box is None else [[[float(v) for v in box]]])
                if len(points):
                    given.update(input_points=[[points.tolist()]], input_labels=[[labels.tolist()]])
                inputs = processor(images=image, return_tensors='pt', **given)
                inputs = {k: v.float() if v.is_floating_point() else v for k, v in inputs.items()}
                sizes = [inputs.pop('original_sizes')]
                if 'reshaped_input_sizes' in inputs:
                    sizes.append(inputs.pop('reshaped_input_sizes'))
                with torch.no_grad():
                    out = refiner.model(**inputs, multimask_output=multimask)
                expected = processor.post_process_masks(out.pred_masks, *sizes)[0][0]
                expected = expected[out.iou_scores[0, 0].argmax()].numpy()
                assert mask.dtype == bool and mask.shape == image.shape[:2]
                assert (mask != expected).mean() < 2e-3  # batched sums, a pixel at the border
                seen += 0 < mask.mean() < 1
        encoded.clear()
    assert seen, 'every mask is trivial: the comparison shows nothing'


def test_one_line_of_a_config_and_a_file_of_weights(folders, tmp_path):
    refiner = dict(type='mmcabl.TransformersRefiner', path=str(folders['sam2']))
    cams = [np.random.default_rng(1).random(image.shape[:2]).astype(np.float32) for image in pictures()]
    found = MODELS.build(dict(type='mmcabl.CGSR', refiner=refiner, compare=['null', 'point', 'box'])).batch(
        pictures(), cams)
    assert all(list(f.masks) == ['null', 'point', 'box', 'box_point'] for f in found)
    state = load_file(folders['sam2'] / 'model.safetensors')
    state['memory_encoder.projection.weight'] = torch.ones(3)  # published files are those of the video model
    torch.save(state, tmp_path / 'weights.pth')
    (tmp_path / 'video.json').write_text(config_of(folders['sam2'], model_type='sam2_video'))
    other = TransformersRefiner(str(tmp_path / 'weights.pth'), config=str(tmp_path / 'video.json'))
    cgsr = CGSR(compare=['box'])
    cgsr._refiner = other
    assert all(np.array_equal(a.masks['box'], b.masks['box']) for a, b in zip(found, cgsr.batch(pictures(), cams)))


def test_the_processor_takes_published_means(folders, tmp_path):
    (tmp_path / 'model.safetensors').write_bytes((folders['sam'] / 'model.safetensors').read_bytes())
    (tmp_path / 'preprocessor_config.json').write_text(json.dumps(dict(image_mean=[.1, .2, .3], size=7)))
    processor = load_model(tmp_path, str(folders['sam'] / 'config.json'))[1]
    assert list(processor.image_mean) == [.1, .2, .3] and processor.size['longest_edge'] == 128


def config_of(folder, **changes):
    return json.dumps({**json.loads((folder / 'config.json').read_text()), **changes})


@pytest.mark.parametrize('write, said', [
    (lambda f, old: (f / 'config.json').unlink(), 'config.json is not a file'),
    (lambda f, old: (f / 'model.safetensors').unlink(), 'nor a folder with model.safetensors or pytorch_model.bin'),
    (lambda f, old: (f / 'config.json').write_text('{"model_type": "bert"}'), "model_type 'bert'; accepted are sam,"),
    (lambda f, old: (f / 'config.json').write_text('[['), 'config.json cannot be used .JSONDecodeError'),
    (lambda f, old: (f / 'config.json').write_text(config_of(old['sam2'])), 'is not a checkpoint of Sam2Model'),
    (lambda f, old: (f / 'config.json').write_text(config_of(f, vision_config=dict(VIT, hidden_size=48))),
     'cannot be used'),
    (lambda f, old: (f / 'config.json').write_text(config_of(f, vision_config=dict(VIT, hidden_size=-1))),
     'cannot be used'),
    (lambda f, old: (f / 'config.json').write_text(config_of(old['sam2'], vision_config=dict(
        PYRAMID, backbone_config=dict(model_type='bert')))), "part of model_type 'bert'"),
    (lambda f, old: (f / 'config.json').write_text(config_of(old['edgetam'], vision_config=dict(
        PYRAMID, backbone_config=dict(REPVIT, architecture='hf-hub:some/where')))), "architecture 'hf-hub:some"),
    (lambda f, old: (f / 'model.safetensors').write_bytes(b'\0' * 40), 'cannot be read as a checkpoint'),
    (lambda f, old: save_file({k: v * float('nan') for k, v in load_file(f / 'model.safetensors').items()},
                              f / 'model.safetensors'), 'NaN or infinity'),
])
def test_missing_and_foreign_files_are_a_sentence(folders, tmp_path, write, said):
    for name in ('config.json', 'model.safetensors'):
        (tmp_path / name).write_bytes((folders['sam'] / name).read_bytes())
    write(tmp_path, folders)
    with pytest.raises((FileNotFoundError, CheckpointError), match=said):
        TransformersRefiner(str(tmp_path))


def test_a_config_can_name_no_code(folders, tmp_path):
    """What transformers would run or fetch for it is not there any more when it reads the config."""
    (tmp_path / 'model.safetensors').write_bytes((folders['sam'] / 'model.safetensors').read_bytes())
    (tmp_path / 'config.json').write_text(config_of(
        folders['sam'], auto_map=dict(AutoModel='a--b.Model'), attn_implementation='some/kernel', dtype='int8'))
    model = load_model(tmp_path)[0]
    assert model.config._attn_implementation == 'sdpa' and not hasattr(model.config, 'auto_map')
    assert model.dtype == torch.float32


def test_without_a_path_or_with_unknown_types():
    with pytest.raises(ValueError, match='no path'):
        TransformersRefiner()
    with pytest.raises(ValueError, match="precision 'int8'.*None, auto, float32"):
        TransformersRefiner('x', precision='int8')


def test_preflight_says_that_the_folder_is_missing(folders):
    config = Config(dict(model=dict(type='mmcabl.CGSR', refiner=dict(type='mmcabl.TransformersRefiner', path='x/y'))))
    assert any('weights x/y is not there (model.refiner.path)' in sentence for sentence in needs.test_needs(config))
    config.model.refiner.path = str(folders['sam'])
    assert not needs.test_needs(config)
