from mmcabl.models.backbones.conformer_cabl import ConformerCABL

__all__ = ['ConformerCABL']
