"""Where records are kept; :mod:`mmcabl.utils.journal` has the file itself, for those who need nothing else."""

from mmcabl.utils.journal import Journal, Record

__all__ = ['Journal', 'Record']
