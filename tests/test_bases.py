"""``mmseg::`` and ``mmcabl::`` in ``_base_``, by our commands and as an expression for upstream's scripts."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmcabl import base_path
from mmcabl.bases import know_bases

OURS = 'mmcabl::quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'
THEIRS = 'mmseg::_base_/models/fcn_r50-d8.py'


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr(Config, '_get_cfg_path', staticmethod(Config._get_cfg_path))  # put back afterwards
    know_bases()
    know_bases()  # once is enough


def read(tmp_path, text):
    (tmp_path / 'c.py').write_text(text)
    return Config.fromfile(str(tmp_path / 'c.py'), import_custom_modules=False)


@pytest.mark.parametrize('form', ['_base_ = {!r}', "_base_ = [__import__('mmcabl').base_path({!r})]"])
def test_ours_are_found(tmp_path, known, form):
    found = read(tmp_path, form.format(OURS) + '\nmodel = dict(flip=False)')
    whole = Config.fromfile(base_path(OURS), import_custom_modules=False)
    whole.model.flip = False
    assert found.to_dict() == whole.to_dict()


def test_mmsegs_are_found_and_keep_their_scope(tmp_path, known):
    pytest.importorskip('mmseg')
    path = base_path(THEIRS)
    found = read(tmp_path, f'_base_ = {THEIRS!r}')
    assert found.model.type == 'EncoderDecoder' and found.model._scope_ == 'mmseg'
    other = read(tmp_path, f"_base_ = [__import__('mmcabl').base_path({THEIRS!r})]")
    assert other.model == Config.fromfile(path).model


def test_what_is_not_there_is_a_sentence():
    for base, error, said in (('x.py', ValueError, 'is no config of a package'), ('os::x.py', ValueError, 'mmseg'),
                              ('mmcabl::none.py', FileNotFoundError, f'{Path("configs")} has no none.py')):
        with pytest.raises(error, match=said):
            base_path(base)
