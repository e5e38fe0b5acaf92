"""Windows of real forgeries and of the photographs they were made of. From images and labels alone."""

from mmcabl.lab.pairs.hosts import HostPair, find_hosts, thumbnails
from mmcabl.lab.pairs.windows import WindowRecipe, changed, cut_pair, write_windows

__all__ = ['HostPair', 'WindowRecipe', 'changed', 'cut_pair', 'find_hosts', 'thumbnails', 'write_windows']
