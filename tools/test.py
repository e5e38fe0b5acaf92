"""Test: the unmodified test.py of the config's toolbox, mmpretrain or mmsegmentation: ``mmcabl test``."""

from mmcabl.cli.upstream import test

if __name__ == '__main__':
    test()
