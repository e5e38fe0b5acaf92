"""Is a data root what it should be? Counts, pairs, broken files, duplicates, leakage, shortcuts."""

from mmcabl.lab.checks.check import Findings, check_headers, check_root, recognize
from mmcabl.lab.checks.check_report import as_dict, report_text
from mmcabl.lab.checks.leakage import Leakage, find_leakage
from mmcabl.lab.checks.shortcuts import Shortcut, find_shortcut

__all__ = ['Findings', 'Leakage', 'Shortcut', 'as_dict', 'check_headers', 'check_root', 'find_leakage',
           'find_shortcut', 'recognize', 'report_text']
