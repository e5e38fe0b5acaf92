default_scope = 'mmpretrain'
# `mmcabl.` types need no import. The modules named here act when they are imported, each as its line says.
custom_imports = dict(
    imports=[
        'mmcabl.engine.cpu.switched_on',  # `--amp` and `--launcher` of the upstream scripts work without a GPU too
        'mmcabl.checkpoints.mmengine_loader',  # weights are loaded as data, never as code
    ],
    allow_failed_imports=False)
# True: load checkpoints that hold Python objects, which can run code. For files of your own.
trust_checkpoints = False
# For `--tta`: averages maps and scores, and refines the average.
tta_model = dict(type='mmcabl.ForensicTTAModel')

default_hooks = dict(
    # What a run needs is checked before its first step.
    preflight=dict(type='mmcabl.PreflightHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='mmcabl.AtomicCheckpointHook', interval=1, max_keep_ckpts=2),
    weights=dict(type='mmcabl.CheckedWeightsHook'),
    workers=dict(type='mmcabl.WorkerGuardHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='mmcabl.ClassificationOverlayHook', enable=False),  # for `--show-dir`
    overlays=dict(type='mmcabl.LocalizationOverlayHook', max_images=40))
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='UniversalVisualizer', vis_backends=vis_backends)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0, deterministic=False)
