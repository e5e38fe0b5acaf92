"""Train: the unmodified train.py of the config's toolbox, mmpretrain or mmsegmentation: ``mmcabl train``."""

from mmcabl.cli.upstream import train

if __name__ == '__main__':
    train()
