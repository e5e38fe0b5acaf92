"""Run by tests/test_distributed.py under torchrun or alone: tests of several sizes, or the first training steps."""

import json
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import get_dist_info, is_main_process
from mmengine.runner import Runner

CONFIG = Path(__file__).parents[1] / 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'


def config(work_dir, launcher, world_size):
    cfg = Config.fromfile(str(CONFIG))  # its custom_imports make the process group
    cfg.launcher, cfg.work_dir, cfg.log_level, cfg.visualizer = launcher, str(work_dir), 'ERROR', None
    cfg.default_hooks = dict(checkpoint=None)
    cfg.model.scales, cfg.model.flip = [64], False
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    cfg.train_dataloader.batch_size = 8 // world_size
    cfg.test_dataloader.batch_size = 1
    return cfg


def tests(root, work_dir, launcher, world_size, sizes):
    found = {}
    for size in sizes:
        cfg = config(work_dir / f'test{size}', launcher, world_size)
        cfg.experiment_name = f'test{size}'
        cfg.load_from = str(root / 'model.pth')
        cfg.test_dataloader.dataset.update(data_root=str(root / 'data'), ann_file='list.txt', indices=size)
        found[size] = Runner.from_cfg(cfg).test()
    return found


def training(root, work_dir, launcher, world_size):
    torch.set_default_dtype(torch.float64)  # so that round-off does not grow into the fourth digit in four steps
    cfg = config(work_dir / 'train', launcher, world_size)
    cfg.sync_bn = 'torch'
    cfg.load_from = str(root / 'model.pth')
    cfg.train_dataloader.dataset.update(data_root=str(root / 'data'), ann_file='list.txt', pipeline=[
        dict(type='mmcabl.LoadForensicImage'), dict(type='PackInputs')])
    cfg.train_cfg = dict(by_epoch=False, max_iters=4)
    cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True, seed=0)
    cfg.optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.05))
    cfg.param_scheduler = None
    runner = Runner.from_cfg(cfg)
    network = getattr(runner.model, 'module', runner.model)
    features = network.extract_feat
    network.extract_feat = lambda inputs, **kwargs: features(inputs.double(), **kwargs)
    losses, step = [], runner.model.train_step

    def watched(data, optim_wrapper):
        result = step(data, optim_wrapper)
        total = result['loss'].detach().clone()
        if world_size > 1:
            torch.distributed.all_reduce(total)
        losses.append(float(total) / world_size)
        return result

    runner.model.train_step = watched
    runner.train()
    return losses


if __name__ == '__main__':
    what, root, out, launcher = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[5]
    config(out, launcher, 1)
    world = get_dist_info()[1]
    sizes = [int(s) for s in sys.argv[6:]]
    work_dir = out / f'{what}-{world}'
    result = (tests(root, work_dir, launcher, world, sizes) if what == 'test'
              else training(root, work_dir, launcher, world))
    if is_main_process():
        (out / f'{what}-{world}.json').write_text(json.dumps(dict(world=world, result=result)))
