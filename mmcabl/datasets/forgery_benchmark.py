from typing import Any, Mapping, Optional, Sequence

from mmengine.dataset import ConcatDataset

from mmcabl.registry import DATASETS
from mmcabl.utils.data_configs import SETS, benchmark_parts


@DATASETS.register_module()
class ForgeryBenchmark(ConcatDataset):
    """CASIA v1, Columbia, COVERAGE and IMD2020 below one root; metrics report each of them, and their average.

    ::

        data_root
        |-- CASIAv1                       each as the class of this name documents it
        |-- Columbia
        |-- COVERAGE
        `-- IMD2020

    ``--cfg-options test_dataloader.dataset.data_root=FOLDER`` gives all of them another place, and
    ``test_dataloader.dataset.roots.Columbia=FOLDER`` one of them. Samples are those of the sets in turn: their
    ``dataset_name`` is the set's and their ``sample_idx`` counts within it.

    Args:
        data_root: holds one folder for each set, named as above.
        sets: which sets, in this order.
        roots: set -> its folder, where that is not ``<data_root>/<set>``.
        saved_again: set -> JPEG quality: the set is tested once more, as ``<set>-q<quality>``, with every image
            compressed alike. CASIA v1's classes have other quantisation tables each, and a score can be that of the
            compression; ``CASIAv1=90`` shows what is left. No average counts it.
        datasets: configs of data sets in place of all these, as a config over one with a ``ConcatDataset`` has them.
        lazy_init: list the images at the first use.
        **common: for every set, of :class:`ForgeryDataset`: ``pipeline``, ``test_mode``, ...

    Raises:
        ValueError: no set, or one that the protocol does not have.
        FileNotFoundError: a set has no images; the sentence names it.
    """

    def __init__(self, data_root: str = '', sets: Sequence[str] = SETS, roots: Optional[Mapping[str, str]] = None,
                 datasets: Optional[Sequence[Mapping]] = None, lazy_init: bool = False,
                 saved_again: Optional[Mapping[str, int]] = None, **common: Any) -> None:
        parts = benchmark_parts(data_root, sets, roots, datasets, saved_again, **common)
        super().__init__([dict(part, lazy_init=True) for part in parts], lazy_init=lazy_init)
