"""A real Slurm of one machine: submit, kill in mid-epoch, requeue, finish; the test job and its results."""

import re
import sys
from pathlib import Path

import pytest
import torch

from mmcabl.records import ResultStore
from tests.conftest import write_casia
from tests.distributed_runs import CONFIG
from tests.local_slurm import LocalSlurm, obstacle

TOOLS = Path(__file__).parents[1] / 'tools'
EPOCHS = 4

pytestmark = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))


@pytest.fixture(scope='module')
def slurm(tmp_path_factory):
    with LocalSlurm(tmp_path_factory.mktemp('slurm') / 'daemons') as found:
        yield found


@pytest.fixture(scope='module')
def job(slurm, tmp_path_factory):
    """A training of two tasks, put back into the queue in the middle of an epoch."""
    tmp = tmp_path_factory.mktemp('job')
    write_casia(tmp / 'data', authentic=16, forged=16, size=64)
    environment = dict(GPUS='0', TASKS='2', CPUS_PER_TASK='1', PYTHON=sys.executable, OMP_NUM_THREADS='1',
                       PYTHONWARNINGS='ignore', PYTHONPATH=str(TOOLS.parent), CUDA_VISIBLE_DEVICES='')
    options = [f'train_dataloader.dataset.data_root={tmp / "data"}', f'train_cfg.max_epochs={EPOCHS}',
               'train_dataloader.batch_size=1', 'default_hooks.logger.interval=1']
    said = slurm.run(TOOLS / 'slurm_train.sh', 'cpu', 'kill-me', CONFIG, tmp / 'work', '--cfg-options', *options,
                     **environment)
    number = re.search(r'Submitted batch job (\d+)', said)[1]
    log = tmp / f'work/slurm-{number}.log'
    slurm.wait(lambda: log.is_file() and re.search(r'\[2\]\[ *\d+/16\]', log.read_text()), 600,
               'epoch 2 did not begin')
    # what Slurm sends GRACE seconds before a time limit
    slurm.run('scancel', '--batch', '--signal=USR1', number)
    slurm.wait(lambda: 'is put back into the queue' in log.read_text(), 300, 'the job was not put back')
    # Slurm waits two minutes before it starts a requeued job; the test a few seconds. Not none: slurmd counts in
    # whole seconds and refuses a start in the second in which it withdrew the first one's credential
    slurm.wait(lambda: 'JobState=PENDING' in slurm.run('scontrol', 'show', 'job', number), 300,
               'the job is not pending')
    slurm.run('scontrol', 'update', f'JobId={number}', 'StartTime=now+5')
    slurm.wait(lambda: re.search(r'JobState=(COMPLETED|FAILED|CANCELLED|NODE_FAIL)',
                                 slurm.run('scontrol', 'show', 'job', number)), 600, 'the job did not end')
    slurm.wait(lambda: f'job {number} ended with status 0' in log.read_text(), 10, 'the job did not end well')
    return dict(slurm=slurm, tmp=tmp, log=log.read_text(), number=number, environment=environment)


def test_a_requeued_job_goes_on_from_its_last_checkpoint(job):
    log = job['log']
    assert f'job {job["number"]}, start 0, 2 tasks' in log and f'job {job["number"]}, start 1, 2 tasks' in log
    first, second = log.split(f'job {job["number"]}, start 1')
    started = min((job['tmp'] / 'work').glob('*/*.log'))  # the console has what changes, the log file everything
    assert 'Distributed training: True' in started.read_text() and 'Auto resumed from the latest checkpoint' in second
    stopped, begun = (re.findall(r'Epoch\(train\) +\[(\d+)\]\[ *(\d+)/16\]', text) for text in (first, second))
    resumed = int(re.search(r'resumed epoch: (\d)', second)[1])
    # in epoch 2 unless the machine is very fast
    assert resumed >= 1 and stopped[-1] != (str(EPOCHS), '16') and int(stopped[-1][0]) - resumed in (0, 1)
    assert begun[0] == (str(resumed + 1), '1') and begun[-1] == (str(EPOCHS), '16')
    state = torch.load(job['tmp'] / f'work/epoch_{EPOCHS}.pth', map_location='cpu', weights_only=False)
    assert state['meta']['epoch'] == EPOCHS and state['meta']['iter'] == EPOCHS * 16


def test_a_test_job_writes_every_image_once(job):
    work = job['tmp'] / 'test'
    job['slurm'].run(TOOLS / 'slurm_test.sh', 'cpu', 'test', CONFIG, job['tmp'] / f'work/epoch_{EPOCHS}.pth', work,
                     '--cfg-options', f'test_dataloader.dataset.data_root={job["tmp"] / "data"}', WAIT='1',
                     **job['environment'])
    folder = next(p for p in (work / 'results').iterdir() if p.is_dir())
    assert len(ResultStore(folder).read()) == 32 and len(list(folder.glob('images.*.jsonl'))) == 2
    assert sum(len(f.read_text().splitlines()) for f in folder.glob('images.*.jsonl')) == 32


def test_no_gpu_is_asked_for_where_a_job_needs_none(slurm, tmp_path):
    """And where it needs some, Slurm is asked: this one has none to give."""
    with pytest.raises(AssertionError, match='(?i)gres|node configuration'):
        slurm.run(TOOLS / 'slurm_train.sh', 'cpu', 'x', CONFIG, tmp_path, GPUS='1', PYTHON=sys.executable)
