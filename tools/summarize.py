"""The metrics of a test again, from its per-image records: ``mmcabl summarize``."""

from mmcabl.cli.summarize import main

if __name__ == '__main__':
    main()
