"""Scores and masks of very many images: sharded, streaming, resumable after any kill."""

from mmcabl.apis.image_index import ImageIndex, build_index
from mmcabl.apis.predictor import Predictor
from mmcabl.apis.scoring import score_share

__all__ = ['ImageIndex', 'Predictor', 'build_index', 'score_share']
