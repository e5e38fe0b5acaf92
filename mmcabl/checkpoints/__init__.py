"""Files of weights are data, never code: reading, checking and writing them."""

from mmcabl.checkpoints.matching import load_exactly
from mmcabl.checkpoints.reading import CheckpointError, read_checkpoint, trust_checkpoints
from mmcabl.checkpoints.saving_hook import AtomicCheckpointHook
from mmcabl.checkpoints.weights_hook import CheckedWeightsHook
from mmcabl.checkpoints.writing import write_checkpoint

__all__ = ['AtomicCheckpointHook', 'CheckedWeightsHook', 'CheckpointError', 'load_exactly', 'read_checkpoint',
           'trust_checkpoints', 'write_checkpoint']
