"""Is a data root what it should be? Counts, pairs, broken files, duplicates, leakage."""

from mmcabl.lab.checks.check import Findings, check_root, recognize
from mmcabl.lab.checks.check_report import as_dict, report_text
from mmcabl.lab.checks.leakage import Leakage, find_leakage

__all__ = ['Findings', 'Leakage', 'as_dict', 'check_root', 'find_leakage', 'recognize', 'report_text']
