"""Synthetic forgeries of a folder of photographs: ``mmcabl forge``."""

from mmcabl.cli.forge import main

if __name__ == '__main__':
    main()
