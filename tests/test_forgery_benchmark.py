"""The paper's protocol as one data set is the four data sets in turn, everywhere that configs are read."""

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import ConcatDataset
from mmengine.registry import DATASETS

from mmcabl.engine.needs import test_needs as needs_of_test
from mmcabl.lab.runs.identity import data_identity
from mmcabl.lab.tables.families import FAMILIES, data_options
from mmcabl.utils.data_configs import SETS, benchmark_parts, opened
from tests.small_sets import write_sets

STEPS = [dict(type='mmcabl.LoadForensicImage'), dict(type='mmcabl.LoadForgeryMask'),
         dict(type='mmcabl.PackForensicInputs')]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Two authentic and two manipulated images of each set, in its native layout."""
    folder = tmp_path_factory.mktemp('protocol')
    write_sets(folder, (40, 56), 20)
    return folder


def benchmark(root, **options):
    return dict(type='mmcabl.ForgeryBenchmark', data_root=str(root), pipeline=STEPS, test_mode=True, **options)


def samples(cfg):
    data = DATASETS.build(cfg)
    return [(data.get_data_info(i), data[i]) for i in range(len(data))]


def test_it_is_the_four_data_sets_in_turn(root):
    concatenated = dict(type='ConcatDataset', datasets=[
        dict(type=f'mmcabl.{name}', data_root=str(root / name), pipeline=STEPS, test_mode=True) for name in SETS])
    ours, theirs = samples(benchmark(root)), samples(concatenated)
    assert [info for info, _ in ours] == [info for info, _ in theirs] and len(ours) == 4 * 4
    assert [info['dataset_name'] for info, _ in ours] == [name for name in SETS for _ in range(4)]
    assert [info['sample_idx'] for info, _ in ours] == list(range(4)) * 4
    for (_, a), (_, b) in zip(ours, theirs):
        assert (a['inputs'] == b['inputs']).all() and a['data_samples'].metainfo == b['data_samples'].metainfo
    assert opened(benchmark(root)) == concatenated and opened(concatenated) is concatenated
    assert isinstance(DATASETS.build(benchmark(root, lazy_init=True)), ConcatDataset)


def test_sets_by_name_and_roots_of_their_own(root, tmp_path):
    (tmp_path / 'elsewhere').symlink_to(root / 'Columbia')
    cfg = benchmark('nowhere', sets=('IMD2020', 'Columbia'),
                    roots=dict(Columbia=str(tmp_path / 'elsewhere'), IMD2020=str(root / 'IMD2020')))
    assert [i['dataset_name'] for i, _ in samples(cfg)] == ['IMD2020'] * 4 + ['Columbia'] * 4
    given = dict(type='mmcabl.CASIAv2', data_root='mine')
    assert benchmark_parts('data', datasets=[given]) == [given]
    for bad in (dict(sets=('NIST16',)), dict(sets=()), dict(roots=dict(NIST16='x')), dict(datasets={'0': {}}),
                dict(saved_again=dict(NIST16=90))):
        with pytest.raises(ValueError, match='ForgeryBenchmark was given'):
            DATASETS.build(benchmark(root, **bad))


def test_a_set_is_tested_once_more_with_every_image_saved_again(root):
    found = samples(benchmark(root, sets=('CASIAv1', 'COVERAGE'), saved_again=dict(CASIAv1=50, Columbia=90)))
    assert [i['dataset_name'] for i, _ in found] == ['CASIAv1'] * 4 + ['CASIAv1-q50'] * 4 + ['COVERAGE'] * 4
    assert [i['sample_idx'] for i, _ in found] == list(range(4)) * 3
    for (plain, a), (again, b) in zip(found[:4], found[4:8]):
        assert plain['img_path'] == again['img_path'] and plain['gt_label'] == again['gt_label']
        loaded = np.ascontiguousarray(a['inputs'].numpy().transpose(1, 2, 0))
        saved = cv2.imdecode(cv2.imencode('.jpg', loaded, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_COLOR)
        assert np.array_equal(b['inputs'].numpy().transpose(1, 2, 0), saved) and not np.array_equal(loaded, saved)
        if plain['gt_label']:
            assert np.array_equal(a['data_samples'].gt_mask, b['data_samples'].gt_mask)


def test_what_is_missing_is_said_of_each_set(root):
    cfg = Config(dict(test_dataloader=dict(dataset=benchmark(root, roots=dict(COVERAGE='gone')))))
    said, = needs_of_test(cfg, listed=True)
    option = 'test_dataloader.dataset.roots.COVERAGE'
    assert said.startswith(f'The data root gone is not a folder ({option}): --cfg-options {option}=FOLDER')
    cfg.test_dataloader.dataset.roots.COVERAGE = str(root / 'IMD2020')
    said, = needs_of_test(cfg, listed=True)
    assert said.startswith('test_dataloader.dataset: COVERAGE at')


def test_identities_do_not_depend_on_the_spelling(root, tmp_path):
    (tmp_path / 'link').symlink_to(root)
    one = data_identity(benchmark(root), 'mmpretrain')
    assert one == data_identity(benchmark(tmp_path / 'link'), 'mmpretrain')
    assert one == data_identity(opened(benchmark(root)), 'mmpretrain')
    assert one != data_identity(benchmark(root, sets=SETS[:3]), 'mmpretrain')


@pytest.mark.parametrize('family', [FAMILIES['paper'], FAMILIES['rehearsal']], ids=lambda f: f.name)
def test_one_option_moves_the_protocol(family, tmp_path):
    cfg = Config.fromfile(str(family.config('cabl')))
    options = data_options(cfg, tmp_path)
    assert set(options) == {'train_dataloader.dataset.data_root', 'test_dataloader.dataset.data_root'}
    cfg.merge_from_dict(options)
    assert [p['data_root'] for p in opened(cfg.test_dataloader.dataset)['datasets']] == [
        str(tmp_path / name) for name in (['CASIAv1'] if family.name == 'paper' else []) + list(SETS)]  # saved again
    curves = Config.fromfile(str(family.robustness_config()))
    curves.merge_from_dict(data_options(curves, tmp_path))
    assert {d.data_root for d in curves.test_dataloader.dataset.datasets} == {str(tmp_path / 'CASIAv1')}
