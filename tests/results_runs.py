"""Tests of a small data set by mmpretrain's script: undisturbed, killed and started again."""

import os
import runpy
import shutil
import signal
import sys
from functools import lru_cache
from pathlib import Path

import matplotlib.backends.backend_agg  # noqa: F401, by every run otherwise
import torch
from mmengine.config import Config
from mmengine.config import config as config_module
from mmengine.registry import init_default_scope
from yapf.yapflib import yapf_api

from mmcabl.engine.scripts.upstream import upstream_script
from mmcabl.records import ResultStore
from mmcabl.records.journal import Journal
from mmcabl.registry import MODELS
from tests.conftest import write_casia
from tests.forked import forked, run

CONFIG = Path(__file__).parents[1] / 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'
#: Names that are not UTF-8, as long as a name can be, or the same in two folders.
ODD = os.fsdecode(b'Au_caf\xe9.jpg')
LONG = f'Tp_{"n" * 248}.png'


@lru_cache(None)
def made_data(base):
    """Two data sets of 8 and 9 images with odd names and an empty file; a config of a small model that tests them."""
    tmp = base / 'resume'
    tmp.mkdir()
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(str(CONFIG))
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), tmp / 'model.pth')
    for name, seed in (('a', 0), ('b', 1)):
        write_casia(tmp / name, authentic=3, forged=4, seed=seed)
    (tmp / 'b/CASIA 2.0/Au/Au_zzz.jpg').write_bytes(b'')
    shutil.copy(tmp / 'a/CASIA 2.0/Au/Au_ani_00000.jpg', tmp / 'b/CASIA 2.0/Au' / ODD)
    shutil.copy(tmp / 'a/CASIA 2.0/Tp/Tp_D_x_00003.png', tmp / 'a/CASIA 2.0/Tp' / LONG)
    sets = ', '.join(f"dict(type='mmcabl.CASIAv2', name='{n}', data_root='{tmp / n}', test_mode=True, "
                     'pipeline={{_base_.test_pipeline}})' for n in 'ab')
    (tmp / 'cfg.py').write_text(
        f"_base_ = '{CONFIG}'\nmodel = dict(flip=False, scales=[64])\n"
        "test_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False, dataset=dict(_delete_=True, "
        f"type='ConcatDataset', datasets=[{sets}]))\ndefault_hooks = dict(overlays=dict(only_manipulated=False))\n")
    return tmp


def upstream(data, work_dir, config='cfg.py'):
    """mmpretrain's test.py, without the time that laying out the config's copy takes."""
    yapf_api.FormatCode = config_module.FormatCode = lambda text, **kwargs: (text, True)
    sys.argv = ['test.py', str(data / config), str(data / 'model.pth'), '--work-dir', str(work_dir)]
    runpy.run_path(str(upstream_script('mmpretrain', 'test.py')), run_name='__main__')


def dying(data, work_dir, left):
    """The same, killed in the middle of writing a record."""
    append = Journal.append

    def cut_short(self, record):
        nonlocal left
        append(self, record)
        left -= 1
        if not left:
            self._file.write(b'{"dataset": "cut sho')
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.append = cut_short
    upstream(data, work_dir)


def folder(path):
    """The oldest folder of results."""
    return min((p for p in path.iterdir() if p.is_dir()), key=lambda p: p.stat().st_ctime_ns)


@lru_cache(None)
def made_runs(base):
    """The summary and folder of an undisturbed test, and of one killed and started again."""
    data = made_data(base)
    run(upstream, data, data / 'whole')
    assert forked(dying, data, data / 'again', 5) == -signal.SIGKILL
    partial = ResultStore(next((data / 'again/results').iterdir())).read()
    said = run(upstream, data, data / 'again')
    once_more = run(upstream, data, data / 'again')
    # a hook that changes masks changes what the results are of
    (data / 'hooked.py').write_text("_base_ = './cfg.py'\ncustom_hooks = [dict(type='EmptyCacheHook')]\n")
    run(upstream, data, data / 'again', 'hooked.py')
    return dict(whole=data / 'whole/results', again=data / 'again/results', partial=partial, said=said,
                once_more=once_more)
