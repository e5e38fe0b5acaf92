"""Windows of real forgeries beside their hosts: ``mmcabl pair``."""

from mmcabl.cli.pair import main

if __name__ == '__main__':
    main()
