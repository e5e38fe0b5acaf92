"""Is a data root what it should be? Counts, pairs, broken files, duplicates, leakage."""

from mmcabl.checking.check import Findings, check_root, recognize
from mmcabl.checking.leakage import Leakage, find_leakage
from mmcabl.checking.report import as_dict, text

__all__ = ['Findings', 'Leakage', 'as_dict', 'check_root', 'find_leakage', 'recognize', 'text']
