from typing import Container, Iterator, List, Sized

from mmengine.dist import get_dist_info
from torch.utils.data import Sampler

from mmcabl.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class EveryImageOnceSampler(Sampler):
    """Rank r of n takes every n-th image, from the r-th on; a rank may have none.

    mmengine's ``DefaultSampler`` repeats images until all ranks have as many. Here no image is seen twice, so
    saved masks and tables have no duplicates. Testing needs no equal counts: ranks meet at the end only.
    ``seed``, ``round_up`` and ``shuffle`` are accepted for mmengine's signature and not used.
    """

    def __init__(self, dataset: Sized, seed: int = 0, round_up: bool = False, shuffle: bool = False) -> None:
        rank, world_size = get_dist_info()
        self.share: List[int] = list(range(len(dataset)))[rank::world_size]
        self.left = self.share

    def skip(self, done: Container[int], batch_size: int = 1) -> None:
        """Leave out the batches of this rank's share whose positions are all done, no others: ``skip(())`` is all.

        A batch with an image left is done again as a whole: in another company, an image's numbers would
        differ in their last bits.
        """
        batches = [self.share[i:i + batch_size] for i in range(0, len(self.share), batch_size)]
        self.left = [i for batch in batches if not all(j in done for j in batch) for i in batch]

    def __iter__(self) -> Iterator[int]:
        return iter(self.left)

    def __len__(self) -> int:
        return len(self.left)

    def set_epoch(self, epoch: int) -> None:
        """The order does not depend on the epoch."""
