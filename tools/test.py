"""Test with mmpretrain's own script: the same arguments, from a clone or through ``mim test mmcabl``."""

from mmcabl.engine.upstream import run_upstream

if __name__ == '__main__':
    run_upstream('mmpretrain', 'test.py')
