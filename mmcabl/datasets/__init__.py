from mmcabl.datasets.casia import CASIAv2
from mmcabl.datasets.forgery_dataset import ForgeryDataset
from mmcabl.datasets.loading import LoadForensicImage, LoadForgeryMask, read_image, read_mask

__all__ = ['CASIAv2', 'ForgeryDataset', 'LoadForensicImage', 'LoadForgeryMask', 'read_image', 'read_mask']
