"""Real forgeries beside their hosts: found, the change found again, windows without a shortcut."""

import cv2
import numpy as np
import pytest

from mmcabl.datasets import CASIAv2
from mmcabl.lab.pairs import (
    WindowRecipe,
    apart_from,
    changed,
    cut_pair,
    find_hosts,
    write_whole_pairs,
    write_windows,
)


def photo(seed):
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (12, 12, 3), np.uint8), (160, 160), interpolation=cv2.INTER_CUBIC)


def forge(host, donor):
    out, mask = host.copy(), np.zeros(host.shape[:2], bool)
    mask[40:90, 60:110] = True
    out[mask] = donor[mask]
    return out, mask


@pytest.fixture
def folders(tmp_path):
    for name in ('Au', 'Tp'):
        (tmp_path / name).mkdir()
    for i in range(6):
        cv2.imwrite(str(tmp_path / 'Au' / f'{i}.jpg'), photo(i), [cv2.IMWRITE_JPEG_QUALITY, 95])
    for i in range(4):
        cv2.imwrite(str(tmp_path / 'Tp' / f'{9 - i}.jpg'), forge(photo(i), photo(i + 10))[0],
                    [cv2.IMWRITE_JPEG_QUALITY, 80])
    cv2.imwrite(str(tmp_path / 'Tp' / 'stranger.jpg'), photo(77))
    return {name: sorted((tmp_path / name).iterdir()) for name in ('Au', 'Tp')}


def test_hosts_are_found_and_strangers_have_none(folders):
    pairs = find_hosts(folders['Tp'], folders['Au'])
    assert [(p.forged[-5:], p.host[-5:]) for p in pairs] == [
        (f'{9 - i}.jpg', f'{i}.jpg') for i in (3, 2, 1, 0)]
    assert all(0.8 < p.agreement < 1 for p in pairs)
    assert len(find_hosts(folders['Tp'], folders['Au'], kept_out=[folders['Au'][0]])) == 3


def test_the_change_is_found_again_through_compression():
    host = photo(1)
    forged, mask = forge(host, photo(2))
    saved = cv2.imdecode(cv2.imencode('.jpg', forged, [cv2.IMWRITE_JPEG_QUALITY, 85])[1], 1)
    found = changed(host, saved)
    assert (found & mask).sum() / (found | mask).sum() > 0.85
    assert changed(host, host) is None, 'nothing was changed'
    assert changed(host, host[:-8]) is None, 'other sizes'
    assert changed(host, 255 - host) is None, 'another image'


def test_whole_forgeries_are_copies_with_masks_of_the_change(folders, tmp_path):
    pairs, mask = find_hosts(folders['Tp'], folders['Au']), forge(photo(0), photo(10))[1]
    records = write_whole_pairs(pairs, tmp_path / 'kept')
    assert [r['forged'] for r in records] == ['6.jpg', '7.jpg', '8.jpg', '9.jpg']
    assert all((tmp_path / 'kept/Tp' / r['forged']).read_bytes() == (tmp_path / 'Tp' / r['forged']).read_bytes()
               and (tmp_path / 'kept/Au' / r['host']).read_bytes() == (tmp_path / 'Au' / r['host']).read_bytes()
               for r in records)
    data = CASIAv2(data_root=str(tmp_path / 'kept'), pipeline=[])
    infos = [data.get_data_info(i) for i in range(len(data))]
    assert [i['gt_label'] for i in infos] == [0] * 4 + [1] * 4
    for info in infos[4:]:
        found = cv2.imread(info['gt_mask_path'], 0) > 0
        assert (found & mask).sum() / (found | mask).sum() > 0.85
    twice = [*pairs, *pairs]  # each host once
    assert len(write_whole_pairs(twice, tmp_path / 'few', count=3)) == 3
    assert len(write_whole_pairs(twice, tmp_path / 'more', count=6, seed=1)) == 4
    with pytest.raises(FileExistsError, match='is not empty'):
        write_whole_pairs(pairs, tmp_path / 'few')


def test_photographs_like_kept_out_ones_are_left_out(folders):
    left = apart_from(folders['Au'], [folders['Tp'][0], folders['Au'][5]])  # a forgery of 3, and 5 itself
    assert [path[-5:] for path in left] == ['0.jpg', '1.jpg', '2.jpg', '4.jpg']
    assert apart_from(folders['Au'], []) == [str(p) for p in folders['Au']]


def test_windows_show_the_same_place_or_the_forgerys_rest():
    host = photo(1)
    forged, mask = forge(host, photo(2))
    for rest, source in ((0., host), (1., forged)):
        recipe = WindowRecipe(size=48, zoom=(1., 1.), rest=rest)
        for seed in range(5):
            (plain, none), (window, part) = cut_pair(host, forged, mask, recipe, np.random.default_rng(seed))
            assert none is None and 0.06 <= part.mean() <= 0.7 and plain.shape == window.shape == (48, 48, 3)
            corners = zip(*np.nonzero((source[:113, :113] == plain[0, 0]).all(-1)))
            places = [(y, x) for y, x in corners if np.array_equal(source[y:y + 48, x:x + 48], plain)]
            assert places and not any(mask[y:y + 48, x:x + 48].any() for y, x in places if rest)
    assert cut_pair(host, forged, mask, WindowRecipe(size=200), np.random.default_rng(0)) is None


def test_written_windows_are_a_data_set_of_as_many_of_each_label(folders, tmp_path):
    pairs = find_hosts(folders['Tp'], folders['Au'])
    recipe = WindowRecipe(size=48, windows=3)
    records = write_windows(pairs, tmp_path / 'out', recipe, seed=1)
    data = CASIAv2(data_root=str(tmp_path / 'out'), pipeline=[])
    labels = [data.get_data_info(i)['gt_label'] for i in range(len(data))]
    assert len(records) == len(labels) == 24 and sum(labels) == 12
    again = write_windows(pairs, tmp_path / 'again', recipe, seed=1)
    assert again == records
    with pytest.raises(FileExistsError, match='not empty'):
        write_windows(pairs, tmp_path / 'out')
