import mmcabl.mmpretrain_imported  # noqa: F401, before those that need it
from mmcabl.datasets.benchmarks.casia import CASIAv1, CASIAv2
from mmcabl.datasets.benchmarks.columbia import Columbia
from mmcabl.datasets.benchmarks.coverage import COVERAGE
from mmcabl.datasets.benchmarks.imd2020 import IMD2020
from mmcabl.datasets.forgery_benchmark import ForgeryBenchmark
from mmcabl.datasets.forgery_dataset import ForgeryDataset
from mmcabl.datasets.lists.folders import ForgeryFolders
from mmcabl.datasets.lists.list_formats import BadList
from mmcabl.datasets.lists.listed import ForgeryList
from mmcabl.datasets.masks import MASK_RULES, read_mask
from mmcabl.datasets.transforms.augmentation import NaiveManipulation
from mmcabl.datasets.transforms.cropping import RandomCropWithTruth
from mmcabl.datasets.transforms.jpeg_coefficients import GridCrop, LoadDCT
from mmcabl.datasets.transforms.loading import (
    LoadForensicImage,
    LoadForgeryMask,
    LoadForgerySegMap,
    fit_mask,
    read_image,
)
from mmcabl.datasets.transforms.packing import PackForensicInputs
from mmcabl.datasets.transforms.perturbations import (
    GaussianBlurring,
    GaussianNoise,
    JPEGCompression,
    Rescaling,
    SocialNetwork,
)
from mmcabl.datasets.transforms.picture import KeepPicture

__all__ = [
    'BadList', 'CASIAv1', 'CASIAv2', 'COVERAGE', 'Columbia', 'ForgeryBenchmark', 'ForgeryDataset', 'ForgeryFolders',
    'ForgeryList', 'GaussianBlurring', 'GaussianNoise', 'GridCrop', 'IMD2020', 'JPEGCompression', 'KeepPicture',
    'LoadDCT', 'LoadForensicImage', 'LoadForgeryMask', 'LoadForgerySegMap', 'MASK_RULES', 'NaiveManipulation',
    'PackForensicInputs', 'RandomCropWithTruth', 'Rescaling', 'SocialNetwork', 'fit_mask', 'read_image', 'read_mask',
]
