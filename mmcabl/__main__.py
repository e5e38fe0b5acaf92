"""``python -m mmcabl``: the command ``mmcabl``."""

from mmcabl.cli.app import main

if __name__ == '__main__':
    main()
