"""The best, the median and the worst tenth, from stored results."""

import numpy as np
import pytest

from mmcabl.images import read_image
from mmcabl.lab.tables.ranked import Ranked, ranked, tenths, write_ranked
from mmcabl.records import ResultStore
from mmcabl.utils.files import write_png
from mmcabl.utils.names import file_name


def store(folder, name, values):
    results = ResultStore(folder)
    for i, value in enumerate(values):
        row = None if value is None else dict(p_f1=value, p_mcc=-value)
        results.append(dict(dataset=name, index=i, image=f'{name}/{i}.jpg', unreadable=False, failed=False,
                            metrics=dict(ImageAUC=dict(score=0.5, label=1), PixelF1=row)))
    results.close()


def test_tenths_lie_at_the_ends_and_in_the_middle():
    parts = tenths([Ranked(str(i), i / 40) for i in np.random.default_rng(0).permutation(41)])
    assert [r.image for r in parts['best']] == ['40', '39', '38', '37']
    assert [r.image for r in parts['worst']] == ['3', '2', '1', '0']
    assert [r.image for r in parts['median']] == ['22', '21', '20', '19']  # 18.5 images before, as many behind
    one = tenths([Ranked('a', 0.)])
    assert one['best'] == one['median'] == one['worst'] == [Ranked('a', 0.)]


def test_names_and_pictures_of_each_data_set(tmp_path):
    store(tmp_path / 'results', 'A', [0.1, None, 0.9, 0.5])
    store(tmp_path / 'results', 'B', [0.2])
    found = ranked(tmp_path / 'results')
    assert found['A']['best'] == [Ranked('A/2.jpg', 0.9)] and found['A']['worst'] == [Ranked('A/0.jpg', 0.1)]
    assert found['A']['median'] == [Ranked('A/3.jpg', 0.5)] and found['B']['median'] == [Ranked('B/0.jpg', 0.2)]
    assert ranked(tmp_path / 'results', 'p_mcc')['A']['best'] == [Ranked('A/0.jpg', -0.1)]
    write_png(tmp_path / 'overlays' / f'{file_name("A/2.jpg", "A")}.png', np.full((40, 160, 3), 77, np.uint8))
    written = write_ranked(tmp_path / 'results', tmp_path / 'out', overlays=tmp_path / 'overlays')
    assert [p.name for p in written] == ['ranked.md', 'A_best.png']
    assert read_image(written[1])[-20].tolist() == [[77] * 3] * 1200
    text = written[0].read_text()
    assert '- 0.900 A/2.jpg' in text and '![](A_best.png)' in text and '## B: the worst tenth, 1 images' in text
    with pytest.raises(ValueError, match='p_none'):
        ranked(tmp_path / 'results', 'p_none')
