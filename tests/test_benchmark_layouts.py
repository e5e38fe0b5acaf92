"""The five data sets: on trees built from all the public lists, every reader gives what the lists say."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmcabl.datasets import COVERAGE, IMD2020, CASIAv1, CASIAv2, Columbia, ForgeryList, read_mask
from tests.layouts import native_rows, touch

READERS = dict(CASIAv1=CASIAv1, CASIAv2=CASIAv2, Columbia=Columbia, COVERAGE=COVERAGE, IMD2020=IMD2020)
#: (authentic, manipulated) in the public lists. They have 919 of CASIA v1's 920 and 5,105 (CAT-Net) or
#: 5,121 (WSCL) of CASIA v2's 5,123 manipulated images: see docs/datasets.md.
COUNTS = dict(CASIAv1=(800, 919), CASIAv2=(7491, 5105), Columbia=(183, 180), COVERAGE=(100, 100), IMD2020=(414, 2010))


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    """Build the tree of a data set once: a call with the shared folder and its name gives the root."""
    built = {}

    def build(shared, name):
        if name not in built:
            built[name] = tmp_path_factory.mktemp(name)
            for image, mask in native_rows(shared, name):
                touch(built[name], image, *([mask] if mask else []))
        return built[name]
    return build


def relative(dataset, root):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert {i['dataset_name'] for i in infos} == {dataset.name}
    return {os.path.relpath(i['img_path'], root): (
        i['gt_label'], i['gt_mask_path'] and os.path.relpath(i['gt_mask_path'], root)) for i in infos}


@pytest.mark.parametrize('name', list(READERS))
def test_reader_gives_the_lists_images_labels_and_masks(shared, tree, name):
    rows, tmp_path = native_rows(shared, name), tree(shared, name)
    found = relative(READERS[name](data_root=str(tmp_path), pipeline=[]), tmp_path)
    assert found == {image: (int(mask is not None), mask) for image, mask in rows}
    assert len(found) == len(rows)
    labels = [label for label, _ in found.values()]
    assert (labels.count(0), labels.count(1)) == COUNTS[name]
    assert READERS[name].looks_like(str(tmp_path))
    assert len(READERS[name].mask_files(str(tmp_path))) == COUNTS[name][1]
    assert [n for n, r in READERS.items() if r.looks_like(str(tmp_path))] == [name]


@pytest.mark.parametrize('name, file', [
    ('CASIAv2', 'CASIA_v2_test_list.txt'), ('CASIAv2', 'CASIA_v2_auth_train_list.txt'),
    ('Columbia', 'Columbia_list.txt'),
    ('COVERAGE', 'COVERAGE_auth.txt'), ('IMD2020', 'IMD_train_list.txt')])
def test_catnet_lists_select_in_their_order(shared, tree, name, file):
    tmp_path = tree(shared, name)
    path = shared / 'layouts' / file
    wanted = [line.split(',')[:2] for line in path.read_text().split('\n') if line]
    for data in (READERS[name](data_root=str(tmp_path), ann_file=str(path), pipeline=[]),
                 ForgeryList(data_root=str(tmp_path), ann_file=str(path), pipeline=[])):
        infos = [data.get_data_info(i) for i in range(len(data))]
        assert [[os.path.relpath(i['img_path'], tmp_path), i['gt_mask_path'] and os.path.relpath(
            i['gt_mask_path'], tmp_path)] for i in infos] == [[i, None if m == 'None' else m] for i, m in wanted]


def test_wscls_list(shared, tmp_path):
    file = shared / 'layouts' / 'casia_datalist.json'
    listed = json.loads(file.read_text())
    for row in listed.values():
        touch(tmp_path, row['path'], *([row['mask']] if row.get('mask') else []))
    for subset, authentic, forged in (('val', 800, 919), ('train', 7491, 5121)):
        data = ForgeryList(data_root=str(tmp_path), ann_file=str(file), subset=subset, pipeline=[])
        found = relative(data, tmp_path)
        assert found == {r['path']: (r['label'], r.get('mask')) for r in listed.values() if r['subset'] == subset}
        assert (len(found) - forged, sum(label for label, _ in found.values())) == (authentic, forged)
    with pytest.raises(ValueError, match='no entry has subset .test.; there are train, val'):
        ForgeryList(data_root=str(tmp_path), ann_file=str(file), subset='test', pipeline=[])


def test_what_the_lists_disagree_on(shared):
    """CASIA v2: the same authentic images; 10 forgeries under two names, 17 in WSCL's alone, 1 in CAT-Net's alone."""
    listed = json.loads((shared / 'layouts/casia_datalist.json').read_text())
    wscl = {name for name, row in listed.items() if row['subset'] == 'train'}
    catnet = {Path(image).name for image, _ in native_rows(shared, 'CASIAv2')}
    assert not any(name.startswith('Au') for name in wscl ^ catnet)

    def serials(names):
        return {name.rsplit('_', 1)[1]: name for name in names}

    ours, theirs = serials(catnet - wscl), serials(wscl - catnet)
    renamed = set(ours) & set(theirs)
    assert (len(renamed), len(theirs) - len(renamed)) == (10, 17)
    assert all('xxx00000' in ours[s] and 'xxx000' in theirs[s] for s in renamed)
    assert [ours[s] for s in set(ours) - renamed] == ['Tp_S_NRN_S_O_sec00036_sec00036_00764.tif']


def edge_mask(truth):
    """As Columbia's: red and green regions, brighter along the border between them."""
    image = np.zeros((*truth.shape, 3), np.uint8)
    border = cv2.dilate(truth.astype(np.uint8), np.ones((5, 5))) - cv2.erode(truth.astype(np.uint8), np.ones((5, 5)))
    for channel, region in ((1, truth), (2, ~truth)):
        image[region, channel] = 200
        image[region & (border > 0), channel] = 255
    return image


def test_columbias_edge_masks_decode_by_colour(tmp_path):
    truth = np.zeros((80, 120), bool)
    truth[20:60, 30:100] = True
    path = tmp_path / 'm.jpg'
    cv2.imwrite(str(path), edge_mask(truth), [cv2.IMWRITE_JPEG_QUALITY, 75])
    found = read_mask(path, 'green')
    inner = cv2.erode(truth.astype(np.uint8), np.ones((7, 7))) > 0
    outer = cv2.dilate(truth.astype(np.uint8), np.ones((7, 7))) > 0
    assert found[inner].all() and not found[~outer].any()
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.99
    assert read_mask(path).all()  # by brightness, the whole picture would be manipulated


def test_other_rules(tmp_path):
    truth = np.zeros((8, 9), np.uint8)
    truth[2:5, 3:7] = 1
    for name, array, rule in (('a', truth, 'any'), ('d', (1 - truth) * 255, 'dark'), ('b', truth * 255, 'bright'),
                              ('rgba', np.dstack([truth] * 3 + [truth * 0 + 255]), 'any')):
        cv2.imwrite(str(tmp_path / f'{name}.png'), array)
        assert np.array_equal(read_mask(tmp_path / f'{name}.png', rule), truth > 0), name
    with pytest.raises(ValueError, match="a.png does not fit the mask rule 'green': a colour image"):
        read_mask(tmp_path / 'a.png', 'green')
    with pytest.raises(ValueError, match="Unknown mask rule 'white'; accepted are bright"):
        read_mask(tmp_path / 'a.png', 'white')


def test_coverage_counts_by_number_and_ignores_the_other_masks(tmp_path):
    touch(tmp_path, 'image/2.tif', 'image/10.tif', 'image/10t.tif', 'image/readme.tif',
          'mask/10forged.tif', 'mask/10copy.tif', 'mask/10paste.tif')
    found = relative(COVERAGE(data_root=str(tmp_path), pipeline=[]), tmp_path)
    assert list(found.items()) == [('image/2.tif', (0, None)), ('image/10.tif', (0, None)),
                                   ('image/10t.tif', (1, 'mask/10forged.tif'))]


ORIGINAL = {  # names of the original form, and of their masks, as both are published
    'Sp_D_CND_A_pla0005_pla0023_0281.jpg': 'Sp/Sp_D_CND_A_pla0005_pla0023_0281_gt.png',
    'Sp_S_NNN_T_sec0051_sec0051_0078.jpg': 'CM/Sp_S_NNN_T_sec0051_sec0051_0078_gt.png',
    'Sp_S_NNN_A_arc0051_arc0029_0018.jpg': 'Sp/Sp_D_NNN_A_arc0051_arc0029_0018_gt.png',  # spliced, not copied
    'Sp_D_NNN_A_txt0006_txt0043_0124.jpg': 'Sp/Sp_D_NNN_A_txt0043_txt0006_0124_gt.png',  # the other way round
    'Sp_S_NRD_A_ani0040_ani0054.0257.jpg': 'Sp/Sp_D_NRD_A_ani0040_ani0054_0257_gt.png',  # a full stop
    'Sp_S_NNN_R_arc0003_arc0004_0051.jpg': 'CM/Sp_S_NNN_R_arc0003_arc0003_0051_gt.png',  # one source is another
    'Sp_S_NNN_R_txt0051_txt0051_0051.jpg': 'CM/Sp_S_NNN_R_txt0051_txt0051_0051_gt.png',  # the number again, by name
    'Sp_D_NRN_A_sce0011_cha0011_0542.jpg': None}


def test_casia_v1s_original_form_pairs_by_name_and_then_by_number(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('mmcabl.datasets.benchmarks.casia.print_log', lambda text, **_: said.append(text))
    touch(tmp_path, 'Au/Au_ani_0001.jpg', *(f'Sp/{name}' for name in ORIGINAL),
          *(f'CASIA 1.0 groundtruth/{mask}' for mask in ORIGINAL.values() if mask),
          'CASIA 1.0 groundtruth/Sp/Sp_D_NNN_A_nat0001_nat0002_0542_gt.png',  # the number, but of other photographs
          'CASIA 1.0 groundtruth/Sp/Sp_D_NNN_A_nat0003_nat0004_gt.png')
    assert CASIAv1.looks_like(str(tmp_path)) and CASIAv1.published_at(str(tmp_path)) == (800, 921)
    data = CASIAv1(data_root=str(tmp_path), pipeline=[])
    assert relative(data, tmp_path) == {
        'Au/Au_ani_0001.jpg': (0, None),
        **{f'Sp/{k}': (1, v and f'CASIA 1.0 groundtruth/{v}') for k, v in ORIGINAL.items()}}
    assert len(said) == 1 and said[0].startswith(f'4 masks of CASIA v1 at {tmp_path} have other names')
    touch(tmp_path, 'Sp/Sp_S_NNN_A_arc0051_arc0028_0018.jpg')  # two images, one mask: neither is taken
    pairs = relative(CASIAv1(data_root=str(tmp_path), pipeline=[]), tmp_path)
    assert [k for k, v in pairs.items() if v == (1, None)] == [
        f'Sp/Sp_{rest}.jpg' for rest in ('D_NRN_A_sce0011_cha0011_0542', 'S_NNN_A_arc0051_arc0028_0018',
                                         'S_NNN_A_arc0051_arc0029_0018')]


def test_columbias_second_masks_are_no_strays(tmp_path):
    touch(tmp_path, '4cam_auth/a.tif', '4cam_splc/b.tif', *(f'4cam_splc/edgemask/{n}.jpg' for n in (
        'b_edgemask', 'b_edgemask_3', 'c_edgemask_3')))
    assert [Path(p).name for p in Columbia.mask_files(str(tmp_path))] == ['b_edgemask.jpg']
    assert relative(Columbia(data_root=str(tmp_path), pipeline=[]), tmp_path)['4cam_splc/b.tif'] == (
        1, '4cam_splc/edgemask/b_edgemask.jpg')


def test_folders_named_like_images_are_no_images(tmp_path):
    touch(tmp_path, 'image/1.tif', 'image/2.tif/x', 'image/1t.tif', 'mask/1forged.tif')
    assert list(relative(COVERAGE(data_root=str(tmp_path), pipeline=[]), tmp_path)) == ['image/1.tif', 'image/1t.tif']
