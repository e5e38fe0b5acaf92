"""Train: the unmodified train.py of the config's toolbox, mmpretrain or mmsegmentation."""

import sys

from mmcabl.engine.scripts.upstream import arguments_for, run_upstream, toolbox_of

if __name__ == '__main__':
    toolbox = toolbox_of(sys.argv[1:])
    sys.argv[1:] = arguments_for(toolbox, sys.argv[1:])
    run_upstream(toolbox, 'train.py')
