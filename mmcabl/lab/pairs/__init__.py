"""Windows of real forgeries and of the photographs they were made of. From images and labels alone."""

from mmcabl.lab.pairs.hosts import HostPair, apart_from, find_hosts, thumbnails
from mmcabl.lab.pairs.whole import write_whole_pairs
from mmcabl.lab.pairs.windows import WindowRecipe, changed, cut_pair, write_windows

__all__ = ['HostPair', 'WindowRecipe', 'apart_from', 'changed', 'cut_pair', 'find_hosts', 'thumbnails',
           'write_whole_pairs', 'write_windows']
