from mmcabl.engine.hooks.data_workers import WorkerGuardHook
from mmcabl.engine.hooks.preflight import PreflightHook
from mmcabl.engine.hooks.refinement_hook import CGSRHook

__all__ = ['CGSRHook', 'PreflightHook', 'WorkerGuardHook']
