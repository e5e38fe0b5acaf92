"""What a GPU will be asked to do, on a fake one: devices and types of every forward path; loss scaling on the CPU."""

from pathlib import Path

import pytest
import torch
from torch import nn

pytest.importorskip('torch._subclasses')
BENCHMARKS = Path(__file__).parents[1] / 'benchmarks'
#: Here only: torch 2.1's fake tensors lack what some of the paths need.
new_torch = pytest.mark.skipif(not hasattr(torch.amp, 'GradScaler'), reason='needs torch 2.3 or newer')


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@new_torch
@pytest.mark.parametrize('what, rows', [('step', 12), ('cam', 3), ('sam', 6), ('detect', 8)])
def test_forward_paths_run_on_a_fake_gpu(scripts, capsys, what, rows):
    import gpu
    if what == 'sam':
        pytest.importorskip('segment_anything')
    assert gpu.main(['--fake', '--tiny', '--only', what]) == 0
    said = capsys.readouterr().out
    assert said.count('forward ran on cuda') == rows, said


@new_torch
def test_a_tensor_that_stays_on_the_cpu_is_found(scripts):
    from parts import fake_mode

    from mmcabl.utils.fake_gpu import on_fake_device

    class Forgets(nn.Linear):
        def forward(self, x):
            return super().forward(x) + torch.ones(3)

    with fake_mode() as mode, mode, pytest.raises(RuntimeError, match='device'):
        on_fake_device(Forgets(3, 3), mode)(torch.ones(2, 3, device='cuda'))


@new_torch
def test_the_benchmark_runs_on_a_cpu(scripts, capsys):
    import gpu
    assert gpu.main(['--device', 'cpu', '--tiny', '--repeats', '1', '--only', 'plain', 'cam']) == 0
    assert capsys.readouterr().out.count(' to ') == 6


@new_torch
def test_predicted_memory_counts_what_has_a_closed_form(scripts):
    """After a step: weights, gradients and two states of AdamW; the peak is lower where CABL is computed again."""
    import memory
    from parts import localizer
    weights = sum(p.numel() * 4 for p in localizer(True).parameters())
    kept, after = memory.predict(96, 2, 'all', False, torch.float32, tiny=True)
    assert after * 2 ** 30 == pytest.approx(4 * weights, rel=0.1)
    again = memory.predict(96, 2, 'all', True, torch.float32, tiny=True)[0]
    assert after < again < kept


@new_torch
def test_an_overflow_skips_the_step_and_lowers_the_scale_then_training_goes_on(scripts):
    from parts import localizer, training
    torch.manual_seed(0)
    model = localizer(True).train()
    scaler = torch.amp.GradScaler('cpu', init_scale=2. ** 40)  # more than float16 bears
    step, _ = training(model, 64, 2, 'cpu', torch.float16, scaler)
    before, scales, moved = [p.detach().clone() for p in model.parameters()], [], []
    for _ in range(40):
        loss = step()
        scales.append(scaler.get_scale())
        moved.append(any(not torch.equal(p, q) for p, q in zip(model.parameters(), before)))
        if moved[-1]:
            break
    assert scales[0] == 2. ** 39 and not moved[0], 'the first step was not skipped'
    assert moved[-1] and scales[-1] == scales[-2] and torch.isfinite(loss)
    assert all(torch.isfinite(p).all() for p in model.parameters())


def computed(model, mode, run, dtypes=(torch.float32, torch.bfloat16, torch.float16)):
    """The devices and types of what a forward pass on the fake GPU gives, in half precision and not."""
    from mmcabl.utils.fake_gpu import on_fake_device
    on_fake_device(model.eval(), mode)
    found = []
    for dtype in dtypes:
        with torch.no_grad(), torch.autocast('cuda', dtype=dtype, enabled=dtype != torch.float32):
            out = run(model)
        found.append((out.device.type, out.dtype))
    return found


@new_torch
@pytest.mark.parametrize('kind', ['sam', 'sam_hq', 'sam2', 'edgetam'])
def test_refiners_of_transformers_run_on_a_fake_gpu(scripts, kind):
    transformers = pytest.importorskip('transformers', reason='needs mmcabl[transformers]')
    if kind == 'edgetam':
        pytest.importorskip('timm', reason='needs mmcabl[transformers]')
    from parts import fake_mode

    from mmcabl.refinement import TransformersRefiner
    from mmcabl.refinement.transformers_configs import KINDS
    from tests.test_transformers_refiner import CONFIGS, PARTS
    names = KINDS[kind]
    config = getattr(transformers, names.config).from_dict({**PARTS, **CONFIGS[kind]})
    network = getattr(transformers, names.model)(config)

    def run(model):
        refiner = TransformersRefiner.__new__(TransformersRefiner)
        refiner.model, refiner.device, refiner.dtype = model, torch.device('cuda'), torch.get_autocast_dtype('cuda')
        refiner.processor = lambda *_, **__: dict(pixel_values=torch.rand(1, 3, 128, 128, device='cuda'))
        given = dict(input_boxes=torch.rand(1, 1, 4, device='cuda'))
        with torch.autocast('cuda', enabled=False):
            return model(**refiner.encode([None]), **given, multimask_output=False).pred_masks

    with fake_mode() as mode, mode:
        assert computed(network, mode, run, [torch.float16]) == [('cuda', torch.float32)]


@new_torch
def test_a_refined_segmentor_runs_on_a_fake_gpu(scripts):
    pytest.importorskip('mmseg', reason='needs mmseg')
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from parts import fake_mode, without_files

    from mmcabl.models import RefinedSegmentor
    config = Config.fromfile(str(BENCHMARKS.parent / 'configs/rehearsal/fcn_r50-mini_b8-4e_synthetic-160.py'))
    init_default_scope('mmseg')
    model = RefinedSegmentor(without_files(config.model.to_dict()))
    with fake_mode() as mode, mode:
        found = computed(model, mode, lambda m: m(torch.rand(2, 3, 64, 64, device='cuda'), mode='tensor'))
    assert found == [('cuda', torch.float32), ('cuda', torch.bfloat16), ('cuda', torch.float16)]
