"""Scores and masks of very many images: sharded, streaming, resumable after any kill."""

from mmcabl.scoring.image_index import ImageIndex, build_index
from mmcabl.scoring.predictor import Predictor
from mmcabl.scoring.run import score_share

__all__ = ['ImageIndex', 'Predictor', 'build_index', 'score_share']
