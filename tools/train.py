"""Train: the unmodified train.py of the config's toolbox, mmpretrain or mmsegmentation."""

import sys

from mmcabl.engine.scripts.upstream import run_upstream, toolbox_of

if __name__ == '__main__':
    toolbox = toolbox_of(sys.argv[1:])
    if toolbox == 'mmseg' and 'auto' in sys.argv and sys.argv[sys.argv.index('auto') - 1] == '--resume':
        sys.argv.remove('auto')  # mmseg's --resume is mmpretrain's --resume auto
    run_upstream(toolbox, 'train.py')
