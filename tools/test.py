"""Test: the unmodified test.py of the config's toolbox, mmpretrain or mmsegmentation."""

import sys

from mmcabl.engine.scripts.upstream import run_upstream, toolbox_of

if __name__ == '__main__':
    run_upstream(toolbox_of(sys.argv[1:]), 'test.py')
